"""Processes with different parts over one home: what one changes, the others hear of."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx2
import pytest

from tests.platforms.command import Cli
from tests.platforms.served_bot import serving, until

_QUESTION = "How long is the warranty of the Larkspur lamp?"


def _document(folder: Path, groups: str = "") -> Path:
    docs = folder / "docs"
    docs.mkdir(exist_ok=True)
    front = f"---\ngroups: [{groups}]\n---\n" if groups else ""
    text = f"{front}# Larkspur lamp\n\nThe warranty of the Larkspur lamp lasts seven years.\n"
    (docs / "lamp.md").write_text(text, "utf-8")
    return docs


@pytest.mark.slow
@pytest.mark.timeout(300)  # eight processes one after the other
def test_a_web_process_and_a_worker_serve_one_home_and_hear_of_each_others_changes(
    tmp_path: Path,
) -> None:
    """Web alone answers from what another process read in, closes and removes; both are on the
    list, and one with another setting is named by the setting."""
    cli = Cli(tmp_path)
    with serving(tmp_path, {}, "web") as web, serving(tmp_path, {}, "worker,web") as worker:
        until(lambda: "wellspoken_processes 2.0" in web.text("/metrics"), "two on the list")
        assert httpx2.get(f"{web.address}/readyz").json()["notes"] == {}

        assert cli("ingest", str(_document(tmp_path))).returncode == 0
        until(lambda: "seven years" in web.ask(_QUESTION)["answer"], "the new document")

        assert cli("ingest", str(_document(tmp_path, "staff"))).returncode == 0
        until(lambda: "seven years" not in web.ask(_QUESTION)["answer"], "the closed group")
        assert "seven years" in worker.ask(_QUESTION, groups=["staff"])["answer"]

        (tmp_path / "docs/lamp.md").unlink()
        assert cli("ingest", str(tmp_path / "docs")).returncode == 0
        until(
            lambda: "seven years" not in worker.ask(_QUESTION, groups=["staff"])["answer"],
            "the removed document",
        )
        (tmp_path / "wellspoken.toml").write_text("[search]\nalpha = 0.4\n", "utf-8")
        with serving(tmp_path, {}, "web"):
            until(lambda: "[search] alpha" in web.text("/readyz"), "the difference is noticed")
            found = json.loads(cli("doctor", "--json").stdout)
            (check,) = (c for c in found if c["check"] == "processes")
            assert check["ok"] is False
            assert "[search] alpha differs" in check["detail"]
        until(lambda: "alpha" not in web.text("/readyz"), "they agree again")
    log = (tmp_path / "serve.log").read_text("utf-8")
    assert len(re.findall("processes differ", log)) >= 1
