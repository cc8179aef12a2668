"""Shared fixtures: a fresh, migrated database for each test, on SQLite and on PostgreSQL; Weaviate.

PostgreSQL is a private cluster, started from the server binaries where they are found and stopped
at the end; elsewhere its tests are skipped with the reason. Weaviate likewise.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as property_settings

# The suites of ports: their asserts explain themselves, whoever imports them first.
pytest.register_assert_rewrite(
    "tests.contracts.chat_communities",
    "tests.contracts.chat_conversation",
    "tests.contracts.chat_visitors",
    "tests.contracts.index_shelf",
    "tests.contracts.vector_store",
)

from bot.store.base import Database  # noqa: E402
from tests.platforms.weaviate_cluster import WeaviateCluster  # noqa: E402
from tests.platforms.weaviate_server import WeaviateProcess, running, server_binary  # noqa: E402

_numbers = count(1)

# A busy machine is no fault of what is tested: speed is asserted nowhere.
property_settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
property_settings.load_profile("untimed")


def _server_binaries() -> Path | None:
    """The newest folder that holds PostgreSQL's server programs."""
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    newest = sorted(versions, key=lambda folder: float(folder.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    candidates = [*newest, *([Path(on_path).resolve().parent] if on_path else [])]
    return next((c for c in candidates if (c / "initdb").exists()), None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Cluster:
    """A private PostgreSQL cluster in a temporary folder."""

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._folder = Path(tempfile.mkdtemp(prefix="wellspoken-postgres-"))
        self._data = self._folder / "data"
        self._prefix: list[str] = []
        if os.geteuid() == 0:  # initdb refuses root
            user = pwd.getpwnam("postgres")
            os.chown(self._folder, user.pw_uid, user.pw_gid)
            self._prefix = ["runuser", "-u", "postgres", "--"]
        self.port = _free_port()

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._prefix, str(self._binaries / program), *arguments]
        done = subprocess.run(
            command, cwd=self._folder, capture_output=True, text=True, check=False, timeout=60
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr or done.stdout}")

    def start(self) -> None:
        """Create the cluster and start it; without fsync, it lives for one test run."""
        self._run(
            "initdb", "-D", str(self._data), "-U", "wellspoken", "-A", "trust", "-E", "UTF8",
            "--no-locale", "--no-sync",
        )  # fmt: skip
        options = (
            f"-p {self.port} -k {self._folder} -c listen_addresses=127.0.0.1 -c fsync=off"
            " -c full_page_writes=off -c max_connections=60 -c shared_buffers=32MB"
        )
        log = str(self._folder / "log")
        self._run("pg_ctl", "-D", str(self._data), "-l", log, "-w", "-o", options, "start")

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")
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


async def _migrate(url: str) -> None:
    await (await Database.open(url)).close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """The private PostgreSQL cluster of this test run."""
    binaries = _server_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server programs (initdb) on this machine")
    if os.geteuid() == 0 and not shutil.which("runuser"):
        pytest.skip("PostgreSQL does not run as root, and there is no runuser")
    try:
        cluster = Cluster(binaries)
        cluster.start()
    except (OSError, KeyError, RuntimeError) as error:
        pytest.skip(f"PostgreSQL does not start here: {error}")
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def _postgres_template(postgres: Cluster) -> str:
    name = postgres.create()
    asyncio.run(_migrate(postgres.url(name)))
    return name


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "wellspoken.db"
    asyncio.run(_migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_url(postgres: Cluster) -> str:
    """The URL of the cluster's maintenance database."""
    return postgres.url()


_KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(params=_KINDS)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'home' / 'wellspoken.db'}"
    cluster: Cluster = request.getfixturevalue("postgres")
    return cluster.url(cluster.create())


@pytest.fixture
def sqlite_database_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a fresh SQLite database with the newest schema."""
    path = tmp_path / "wellspoken.db"
    shutil.copyfile(_sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_database_url(postgres: Cluster, _postgres_template: str) -> str:
    """The URL of a fresh PostgreSQL database with the newest schema."""
    return postgres.url(postgres.create(_postgres_template))


@pytest.fixture(params=_KINDS)
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh database with the newest schema, on SQLite and on PostgreSQL."""
    kind = "sqlite" if request.param == "sqlite" else "postgres"
    url: str = request.getfixturevalue(f"{kind}_database_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh, open database, on SQLite and on PostgreSQL."""
    db = await Database.open(database_url)
    yield db
    await db.close()


@pytest.fixture
async def sqlite_database(sqlite_database_url: str) -> AsyncIterator[Database]:
    """A fresh, open SQLite database: for tests where the kind does not matter."""
    db = await Database.open(sqlite_database_url)
    yield db
    await db.close()


@pytest.fixture(scope="session")
def weaviate_binary() -> Path:
    """The Weaviate server's program."""
    binary = server_binary()
    if binary is None:
        pytest.skip("no Weaviate server on this machine; .ci/weaviate builds one")
    return binary


@pytest.fixture(scope="session")
def weaviate(weaviate_binary: Path) -> Iterator[WeaviateProcess]:
    """The Weaviate server of this test run: each test has collections of its own names."""
    with running(weaviate_binary) as node:
        yield node


@pytest.fixture
def weaviate_node(weaviate_binary: Path) -> Iterator[WeaviateProcess]:
    """A Weaviate server of the test's own, which may be killed."""
    with running(weaviate_binary) as node:
        yield node


@pytest.fixture
def cluster_settings() -> dict[str, str]:
    """Settings of the nodes of :func:`weaviate_cluster`; a test may give others."""
    return {}


@pytest.fixture
def weaviate_cluster(
    weaviate_binary: Path, cluster_settings: dict[str, str]
) -> Iterator[WeaviateCluster]:
    """Three Weaviate nodes that make one cluster of the test's own."""
    cluster = WeaviateCluster(weaviate_binary, settings=cluster_settings)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.remove()
