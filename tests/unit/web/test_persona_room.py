"""The persona's room: who speaks, what is wrong with the file, and a persona that is tried."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from adapters.teaching.persona import Checked, PersonaDesk
from adapters.web.app import create_app
from adapters.web.auth.sessions import Access
from adapters.web.console.persona import Piece, pieces_of
from adapters.web.limits import Rates
from bot.limits import Rate
from persona.book import PersonaBook, StyleBook
from persona.profile import load_persona, persona_yaml_template
from persona.style import Finding, Rule
from persona.style_model import Example, train
from tests.platforms.web_application import TOKEN, WebApplication

VIEWER, REVIEWER = "the-viewer's-token", "the-reviewer's-token"
ROOM = "/console/persona"
FILE = """name: Juniper
voice: warm and brief
do: [Begin with the answer.]
words_to_use:
  use: [utilize]
words_to_avoid: [unfortunately]
"""


@pytest.fixture
def file(application: WebApplication) -> Path:
    """The persona's file in the folder of the application."""
    path = application.home / "persona.yaml"
    path.write_text(FILE)
    return path


@pytest_asyncio.fixture
async def client(application: WebApplication) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser of a console with roles, in which two questions a minute may be tried."""
    app = create_app(application, Rates(trials=Rate(2, 60.0)), access=Access(VIEWER, REVIEWER))
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://bot.test", headers={"accept": "text/html"}
    ) as client:
        yield client


def written(file: Path, text: str | bytes) -> None:
    """The file says this from now on."""
    file.write_bytes(text.encode() if isinstance(text, str) else text)


def said_by(file: Path) -> str:
    """What the file says."""
    return file.read_text()


async def sign_in(client: httpx2.AsyncClient, token: str = TOKEN) -> str:
    """The hidden value of this session's forms."""
    client.cookies.clear()
    assert (await client.post("/console/login", data={"token": token})).status_code == 303
    page = (await client.get("/console/conversations")).text
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


def text_of(page: httpx2.Response) -> str:
    """What a page says, without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


async def test_the_persona_in_force_is_told_in_words(
    client: httpx2.AsyncClient, file: Path
) -> None:
    """Name, rules, words, phrases, its version, where the file is and what its check finds."""
    assert (await client.get(ROOM)).status_code == 303
    await sign_in(client)
    written(file, FILE + "greeting: [Unfortunately hello.]\n")
    said = text_of(await client.get(ROOM))
    for words in (
        load_persona(file).version, str(file), "warm and brief", "Begin with the answer.",
        "use, not utilize", "Unfortunately hello.", "not learned yet",
        'line 7 greeting says "unfortunately", which is in words_to_avoid',
    ):  # fmt: skip
        assert words in said, words
    assert 'aria-current="page">Persona</a>' in (await client.get(ROOM)).text


async def test_without_a_file_there_is_one_to_start_from(client: httpx2.AsyncClient) -> None:
    """The plain persona is named as such, and the text to edit is the commented template."""
    await sign_in(client)
    page = await client.get(ROOM)
    assert "no persona file is set" in text_of(page)
    assert "Check of the file" not in text_of(page)
    template = persona_yaml_template("Wellspoken").splitlines()
    assert template[0] in html.unescape(page.text)


async def test_an_edit_is_looked_through_and_nothing_is_stored(
    client: httpx2.AsyncClient, application: WebApplication, file: Path
) -> None:
    """Findings come with their lines, as a fragment and without a script; the file stays."""
    csrf = await sign_in(client)
    sent = {"csrf": csrf, "yaml": FILE.replace("voice:", "vioce:").replace("\n", "\r\n")}
    fragment = await client.post(f"{ROOM}/look", data=sent, headers={"hx-request": "true"})
    assert fragment.status_code == 200
    assert "<h1" not in fragment.text
    assert 'data-line="2"' in fragment.text
    assert 'unknown key "vioce"' in text_of(fragment)
    page = await client.post(ROOM, data={**sent, "do": "check"})
    assert 'unknown key "vioce"' in text_of(page)
    assert "vioce: warm and brief" in html.unescape(page.text), "what was typed stands there again"
    assert said_by(file) == FILE
    assert await PersonaBook(application.database).listing() == []


async def test_a_text_is_scored_in_the_edited_voice(client: httpx2.AsyncClient, file: Path) -> None:
    """What fits least is marked with why; it is judged by the text in the form, not by the file."""
    csrf = await sign_in(client)
    sent = {"csrf": csrf, "yaml": FILE.replace("unfortunately", "kindly"),
            "sample": "Unfortunately, kindly utilize <b>it</b>."}  # fmt: skip
    fragment = await client.post(f"{ROOM}/look", data=sent)
    marked = re.findall(r'<mark title="([^"]+)">([^<]+)</mark>', fragment.text)
    assert marked == [("a word to avoid", "kindly"), ("there is a preferred word", "utilize")]
    assert "&lt;b&gt;" in fragment.text
    assert "rules alone" in fragment.text
    broken = await client.post(f"{ROOM}/look", data={**sent, "yaml": "name: ["})
    assert "<mark" not in broken.text
    assert "not valid YAML" in broken.text


async def test_a_classifier_counts_for_exactly_its_version(
    client: httpx2.AsyncClient, application: WebApplication, file: Path
) -> None:
    """It is named on the page, judges the file's text, and not one that says something else."""
    mine = load_persona(file)
    pairs = [
        (f"Hold button {n}.", f"One should endeavour to depress button {n}.") for n in range(8)
    ]
    examples = [
        Example(text, good) for on, off in pairs for text, good in ((on, True), (off, False))
    ]
    await PersonaBook(application.database).keep(mine)
    await StyleBook(application.database).keep(mine.version, train(examples))
    csrf = await sign_in(client)
    assert "learned" in text_of(await client.get(ROOM))
    assert "not learned yet" not in text_of(await client.get(ROOM))
    sent = {"csrf": csrf, "yaml": FILE, "sample": "One should endeavour to depress it."}
    assert "rules and classifier" in (await client.post(f"{ROOM}/look", data=sent)).text
    sent["yaml"] = FILE + "audience: gardeners\n"
    assert "rules alone" in (await client.post(f"{ROOM}/look", data=sent)).text


async def test_one_question_is_asked_of_the_edited_persona(
    client: httpx2.AsyncClient, application: WebApplication, file: Path
) -> None:
    """The trial has the persona of the form and nobody's groups; no model: one sentence says so.
    Errors in the persona or no question are told, and so many a minute are asked."""
    csrf = await sign_in(client)
    sent = {"csrf": csrf, "yaml": FILE.replace("Juniper", "Sage"), "do": "say",
            "question": "How do I reset the hub?"}  # fmt: skip
    page = await client.post(ROOM, data=sent)
    assert page.status_code == 200
    assert "No model is set, so the built-in reader answers" in text_of(page)
    assert "Hold the power button for ten seconds" in text_of(page)
    (trial,) = application.trials.asked
    assert trial.edited is not None
    assert (trial.edited.name, trial.groups, trial.question) == (
        "Sage",
        frozenset(),
        sent["question"],
    )

    broken = await client.post(ROOM, data={**sent, "yaml": "name: Sage\nnope: 1\n"})
    assert broken.status_code == 422
    assert "cannot speak yet: line 2" in text_of(broken)
    empty = await client.post(ROOM, data={**sent, "question": " "})
    assert (empty.status_code, "question is empty" in text_of(empty)) == (422, True)
    many = await client.post(ROOM, data=sent)
    assert many.status_code == 429
    assert "retry-after" in many.headers
    assert len(application.trials.asked) == 1


async def test_a_question_is_asked_with_the_eyes_that_were_chosen(
    client: httpx2.AsyncClient, application: WebApplication, file: Path
) -> None:
    """Groups that are known count, others are none; a person's eyes are for admins, and whose they
    were stands in the form again."""
    csrf = await sign_in(client)
    sent = {"csrf": csrf, "yaml": FILE, "do": "say", "question": "How do I reset the hub?"}
    page = await client.post(ROOM, data={**sent, "groups": ["staff", "nobody"]})
    assert application.trials.asked[-1].groups == {"staff"}
    assert "sees staff" in text_of(page)
    assert re.search(r'value="staff" checked', page.text)
    choices = await application.trials.choices()
    (person, *_) = [each for each in choices.audiences if each.is_person]
    page = await client.post(ROOM, data={**sent, "audience": person.value})
    assert application.trials.asked[-1].groups == person.groups
    assert f'value="{person.value}" selected' in page.text
    sent["csrf"] = await sign_in(client, REVIEWER)
    assert person.value not in (await client.get(ROOM)).text
    refused = await client.post(ROOM, data={**sent, "audience": person.value})
    assert refused.status_code == 404
    assert len(application.trials.asked) == 2


async def test_many_samples_are_looked_through_after_the_page(
    client: httpx2.AsyncClient, file: Path
) -> None:
    """The page comes without them and asks for them by itself; without a script a link does, and
    what was found once is there at once."""
    await sign_in(client, VIEWER)
    same = "{question: q, on_voice: Unfortunately it holds., off_voice: It holds.}"
    written(file, FILE + "samples:\n" + f"  - {same}\n" * 9)
    page = await client.get(ROOM)
    assert "Its 9 samples are being looked through" in text_of(page)
    assert 'hx-get="/console/persona/samples"' in page.text
    assert "samples[1].on_voice breaks the rules" not in page.text
    linked = await client.get(f"{ROOM}/samples")
    assert (linked.status_code, linked.headers["location"]) == (303, f"{ROOM}?samples=yes#check")
    fragment = await client.get(f"{ROOM}/samples", headers={"hx-request": "true"})
    assert "<h1" not in fragment.text
    assert "samples[9].on_voice breaks the rules" in text_of(fragment)
    for address in (ROOM, f"{ROOM}?samples=yes"):
        assert "samples[9].on_voice breaks the rules" in text_of(await client.get(address))


async def test_few_checks_wait_and_others_are_refused(
    client: httpx2.AsyncClient, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One text is looked through at a time; of twelve sent at once five are, and seven are told in
    a sentence; afterwards there is room again."""
    csrf = await sign_in(client)
    at_once, most, go = 0, 0, asyncio.Event()
    looked_through = PersonaDesk.check

    async def check(desk: PersonaDesk, text: str) -> Checked:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await go.wait()
        found = await looked_through(desk, text)
        at_once -= 1
        return found

    monkeypatch.setattr(PersonaDesk, "check", check)
    sent = [
        asyncio.create_task(
            client.post(f"{ROOM}/look", data={"csrf": csrf, "yaml": f"{FILE}about: No. {i}\n"})
        )
        for i in range(12)
    ]
    for first in islice(asyncio.as_completed(sent, timeout=60), 7):
        await first
    go.set()
    answers = await asyncio.gather(*sent)
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [429] * 7
    assert most == 1
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert "wait to be checked" in text_of(refused)
    again = await client.post(f"{ROOM}/look", data={"csrf": csrf, "yaml": FILE})
    assert again.status_code == 200


async def test_samples_for_which_there_is_no_place_are_asked_for_again(
    client: httpx2.AsyncClient, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While so many texts are looked through that the file's own samples find no place, its part of
    the page says so and tries again by itself; then it has what was found."""
    csrf = await sign_in(client)
    written(file, FILE + "samples:\n" + "  - {question: q, on_voice: It holds.}\n" * 9)
    go = asyncio.Event()
    looked_through = PersonaDesk.check

    async def check(desk: PersonaDesk, text: str) -> Checked:
        await go.wait()
        return await looked_through(desk, text)

    monkeypatch.setattr(PersonaDesk, "check", check)
    sent = [
        asyncio.create_task(
            client.post(f"{ROOM}/look", data={"csrf": csrf, "yaml": f"{FILE}about: No. {i}\n"})
        )
        for i in range(6)
    ]
    refused = await next(asyncio.as_completed(sent, timeout=60))  # five of six have a place
    assert refused.status_code == 429
    waits = await client.get(f"{ROOM}/samples", headers={"hx-request": "true"})
    assert waits.status_code == 200
    assert "its 9 samples wait for their turn" in text_of(waits)
    assert 'hx-trigger="load delay:5s"' in waits.text
    go.set()
    await asyncio.gather(*sent)
    found = await client.get(f"{ROOM}/samples", headers={"hx-request": "true"})
    assert "hx-trigger" not in found.text


async def test_the_edited_file_is_downloaded_as_it_was_typed(
    client: httpx2.AsyncClient, file: Path
) -> None:
    """As persona.yaml with a file's line ends; what is no text, or too much of it, is refused."""
    csrf = await sign_in(client)
    sent = {"csrf": csrf, "yaml": "name: Sägé\r\n"}
    got = await client.post(f"{ROOM}/file", data=sent)
    assert got.content == "name: Sägé\n".encode()
    assert got.headers["content-disposition"] == 'attachment; filename="persona.yaml"'
    for bad in ("a\0b", "x" * 256_001):
        answer = await client.post(f"{ROOM}/file", data={**sent, "yaml": bad})
        assert answer.status_code == 422
        assert "Traceback" not in answer.text
    assert (await client.post(f"{ROOM}/look", data={**sent, "csrf": "0"})).status_code == 403


async def test_viewers_look_and_reviewers_try(client: httpx2.AsyncClient, file: Path) -> None:
    """A viewer sees the persona and no form, and is refused; a reviewer has the preview."""
    csrf = await sign_in(client, VIEWER)
    page = await client.get(ROOM)
    assert "warm and brief" in page.text
    assert '<textarea id="yaml"' not in page.text
    assert "takes the role reviewer" in page.text
    for address in (ROOM, f"{ROOM}/look", f"{ROOM}/file"):
        refused = await client.post(address, data={"csrf": csrf, "yaml": FILE})
        assert refused.status_code == 403, address
    csrf = await sign_in(client, REVIEWER)
    assert '<textarea id="yaml"' in (await client.get(ROOM)).text
    done = await client.post(f"{ROOM}/look", data={"csrf": csrf, "yaml": FILE})
    assert done.status_code == 200


async def test_two_versions_are_compared(
    client: httpx2.AsyncClient, application: WebApplication, file: Path
) -> None:
    """Kept ones are listed with when they came; what differs is shown, one that is not there is
    told."""
    mine = load_persona(file)
    other = replace(mine, do=("Be brief.",))
    book = PersonaBook(application.database)
    await book.keep(other)
    await book.keep(mine)
    await sign_in(client)
    page = await client.get(ROOM)
    assert f"before={other.version}&amp;after={mine.version}" in page.text
    compared = await client.get(ROOM, params={"before": other.version, "after": mine.version})
    assert re.search(r"<del>.*Be brief\.</del>", compared.text)
    assert re.search(r"<ins>.*Begin with the answer\.</ins>", compared.text)
    same = await client.get(ROOM, params={"before": mine.version, "after": mine.version})
    assert "They say the same" in same.text
    gone = await client.get(ROOM, params={"before": "0123456789", "after": mine.version})
    assert 'There is no persona version "0123456789"' in text_of(gone)


async def test_a_file_that_cannot_be_read_is_told(
    client: httpx2.AsyncClient, application: WebApplication, file: Path
) -> None:
    """No UTF-8 is a finding with its line, and the room stays open."""
    await sign_in(client)
    room = application.persona_room
    written(file, b"name: J\nvoice: \xff\n")
    standing = await room.standing()
    assert [(f.line, standing.changed) for f in standing.checked.findings] == [(2, True)]
    written(file, FILE)
    assert (await room.standing()).checked.findings == ()
    assert (await client.get(ROOM)).status_code == 200


def test_pieces_meet_where_findings_do() -> None:
    """Findings that overlap are cut apart, and the piece of both says both."""
    text = "please leverage it"
    found = (
        Finding(Rule.LONG_SENTENCE, 0, 15, text[:15]),
        Finding(Rule.PREFERRED_WORD, 7, 15, text[7:15]),
    )
    assert pieces_of(text, found) == [
        Piece("please ", "a long sentence"),
        Piece("leverage", "a long sentence, there is a preferred word"),
        Piece(" it", ""),
    ]
    assert pieces_of("", ()) == []
