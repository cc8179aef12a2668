"""Documents are uploaded in the room of the real application and read in by its worker."""

from __future__ import annotations

import asyncio
import html
import re
import stat
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from adapters.assembly import Application, assemble
from adapters.backing_up import back_up, restore
from adapters.jobs.kinds import runner_of
from adapters.uploaded_files import UnreadKindError, safe_name
from adapters.web.app import create_app
from adapters.web.auth.sessions import Access
from bot.conversation import Principal
from bot.settings import load_settings
from bot.store.timing import utc_now
from bot.work.jobs import Jobs, Status, Wanted
from bot.work.leases import Leases
from knowledge.exclusive import Exclusive
from knowledge.sources.folder import FolderSource
from knowledge.stores.base import SearchRequest

TOKEN = "a-token-for-tests"
ROOM = "/console/knowledge"
UPLOAD = f"{ROOM}/upload"
JSON = {"accept": "application/json"}
LIMIT = 2_000_000
PARKING = b"# Parking\n\nThe blue badge opens the barrier of the north car park.\n"


@pytest_asyncio.fixture
async def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Application]:
    """A home with one document for staff; nobody works on its jobs unless a test says so."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wellspoken.toml").write_text(f"[limits]\nlongest_document = {LIMIT}\n")
    settings = load_settings(WELLSPOKEN_HOME=tmp_path / "home", WELLSPOKEN_CONSOLE_TOKEN=TOKEN)
    async with assemble(settings, warm=False) as app:
        folder = tmp_path / "handbook"
        folder.mkdir()
        (folder / "pay.md").write_text(
            "---\ngroups: [staff]\n---\n# Pay\n\nNights are paid more.\n"
        )
        await app.ingestor.ingest(FolderSource(folder))
        yield app


@asynccontextmanager
async def browser_of(app: Application, token: str = TOKEN) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser that signed in."""
    access = Access(viewer_token="only-looks", reviewer_token="reviews")
    transport = httpx2.ASGITransport(create_app(app, access=access), raise_app_exceptions=False)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://bot.test", headers={"accept": "text/html"}
    ) as browser:
        signed = await browser.post("/console/login", data={"token": token})
        assert signed.status_code == 303
        yield browser


@pytest_asyncio.fixture
async def browser(app: Application) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser_of(app) as browser:
        yield browser


@asynccontextmanager
async def at_work(app: Application) -> AsyncIterator[None]:
    """A worker takes jobs up meanwhile."""
    task = asyncio.create_task(runner_of(app).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def csrf_of(browser: httpx2.AsyncClient) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', (await browser.get(ROOM)).text)
    assert found is not None
    return found[1]


async def sent(
    browser: httpx2.AsyncClient, *files: tuple[str, bytes], readers: str = "everybody"
) -> httpx2.Response:
    """A form with files, as the page's script sends it."""
    data = {"csrf": await csrf_of(browser), "readers": readers}
    return await browser.post(
        UPLOAD, data=data, files=[("files", file) for file in files], headers=JSON
    )


async def until_over(app: Application) -> None:
    """Until no job is open."""
    deadline = asyncio.get_running_loop().time() + 60
    while any(not line.status.over for line in await app.jobs.listing()):
        assert asyncio.get_running_loop().time() < deadline, "a job is still open"
        await asyncio.sleep(0.05)


async def read_in(app: Application) -> None:
    """Have a worker work until no upload is open."""
    async with at_work(app):
        await until_over(app)


async def found_in(app: Application, words: str, *groups: str) -> list[str]:
    """The document that is found first by some words."""
    found = await app.store.search(SearchRequest(words, Principal(frozenset(groups)), k=1))
    return [passage.chunk.document for passage in found.passages]


async def deeds_of(app: Application, action: str) -> list[Mapping[str, Any]]:
    """The entries of the trail on what operators did."""
    entries = [entry.content async for entry in app.audit.each()]
    return [content for content in entries if content.get("action") == action]


async def told(browser: httpx2.AsyncClient) -> str:
    return (await browser.get(f"{ROOM}/uploads")).text


def kept(app: Application) -> list[str]:
    """What lies in the folder of uploads."""
    return sorted(p.name for p in (app.settings.home / "uploads").glob("*") if p.is_file())


def on_the_way(app: Application) -> list[Path]:
    return list((app.settings.home / "uploads" / ".arriving").glob("*"))


def pdf(text: str) -> bytes:
    """A PDF of one page."""
    stream = zlib.compress(f"BT /F1 24 Tf 72 700 Td ({text}) Tj ET".encode())
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(stream), stream),
        font,
    ]
    whole, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(whole))
        whole += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        whole
        + b"xref\n0 6\n0000000000 65535 f \n"
        + table
        + b"trailer << /Root 1 0 R /Size 6 >>\nstartxref\n%d\n%%%%EOF\n" % len(whole)
    )


async def test_files_of_several_kinds_become_documents(
    app: Application, browser: httpx2.AsyncClient
) -> None:
    """Each is read in, listed with its chunks and a link, found by its words, and kept for its
    owner alone; the trail names who did it."""
    page = b"<html><body><h1>Lockers</h1><p>Lockers are cleared each June.</p></body></html>"
    done = await sent(
        browser,
        ("parking.md", PARKING),
        ("lockers.html", page),
        ("shuttle.pdf", pdf("The shuttle leaves at noon.")),
    )
    assert done.status_code == 202
    assert [each["file"] for each in done.json()["taken"]] == [
        "parking.md",
        "lockers.html",
        "shuttle.pdf",
    ]
    assert "It waits to be read." in await told(browser)
    await read_in(app)
    shown = await told(browser)
    assert shown.count("Read in: 1 chunk. For everybody.") == 3
    assert 'href="/console/knowledge/document?source=uploads&amp;document=parking.md"' in shown
    assert "hx-trigger" not in shown
    assert kept(app) == ["lockers.html", "parking.md", "shuttle.pdf"]
    assert on_the_way(app) == []
    folder = app.settings.home / "uploads"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in kept(app)} == {0o600}
    for words, name in (("blue badge", "parking.md"), ("shuttle leaves", "shuttle.pdf")):
        assert await found_in(app, words) == [name]
    deeds = await deeds_of(app, "document uploaded")
    assert {(deed["subject"], deed["actor"]) for deed in deeds} == {
        (name, "web:operator") for name in kept(app)
    }


async def test_who_was_chosen_may_read_it_and_nobody_else(
    app: Application, browser: httpx2.AsyncClient
) -> None:
    """A document that names its own readers keeps them, and that is said."""
    await sent(browser, ("parking.md", PARKING), readers="group:staff")
    own = b"---\ngroups: [board]\n---\n# Budget\n\nThe budget of the year is decided in May.\n"
    await sent(browser, ("budget.md", own))
    await read_in(app)
    assert await found_in(app, "blue badge barrier") == []
    assert await found_in(app, "blue badge barrier", "staff") == ["parking.md"]
    shown = await told(browser)
    assert "For staff." in shown and "For board." in shown


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("song.mp3", b"x", "A file that ends in .mp3 is not read; choose one of .csv, "),
        ("archive.zip", b"PK", "A file that ends in .zip is not read"),
        ("notes", b"x", "A file without an ending is not read"),
        ("empty.md", b"", "It is empty."),
        ("large.txt", b"word " * 500_000, "It is larger than 2 MB; split it."),
    ],
)
async def test_what_cannot_be_taken_is_refused_at_once(
    app: Application, browser: httpx2.AsyncClient, name: str, content: bytes, why: str
) -> None:
    """In one sentence, to the script and on a page; nothing of it is left, and no job is put."""
    done = await sent(browser, (name, content))
    assert done.status_code == 422
    assert done.json()["refused"][0]["error"].startswith(why)
    data = {"csrf": await csrf_of(browser), "readers": "everybody"}
    page = await browser.post(UPLOAD, data=data, files=[("files", (name, content))])
    assert page.status_code == 422
    assert why in page.text and name in page.text
    assert (kept(app), on_the_way(app)) == ([], [])
    assert await app.uploads.latest(5) == []


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("broken.pdf", b"%PDF-1.4 and then nothing", "cannot be read"),
        ("blank.md", b"  \n \n", "it is empty"),
        ("void.html", b"<html><body></body></html>", "the page holds no text"),
        ("bytes.txt", bytes(range(256)) * 4, "cannot be read"),
    ],
)
async def test_what_cannot_be_read_says_why(
    app: Application, browser: httpx2.AsyncClient, name: str, content: bytes, why: str
) -> None:
    """It was taken, nothing came of it, and nothing of it is left."""
    assert (await sent(browser, (name, content))).status_code == 202
    await read_in(app)
    shown = await told(browser)
    assert why in shown and "upload-failed" in shown
    assert (kept(app), on_the_way(app)) == ([], [])
    assert await app.ledger.listing("uploads") == []


async def test_one_bad_file_does_not_stop_the_others(
    app: Application, browser: httpx2.AsyncClient
) -> None:
    """The page says which were not taken; the others are read in."""
    files = [("parking.md", PARKING), ("song.mp3", b"x"), ("big.txt", b"word " * 500_000)]
    data = {"csrf": await csrf_of(browser), "readers": "everybody"}
    page = await browser.post(
        UPLOAD, data=data, files=[("files", file) for file in (*files, ("lift.txt", b"Lift B."))]
    )
    assert page.status_code == 422
    assert "song.mp3</code> A file that ends in .mp3" in page.text
    assert "big.txt</code> It is larger" in page.text
    await read_in(app)
    assert kept(app) == ["lift.txt", "parking.md"]


async def test_a_form_without_script_leads_back_to_the_room(
    app: Application, browser: httpx2.AsyncClient
) -> None:
    """Where all was taken."""
    data = {"csrf": await csrf_of(browser), "readers": "everybody"}
    done = await browser.post(UPLOAD, data=data, files=[("files", ("parking.md", PARKING))])
    assert (done.status_code, done.headers["location"]) == (303, f"{ROOM}#uploads")
    assert "parking.md" in (await browser.get(ROOM)).text
    assert len(await app.uploads.latest(5)) == 1


async def test_a_form_that_lacks_something_is_told_what(
    app: Application, browser: httpx2.AsyncClient
) -> None:
    """No readers, two kinds of them, an unknown group, no file: in a sentence, and nothing is
    kept."""
    csrf, file = await csrf_of(browser), [("files", ("parking.md", PARKING))]
    for readers, files, why in (
        ([], file, "Choose who may read the documents."),
        (["everybody", "group:staff"], file, "Choose everybody, or some groups; not both."),
        (["group:board"], file, "There is no such group"),
        (["everybody"], [("files", ("", b""))], "Choose a file to upload."),
    ):
        done = await browser.post(UPLOAD, data={"csrf": csrf, "readers": readers}, files=files)
        assert done.status_code == 422
        assert why in done.text
    assert (kept(app), on_the_way(app)) == ([], [])
    other = await browser.post(UPLOAD, content=b"{}", headers=JSON)
    assert (other.status_code, other.json()["error"][:24]) == (403, "The form is out of date;")
    broken = {"content-type": "multipart/form-data; boundary=cut"}
    other = await browser.post(UPLOAD, content=b"--other\r\n\r\n", headers=JSON | broken)
    assert (other.status_code, other.json()["error"][:24]) == (422, "The form cannot be read;")


async def test_only_a_form_of_ours_from_who_may_is_taken(app: Application) -> None:
    """Viewers see what was uploaded and no form; a wrong seal, or one behind the file, keeps
    nothing; reviewers may."""
    async with browser_of(app, "only-looks") as viewer:
        page = (await viewer.get(ROOM)).text
        assert UPLOAD + '"' not in page
        csrf = re.search(r'name="csrf" value="(\w+)"', page)
        assert csrf is not None
        files = [("files", ("parking.md", PARKING))]
        data = {"csrf": csrf[1], "readers": "everybody"}
        assert (await viewer.post(UPLOAD, data=data, files=files)).status_code == 403
        removal = {"csrf": csrf[1], "file": "parking.md"}
        refused = await viewer.post(f"{ROOM}/uploaded/remove", data=removal)
        assert refused.status_code == 403
    async with browser_of(app, "reviews") as reviewer:
        for data in ({"csrf": "wrong", "readers": "everybody"}, {"readers": "everybody"}):
            done = await reviewer.post(UPLOAD, data=data, files=files, headers=JSON)
            assert done.status_code == 403
        assert on_the_way(app) == []
        assert (await sent(reviewer, ("parking.md", PARKING))).status_code == 202
    transport = httpx2.ASGITransport(create_app(app), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://bot.test") as stranger:
        done = await stranger.post(UPLOAD, data={"csrf": "x"}, files=files)
        assert done.status_code == 303


async def test_the_same_name_is_a_new_revision(
    app: Application, browser: httpx2.AsyncClient
) -> None:
    """The same bytes change nothing; other ones replace the document; ones that cannot be read
    leave it as it is."""
    await sent(browser, ("parking.md", PARKING), ("lift.txt", b"Lift B goes to the roof."))
    await read_in(app)
    await sent(browser, ("parking.md", PARKING))
    await read_in(app)
    assert "Unchanged: 1 chunk." in await told(browser)
    before = {r.document: r.revision for r in await app.ledger.listing("uploads")}
    await sent(browser, ("parking.md", PARKING.replace(b"blue", b"green")))
    await read_in(app)
    assert "Replaced by its new revision: 1 chunk." in await told(browser)
    after = {r.document: r.revision for r in await app.ledger.listing("uploads")}
    assert after["parking.md"] != before["parking.md"]
    assert after["lift.txt"] == before["lift.txt"]
    assert b"green" in (app.settings.home / "uploads" / "parking.md").read_bytes()
    await sent(browser, ("parking.md", b" \n "))
    await read_in(app)
    assert "What was read in of it before stays as it was." in await told(browser)
    assert b"green" in (app.settings.home / "uploads" / "parking.md").read_bytes()
    assert await found_in(app, "green badge barrier") == ["parking.md"]


async def test_many_documents_of_one_file_stay_its_own(
    app: Application, browser: httpx2.AsyncClient
) -> None:
    """What is gone from its new revision is gone; an id that another file has stays there."""
    one = (
        b'{"id": "a", "title": "A", "text": "Apples."}\n{"id": "b", "title": "B", "text": "Bees."}'
    )
    await sent(browser, ("one.jsonl", one))
    await read_in(app)
    assert "2 documents, 2 chunks." in await told(browser)
    two = b'{"id": "b", "title": "B", "text": "Other."}\n{"id": "c", "title": "C", "text": "Cows."}'
    await sent(browser, ("two.jsonl", two))
    await read_in(app)
    shown = await told(browser)
    assert "But one part of it could not be read" in shown and "one.jsonl already" in shown
    await sent(browser, ("one.jsonl", one.splitlines()[1]))
    await read_in(app)
    state = await app.ledger.state("uploads")
    assert {name: r.origin for name, r in state.items()} == {"b": "one.jsonl", "c": "two.jsonl"}


async def test_a_removed_file_is_gone_from_answers_and_disk(
    app: Application, browser: httpx2.AsyncClient
) -> None:
    """Behind a confirmation, with an entry in the trail; the others stay; there is nothing to
    remove twice."""
    await sent(browser, ("parking.md", PARKING), ("lift.txt", b"Lift B goes to the roof."))
    await read_in(app)
    page = (await browser.get(f"{ROOM}/uploaded")).text
    assert page.count('<details class="confirm">') == 2
    form = {"csrf": await csrf_of(browser), "file": "parking.md"}
    done = await browser.post(f"{ROOM}/uploaded/remove", data=form)
    assert (done.status_code, done.headers["location"]) == (303, f"{ROOM}/uploaded")
    assert kept(app) == ["lift.txt"]
    assert await found_in(app, "blue badge barrier") == []
    (deed,) = await deeds_of(app, "document removed")
    assert (deed["subject"], deed["source"]) == ("parking.md", "uploads")
    assert (await browser.post(f"{ROOM}/uploaded/remove", data=form)).status_code == 404
    for bad in ("../console-token", "/etc/passwd", "..", ""):
        again = await browser.post(f"{ROOM}/uploaded/remove", data={**form, "file": bad})
        assert again.status_code in (404, 422)


async def test_a_removal_does_not_wait_for_what_is_being_read_in(
    app: Application, browser: httpx2.AsyncClient
) -> None:
    """The page says so at once, nothing is removed, and it can be repeated afterwards."""
    await sent(browser, ("parking.md", PARKING))
    await read_in(app)
    form = {"csrf": await csrf_of(browser), "file": "parking.md"}
    async with asyncio.timeout(60), Exclusive(Leases(app.database)).source("uploads"):
        done = await browser.post(f"{ROOM}/uploaded/remove", data=form)
    assert done.status_code == 503
    assert "is being read in by another process; wait for it" in done.text
    assert kept(app) == ["parking.md"]
    assert await deeds_of(app, "document removed") == []
    again = await browser.post(f"{ROOM}/uploaded/remove", data=form)
    assert (again.status_code, kept(app)) == (303, [])


async def test_uploaded_files_stand_on_pages(
    app: Application, browser: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file once, by name; the last page leads back to the first one."""
    monkeypatch.setattr("adapters.web.console.uploads._PAGE", 2)
    names = ["a & b.md", "c + d.md", "e.md"]
    await sent(browser, *((name, PARKING + name.encode()) for name in names))
    await read_in(app)
    first = (await browser.get(f"{ROOM}/uploaded")).text
    assert re.findall(r"<code>([^<]+)</code>", first) == ["a &amp; b.md", "c + d.md"]
    assert "From the beginning" not in first
    (more,) = re.findall(r'<a rel="next" href="([^"]+)"', first)
    last = (await browser.get(html.unescape(more))).text
    assert re.findall(r"<code>([^<]+)</code>", last) == ["e.md"]
    assert 'rel="next"' not in last and "From the beginning" in last


async def test_what_waits_long_is_asked_after_seldom(
    app: Application, browser: httpx2.AsyncClient
) -> None:
    """Each second while it is new or being read, each five where nobody takes it up."""
    before = utc_now() - timedelta(hours=1)
    arguments = {"file": "late.md", "draft": "0" * 32, "groups": [], "sha256": ""}
    await Jobs(app.database, lambda: before).put(Wanted("upload", "Read it", arguments))
    shown = await told(browser)
    assert 'hx-trigger="every 5s"' in shown and "No worker has taken it up yet" in shown
    await sent(browser, ("parking.md", PARKING))
    assert 'hx-trigger="every 1s"' in await told(browser)


async def test_a_form_that_is_refused_keeps_who_may_read(
    app: Application, browser: httpx2.AsyncClient
) -> None:
    """What was ticked is ticked still, whatever was wrong."""
    data = {"csrf": await csrf_of(browser), "readers": "group:staff"}
    page = await browser.post(UPLOAD, data=data, files=[("files", ("", b""))])
    assert page.status_code == 422
    assert 'value="group:staff" checked' in page.text
    assert 'value="everybody" checked' not in page.text


async def test_files_without_a_document_are_tidied_away(
    app: Application, browser: httpx2.AsyncClient
) -> None:
    """As where a terminal removed the document; the others stay, and what is on its way."""
    await sent(browser, ("parking.md", PARKING), ("lift.txt", b"Lift B goes to the roof."))
    await read_in(app)
    await sent(browser, ("late.md", PARKING))
    await app.ingestor.remove("uploads", ["parking.md"])
    await app.uploads.tidy()
    assert kept(app) == ["lift.txt"]
    assert len(on_the_way(app)) == 1


async def test_what_was_cut_off_leaves_nothing(
    app: Application, browser: httpx2.AsyncClient
) -> None:
    """A form whose connection ended in the middle of a file."""
    csrf = await csrf_of(browser)
    whole = (
        f'--cut\r\ncontent-disposition: form-data; name="csrf"\r\n\r\n{csrf}\r\n'
        '--cut\r\ncontent-disposition: form-data; name="readers"\r\n\r\neverybody\r\n'
        '--cut\r\ncontent-disposition: form-data; name="files"; filename="half.md"\r\n\r\n# Half'
    )
    kind = {"content-type": "multipart/form-data; boundary=cut"}
    done = await browser.post(UPLOAD, content=whole.encode(), headers=JSON | kind)
    assert done.status_code == 422
    assert "ended before" in done.json()["error"]
    assert (kept(app), on_the_way(app)) == ([], [])
    assert await app.uploads.latest(5) == []


async def test_a_worker_that_was_killed_loses_nothing(
    app: Application, browser: httpx2.AsyncClient
) -> None:
    """Whether it was killed before the file had its name or after: the job is done anew, and ends
    as it would have."""
    await sent(browser, ("parking.md", PARKING))
    jobs = Jobs(app.database)
    (job,) = await jobs.page(kind="upload")
    path = app.settings.home / "uploads" / ".arriving" / f"{job.arguments['draft']}.partial"
    path.rename(app.settings.home / "uploads" / "parking.md")
    await read_in(app)
    assert (await jobs.get(job.id)).status is Status.SUCCEEDED
    await sent(browser, ("gone.md", PARKING))
    (job,) = await jobs.page(1, kind="upload")
    (app.settings.home / "uploads" / ".arriving" / f"{job.arguments['draft']}.partial").unlink()
    await read_in(app)
    assert "upload it again." in await told(browser)


async def test_two_send_the_same_name_at_once(app: Application) -> None:
    """Both are read in, one after the other; the last one stays."""
    async with browser_of(app) as one, browser_of(app, "reviews") as two, at_work(app):
        texts = [b"# Parking\n\nRow A is free.\n", b"# Parking\n\nRow B is free.\n"]
        done = await asyncio.gather(
            sent(one, ("parking.md", texts[0])), sent(two, ("parking.md", texts[1]))
        )
        assert [each.status_code for each in done] == [202, 202]
        await until_over(app)
    assert {upload.status for upload in await app.uploads.latest(5)} == {Status.SUCCEEDED}
    (record,) = await app.ledger.listing("uploads")
    path = app.settings.home / "uploads" / "parking.md"
    _, text = await app.ledger.show("parking.md", "uploads")
    assert text.strip() == path.read_text().strip()
    assert record.chunks == 1


async def test_a_backup_holds_the_uploads(
    app: Application, browser: httpx2.AsyncClient, tmp_path: Path
) -> None:
    """And a home that it was put back into: the files with their bytes, none that is on its way."""
    await sent(browser, ("parking.md", PARKING))
    await read_in(app)
    await sent(browser, ("late.md", PARKING))
    home = app.settings.home
    await asyncio.to_thread(back_up, home, home / "wellspoken.db", tmp_path / "saved")
    other = tmp_path / "other"
    await asyncio.to_thread(restore, tmp_path / "saved", other, other / "wellspoken.db")
    assert (other / "uploads" / "parking.md").read_bytes() == PARKING
    assert [p.name for p in (other / "uploads").rglob("*") if p.is_file()] == ["parking.md"]


async def test_reading_a_source_in_and_a_new_index_leave_uploads_alone(
    app: Application, browser: httpx2.AsyncClient, tmp_path: Path
) -> None:
    """They are found as before."""
    await sent(browser, ("parking.md", PARKING))
    await read_in(app)
    (tmp_path / "handbook" / "pay.md").unlink()
    await app.ingestor.ingest(FolderSource(tmp_path / "handbook"))
    await app.jobs.reindex("terminal:operator", force=True)
    async with at_work(app):
        await until_over(app)
    assert (await app.jobs.listing("reindex"))[0].status is Status.SUCCEEDED
    assert await found_in(app, "blue badge barrier") == ["parking.md"]


async def test_the_name_of_the_source_is_nobody_elses(app: Application, tmp_path: Path) -> None:
    """To read a folder in under it would remove what was uploaded."""
    (tmp_path / "uploads").mkdir()
    with pytest.raises(Exception, match="files that were uploaded in the console"):
        await app.ingestor.ingest(FolderSource(tmp_path / "uploads"))


@pytest.mark.parametrize(
    ("given", "kept_as"),
    [
        ("plans.md", "plans.md"),
        ("../../etc/plans.md", "plans.md"),
        ("C:\\Users\\me\\plans.md", "plans.md"),
        ("Größe & Preise (neu).PDF", "Größe & Preise (neu).pdf"),
        ("日本語.txt", "日本語.txt"),
        ("cafe\u0301.md", "café.md"),
    ],
)
def test_a_name_that_can_be_kept_is_kept(given: str, kept_as: str) -> None:
    """Without the folders before it, composed, its ending in lower case."""
    assert safe_name(given) == kept_as


@pytest.mark.parametrize(
    "given",
    [
        ".hidden.md",
        "..plans.md",
        "a\u202egpj.md",
        "a:b|c?.md",
        "x" * 400 + ".md",
        "ä" * 200 + ".jsonl",
        "nul\0.md",
        " .md.md",
        "\ud800.md",
    ],
)
def test_a_naughty_name_becomes_a_safe_one_of_its_own(given: str) -> None:
    """Short enough, visible, in its folder; and another name becomes another one."""
    name = safe_name(given)
    assert len(name.encode()) <= 180
    assert not name.startswith((".", "-.")) and name.isprintable()
    assert not set(name) & set('/\\:|?*<>"')
    other = given[:-3] + "y" + given[-3:] if given.endswith(".md") else "y" + given
    assert safe_name(other) != name
    assert safe_name(name) == name


@pytest.mark.parametrize("given", ["", "..", "md", ".md", "/", "a.md/", "x.exe", "a.md\0"])
def test_a_name_without_an_ending_that_is_read_is_refused(given: str) -> None:
    """With the endings that are."""
    with pytest.raises(UnreadKindError, match="is not read; choose one of"):
        safe_name(given)
