"""Shared fixtures: a fresh, migrated database for each test, on SQLite and on PostgreSQL; Weaviate.

PostgreSQL is a private cluster, started from the server binaries where they are found and stopped
at the end; elsewhere its tests are skipped with the reason. Weaviate likewise.
"""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
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
from tests.platforms.postgres_server import Cluster, server_binaries  # noqa: E402
from tests.platforms.weaviate_cluster import WeaviateCluster  # noqa: E402
from tests.platforms.weaviate_server import WeaviateProcess, running, server_binary  # noqa: E402
from tests.plugins import once_more  # noqa: E402

# A busy machine is no fault of what is tested: speed is asserted nowhere.
property_settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
property_settings.load_profile("untimed")

# A shell that starts the suite in the background has it ignore Ctrl-C, and so would every command
# that the tests start, and press Ctrl-C on.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """A worker that needs more than ten seconds to end on a busy machine is not killed; in CI what
    drives real processes is asked once more where it fails."""
    if os.environ.get("CI") and config.pluginmanager.hasplugin("rerunfailures"):
        config.pluginmanager.register(once_more)
    if config.pluginmanager.hasplugin("xdist"):
        from xdist.workermanage import NodeManager

        NodeManager.EXIT_TIMEOUT = 60


def pytest_collection_finish() -> None:
    """What was loaded until now stays: to look through it again and again for garbage took a fifth
    of the time. Thresholds are those of ``wellspoken serve``."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def _migrate(url: str) -> None:
    await (await Database.open(url)).close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """The private PostgreSQL cluster of this test run."""
    binaries = server_binaries()
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
