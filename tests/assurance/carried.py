"""What the repository carries itself: scripts of others, and models."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from tests.assurance.lock import ROOT

VENDORED = ROOT / "adapters" / "web" / "static" / "vendor"
_ROW = re.compile(r"^\| `(.+?)` \| `(.+?)` \| (\S+) \| (.+?) \(`(.+?)`\) \|", re.MULTILINE)
_SPDX = {"Zero-Clause BSD": "0BSD"}


@dataclass(frozen=True)
class Script:
    """A script as its makers published it; paths are below the project."""

    package: str
    version: str
    licence: str
    path: str
    text: str


@dataclass(frozen=True)
class Model:
    """A model that is part of the product; ``about`` is the page that tells where it is from."""

    name: str
    licence: str
    path: str
    about: str
    what: str


MODELS = (
    Model(
        "minilm-l6-v2-int8",
        "Apache-2.0",
        "knowledge/models/minilm-l6-v2-int8/model.onnx",
        "knowledge/models/minilm-l6-v2-int8/README.md",
        "the built-in embedder: all-MiniLM-L6-v2 of sentence-transformers, as int8 ONNX",
    ),
    Model(
        "checker-minilm-l6-int8",
        "Apache-2.0",
        "knowledge/models/checker-minilm-l6-int8/model.onnx",
        "knowledge/models/checker-minilm-l6-int8/README.md",
        "the built-in check of answers, trained here from the one above",
    ),
    Model(
        "routing",
        "Apache-2.0",
        "bot/routing/model.npz",
        "docs/routing.md",
        "which way a message takes: logistic regression, trained here",
    ),
)


def scripts() -> list[Script]:
    """The scripts of others, from the table that stands beside them."""
    below = VENDORED.relative_to(ROOT)
    return [
        Script(package, version, _SPDX.get(licence, licence), str(below / file), str(below / text))
        for file, package, version, licence, text in _ROW.findall(
            (VENDORED / "README.md").read_text("utf-8")
        )
    ]


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
