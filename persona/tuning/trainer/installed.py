"""What the training interpreter has: asked before a job is queued, without importing torch."""

from __future__ import annotations

import json
import sys
from importlib.metadata import PackageNotFoundError, version

NEEDED = ("torch", "transformers", "trl", "peft", "accelerate", "datasets")


def versions() -> dict[str, str]:
    """The version of each needed package; empty where it is not installed."""
    found = {}
    for name in NEEDED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found


def report() -> str:
    """One JSON object: the interpreter's version and those of the packages."""
    python = ".".join(str(part) for part in sys.version_info[:3])
    return json.dumps({"python": python, "packages": versions()})
