"""Schemathesis against a running server: requests made from the API's own description.

``python -m tests.assurance.fuzz --schemathesis PROGRAM``; the exit code is 1 where the server
answered with a fault, or with anything else than its description says.
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_READY_S = 120.0
_GRACE_S = 60.0
_SECRETS = re.compile(r"^(?:WELLSPOKEN_|OPENAI_|SLACK_|DISCORD_|WEAVIATE_|DATABASE_URL)")

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "ignored_auth",
)
"""All but ``positive_data_acceptance``: the description cannot say that a key of another question,
a turn that is not there, or a group of invisible letters is refused."""


@contextmanager
def served(home: Path, token: str) -> Iterator[str]:
    """The sample knowledge base on a port of its own, with nothing of the caller's environment."""
    program = Path(sys.executable).with_name("wellspoken")
    inherited = {name: value for name, value in os.environ.items() if not _SECRETS.match(name)}
    environment = {
        **inherited,
        "WELLSPOKEN_HOME": str(home / "data"),
        "WELLSPOKEN_CONSOLE_TOKEN": token,
    }
    with (home / "server.log").open("w+") as log:
        server = subprocess.Popen(
            [program, "demo", "--port", "0"],
            cwd=home,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield _address(server, home / "server.log")
        finally:
            server.terminate()
            try:
                server.wait(_GRACE_S)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    """Where it listens, once it is ready; raises RuntimeError with what it said."""
    until = time.monotonic() + _READY_S
    while time.monotonic() < until and server.poll() is None:
        found = re.search(r" is at (http://\S+)", log.read_text())
        if found and _is_ready(found[1]):
            return found[1]
        time.sleep(0.2)
    raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")


def _is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def fuzz(
    schemathesis: Path, address: str, token: str, *, folder: Path, seconds: int, seed: int
) -> int:
    """Its exit code; what it found goes to stdout, what it keeps into the folder."""
    command: list[str | Path] = [
        *(schemathesis, "run", f"{address}/api/openapi.json"),
        *("--header", f"Authorization: Bearer {token}"),
        *("--checks", ",".join(CHECKS)),
        *("--phases", "examples,coverage,fuzzing"),
        *("--max-examples", "1000000", "--max-time", str(seconds)),
        *("--seed", str(seed), "--continue-on-failure", "--no-color", "--request-timeout", "30"),
        *("--generation-database", "none"),
    ]
    done = subprocess.run(command, check=False, cwd=folder, timeout=seconds + 600)
    return done.returncode


def main() -> int:
    """Serve, fuzz, and look at what the server logged meanwhile; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.assurance.fuzz", description=__doc__)
    parser.add_argument("--schemathesis", type=Path, default=Path("schemathesis"))
    parser.add_argument("--seconds", type=int, default=300, help="how long, at least")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31))
    given = parser.parse_args()
    token = secrets.token_urlsafe(16)
    named: Path = given.schemathesis
    program = named.absolute() if named.exists() else named
    with tempfile.TemporaryDirectory(prefix="wellspoken-fuzz-") as folder:
        home = Path(folder)
        with served(home, token) as address:
            code = fuzz(
                program, address, token, folder=home, seconds=given.seconds, seed=given.seed
            )
        logged = (home / "server.log").read_text()
    faults = [line for line in logged.splitlines() if "Traceback" in line or '"error"' in line]
    if token in logged:
        faults.append("The console token stands in the server's log.")
    sys.stdout.write("".join(f"In the log: {line[:500]}\n" for line in faults[:20]))
    return 1 if code or faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
