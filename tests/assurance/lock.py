"""Reading a lock file: what is pinned, with which hashes, and who wanted it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
RUNTIME = ROOT / "requirements" / "runtime.lock"
OURSELVES = "wellspoken"
_PIN = re.compile(
    r"(?P<name>[\w.-]+)(?:\[[\w,]+\])?==(?P<version>[^\s;\\]+)\s*(?:;(?P<where>.*?))?\\?"
)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass
class Pin:
    """One package in one version. ``where``: the marker of the machines that get it; empty: all."""

    name: str
    version: str
    where: str = ""
    hashes: list[str] = field(default_factory=list)
    via: list[str] = field(default_factory=list)


def pins(path: Path = RUNTIME) -> list[Pin]:
    """What a lock file pins, in its order. Raises ValueError at a line that is no part of one."""
    return list(_pins(path.read_text("utf-8")))


def _pins(text: str) -> Iterator[Pin]:
    pin: Pin | None = None
    for number, line in enumerate(text.splitlines(), 1):
        said = line.strip()
        if not line.startswith((" ", "#")) and said:
            if pin is not None:
                yield pin
            match = _PIN.fullmatch(said)
            if match is None:
                raise ValueError(f"line {number} pins nothing: {said}")
            pin = Pin(match["name"], match["version"], (match["where"] or "").strip())
        elif pin is not None and (hashed := _HASH.search(said)):
            pin.hashes.append(hashed[1])
        elif pin is not None and said.startswith("#"):
            wanted = said.lstrip("# ").removeprefix("via").strip()
            pin.via += [_wants(wanted)] if wanted else []
    if pin is not None:
        yield pin


def _wants(said: str) -> str:
    """The package that wants another; ``-r requirements/build.in`` and our own file are ours."""
    ours = said.startswith(("-r ", OURSELVES)) or said.endswith(".toml")
    return OURSELVES if ours else said.partition("[")[0]
