"""The conversation with one person alone: the web chat over HTTP, the chat in a terminal."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import socket
import subprocess
import termios
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from html.parser import HTMLParser
from pathlib import Path

import httpx2
import uvicorn

from adapters.assembly import assemble
from adapters.web.app import create_app
from bot.conversation import Platform, Rating
from bot.settings import load_settings
from tests.contracts.chat_conversation import Difference, Driver, Seen, Source
from tests.platforms.command import COMMAND, environment

_TOKEN = "a-console-token-for-tests"


# -- the web chat --------------------------------------------------------------------------------


class Page(HTMLParser):
    """The words inside of elements of a name (a tag or a class), and where links there lead."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self._open: list[tuple[str, frozenset[str]]] = []
        self._texts: list[tuple[frozenset[str], str]] = []
        self._links: list[tuple[frozenset[str], str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        if tag not in ("br", "input", "link", "meta"):
            self._open.append((tag, frozenset([tag, *given.get("class", "").split()])))
        if "href" in given:
            self._links.append((self._here(), given["href"]))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        here = self._here()
        self._texts.append((here, f" [{data}]" if "marker" in here else data))

    def _here(self) -> frozenset[str]:
        return frozenset[str]().union(*(names for _, names in self._open))

    def words(self, name: str) -> str:
        """All words inside of such elements."""
        return "".join(text for names, text in self._texts if name in names)

    def links(self, name: str) -> list[str]:
        """Where the links inside of such elements lead."""
        return [link for names, link in self._links if name in names]


class WebDriver:
    """A visitor with a browser without scripts; for staff documents one with a console session."""

    platform = Platform.WEB
    author = r"web:[\w-]+"
    reason = "Incomplete"
    differs: Mapping[Difference, str] = {}

    def __init__(self, visitor: httpx2.AsyncClient, operator: httpx2.AsyncClient) -> None:
        self._visitor, self._operator, self._browser = visitor, operator, visitor
        self._last = ""

    async def sign_in(self) -> None:
        """Open the console in the operator's browser, and ask as staff there."""
        await self._operator.post("/console/login", data={"token": _TOKEN})
        await self._operator.get("/")
        await self._operator.post("/audience", data={"groups": "staff"})

    async def ask(self, text: str, *, staff: bool = False) -> Seen:
        self._browser = self._operator if staff else self._visitor
        await self._browser.post("/new")
        return await self.go_on(text)

    async def go_on(self, text: str) -> Seen:
        page = await self._browser.post("/ask", data={"question": text})
        html = re.findall(r'<article class="turn[^"]*" id=.*?</article>', page.text, re.DOTALL)[-1]
        shown = Page(html)
        (self._last,) = re.findall(r'data-turn="(\w+)"', html)
        return Seen(
            shown.words("prose"),
            tuple([await self._source(link) for link in shown.links("sources")]),
            "Ask a person" in html,
            html,
            frozenset(shown.tags & {"b", "tests", "on", "script"}),
        )

    async def _source(self, link: str) -> Source:
        """Where a source leads: to a page with the quoted passage and the document's address."""
        page = Page((await self._browser.get(link)).text)
        (address,) = page.links("source-foot")
        return Source(int(link.rpartition("/")[2]), page.words("h1"), address)

    async def rate(self, rating: Rating) -> None:
        await self._browser.post(f"/turns/{self._last}/rating", data={"rating": rating.value})

    async def correct(self, correction: str) -> None:
        await self.rate(Rating.DOWN)
        words = {"reason": self.reason, "correction": correction}
        await self._browser.post(f"/turns/{self._last}/correction", data=words)

    async def take_back(self) -> None:
        await self.rate(Rating.DOWN)

    def arrives(self, text: str) -> str:
        return text


@asynccontextmanager
async def web_chat(_home: Path, settings: Mapping[str, str]) -> AsyncIterator[Driver]:
    """The web server on a port of its own."""
    chosen = load_settings(**settings, WELLSPOKEN_CONSOLE_TOKEN=_TOKEN)
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(assemble(chosen))
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        config = uvicorn.Config(create_app(app), log_config=None, lifespan="on", ws="none")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        visitor, operator = [
            await stack.enter_async_context(
                httpx2.AsyncClient(
                    base_url=address,
                    headers={"accept": "text/html", "origin": address},
                    follow_redirects=True,
                    timeout=120,
                )
            )
            for _ in range(2)
        ]
        try:
            driver = WebDriver(visitor, operator)
            await driver.sign_in()
            yield driver
        finally:
            await visitor.aclose()
            await operator.aclose()
            server.should_exit = True
            await serving


# -- the terminal --------------------------------------------------------------------------------


class Terminal:
    """``wellspoken chat`` at a terminal, between ``open`` and ``close``."""

    _PROMPT = "\n> "

    def __init__(self, home: Path, settings: Mapping[str, str], *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        attributes = termios.tcgetattr(theirs)
        attributes[1] &= ~termios.OPOST
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(theirs, termios.TCSANOW, attributes)
        self._process = subprocess.Popen(
            [*COMMAND, "chat", *arguments],
            cwd=home,
            env=environment(home, **settings),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,  # where Python writes the prompt
        )
        os.close(theirs)

    async def read(self) -> str:
        """What it writes until it asks for a line."""
        said = b""
        while not said.endswith(self._PROMPT.encode()):
            async with asyncio.timeout(120):
                said += await asyncio.to_thread(os.read, self._ours, 65536)
        return re.sub(r"\x1b\[[0-9;]*m", "", said.decode()).removesuffix(self._PROMPT)

    async def type(self, line: str) -> str:
        """Type a line; what comes of it."""
        os.write(self._ours, f"{line}\n".encode())
        return await self.read()

    async def close(self) -> None:
        """Leave with Ctrl-D; whatever happens, nothing is left running."""
        try:
            os.write(self._ours, b"\x04")
            await asyncio.to_thread(self._process.wait, 60)
        finally:
            self._process.kill()
            self._process.wait()
            os.close(self._ours)


class TerminalDriver:
    """Who sits at the machine, at two terminals."""

    platform = Platform.TERMINAL
    author = "terminal:local"
    reason = "incomplete"
    differs: Mapping[Difference, str] = {
        Difference.NO_BUTTON_FOR_A_PERSON: "who sits at the machine is the operator",
        Difference.NO_TAKING_BACK: "there are keys for a rating, none for taking it back",
        Difference.ONE_LINE: "Enter sends it",
    }

    def __init__(self, public: Terminal, staff: Terminal) -> None:
        self._public, self._staff, self._here = public, staff, public

    async def ask(self, text: str, *, staff: bool = False) -> Seen:
        self._here = self._staff if staff else self._public
        await self._here.type("/new")
        return await self.go_on(text)

    async def go_on(self, text: str) -> Seen:
        shown = await self._here.type(self.arrives(text))
        shown = re.sub(
            r"^warning: .*\n|^\+ or - rates this answer\n", "", shown, flags=re.MULTILINE
        )
        pattern = r"^  \[(\d+)\] (.*)  (https?://\S+)\n      “.*”$"
        return Seen(
            re.sub(pattern, "", shown, flags=re.MULTILINE),
            tuple(Source(int(n), t, a) for n, t, a in re.findall(pattern, shown, re.MULTILINE)),
            "Ask a person" in shown,
            shown,
        )

    async def rate(self, rating: Rating) -> None:
        await self._here.type("+" if rating is Rating.UP else "-")

    async def correct(self, correction: str) -> None:
        await self._here.type(f"- {self.reason}")
        await self._here.type(f"= {correction}")

    async def take_back(self) -> None:
        raise NotImplementedError

    def arrives(self, text: str) -> str:
        return " ".join(text.split())


@asynccontextmanager
async def terminal_chat(home: Path, settings: Mapping[str, str]) -> AsyncIterator[Driver]:
    """Two terminals, one of them for staff."""
    async with AsyncExitStack() as stack:
        terminals = [Terminal(home, settings), Terminal(home, settings, "--group", "staff")]
        for terminal in terminals:
            stack.push_async_callback(terminal.close)
        for terminal in terminals:
            await terminal.read()
        yield TerminalDriver(*terminals)
