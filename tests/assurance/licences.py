"""Under which licence each shipped thing is, and ``docs/licences.md``.

A package's licence is what its own metadata says: the SPDX expression where it has one (PEP 639),
else its classifiers or its licence field.
"""

from __future__ import annotations

import re
from importlib import metadata

from tests.assurance.carried import MODELS, scripts
from tests.assurance.lock import Pin, pins

_ELSEWHERE = {
    "audioop-lts": "PSF-2.0",
    "colorama": "BSD-3-Clause",
    "httpx2-jsfetch": "BSD-3-Clause",
    "hf-xet": "Apache-2.0",
}
"""Of packages that only other machines or other Pythons get, as their wheels say."""

NOTES = {
    "docutils": "Most of it is in the public domain. Its GPL part, a mode for Emacs, is not in the "
    "wheel and not used.",
}
"""Why a package may be shipped although a word of its licence is a forbidden one."""

_STRICT = re.compile(
    r"\b(?:[AL]?GPL(?:v?\d)?|SSPL|BUSL|OSL|EUPL|CPAL|RPL|CC-BY-(?:NC|SA)|Commons Clause"
    r"|(?:GNU|Affero|Lesser) General Public|Server Side Public|Business Source|Proprietary"
    r"|Non-?Commercial)",
    re.IGNORECASE,
)
_SPDX = {
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD 3-clause": "BSD-3-Clause",
    "BSD License": "BSD",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "MIT, BSD": "MIT AND BSD-3-Clause",
    "ISC License": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
_LONGEST = 60
UNKNOWN = "unknown"


def licence_of(name: str) -> str:
    """A package's licence in few words; ``unknown`` where nobody says."""
    if name in _ELSEWHERE:
        return _ELSEWHERE[name]
    try:
        told = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return UNKNOWN
    if "License-Expression" in told:
        return told["License-Expression"]
    written = told["License"].strip() if "License" in told else ""
    if written and len(written) <= _LONGEST and "\n" not in written:
        return _SPDX.get(written, written)
    classified = [
        said.rpartition(" :: ")[2]
        for said in told.get_all("Classifier") or ()
        if said.startswith("License :: ")
    ]
    return ", ".join(_SPDX.get(said, said) for said in classified) or UNKNOWN


def forbidden(name: str, licence: str) -> bool:
    """Whether it may not be shipped with a product under Apache-2.0, or nobody knows."""
    return name not in NOTES and (licence == UNKNOWN or _STRICT.search(licence) is not None)


def refused() -> list[str]:
    """What may not be shipped, with its licence."""
    carried = [(thing.package, thing.licence) for thing in scripts()]
    carried += [(model.name, model.licence) for model in MODELS]
    installed = [(pin.name, licence_of(pin.name)) for pin in pins()]
    return [f"{name} ({said})" for name, said in (*installed, *carried) if forbidden(name, said)]


def page() -> str:
    """``docs/licences.md``."""
    lines = [
        "# Licences",
        "",
        "<!-- Written by `make licences`; change tests/assurance/licences.py or the lock. -->",
        "",
        "Wellspoken is under the [Apache License 2.0](../LICENSE). This is what it is shipped",
        "with; `make sbom` writes the same as CycloneDX. Nothing here asks that what is built on",
        "it be opened: a package whose licence does is refused by a test, unless a note says why",
        "it may stay.",
        "",
        "## Packages",
        "",
        "From `requirements/runtime.lock`, in the words of each package.",
        "",
        "| package | version | licence |",
        "|---|---|---|",
    ]
    lines += [f"| `{name}` | {version} | {said} |" for name, version, said in _rows(pins())]
    lines += ["", "MPL-2.0 covers its own files alone; they are used as published.", ""]
    lines += [f"- `{name}`: {note}" for name, note in sorted(NOTES.items())]
    lines += ["", "## Scripts", "", "Of the web pages, as published by their makers.", ""]
    lines += ["| package | version | licence | text |", "|---|---|---|---|"]
    lines += [
        f"| `{each.package}` | {each.version} | {each.licence} | [licence](../{each.text}) |"
        for each in scripts()
    ]
    lines += ["", "## Models", "", "| model | licence | what it is |", "|---|---|---|"]
    for model in MODELS:
        told = model.about.removeprefix("docs/")
        where = told if told != model.about else f"../{model.about}"
        lines.append(f"| [`{model.name}`]({where}) | {model.licence} | {model.what} |")
    return "\n".join(lines) + "\n"


def _rows(held: list[Pin]) -> list[tuple[str, str, str]]:
    """A row a package: one that is pinned twice, for other Pythons, has both versions."""
    versions: dict[str, list[str]] = {}
    for pin in held:
        versions.setdefault(pin.name, []).append(pin.version)
    return [(name, ", ".join(many), licence_of(name)) for name, many in versions.items()]
