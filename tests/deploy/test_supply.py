"""What is shipped is listed whole, may be shipped, and is what the locks say."""

from __future__ import annotations

import json
import re
import stat
import subprocess
from pathlib import Path

import pytest

from tests.assurance.audit import Answer, ask, faults, read, report
from tests.assurance.bom import bill, write
from tests.assurance.carried import MODELS, VENDORED, digest, scripts
from tests.assurance.licences import NOTES, UNKNOWN, forbidden, licence_of, page, refused
from tests.assurance.lock import ROOT, pins

LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
_INDEX = re.compile(
    r"files\.pythonhosted|(?:upload\.|test\.)?pypi\.org|--(?:extra-)?index-url|--find-links"
    r"|--trusted-host|registry\.npmjs|PIP_INDEX_URL|UV_INDEX"
)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_everything_that_is_installed_is_pinned_with_its_hash(lock: Path) -> None:
    """Another file under the same name and version is refused by pip."""
    held = pins(lock)
    assert len(held) > 40
    assert [pin.name for pin in held if not pin.hashes] == []


def test_no_file_of_ours_names_a_package_index() -> None:
    """Which index is used is the business of the machine."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("no checkout of git")
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.suffix in {".onnx", ".npz", ".png", ".gz"} or not path.is_file():
            continue
        if name.startswith(("tests/deploy/", "tests/assurance/")):  # they look for the words
            continue
        if _INDEX.search(path.read_text("utf-8", "replace")):
            found.append(name)
    assert found == []


def test_nothing_is_shipped_that_may_not_be() -> None:
    """No copyleft beyond files, nothing whose licence nobody knows; what is an exception has a
    note, and a note has a package."""
    assert refused() == []
    assert set(NOTES) <= {pin.name for pin in pins()}


@pytest.mark.parametrize(
    "licence",
    [
        "GPL-3.0-only",
        "AGPL-3.0",
        "LGPLv3",
        "GNU Affero General Public License v3",
        "SSPL-1.0",
        "CC-BY-NC-4.0",
        "MIT AND GPL-2.0",
        "Business Source License",
        UNKNOWN,
    ],
)
def test_a_licence_that_binds_is_refused(licence: str) -> None:
    """Also one word of it among others."""
    assert forbidden("some-package", licence)


@pytest.mark.parametrize("licence", ["MIT", "Apache-2.0 OR BSD-3-Clause", "MPL-2.0", "PSF-2.0"])
def test_a_licence_that_leaves_us_free_is_taken(licence: str) -> None:
    """Permissive ones, and one that covers its own files."""
    assert not forbidden("some-package", licence)


def test_a_package_that_is_not_there_has_no_licence() -> None:
    """Nobody guesses."""
    assert licence_of("there-is-no-such-package") == UNKNOWN


def test_the_page_of_licences_is_up_to_date() -> None:
    """`make licences` was run after the last change of the lock."""
    assert (ROOT / "docs" / "licences.md").read_text("utf-8") == page()


def test_the_bill_names_all_that_is_shipped(tmp_path: Path) -> None:
    """Every pin, script and model, with hashes and who wants it; the same tree, the same bill."""
    path = tmp_path / "sub" / "bill.json"
    assert write(path) == len(pins()) + len(scripts()) + len(MODELS)
    told = json.loads(path.read_text("utf-8"))
    assert told == bill()
    refs = [each["bom-ref"] for each in told["components"]]
    assert len(set(refs)) == len(refs)
    assert all(each["hashes"] and each["licenses"] for each in told["components"])
    wanted = {ref for each in told["dependencies"] for ref in each["dependsOn"]}
    assert wanted == set(refs)  # nothing lies there that nobody wants
    assert "https://" not in json.dumps([c.get("externalReferences") for c in told["components"]])


def test_scripts_of_others_are_told_of_and_have_their_licence() -> None:
    """Each file beside the table stands in it, with its licence's text."""
    held = {Path(each.path).name for each in scripts()}
    assert held == {path.name for path in VENDORED.glob("*.js")}
    assert all((ROOT / each.text).read_text("utf-8").strip() for each in scripts())


def test_every_model_is_told_of() -> None:
    """A file of weights in the tree is one of the list, and the page that it names exists."""
    weights = {
        str(path.relative_to(ROOT))
        for package in ("adapters", "bot", "knowledge", "persona")
        for end in ("*.onnx", "*.npz", "*.safetensors", "*.bin", "*.pt")
        for path in (ROOT / package).rglob(end)
    }
    assert weights == {model.path for model in MODELS}
    assert all((ROOT / model.about).is_file() for model in MODELS)


def test_the_models_are_those_that_their_pages_tell_of() -> None:
    """The sum of each that has one is right."""
    for model in MODELS:
        text = (ROOT / model.about).read_text("utf-8")
        if "sha256" in text:
            assert digest(ROOT / model.path) in text


def test_locks_and_licences_hold() -> None:
    """What `make audit` checks without anybody's help."""
    assert list(faults()) == []


SAID = {
    "dependencies": [
        {"name": "one", "version": "1", "vulns": [{"id": "GHSA-1", "fix_versions": ["1.1"]}]},
        {"name": "two", "version": "2", "vulns": []},
        {"name": "three", "skip_reason": "not found"},
    ]
}


def _auditor(folder: Path, script: str) -> Path:
    program = folder / "pip-audit"
    program.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def test_a_known_weakness_fails_the_audit(tmp_path: Path) -> None:
    """It is named with the version that mends it, and what could not be looked up is counted."""
    assert read(SAID) == Answer(3, 2, ("one 1: GHSA-1, mended in 1.1",))
    lines, well = report(_auditor(tmp_path, f"echo '{json.dumps(SAID)}'; exit 1"))
    assert not well
    assert lines[1:] == ["2 of 3 packages could be looked up.", "one 1: GHSA-1, mended in 1.1"]


@pytest.mark.parametrize(
    "script",
    [
        "echo 'no network' >&2; exit 1",
        'echo \'{"dependencies": [{"name": "one", "skip_reason": "not found"}]}\'',
    ],
    ids=["no-network", "an-index-without-advisories"],
)
def test_an_audit_that_reached_nobody_says_so(tmp_path: Path, script: str) -> None:
    """One sentence, no fault, and never that nothing is known against what was not looked up."""
    lines, well = report(_auditor(tmp_path, script))
    assert well
    assert len(lines) == 2
    assert lines[1].startswith("No advisory service answers here")


def test_the_second_service_is_asked_where_the_first_knows_nothing(tmp_path: Path) -> None:
    """An index without advisories does not end the matter."""
    script = f"case \"$*\" in *osv*) echo '{json.dumps(SAID)}';; *) exit 1;; esac"
    answer = ask(_auditor(tmp_path, script))
    assert answer is not None
    assert answer.known == 2
