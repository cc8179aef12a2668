"""``wellspoken discord invite`` as it is typed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.platforms.command import environment, run_command
from tests.platforms.discord_server import DiscordServer


def invite(home: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return run_command(
"discord", "invite", *words, cwd=home, env=environment(home, **settings), timeout=60,
)  # fmt: skip


def test_the_link_stands_alone_on_its_line(tmp_path: Path) -> None:
    """With the application's id nothing is asked of Discord; what is asked for is explained."""
    done = invite(tmp_path, "--application", "4711")
    assert done.returncode == 0, done.stderr
    link, empty, *rest = done.stdout.splitlines()
    assert parse_qs(urlsplit(link).query)["client_id"] == ["4711"]
    assert not empty
    assert "  Send Messages: to answer" in rest


def test_the_tokens_application_is_found(tmp_path: Path) -> None:
    """With a token Discord says which application it is; JSON holds link and permissions."""
    with DiscordServer() as discord:
        settings = {"DISCORD_TOKEN": discord.token, "DISCORD_API_URL": discord.url}
        done = invite(tmp_path, "--json", **settings)
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)
        assert parse_qs(urlsplit(said["url"]).query)["client_id"] == [discord.world.application]
        assert said["scopes"] == ["bot", "applications.commands"]
        assert said["permissions"]["send_messages"] == "to answer"
        assert not done.stderr


def test_faults_are_one_sentence(tmp_path: Path) -> None:
    """No token, a wrong one, and a Discord that is away: what to do, no traceback, no token."""
    assert invite(tmp_path).returncode == 2
    with DiscordServer() as discord:
        wrong = invite(tmp_path, DISCORD_TOKEN="a.b.c", DISCORD_API_URL=discord.url)
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert "a.b.c" not in wrong.stderr
    away = "http://127.0.0.1:1/api/v10"
    gone = invite(tmp_path, DISCORD_TOKEN="a.b.c", DISCORD_API_URL=away)
    assert (gone.returncode, gone.stderr.count("\n")) == (1, 1)
