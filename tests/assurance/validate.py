"""``python -m tests.assurance.validate FILE``: does a bill keep to CycloneDX? Needs cyclonedx-bom.

That lives in the environment of `requirements/assurance.lock` and is no dependency of ours."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path


def main() -> int:
    """Say what is wrong; the exit code."""
    schema = import_module("cyclonedx.schema")
    validation = import_module("cyclonedx.validation.json")
    validator = validation.JsonStrictValidator(schema.SchemaVersion.V1_6)
    fault = validator.validate_str(Path(sys.argv[1]).read_text("utf-8"))
    if fault is not None:
        sys.stderr.write(f"{sys.argv[1]} is no CycloneDX 1.6: {fault}\n")
    return 1 if fault is not None else 0


if __name__ == "__main__":
    raise SystemExit(main())
