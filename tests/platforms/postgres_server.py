"""A private PostgreSQL cluster of this machine, which tests may stop and start."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from itertools import count
from pathlib import Path

from tests.platforms.ports import free_port

_numbers = count(1)


def server_binaries() -> Path | None:
    """The newest folder that holds PostgreSQL's server programs."""
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    newest = sorted(versions, key=lambda folder: float(folder.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    candidates = [*newest, *([Path(on_path).resolve().parent] if on_path else [])]
    return next((c for c in candidates if (c / "initdb").exists()), None)


class Cluster:
    """A private PostgreSQL cluster in a temporary folder."""

    def __init__(self, binaries: Path, shared_buffers: str = "32MB") -> None:
        self._binaries = binaries
        self._shared_buffers = shared_buffers
        self._folder = Path(tempfile.mkdtemp(prefix="wellspoken-postgres-"))
        self._data = self._folder / "data"
        self._prefix: list[str] = []
        if os.geteuid() == 0:  # initdb refuses root
            user = pwd.getpwnam("postgres")
            os.chown(self._folder, user.pw_uid, user.pw_gid)
            self._prefix = ["runuser", "-u", "postgres", "--"]
        self.port = free_port()

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._prefix, str(self._binaries / program), *arguments]
        done = subprocess.run(
            command, cwd=self._folder, capture_output=True, text=True, check=False, timeout=240
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr or done.stdout}")

    def start(self) -> None:
        """Create the cluster and start it; without fsync, it lives for one test run."""
        self._run(
            "initdb", "-D", str(self._data), "-U", "wellspoken", "-A", "trust", "-E", "UTF8",
            "--no-locale", "--no-sync",
        )  # fmt: skip
        self.go_on()

    def go_on(self) -> None:
        """Start it, for the first time or after :meth:`halt`."""
        options = (
            f"-p {self.port} -k {self._folder} -c listen_addresses=127.0.0.1 -c fsync=off"
            " -c full_page_writes=off -c max_connections=60"
            f" -c shared_buffers={self._shared_buffers}"
        )
        log = str(self._folder / "log")
        self._run(
            "pg_ctl", "-D", str(self._data), "-l", log, "-w", "-t", "200", "-o", options, "start"
        )

    def halt(self) -> None:
        """Stop the server as a crash does; its data stays."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        self.halt()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        """The SQLAlchemy URL of a database of the cluster."""
        return f"postgresql://wellspoken@127.0.0.1:{self.port}/{database}"

    def create(self, template: str = "template0") -> str:
        """A new database, a copy of ``template``; its name."""
        name = f"test_{next(_numbers)}"
        self._run(
            "createdb", "-h", str(self._folder), "-p", str(self.port), "-U", "wellspoken",
            "-T", template, name,
        )  # fmt: skip
        return name
