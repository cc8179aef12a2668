"""``python -m tests.assurance sbom|licences|audit``: what ``make`` runs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.assurance.audit import report
from tests.assurance.bom import write
from tests.assurance.licences import page
from tests.assurance.lock import ROOT

_BILL = ROOT / "build" / "wellspoken.cdx.json"


def main() -> int:
    """Run one of them; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.assurance", description=__doc__)
    parser.add_argument("what", choices=["sbom", "licences", "audit"])
    parser.add_argument("--out", type=Path, default=_BILL, help="of sbom: the file")
    parser.add_argument("--pip-audit", type=Path, default=Path("pip-audit"), help="its program")
    given = parser.parse_args()
    if given.what == "sbom":
        sys.stdout.write(f"{given.out}: {write(given.out)} components\n")
        return 0
    if given.what == "licences":
        (ROOT / "docs" / "licences.md").write_text(page(), "utf-8")
        return 0
    lines, well = report(given.pip_audit)
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if well else 1


if __name__ == "__main__":
    raise SystemExit(main())
