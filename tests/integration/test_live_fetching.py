"""Live facts over HTTP and SQL, against a real server and real databases."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import settings as property_settings
from hypothesis import strategies as st

from bot.conversation import Principal
from bot.errors import ConfigurationError, LiveFactError
from bot.ports import LiveFindings, LivePlan, LiveWant
from knowledge.live.desk import LiveDesk, LiveSource
from knowledge.live.querying import query_fetch
from knowledge.live.statement import statement
from tests.platforms.live_server import SECRET, ShopServer, Trouble

GOODS = {
    "AX-100": '{"code": "AX-100", "price": 49.00, "currency": "EUR", "stock": 12}',
    "AX-200": {"code": "AX-200", "price": 89.5, "stock": 0},
    "10482": {"state": "shipped"},
}
CODE = {"code": "the product's code, like AX-100"}
AT = datetime(2026, 11, 22, 10, 42, tzinfo=UTC)
ABOUT = "Price and units in stock of a product, by its code"


def source(**changes: Any) -> LiveSource:
    """A live source about goods."""
    return LiveSource(**{"name": "stock", "description": ABOUT, "parameters": CODE, **changes})


@asynccontextmanager
async def desk_of(*sources: LiveSource, seconds: float = 3) -> AsyncIterator[LiveDesk]:
    """A desk at 10:42, closed at the end."""
    desk = LiveDesk(sources, lambda: AT, seconds=seconds)
    try:
        yield desk
    finally:
        await desk.close()


@pytest.fixture
async def shop() -> AsyncIterator[ShopServer]:
    """A shop that is open."""
    async with ShopServer(dict(GOODS)) as server:
        yield server


async def ask(desk: LiveDesk, text: str) -> LiveFindings:
    """What the desk tells about a question."""
    return await desk.look_up(desk.plan(text, text, (), Principal()))


async def test_a_fact_is_a_passage_with_its_time_and_no_address(shop: ShopServer) -> None:
    """What the source said, in sentences; nothing of where it came from."""
    async with desk_of(source(url=shop.url)) as desk:
        (found,) = (await ask(desk, "How much is the AX-100?")).found
    chunk = found.passage.chunk
    assert chunk.text == (
        "Price of AX-100: 49.00 EUR. Units in stock of AX-100: 12. As of 10:42 UTC."
    )
    assert (chunk.source, chunk.document, chunk.title, chunk.uri) == ("live", "stock", ABOUT, "")
    assert [chunk.text[a:b] for a, b in found.spans] == ["Price of AX-100: 49.00 EUR."]
    assert found.stamp == "10:42 UTC"
    assert shop.asked == ["/stock/AX-100"]
    assert "AX-100" not in chunk.id and str(shop.port) not in repr(found)


async def test_several_facts_are_fetched_side_by_side(shop: ShopServer) -> None:
    """Two codes are two requests at the same time; each keeps its own answer."""
    shop.delay = 2  # both would take longer than they may
    async with desk_of(source(url=shop.url)) as desk:
        told = await ask(desk, "price of AX-100 and AX-200")
    assert [f.values for f in told.found] == [("AX-100",), ("AX-200",)]
    assert told.missing == ()


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (Trouble.HANGS, "did not answer within 3 s"),
        (Trouble.DRIPS, "did not answer within 3 s"),
        (Trouble.FAILS, "has a fault (500)"),
        (Trouble.FORBIDDEN, "refuses us (403)"),
        (Trouble.BUSY, "asked too often (429)"),
        (Trouble.HTML, "a web page instead of data"),
        (Trouble.HTML_AS_JSON, "a web page instead of data"),
        (Trouble.BROKEN, "data that cannot be read"),
        (Trouble.DEEP, "data that cannot be read"),
        (Trouble.NAN, "data that cannot be read"),
        (Trouble.HUGE, "far more than a fact"),
        (Trouble.REPORT, "reports an error"),
        (Trouble.CIRCLES, "around in circles"),
        (Trouble.CLOSED, "cannot be reached"),
    ],
)
async def test_whatever_goes_wrong_is_one_clear_sentence(
    shop: ShopServer, trouble: Trouble, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What could not be looked up and why, in words for anybody; nothing of what came instead."""
    shop.trouble = trouble
    async with desk_of(source(url=f"{shop.url}?key=k3y")) as desk:
        told = await ask(desk, "How much is the AX-100?")
        shop.trouble = Trouble.NONE
        again = await ask(desk, "How much is the AX-100?")
    assert told.found == ()
    (sentence,) = told.missing
    assert sentence.startswith("I could not look up the current price of AX-100 just now: ")
    assert words in sentence and words in told.errors[0]
    log = capsys.readouterr().err
    for secret in (SECRET, "k3y", str(shop.port), "127.0.0.1"):
        assert secret not in f"{told!r}{log}"
    assert "AX-100" not in log
    assert again.found, "it recovers by itself"


@pytest.mark.parametrize("trouble", [Trouble.EMPTY, Trouble.NO_ROWS, Trouble.NONE])
async def test_nothing_there_is_said_so(shop: ShopServer, trouble: Trouble) -> None:
    """404, an empty answer and an empty list: there is no such product."""
    shop.trouble = trouble
    async with desk_of(source(url=shop.url)) as desk:
        told = await ask(desk, "How much is the AX-999?")
    assert told.found == () and told.errors == ()
    assert told.missing == ("I found no current price of AX-999: please check the product's code.",)


async def test_a_server_that_is_down_cannot_be_reached(shop: ShopServer) -> None:
    """A closed port is said like everything else."""
    async with desk_of(source(url="http://127.0.0.1:9/stock/{code}")) as desk:
        told = await ask(desk, "Is the AX-100 in stock?")
    assert told.missing[0].endswith("just now: its system cannot be reached.")


async def test_redirects_stay_on_the_host(shop: ShopServer) -> None:
    """A moved page of the same server is followed; another host is never asked."""
    shop.slash = True
    async with ShopServer(dict(GOODS)) as other, desk_of(source(url=shop.url)) as desk:
        assert (await ask(desk, "price of AX-100")).found
        for place in (f"{other.address}/stock/AX-200", f"//127.0.0.1:{other.port}/", "file:///x"):
            shop.trouble, shop.elsewhere = Trouble.ELSEWHERE, place
            told = await ask(desk, "price of AX-200")
            assert "sends us to another address" in told.missing[0]
        assert other.asked == []


async def test_fifty_askers_are_one_request(shop: ShopServer) -> None:
    """Everybody asks for the same price at once: the shop is asked once, and not again for 60 s."""
    shop.delay = 0.1
    async with desk_of(source(url=shop.url)) as desk:
        told = await asyncio.gather(*(ask(desk, "How much is the AX-100?") for _ in range(50)))
        await ask(desk, "Is the AX-100 in stock?")
    assert all(t.found for t in told)
    assert shop.asked == ["/stock/AX-100"]


async def test_no_time_to_live_asks_each_time(shop: ShopServer) -> None:
    """``ttl = "0s"``."""
    async with desk_of(source(url=shop.url, ttl=timedelta())) as desk:
        await ask(desk, "price of AX-100")
        await ask(desk, "price of AX-100")
    assert len(shop.asked) == 2


ODD = st.text(max_size=64) | st.sampled_from(
    ["../../admin", "..", "a/b", "a?b=c", "x#y", "@evil.example", "a\r\nHost: b", "%2e%2e/", "é/ü"]
)


@property_settings(max_examples=40)
@given(st.lists(ODD, min_size=1, max_size=5))
def test_no_value_reaches_another_path_or_host(values: list[str]) -> None:
    """Over a real connection, whatever the values are: one segment below /stock, on this host."""

    async def fetch_all() -> ShopServer:
        async with ShopServer({}) as shop, desk_of(source(url=shop.url)) as desk:
            wants = tuple(LiveWant("stock", (("code", v),)) for v in values)
            await desk.look_up(LivePlan("", wants))
        return shop

    shop = asyncio.run(fetch_all())
    assert set(shop.hosts) <= {f"127.0.0.1:{shop.port}"}
    for path in shop.asked:
        assert path.startswith("/stock/") and path.count("/") == 2
        assert not set("?#@\\ \r\n") & set(path)


# -- SQL ------------------------------------------------------------------------------------------

SELECT = "select price, stock from goods where code = :code"


@pytest.fixture
def goods_file(tmp_path: Path) -> Path:
    """A SQLite database of goods."""
    path = tmp_path / "shop goods #1.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table goods (code text, id integer, price real, stock integer)")
        connection.execute("insert into goods values ('AX-100', 10482, 49.0, 12)")
        connection.executemany(
            "insert into goods values ('MANY', ?, 1, 1)", [(n,) for n in range(100)]
        )
        connection.commit()
    return path


def sqlite_source(path: Path, sql: str = SELECT, **changes: Any) -> LiveSource:
    """A live source from a file."""
    return source(database=f"sqlite:///{path}", sql=sql, **changes)


async def test_a_row_of_sqlite_is_a_fact(goods_file: Path) -> None:
    """The driver's name in the URL does not matter; a value that is not there is nothing."""
    for url in (f"sqlite:///{goods_file}", f"sqlite+aiosqlite:///{goods_file}"):
        async with desk_of(source(database=url, sql=SELECT)) as desk:
            (found,) = (await ask(desk, "How much is the AX-100?")).found
            told = await ask(desk, "How much is the AX-101?")
        assert found.passage.chunk.text.startswith("Price of AX-100: 49.00. Units in stock")
        assert told.missing[0].startswith("I found no current price of AX-101")


@property_settings(max_examples=40)
@given(st.text(max_size=64))
def test_a_value_is_bound_never_spliced(value: str) -> None:
    """Whatever the value, the statement finds what is equal to it, and nothing else happens."""
    if any(0xD800 <= ord(c) < 0xE000 for c in value):
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shop.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("create table goods (code text)")
            connection.execute("insert into goods values (?), ('x'' or 1=1')", (value,))
            connection.commit()
        read = statement("select code as said from goods where code = :code")
        fetch = query_fetch("stock", f"sqlite:///{path}", read, seconds=30)
        before = path.read_bytes()
        found = asyncio.run(fetch.fetch({"code": value}))
        assert [row["said"] for row in found][:1] == [value]
        assert path.read_bytes() == before


async def test_rows_are_limited(goods_file: Path) -> None:
    """A select that fits a whole table brings a few rows."""
    read = statement("select id from goods where code = :code")
    fetch = query_fetch("stock", f"sqlite:///{goods_file}", read, seconds=30)
    assert len(await fetch.fetch({"code": "MANY"})) == 20


async def test_a_query_that_takes_too_long_is_stopped(goods_file: Path) -> None:
    """The thread is free again, not only the asker: the desk is closed, which waits for it."""
    sql = (
        "with recursive n(i) as (select 1 union all select i + 1 from n)"
        " select count(*) from n where i < 0 and :code <> ''"
    )
    async with desk_of(sqlite_source(goods_file, sql), seconds=0.3) as desk:
        told = await ask(desk, "price of AX-100")
    assert "did not answer within 0.3 s" in told.missing[0]


async def test_a_missing_file_is_not_made(tmp_path: Path) -> None:
    """Reading creates nothing."""
    path = tmp_path / "none.db"
    async with desk_of(sqlite_source(path)) as desk:
        told = await ask(desk, "price of AX-100")
    assert "its database is not there" in told.missing[0]
    assert not path.exists()


@pytest.mark.parametrize(
    "sql",
    [
        "select load_extension(:code)",
        "select writefile(:code, 'x')",
        "select * from pragma_table_info(:code)",
        "select price from nowhere where code = :code",
    ],
)
async def test_sqlite_lets_nothing_but_reading_through(goods_file: Path, sql: str) -> None:
    """What a select can call is limited too; the sentence does not hold the query."""
    async with desk_of(sqlite_source(goods_file, sql)) as desk:
        told = await ask(desk, "price of AX-100")
    assert told.missing[0].endswith("its database did not take the query.")


@pytest.fixture
def shop_url(postgres: Any) -> Iterator[str]:
    """A PostgreSQL database of goods."""
    url = postgres.url(postgres.create())

    async def fill() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(
            "create table goods (code text, id bigint, uid uuid, price numeric(8,2), stock int);"
            "insert into goods values ('AX-100', 10482,"
            " '00000000-0000-0000-0000-000000000001', 49.00, 12);"
            "create function take(c text) returns int language sql as"
            " $$ update goods set stock = 0 where code = c returning stock $$"
        )
        await connection.close()

    asyncio.run(fill())
    yield url


@pytest.mark.postgres
@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
async def test_a_row_of_postgresql_is_a_fact(shop_url: str, scheme: str) -> None:
    """Numbers as they are kept, by text, by number and by id, without a cast in the statement."""
    url = shop_url.replace("postgresql", scheme, 1)
    number = {"code": "the order's number, like 10482"}
    by_id = "select price, stock, uid from goods where id = :code or (id = :code and false)"
    by_code = source(database=url, sql=SELECT)
    by_number = source(name="b", parameters=number, database=url, sql=by_id)
    async with desk_of(by_code, by_number, seconds=5) as desk:
        told = await ask(desk, "price of AX-100")
        other = await ask(desk, "price of 10482")
        none = await ask(desk, "price of 99999")
    assert told.found[0].passage.chunk.text.startswith("Price of AX-100: 49.00. Units in stock")
    assert other.found[0].passage.chunk.text.startswith("Price of order 10482: 49.00.")
    assert none.found == () and none.errors == ()


@pytest.mark.postgres
async def test_a_number_that_no_column_can_hold_is_not_there(shop_url: str) -> None:
    """The database works; there is just no such thing."""
    number = {"code": "the order's number, like 10482001"}
    sql = "select price, stock from goods where stock = :code"
    by_number = source(parameters=number, database=shop_url, sql=sql)
    async with desk_of(by_number, seconds=5) as desk:
        none = await ask(desk, "price of order 99999999")
        none_so_large = await ask(desk, "price of order 99999999999")
    for told in (none, none_so_large):
        assert told.found == () and told.errors == ()
        assert "found no current" in told.missing[0]


@pytest.mark.postgres
async def test_postgresql_cannot_be_written_through_a_function(shop_url: str) -> None:
    """The transaction is read-only, whatever a function in the select does."""
    sql = "select take(:code) as stock"
    async with desk_of(source(database=shop_url, sql=sql), seconds=5) as desk:
        told = await ask(desk, "price of AX-100")
    assert "would change data" in told.missing[0]
    connection = await asyncpg.connect(shop_url)
    assert await connection.fetchval("select stock from goods") == 12
    await connection.close()


@pytest.mark.postgres
async def test_postgresql_stops_what_takes_too_long_or_is_wrong(shop_url: str) -> None:
    """A slow query, a wrong one and a wrong password: one sentence each, without their words."""
    slow = "select pg_sleep(20), :code::text as code"
    bad = "select nothing from nowhere where code = :code"
    away = "postgresql://u:s3cr3t@127.0.0.1:9/x"
    for database, sql, words, seconds in (
        (shop_url, slow, "did not answer within", 1.5),
        (shop_url, bad, "did not take the query", 30),
        (away, SELECT, "cannot be reached", 30),
    ):
        async with desk_of(source(database=database, sql=sql), seconds=seconds) as desk:
            told = await ask(desk, "price of AX-100")
        assert words in told.missing[0]
        assert "s3cr3t" not in repr(told) and "nowhere" not in repr(told)


# -- at the start ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"url": "http://{code}.shop/"}, "path and the query only"),
        ({"url": "http://shop/{sku}"}, 'uses "sku", which parameters does not describe'),
        ({"url": "http://shop/"}, '"code" is not used in its url'),
        ({"url": "shop/{code}"}, "must start with http"),
        ({"database": "sqlite:///x.db", "sql": "delete from goods"}, "must be one select"),
        ({"database": "sqlite:///x.db", "sql": "select 1; select :code"}, "more than one"),
        ({"database": "sqlite:///:memory:", "sql": SELECT}, "needs a file"),
        ({"database": "mysql://u:s3cr3t@h/d", "sql": SELECT}, '"mysql"'),
        ({"database": "s3cr3t", "sql": SELECT}, "is no URL"),
        ({"database": "sqlite:///x.db"}, "it needs a url, or a database with sql"),
    ],
)
def test_a_source_that_cannot_work_is_refused_by_name(
    changes: dict[str, Any], problem: str
) -> None:
    """One sentence that names the source and says what is wrong, without a password."""
    with pytest.raises(ConfigurationError) as refused:
        LiveDesk([source(**changes)], lambda: AT)
    assert str(refused.value).startswith('live source "stock": ')
    assert problem in str(refused.value) and "s3cr3t" not in str(refused.value)


def test_two_sources_of_one_name_are_refused() -> None:
    """Names are what the audit knows a source by."""
    one = source(url="http://shop/{code}")
    with pytest.raises(ConfigurationError, match='live source "stock": another'):
        LiveDesk([one, one], lambda: AT)


async def test_the_doctor_asks_each_source_with_its_example(shop: ShopServer) -> None:
    """It answers, it has nothing, or it says what is wrong."""
    async with desk_of(source(url=shop.url)) as desk:
        assert await desk.probe("stock") == "answers (price, units in stock)"
        shop.goods = {}
        assert await desk.probe("stock") == "answers; it has nothing for the example"
        shop.trouble = Trouble.FAILS
        with pytest.raises(LiveFactError, match="has a fault"):
            await desk.probe("stock")
