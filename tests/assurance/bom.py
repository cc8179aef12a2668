"""The bill of materials of what is shipped, as CycloneDX 1.6 JSON.

It depends on nothing but the tree: the same commit gives the same file, so it holds no time, and
its serial number is made of its content.
"""

from __future__ import annotations

import json
import re
import tomllib
import uuid
from pathlib import Path
from typing import Any

from tests.assurance.carried import MODELS, digest, scripts
from tests.assurance.licences import NOTES, UNKNOWN, licence_of
from tests.assurance.lock import OURSELVES, ROOT, Pin, pins

_IDS = frozenset(
    "0BSD Apache-2.0 BSD-2-Clause BSD-3-Clause ISC MIT MIT-0 MPL-2.0 PSF-2.0 Zlib".split()
)
_EXPRESSION = re.compile(r"[\w.+()-]+(?: (?:AND|OR|WITH) [\w.+()-]+)+")
_NAMESPACE = uuid.UUID("6f0b5c1e-5d0a-5b0e-9c53-1f5b7c0de001")


def bill() -> dict[str, Any]:
    """The whole bill."""
    held = pins()
    components = [*map(_package, held), *_scripts(), *_models()]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    ours = {
        "type": "application",
        "bom-ref": OURSELVES,
        "name": project["name"],
        "version": project["version"],
        "licenses": _licences(project["license"]),
    }
    told: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": ours, "lifecycles": [{"phase": "build"}]},
        "components": components,
        "dependencies": _wanted(held, [each["bom-ref"] for each in components[len(held) :]]),
    }
    number = uuid.uuid5(_NAMESPACE, json.dumps(told, sort_keys=True))
    return {"serialNumber": f"urn:uuid:{number}", **told}


def write(path: Path) -> int:
    """Write it; how many components it names."""
    told = bill()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return len(told["components"])


def _package(pin: Pin) -> dict[str, Any]:
    told = {
        "type": "library",
        "bom-ref": _ref(pin),
        "name": pin.name,
        "version": pin.version,
        "purl": _ref(pin),
        "licenses": _licences(licence_of(pin.name)),
        # of every file that the lock takes: a wheel for each machine
        "hashes": [{"alg": "SHA-256", "content": value} for value in pin.hashes],
    }
    if pin.where:
        told["properties"] = [{"name": "wellspoken:only-where", "value": pin.where}]
    if pin.name in NOTES:
        told["copyright"] = NOTES[pin.name]
    return told


def _ref(pin: Pin) -> str:
    return f"pkg:pypi/{pin.name}@{pin.version}"


def _scripts() -> list[dict[str, Any]]:
    return [
        {
            "type": "library",
            "bom-ref": f"pkg:npm/{each.package}@{each.version}",
            "name": each.package,
            "version": each.version,
            "purl": f"pkg:npm/{each.package}@{each.version}",
            "licenses": _licences(each.licence),
            "hashes": [{"alg": "SHA-256", "content": digest(ROOT / each.path)}],
            "properties": [{"name": "wellspoken:path", "value": each.path}],
        }
        for each in scripts()
    ]


def _models() -> list[dict[str, Any]]:
    return [
        {
            "type": "machine-learning-model",
            "bom-ref": f"model:{model.name}",
            "name": model.name,
            "description": model.what,
            "licenses": _licences(model.licence),
            "hashes": [{"alg": "SHA-256", "content": digest(ROOT / model.path)}],
            "properties": [
                {"name": "wellspoken:path", "value": model.path},
                {"name": "wellspoken:about", "value": model.about},
            ],
        }
        for model in MODELS
    ]


def _licences(said: str) -> list[dict[str, Any]]:
    if said == UNKNOWN:
        return []
    if said in _IDS:
        return [{"license": {"id": said}}]
    if _EXPRESSION.fullmatch(said):
        return [{"expression": said}]
    return [{"license": {"name": said}}]


def _wanted(held: list[Pin], carried: list[str]) -> list[dict[str, Any]]:
    """Who depends on whom, by the lock's own notes."""
    refs: dict[str, list[str]] = {}
    for pin in held:
        refs.setdefault(pin.name, []).append(_ref(pin))
    wants: dict[str, set[str]] = {OURSELVES: set(carried)}
    for pin in held:
        for who in pin.via:
            for ref in [OURSELVES] if who == OURSELVES else refs.get(who, []):
                wants.setdefault(ref, set()).add(_ref(pin))
    return [{"ref": ref, "dependsOn": sorted(many)} for ref, many in sorted(wants.items())]
