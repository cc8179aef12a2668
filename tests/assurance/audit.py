"""What is known against what we ship: asked of the advisory services, where one answers."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from tests.assurance.carried import MODELS, digest
from tests.assurance.licences import refused
from tests.assurance.lock import ROOT, RUNTIME, pins

SERVICES = ("pypi", "osv")
_SECONDS = 300
_INDEX = ("--index-url", "--extra-index-url", "--find-links", "--trusted-host", "://")


@dataclass(frozen=True)
class Answer:
    """What a service said: of how many packages it knew something, and what is wrong with which."""

    asked: int
    known: int
    found: tuple[str, ...]


def faults() -> Iterator[str]:
    """What can be checked without anybody: locks, licences, what is installed, and models."""
    for lock in sorted((ROOT / "requirements").glob("*.lock")):
        if named := [word for word in _INDEX if word in lock.read_text("utf-8")]:
            yield f"{lock.name} names an index ({', '.join(named)}); write it anew with make lock"
        for pin in pins(lock):
            if not pin.hashes:
                yield f"{lock.name} has no hash of {pin.name}"
    for name in refused():
        yield f"{name} may not be shipped; replace it, or note in licences.py why it may"
    yield from _installed()
    for model in MODELS:
        page = (ROOT / model.about).read_text("utf-8")
        if "sha256" in page and digest(ROOT / model.path) not in page:
            yield f"{model.path} is not the file that {model.about} tells of"


def _installed() -> Iterator[str]:
    """Where this Python has another version of a package than every pin of it."""
    wanted: dict[str, set[str]] = {}
    for pin in pins():
        wanted.setdefault(pin.name, set()).add(pin.version)
    for name, versions in wanted.items():
        try:
            there = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # of another machine, or another Python
        if there not in versions:
            yield f"{name} {there} is installed, not {' or '.join(sorted(versions))}; make setup"


def ask(program: Path, lock: Path = RUNTIME) -> Answer | None:
    """What is known against a lock's pins; ``None``: no service answered."""
    asked = 0
    for service in SERVICES:
        said = _run([program, "-r", lock, "--disable-pip", "-s", service, "-f", "json"])
        if said is None:
            continue
        answer = read(said)
        asked = answer.asked
        if answer.known:
            return answer
    return Answer(asked, 0, ()) if asked else None


def read(said: dict[str, Any]) -> Answer:
    """What pip-audit's JSON says."""
    listed = said["dependencies"]
    found = tuple(
        f"{each['name']} {each['version']}: {flaw['id']}"
        + (f", mended in {', '.join(flaw['fix_versions'])}" if flaw["fix_versions"] else "")
        for each in listed
        for flaw in each.get("vulns", ())
    )
    return Answer(len(listed), sum("skip_reason" not in each for each in listed), found)


def _run(command: Sequence[str | Path]) -> dict[str, Any] | None:
    """Its JSON; ``None`` where it has none, since it reached nobody."""
    whole = [*map(str, command), "--progress-spinner", "off", "--timeout", "10"]
    try:
        done = subprocess.run(whole, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return None
    try:
        told = json.loads(done.stdout)
    except ValueError:
        return None
    return told if isinstance(told, dict) and "dependencies" in told else None


def report(program: Path) -> tuple[list[str], bool]:
    """What to say, and whether all is well. That nobody answers is said, and is no fault."""
    lines = list(faults())
    well = not lines
    lines += ["" if lines else "Locks, licences and models hold."]
    answer = ask(program) if program.exists() else None
    if answer is None or not answer.known:
        lines.append(
            "No advisory service answers here, so nothing is known of weaknesses in the packages; "
            "run it where one does."
        )
        return [line for line in lines if line], well
    if answer.known < answer.asked:
        lines.append(f"{answer.known} of {answer.asked} packages could be looked up.")
    lines += answer.found or ["No known weakness in the packages."]
    return [line for line in lines if line], well and not answer.found
