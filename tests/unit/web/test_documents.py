"""The documents of the knowledge room: their list, their pages, and what others would see."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx2
import pytest
import pytest_asyncio

from adapters.web.app import create_app
from adapters.web.auth.sessions import Access
from bot.conversation import Author, Feedback, Platform, Rating
from bot.errors import StoreUnavailableError
from bot.evidence import Chunk
from knowledge.chunking import chunk_id
from knowledge.stores.base import DocumentKey, StoreStats
from tests.platforms.web_application import RESET, TOKEN, WebApplication, chunk, record_of
from tests.unit.web.test_chat import ask
from tests.unit.web.test_console import sign_in
from tests.unit.web.test_gaps_room import gap_page

VIEWER, REVIEWER = "the-viewer's-token", "the-reviewer's-token"
ROOM, PREVIEW = "/console/knowledge", "/console/knowledge/preview"
RESET_PAGE = f"{ROOM}/document?source=sample&document=hardware%2Freset.md"


@pytest_asyncio.fixture
async def colleague(application: WebApplication) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser of a console with roles."""
    app = create_app(application, access=Access(VIEWER, REVIEWER))
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://bot.test", headers={"accept": "text/html"}
    ) as client:
        yield client


async def read_in(application: WebApplication, *pieces: Chunk) -> None:
    """A document of some pieces, in the ledger and in the store."""
    first = pieces[0]
    record = replace(record_of(first), chunks=len(pieces))
    await application.ledger.record([(record, "\n".join(p.text for p in pieces))])
    await application.indexed.put(DocumentKey(first.source, first.document), pieces)


def words_of(page: str) -> str:
    """What stands on a page, without its marks."""
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", page).split()))


async def test_a_document_tells_all_of_itself(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Where it is from, who may see it, its text with its place, and who cited it with their
    thumbs; turns, list and passages lead to it."""
    await sign_in(browser)
    turns = [await ask(browser, f"reset {n}?") for n in range(3)]
    for author, rating in (("1", Rating.UP), ("2", Rating.UP), ("3", Rating.DOWN)):
        said = Feedback(turns[0], Author(Platform.WEB, author), rating)
        await application.feedback.rate(said)
    listed = (await browser.get(ROOM)).text
    assert html.escape(RESET_PAGE) in listed
    assert html.escape(RESET_PAGE) in (await browser.get(f"/console/turns/{turns[0]}")).text

    page = (await browser.get(RESET_PAGE)).text
    told = words_of(page)
    for words in ("Resetting the hub", "For everybody", "Revision r1", "Answers 3 Thumbs up 2",
                  "Thumbs down 1", "Counted over all answers that are kept", "2 up",
                  "cited by 3 answers",
                  f"characters 0–{len(RESET.text)}", "lines 1–5", "Resetting the hub > Step",
                  "waits for its vector", "light turns amber"):  # fmt: skip
        assert words in told, words
    places = [page.index(f"/console/turns/{turn}") for turn in turns]
    assert places == sorted(places, reverse=True), "the newest turn stands first"

    staff = words_of(
        (await browser.get(f"{ROOM}/document?source=sample&document=staff/pay.md")).text
    )
    assert "For anybody in staff" in staff
    assert "No answer has cited it." in staff


async def test_earlier_revisions_are_told_apart(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """What cited an earlier state counts for the document, but not for today's chunk."""
    await sign_in(browser)
    await ask(browser, "reset?")
    newer = replace(RESET, revision="r2", text="Press it once.", end=14)
    await read_in(application, newer)
    told = words_of((await browser.get(RESET_PAGE)).text)
    assert "Answers 1" in told
    assert "r2 today’s" in told
    assert "r1 earlier cited by 1 answer, last" in told
    assert "not cited" in told.partition("Chunks")[2]


async def test_a_document_between_two_states_says_so(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Read in but not in the search, or there for others: the page says what to do."""
    await sign_in(browser)
    key = DocumentKey("sample", "hardware/reset.md")
    await application.indexed.set_groups(key, frozenset({"board"}))
    told = words_of((await browser.get(RESET_PAGE)).text)
    assert "It is changing just now" in told
    assert "For anybody in board" in told, "the search has the last word"
    await application.indexed.remove([key])
    assert "The search has nothing of it" in (await browser.get(RESET_PAGE)).text


async def test_a_document_that_is_gone_has_a_clear_page(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """It names who still has one of that name, and the answers that cited it."""
    await sign_in(browser)
    turn = await ask(browser, "reset?")
    await read_in(application, replace(RESET, source="elsewhere", id="other"))
    await application.ledger.remove("sample", ["hardware/reset.md"])
    page = await browser.get(RESET_PAGE)
    assert page.status_code == 404
    for words in ("This document is not there", f"/console/turns/{turn}", "source=elsewhere"):
        assert words in page.text
    assert (await browser.get(f"{ROOM}/document")).status_code == 404
    assert (await browser.get(f"{ROOM}/document?source=a&document=%00")).status_code == 422


async def test_documents_of_one_name_do_not_share_their_citations(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Each page counts its own, by the ids of chunks; the list says that it counts by the name."""
    await sign_in(browser)
    here = replace(RESET, id=chunk_id("sample", RESET.document, 0))
    there = replace(RESET, source="copy", id=chunk_id("copy", RESET.document, 0))
    await read_in(application, here)
    await read_in(application, there)
    script = application.engine.script["reset"]
    quotes = tuple((here if piece == RESET else piece, said) for piece, said in script.quotes)
    application.engine.script["reset"] = replace(script, quotes=quotes)
    await ask(browser, "reset?")
    assert "Answers 1" in words_of((await browser.get(RESET_PAGE)).text)
    copy = RESET_PAGE.replace("source=sample", "source=copy")
    assert "No answer has cited it." in words_of((await browser.get(copy)).text)
    assert "Several sources have a document of this name" in (await browser.get(ROOM)).text


async def test_a_long_document_is_shown_in_parts(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Forty chunks at once; behind the last one the page leads back."""
    await sign_in(browser)
    pieces = [
        replace(chunk("long.md", "Long", f"Part {n}."), id=f"long#{n}", ordinal=n)
        for n in range(45)
    ]
    await read_in(application, *pieces)
    address = f"{ROOM}/document?source=sample&document=long.md"
    first = (await browser.get(address)).text
    assert "1 to 40 of 45" in first
    assert "Part 39." in first
    assert "Part 40." not in first
    (more,) = re.findall(r'rel="next" href="([^"]+)">More chunks', first)
    rest = (await browser.get(html.unescape(more).partition("#")[0])).text
    assert "41 to 45 of 45" in rest
    assert "Chunks before" in rest
    assert "From the first one" in (await browser.get(f"{address}&first=99")).text


async def test_the_list_is_searched_by_words(browser: httpx2.AsyncClient) -> None:
    """All of them in title or name; a search that finds nothing says so."""
    await sign_in(browser)
    page = (await browser.get(f"{ROOM}?words=PAY+staff")).text
    assert "staff/pay.md" in page
    assert "hardware/reset.md" not in page
    assert "No document has all these words" in (await browser.get(f"{ROOM}?words=zebra")).text
    assert (await browser.get(f"{ROOM}?words={'a' * 201}")).status_code == 422


async def test_the_most_cited_documents_are_listed(browser: httpx2.AsyncClient) -> None:
    """By answers that cited them; before the first answer the page says that there are none."""
    await sign_in(browser)
    assert "No answer has cited a document" in (await browser.get(f"{ROOM}?order=cited")).text
    await ask(browser, "reset?")
    page = words_of((await browser.get(f"{ROOM}?order=cited")).text)
    assert "The most cited documents" in page
    assert "hardware/reset.md" in page
    assert "staff/pay.md" not in page


@pytest.mark.parametrize(
    ("eyes", "sees", "names"),
    [
        ("", "Somebody in no group sees 2 of 3 documents", False),
        ("?groups=made-up", "Somebody in no group sees 2 of 3 documents", False),
        ("?groups=staff", "Somebody in staff sees all 3 documents", True),
        ("?audience=Slack+channel:C1", "Slack channel C1 sees all 3 documents", True),
    ],
)
async def test_others_see_what_the_store_gives_them(
    browser: httpx2.AsyncClient, eyes: str, sees: str, names: bool
) -> None:
    """Counted and listed for a channel, for groups, and for nobody in particular."""
    await sign_in(browser)
    page = (await browser.get(f"{PREVIEW}{eyes}")).text
    assert sees in words_of(page)
    assert ("staff/pay.md" in page) is names
    assert "hardware/reset.md" in page


async def test_the_search_finds_for_others_what_it_would_find_for_an_answer(
    browser: httpx2.AsyncClient,
) -> None:
    """What they may see with its text; what is kept from them by its name alone."""
    await sign_in(browser)
    stranger = (await browser.get(f"{PREVIEW}?words=night+shifts")).text
    assert "Night shifts are paid" not in stranger
    assert "Kept from them, though it would be among the best: staff/pay.md" in words_of(stranger)
    staff = (await browser.get(f"{PREVIEW}?words=night+shifts&groups=staff")).text
    assert "Night shifts are paid at 1.5 times" in staff
    assert "Kept from them" not in staff
    (ask_it,) = re.findall(r'href="([^"]+)">Ask this with the same eyes', staff)
    asked = (await browser.get(html.unescape(ask_it))).text
    assert "night shifts</textarea>" in asked
    assert 'value="staff" checked' in asked


async def test_one_document_is_asked_about(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """May they see it, and why; the store has the last word, not the ledger."""
    await sign_in(browser)
    about = f"{PREVIEW}?source=sample&document=staff%2Fpay.md"
    no = words_of((await browser.get(about)).text)
    assert "They may not see Pay It is for anybody in staff; they are in no group." in no
    yes = words_of((await browser.get(f"{about}&groups=staff")).text)
    assert "They may see Pay It is for anybody in staff, which includes staff." in yes
    public = words_of((await browser.get(about.replace("staff%2Fpay", "hardware%2Freset"))).text)
    assert "They may see Resetting the hub It is for everybody." in public

    key = DocumentKey("sample", "staff/pay.md")
    await application.indexed.set_groups(key, frozenset({"board"}))
    changed = words_of((await browser.get(f"{about}&groups=staff")).text)
    assert "They may not see Pay It is for anybody in board; they are in staff." in changed
    assert "1 more document is meant for them, but the index does not give it out" in changed
    await application.indexed.remove([key])
    gone = words_of((await browser.get(f"{about}&groups=staff")).text)
    assert "The index holds nothing of it" in gone
    nowhere = await browser.get(f"{PREVIEW}?source=sample&document=nowhere.md")
    assert nowhere.status_code == 404
    assert 'There is no document "nowhere.md"' in words_of(nowhere.text)


async def test_eyes_that_are_not_there_are_refused(browser: httpx2.AsyncClient) -> None:
    """An audience that no setting names is said to be none, with the form still there."""
    await sign_in(browser)
    page = await browser.get(f"{PREVIEW}?audience=made-up")
    assert page.status_code == 404
    assert 'There is no audience "made-up"' in words_of(page.text)
    assert "Look</button>" in page.text


async def test_only_reviewers_and_admins_look_with_other_eyes(
    colleague: httpx2.AsyncClient,
) -> None:
    """A viewer reads the documents, and is neither led to the preview nor let in."""
    for token, may in ((VIEWER, False), (REVIEWER, True), (TOKEN, True)):
        colleague.cookies.clear()
        await colleague.post("/console/login", data={"token": token})
        for address in (ROOM, RESET_PAGE):
            page = await colleague.get(address)
            assert page.status_code == 200
            assert (PREVIEW in page.text) is may, (token, address)
        assert (await colleague.get(PREVIEW)).status_code == (200 if may else 403)


async def test_a_viewer_does_not_read_what_is_for_a_group(
    colleague: httpx2.AsyncClient, application: WebApplication
) -> None:
    """That it is there and for whom, not its text; who may look as any group reads it."""
    secret = chunk("staff.md", "Keys", "The spare key hangs in the pump house.", "staff")
    await read_in(application, secret)
    address = f"{ROOM}/document?source=sample&document=staff.md"
    for token, may in ((VIEWER, False), (REVIEWER, True), (TOKEN, True)):
        colleague.cookies.clear()
        await colleague.post("/console/login", data={"token": token})
        page = words_of((await colleague.get(address)).text)
        assert "For anybody in staff" in page
        assert ("spare key" in page) is may, token


async def test_what_is_near_a_gap_leads_to_its_documents(browser: httpx2.AsyncClient) -> None:
    """From the passages that came near to what nobody could answer."""
    await sign_in(browser)
    await ask(browser, "Who has the key of the pump house?")
    gap = (await browser.get(await gap_page(browser))).text
    assert html.escape(RESET_PAGE) in gap


async def test_documents_are_listed_while_the_store_is_away(
    browser: httpx2.AsyncClient,
    application: WebApplication,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was read in is known all the same, and nobody is told that there is nothing."""

    async def away() -> StoreStats:
        raise StoreUnavailableError(url="http://weaviate", reason="it is away")

    monkeypatch.setattr(application.store, "stats", away)
    await sign_in(browser)
    page = (await browser.get(ROOM)).text
    assert "hardware/reset.md" in page
    assert "Nothing has been read in" not in page
