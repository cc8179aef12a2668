"""Trains a job, or serves a base model with its adapters: ``python -m persona.tuning.trainer JOB``.

Run by its path it works in a Python where Wellspoken is not installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path

NAME = "persona.tuning.trainer"


def _as_package() -> None:
    """Make this folder the package of its name, without putting any other folder on the path: what
    lies beside Wellspoken must not stand in for the training environment's own packages."""
    folder = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != folder]
    places = [str(folder)]
    spec = importlib.util.spec_from_file_location(
        NAME, folder / "__init__.py", submodule_search_locations=places
    )
    if spec is None or spec.loader is None:
        raise ImportError(NAME)
    module = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = module
    spec.loader.exec_module(module)


if not __package__:
    _as_package()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"python -m {NAME}", description=__doc__)
    parser.add_argument("job", nargs="?", type=Path, help="the folder of the job to train")
    parser.add_argument("--lock", type=int, help="a descriptor that holds the job's lock already")
    parser.add_argument("--check", action="store_true", help="print what is installed, as JSON")
    parser.add_argument("--practice", type=Path, metavar="FOLDER", help="make a tiny model there")
    parser.add_argument("--serve", metavar="BASE", help="serve a base model")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--adapter", action="append", default=[], metavar="NAME=FOLDER")
    return parser.parse_args()


def main() -> int:
    """Exit codes: 0 done, 1 failed, 2 wrong usage, 3 another trainer has the job."""
    arguments = _arguments()
    if arguments.check:
        from persona.tuning.trainer.installed import report

        sys.stdout.write(report() + "\n")
        return 0
    if arguments.practice:
        from persona.tuning.trainer.practice import make

        return make(arguments.practice)
    if arguments.serve:
        from persona.tuning.trainer.serving import serve

        return serve(arguments.serve, arguments.host, arguments.port, arguments.adapter)
    if arguments.job is None:
        sys.stderr.write("Name the folder of a job, or a model with --serve.\n")
        return 2
    from persona.tuning.trainer.training import run_job

    return run_job(arguments.job, arguments.lock)


if __name__ == "__main__":
    sys.exit(main())
