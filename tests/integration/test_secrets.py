"""No secret in anything that is put out: a whole life with a marked value in every secret setting.

Everything that the command prints and logs (at debug), every answer of the web server with its
headers, every message in the chats, and every byte of every file in the home is searched for each
of them, as it is and in the forms in which such values travel (base64, percent signs, JSON).
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import signal
import stat
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest
import pytest_asyncio

from adapters.slack.installations import SlackInstallations
from adapters.slack.sealing import Seal
from bot.settings import environment_names
from bot.store.base import Database
from tests.platforms.command import COMMAND, Process, environment, start_command
from tests.platforms.discord_service import Garden
from tests.platforms.live_server import ShopServer, Trouble
from tests.platforms.openai_server import Behaviour, Fault, OpenAIServer
from tests.platforms.ports import free_port
from tests.platforms.pumps import HOURS, question
from tests.platforms.slack_server import SlackServer
from tests.unit.slack.test_installations import installation

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.asyncio(loop_scope="module"),
]

SECRETS = {
    "DATABASE_URL": "mkdb-Q7xV2nL9tR4w",
    "WEAVIATE_API_KEY": "mkwv-H3kP8sD1fG6z",
    "OPENAI_API_KEY": "sk-mkai-B5nM2vC8xZ4l",
    "OPENAI_BASE_URL": "mkbase-T6yU1iO7pA3q",
    "SLACK_BOT_TOKEN": "xoxb-mkslack-W2eR5tY8uI1o",
    "SLACK_APP_TOKEN": "xapp-mkslack-J4hG7fD0sA3k",
    "SLACK_SIGNING_SECRET": "mksign-L6kJ9hG2fD5s",
    "SLACK_CLIENT_SECRET": "mkclient-Z1xC4vB7nM0q",
    "DISCORD_TOKEN": "mkdiscord.P3oI6u.Y9tR2eW5qA8sD1fG4hJ7kL0",
    "WELLSPOKEN_SECRET_KEY": "mkseal-N8bV1cX4zL7k",
    "WELLSPOKEN_CONSOLE_TOKEN": "mkconsole-S5dF8gH1jK4l",
    "WELLSPOKEN_CONSOLE_REVIEWER_TOKEN": "mkreview-E2rT5yU8iO1p",
    "WELLSPOKEN_CONSOLE_VIEWER_TOKEN": "mkview-M4nB7vC0xZ3a",
    "WELLSPOKEN_OIDC_CLIENT_SECRET": "mkoidc-G9hJ2kL5qW8e",
    "a source's query": "mkquery-R1tY4uI7oP0a",
    "a source's password": "mkgit-D6fG9hJ2kL5z",
    "an own source's option": "mkoption-X3cV6bN9mQ2w",
    "a live address": "mklive-K8jH1gF4dS7a",
    "a live database": "mklivedb-U5iO8pA1sD4f",
    "an installed workspace": "xoxb-T1",
}
"""What each is called, and its value. The setting's own name where it is one."""

OWN_SOURCE = '''
class Source:
    """Breaks in a way that nobody thought of, with its password at hand."""
    def __init__(self, name, password):
        self.name, self.password = name, password
    async def items(self):
        given = {"password": self.password}
        raise RuntimeError("an error that nobody thought of")
        yield
    async def close(self):
        pass
'''
ROOMS = (
    "/ /console /console/attention /console/review /console/knowledge /console/knowledge/sources "
    "/console/knowledge/history /console/turns /console/audit /console/people /console/costs "
    "/console/gaps /console/models /console/datasets /console/training /console/suites "
    "/console/scorecards /console/routing /console/watch /console/advice /console/gates /healthz "
    "/readyz /metrics /api/openapi.json /api/docs /nowhere /login"
).split()


@dataclass
class Life:
    """All that was put out, by where it came from."""

    folder: Path
    said: dict[str, bytes] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def keep(self, where: str, what: str | bytes) -> None:
        """Keep something that was put out."""
        said = what if isinstance(what, bytes) else what.encode()
        self.said[where] = self.said.get(where, b"") + said

    def heard(self, response: httpx2.Response) -> httpx2.Response:
        """Keep a response whole, but for what it says of the request that led to it."""
        where = f"{response.request.method} {response.request.url.path}"
        headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
        self.keep(where, f"{response.status_code}\n{headers}\n{response.text}")
        self.codes[where] = response.status_code
        return response

    async def run(self, settings: dict[str, str], *words: str) -> str:
        """Run a command; its output, which is kept."""
        done = await asyncio.to_thread(
            subprocess.run,
            [*COMMAND, *words],
            cwd=self.folder,
            env=environment(self.folder, WELLSPOKEN_HOME=str(self.home), **settings),
            capture_output=True,
            check=False,
            timeout=120,
        )
        where = f"wellspoken {' '.join(words)}"
        where = where if where not in self.said else f"{where} ({len(self.said)})"
        self.keep(where, done.stdout + done.stderr)
        self.codes[where] = done.returncode
        return done.stdout.decode()


@dataclass
class Around:
    """The servers around the bot, each of which knows a marked secret."""

    slack: SlackServer
    discord: Garden
    models: OpenAIServer
    shop: ShopServer

    def settings(self) -> dict[str, str]:
        """What the bot is given."""
        base = self.models.url.replace("://", f"://who:{SECRETS['OPENAI_BASE_URL']}@")
        named = {name: value for name, value in SECRETS.items() if name.isupper()}
        for name in ("DATABASE_URL", "SLACK_SIGNING_SECRET", "SLACK_CLIENT_SECRET"):
            del named[name]  # of lives of their own
        return {
            **named,
            "OPENAI_BASE_URL": base,
            "WELLSPOKEN_MODEL": "stand-in",
            "SLACK_API_URL": self.slack.url,
            "DISCORD_API_URL": self.discord.url,
        }


def toml(shop: ShopServer, closed: int) -> str:
    """The settings file: secrets in addresses, and in what an own source is given."""
    address = f"{shop.address}/stock/page?token={SECRETS['a source' + chr(39) + 's query']}"
    live = f"{shop.url}?key={SECRETS['a live address']}"
    of_git = SECRETS["a source's password"]
    of_live = SECRETS["a live database"]
    return f"""
[bot]
name = "Juniper"
[[sources]]
name = "page"
url = "{address}"
allow_private = true
sync = "2s"
[[sources]]
name = "repository"
git = "http://ada:{of_git}@127.0.0.1:{closed}/docs.git"
allow_private = true
[[sources]]
name = "own"
type = "own_source:Source"
options = {{ password = "{SECRETS["an own source's option"]}" }}
sync = "3s"
[[live]]
name = "stock"
description = "Price and units in stock of a product, by its code"
url = "{live}"
parameters = {{ code = "the product's code, like AX-100" }}
[[live]]
name = "orders"
description = "Where an order is, by its number"
database = "postgresql+asyncpg://ada:{of_live}@127.0.0.1:{closed}/orders"
sql = "select state from orders where number = :number"
parameters = {{ number = "the order's number, like 4711" }}
[sso]
issuer = "http://127.0.0.1:{closed}"
client_id = "juniper"
viewers = ["support"]
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def life(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Life]:
    """The whole of it, once for all tests."""
    life = Life(tmp_path_factory.mktemp("life"))
    closed = free_port()
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(
            SlackServer(bot_token=SECRETS["SLACK_BOT_TOKEN"], app_token=SECRETS["SLACK_APP_TOKEN"])
        )
        discord = await stack.enter_async_context(Garden(token=SECRETS["DISCORD_TOKEN"]))
        shop = await stack.enter_async_context(
            ShopServer({"AX-100": {"price": "49.00", "stock": 12}})
        )
        models = stack.enter_context(OpenAIServer(Behaviour()))
        around = Around(slack, discord, models, shop)
        given = around.settings()
        await life.run({}, "init", str(life.folder))
        (life.folder / "wellspoken.toml").write_text(toml(shop, closed))
        (life.folder / "own_source.py").write_text(OWN_SOURCE)
        given["PYTHONPATH"] = f"{Path(__file__).parents[2]}:{life.folder}"
        pages = life.folder / "pumps"
        pages.mkdir()
        for name, hours in HOURS.items():
            text = f"# The {name} pump\n\nThe {name} pump runs for {hours} hours on one battery.\n"
            (pages / f"{name.lower()}.md").write_text(text)
        await life.run(given, "ingest", "pumps")
        await _examine(life, given)
        await _serve(life, around, given)
        await _tend(life, given)
        await _go_wrong(life, given, closed)
        await _installed(life)
    yield life


async def _examine(life: Life, given: dict[str, str]) -> None:
    for words in ("config show", "config show --json", "doctor", "sources sync"):
        await life.run(given, *words.split())
    for words in ("sources list", "sources list --json", "sources history"):
        await life.run(given, *words.split())


async def _serve(life: Life, around: Around, given: dict[str, str]) -> None:
    """Questions on every way, with every server in trouble once, and pages for each role."""
    port = free_port()
    log = life.folder / "serve.log"
    process = await asyncio.to_thread(_started, life, given, port, log)
    address = f"http://127.0.0.1:{port}"
    try:
        async with httpx2.AsyncClient(base_url=address, timeout=60, trust_env=False) as http:
            await _until_ready(http)
            await around.slack.connected(timeout=40)
            await around.discord.connected(timeout=40)
            await _chat(life, around)
            await _scripts(life, around, http)
            for name in ("CONSOLE", "CONSOLE_REVIEWER", "CONSOLE_VIEWER"):
                await _rooms(life, address, SECRETS[f"WELLSPOKEN_{name}_TOKEN"])
            await asyncio.sleep(4)  # the schedule reads the sources that break
    finally:
        process.send_signal(signal.SIGTERM)
        life.codes["serve"] = await asyncio.to_thread(process.wait, 45)
    life.keep("log of serve", log.read_bytes())
    log.unlink()


def _started(life: Life, given: dict[str, str], port: int, log: Path) -> Process:
    with log.open("wb") as out:
        return start_command(
            "serve",
            "--port",
            str(port),
            "--verbose",
            cwd=life.folder,
            env=environment(life.folder, WELLSPOKEN_HOME=str(life.home), **given),
            out=out,
        )


async def _until_ready(http: httpx2.AsyncClient) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        try:
            if (await http.get("/readyz")).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        await asyncio.sleep(0.2)
    pytest.fail("serve is not ready")


async def _chat(life: Life, around: Around) -> None:
    slack, discord = around.slack, around.discord
    ada = slack.user("UADA", "Ada")
    room = slack.channel("CGARDEN", "garden", [ada])
    for fault in (None, Fault.UNAUTHORISED, Fault.FAILED):
        around.models.behaviour = Behaviour(fault=fault)
        asked = await slack.say(ada, room, question("Kilo"))
        (answer,) = await slack.answered(room, asked, timeout=60)
        life.keep("Slack", json.dumps([answer.shown, repr(answer)]))
        said = await discord.say(discord.ada, discord.roses, question("Lima"))
        (told,) = await discord.answered(said, timeout=60)
        life.keep("Discord", json.dumps([told.shown, repr(told)]))
    around.models.behaviour = Behaviour()


async def _scripts(life: Life, around: Around, http: httpx2.AsyncClient) -> None:
    ours = {"authorization": f"Bearer {SECRETS['WELLSPOKEN_CONSOLE_TOKEN']}"}
    wrong = {"authorization": f"Bearer {SECRETS['WELLSPOKEN_CONSOLE_TOKEN']}x"}
    asked = {"question": "How long does the Kilo pump run?"}
    life.heard(await http.post("/api/ask", json=asked))
    life.heard(await http.post("/api/ask", json=asked, headers=wrong))
    for fault in (None, Fault.UNAUTHORISED, Fault.FORBIDDEN, Fault.NO_QUOTA, Fault.ERROR_EVENT):
        around.models.behaviour = Behaviour(fault=fault)
        again = {"question": f"How long does the Kilo pump run, case {fault}?"}
        life.heard(await http.post("/api/ask", json=again, headers=ours))
    around.models.behaviour = Behaviour()
    for trouble in (Trouble.NONE, Trouble.FAILS, Trouble.REPORT, Trouble.CLOSED):
        around.shop.trouble = trouble
        for words in ("What is the price of AX-100?", "Where is the order 4711?"):
            life.heard(await http.post("/api/ask", json={"question": words}, headers=ours))
    around.shop.trouble = Trouble.NONE
    answer = life.heard(await http.post("/api/ask", json=asked, headers=ours)).json()
    rated = {"turn": answer["turn"], "rating": "down", "correction": "It runs for 14 hours."}
    life.heard(await http.post("/api/feedback", json=rated, headers=ours))
    for body in (b"{", b"[]", b'{"question": 1}', b"x" * 2_000_000):
        sent = {**ours, "content-type": "application/json"}
        life.heard(await http.post("/api/ask", content=body, headers=sent))


async def _rooms(life: Life, address: str, token: str) -> None:
    async with httpx2.AsyncClient(
        base_url=address, timeout=60, trust_env=False, follow_redirects=True
    ) as http:
        opened = await http.get("/console")
        form = re.search(r'action="([^"]*login[^"]*)"', opened.text)
        where = form[1] if form else "/console/login"
        sent = {"origin": address, "referer": f"{address}{where}"}
        hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', opened.text))
        life.heard(await http.post(where, data={**hidden, "token": "not-it"}, headers=sent))
        life.heard(await http.post(where, data={**hidden, "token": token}, headers=sent))
        for room in ROOMS:
            life.heard(await http.get(room))
        turns = await http.get("/console/turns")
        for link in re.findall(r'href="(/console/turns/[^"?]+)"', turns.text)[:3]:
            life.heard(await http.get(link))


async def _tend(life: Life, given: dict[str, str]) -> None:
    """What operators do from the command line, with everything that is given out."""
    suite = life.folder / "suite.jsonl"
    case = {"id": "1", "question": "How long does the Kilo pump run?", "answers": ["14 hours"]}
    suite.write_text(json.dumps(case) + "\n")
    for words in (
        "ask How_long_does_the_Kilo_pump_run?",
        "search pump",
        "documents list --json",
        "feedback list --json",
        "audit list --json",
        "audit export --out trail.jsonl",
        "audit export --format csv --out trail.csv",
        "audit verify",
        f"evaluate {suite} --mode rag --json",
        "dataset build --format sft --json",
        "dataset show --json",
        "export --author slack:UADA",
        "models list --json",
        "advise --json",
        "retention run --json",
        "slack manifest",
        "discord invite",
        "forget --author slack:UADA --json",
    ):
        await life.run(given, *(word.replace("_", " ") for word in words.split()))


async def _go_wrong(life: Life, given: dict[str, str], closed: int) -> None:
    """Servers that are away, settings that are wrong, and an error that nobody thought of."""
    words = SECRETS["DATABASE_URL"]
    away = {**given, "DATABASE_URL": f"postgresql://ada:{words}@127.0.0.1:{closed}/bot"}
    odd = {**given, "DATABASE_URL": f"mysql://ada:{words}@127.0.0.1/bot"}
    store = {**given, "WEAVIATE_URL": f"http://127.0.0.1:{closed}"}
    misplaced = {**given, "OPENAI_BASE_URL": SECRETS["OPENAI_API_KEY"]}
    half = {**given, "SLACK_CLIENT_SECRET": SECRETS["SLACK_CLIENT_SECRET"]}
    for settings, lines in (
        (away, ("doctor --json", "ask hello", "serve --only worker")),
        (odd, ("ask hello", "config show")),
        (store, ("doctor", "ask hello")),
        (misplaced, ("ask hello",)),
        (half, ("ask hello",)),
    ):
        for line in lines:
            await life.run(settings, *line.split())
    await life.run(given, "sources", "sync", "own")
    signing = {k: v for k, v in given.items() if k != "SLACK_APP_TOKEN"}
    signing["SLACK_SIGNING_SECRET"] = SECRETS["SLACK_SIGNING_SECRET"]
    await life.run(signing, "config", "show", "--json")
    await life.run(signing, "doctor")


async def _installed(life: Life) -> None:
    """A workspace that installed the bot: its token lies in the same database."""
    database = await Database.open(f"sqlite:///{life.home / 'wellspoken.db'}")
    try:
        seal = Seal(SECRETS["WELLSPOKEN_SECRET_KEY"])
        kept = SlackInstallations(database, "C1", seal)
        await kept.async_save(installation("T1"))
        found = await kept.async_find_bot(enterprise_id=None, team_id="T1")
        assert found is not None
        assert found.bot_token == SECRETS["an installed workspace"]
    finally:
        await database.close()


def forms(secret: str) -> Iterator[bytes]:
    """A value in the forms in which it may be met."""
    yield secret.encode()
    yield quote(secret, safe="").encode()
    yield json.dumps(secret)[1:-1].encode()
    yield secret.encode("utf-16-le")
    for before in ("", "x", "xx"):  # base64 depends on what stands before
        whole = base64.b64encode((before + secret).encode())
        yield whole[4:-4]
        yield whole[4:-4].replace(b"+", b"-").replace(b"/", b"_")


def held(where: str, what: bytes) -> list[str]:
    """Which secrets stand in something."""
    return [
        f"{name} in {where}: …{what[max(0, at - 120) : at + 60]!r}"
        for name, secret in SECRETS.items()
        for form in dict.fromkeys(forms(secret))
        if len(form) >= 7 and (at := what.find(form)) >= 0
    ]


async def test_every_secret_setting_is_marked() -> None:
    """A new secret among the settings needs a value here."""
    assert {row.environment for row in environment_names() if row.secret} <= SECRETS.keys()


async def test_the_whole_life_was_lived(life: Life) -> None:
    """What is searched below is not empty: each command spoke, each way answered, each room
    opened."""
    told = {where for where, what in life.said.items() if what.strip()}
    assert {"Slack", "Discord", "log of serve", "POST /api/ask", "GET /metrics"} <= told
    assert life.codes["serve"] == 0
    assert life.codes["GET /console/audit"] == 200
    assert life.codes["wellspoken audit verify"] == 0
    assert b"an error that nobody thought of" in life.said["log of serve"]
    assert len([what for where, what in life.said.items() if where.startswith("wellspoken")]) > 35


async def test_no_secret_is_said(life: Life) -> None:
    """Not on the terminal, in logs, answers, pages, headers, errors, or in chats."""
    assert [each for where, what in life.said.items() for each in held(where, what)] == []


async def test_no_secret_is_written_down(life: Life) -> None:
    """Not in a database, an index, an export, a scorecard, a data set: each byte is searched."""
    inputs = {life.folder / "wellspoken.toml"}
    files = [path for path in life.folder.rglob("*") if path.is_file() and path not in inputs]
    assert {"wellspoken.db", "trail.csv", "trail.jsonl"} <= {path.name for path in files}
    assert [
        each
        for path in files
        for each in held(str(path.relative_to(life.folder)), path.read_bytes())
    ] == []


async def test_everything_in_the_home_is_for_its_owner_alone(life: Life) -> None:
    """Files are 0600 and folders 0700, whatever made them."""
    open_ones = [
        f"{stat.filemode(path.stat().st_mode)} {path.relative_to(life.home)}"
        for path in (life.home, *life.home.rglob("*"))
        if path.stat().st_mode & 0o077
    ]
    assert open_ones == []
    assert (life.folder / "trail.csv").stat().st_mode & 0o077 == 0
