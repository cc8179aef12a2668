"""Documents brought into the knowledge room: chosen or dropped, on their way, removed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from adapters.uploaded_files import Arriving, safe_name
from adapters.uploads import Upload
from adapters.web.auth.sessions import SignInRequiredError
from adapters.web.form_stream import (
    Field,
    FileBegins,
    FileEnds,
    FilePiece,
    FormTooLargeError,
    form_events,
)
from adapters.web.pages import document_url, wants_page
from adapters.web.security import ForeignFormError
from adapters.web.texts import checked
from bot.errors import UsageError
from bot.work.jobs import Status
from knowledge.readers import FORMATS
from knowledge.sources.uploads import NAME

if TYPE_CHECKING:
    from adapters.web.console.base import Console
    from adapters.web.ports.uploads import Uploads

UPLOAD = "/console/knowledge/upload"
_ROOM = "/console/knowledge"
_FILES = f"{_ROOM}/uploaded"
_EVERYBODY = "everybody"
_GROUP = "group:"
_SHOWN = 8
_PAGE = 100
_AT_ONCE = 20
_FORM = 100_000
"""Bytes of a form beside its files."""


@dataclass(slots=True)
class Sent:
    """What came of a form: files that wait to be read, and names with what is wrong with them."""

    taken: list[Upload] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    readers: tuple[str, ...] = ()
    wrong: str = ""


def told(upload: Upload) -> str:
    """What came of an upload, in a sentence."""
    if upload.status is Status.QUEUED:
        return "It waits to be read."
    if upload.status is Status.RUNNING:
        return "It is being read."
    if upload.status is Status.CANCELLED:
        return "It was cancelled before it was read."
    return _came_of(upload.result) if upload.result is not None else upload.error


def _came_of(result: Mapping[str, Any]) -> str:
    documents, chunks = int(result["documents"]), int(result["chunks"])
    what = f"{chunks:,} chunk{'' if chunks == 1 else 's'}"
    if documents != 1:
        what = f"{documents:,} documents, {what}"
    if result["changed"]:
        did = f"Replaced by its new revision: {what}."
    elif result["added"]:
        did = f"Read in: {what}."
    else:
        did = f"Unchanged: {what}."
    failures = int(result["failures"])
    if not failures:
        return did
    lines = "one part of it" if failures == 1 else f"{failures:,} parts of it"
    return f"{did} But {lines} could not be read: {result['failed'][0]['error']}"


def readers_told(upload: Upload) -> str:
    """Who may read it: as the document itself says where it does, else as was chosen."""
    groups = upload.result["groups"] if upload.result is not None else sorted(upload.groups)
    return f"For {', '.join(groups)}." if groups else "For everybody."


def link_of(upload: Upload) -> str:
    """The page of what was read in; empty while there is none."""
    if upload.result is None or not upload.result["document"]:
        return ""
    if upload.result["documents"] == 1:
        return document_url(NAME, upload.result["document"])
    return f"{_ROOM}?source={NAME}"


async def uploads_shown(console: Console) -> dict[str, Any]:
    """What the room shows of uploads, before anything was chosen."""
    desk = console.application.uploads
    return {
        "upload": {
            "groups": await desk.groups(),
            "limit": desk.limit,
            "formats": sorted(FORMATS),
            "most": _AT_ONCE,
        },
        "sent": Sent(),
        **await _latest(desk),
    }


async def _latest(desk: Uploads) -> dict[str, Any]:
    found = await desk.latest(_SHOWN)
    return {
        "uploads": found,
        "uploading": any(upload.open for upload in found),
        "upload_told": told,
        "upload_readers": readers_told,
        "upload_link": link_of,
        "upload_now": datetime.now(UTC),
    }


def add_uploads(router: APIRouter, console: Console) -> None:
    """The form, what came of it, and the uploaded files."""

    @router.get("/knowledge/uploads")
    async def uploads(request: Request) -> Response:
        console.operator(request)
        shown = await _latest(console.application.uploads)
        return console.render(request, "console/_uploads.html", "knowledge", **shown)

    @router.post("/knowledge/upload")
    async def upload(request: Request) -> Response:
        console.operator(request)
        sent = Sent()
        try:
            await _received(request, console, sent)
        except UsageError as error:
            if isinstance(error, ForeignFormError) or not wants_page(request):
                raise
            sent.wrong = str(error)
        if not wants_page(request):
            return _as_json(sent)
        if sent.taken and not sent.refused and not sent.wrong:
            return RedirectResponse(f"{_ROOM}#uploads", HTTPStatus.SEE_OTHER)
        shown = {**await uploads_shown(console), "sent": sent}
        page = console.render(request, "console/upload.html", "knowledge", **shown)
        page.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
        return page

    @router.get("/knowledge/uploaded")
    async def uploaded(request: Request, after: str = "") -> Response:
        console.operator(request)
        found = await console.application.uploads.files(_PAGE + 1, checked(after, "after", 1000))
        files = found[:_PAGE]
        more = f"{_FILES}?{urlencode({'after': files[-1].name})}" if len(found) > _PAGE else ""
        shown = {"files": files, "more": more, "first_page": _FILES if after else ""}
        return console.render(request, "console/uploaded.html", "knowledge", **shown)

    @router.post("/knowledge/uploaded/remove")
    async def remove(
        request: Request, file: Annotated[str, Form()], csrf: Annotated[str, Form()] = ""
    ) -> Response:
        operator = console.form(request, csrf)
        name = checked(file, "file", 1000)
        await console.application.uploads.remove(name, operator.author.key)
        return RedirectResponse(_FILES, HTTPStatus.SEE_OTHER)


def _as_json(sent: Sent) -> Response:
    status = HTTPStatus.ACCEPTED if sent.taken else HTTPStatus.UNPROCESSABLE_ENTITY
    body = {
        "taken": [{"file": upload.file, "job": upload.job} for upload in sent.taken],
        "refused": [{"file": name, "error": why} for name, why in sent.refused],
    }
    return JSONResponse(body, status)


async def _received(request: Request, console: Console, sent: Sent) -> None:
    """Take the files of a form in, each as soon as it is whole. Nothing of one is kept before the
    form is known to be ours. Raises UsageError for the form itself, StorageError."""
    desk, form = console.application.uploads, _Form(console, request)
    most = desk.limit * _AT_ONCE + _FORM
    current: _File | None = None
    try:
        async with aclosing(form_events(request, most, form.is_ours)) as events:
            async for event in events:
                match event:
                    case Field():
                        form.take(event)
                        sent.readers = tuple(form.readers)
                    case FileBegins(filename):
                        current = await form.opened(filename, desk, sent)
                    case FilePiece(data) if current is not None:
                        await current.write(data)
                    case FileEnds() if current is not None:
                        await current.end(desk, form, sent)
                        current = None
                    case _:
                        pass
    except FormTooLargeError as error:
        if not sent.taken:
            raise
        sent.refused.append(("The others", str(error)))
    finally:
        if current is not None:
            current.discard()
    if not sent.taken and not sent.refused:
        form.check()
        raise UsageError("Choose a file to upload.")


class _Form:
    """The fields of a form, which come before its files."""

    def __init__(self, console: Console, request: Request) -> None:
        self._console = console
        self._request = request
        self._csrf = ""
        self._checked = False
        self._files = 0
        self.readers: list[str] = []
        self.groups: frozenset[str] | None = None
        self.by = ""

    def take(self, event: Field) -> None:
        if event.name == "csrf":
            self._csrf = event.value
        elif event.name == "readers":
            self.readers.append(checked(event.value, "readers", 300))

    def is_ours(self) -> bool:
        """Whether it was checked that our page sent it."""
        return self._checked

    def check(self) -> None:
        """Raises StaleFormError where the form is not ours."""
        self.by = self._console.form(self._request, self._csrf).author.key

    async def check_session(self) -> None:
        """Raises SignInRequiredError where the session ended while the form was on its way,
        StorageError where that is not known."""
        operator = self._console.sessions.claimed(self._request)
        ends = self._console.application.console_ends
        if operator is None or not await ends.stands(
            operator.session, operator.author.key, operator.opened
        ):
            raise SignInRequiredError

    async def opened(self, filename: str, desk: Uploads, sent: Sent) -> _File | None:
        """A file that begins; ``None`` where none was chosen. Raises UsageError where it is not
        said who may read it."""
        if not self._checked:
            self.check()
            self.groups = groups_of(self.readers, await desk.groups())
            self._checked = True
        if not filename:
            return None
        self._files += 1
        if self._files > _AT_ONCE:
            sent.refused.append((filename, f"Send {_AT_ONCE} files at a time at most."))
            return None
        try:
            safe_name(filename)
        except UsageError as error:
            sent.refused.append((filename, str(error)))
            return None
        return _File(filename, desk.arriving())


def groups_of(readers: Sequence[str], known: Sequence[str]) -> frozenset[str]:
    """The groups that were ticked; empty: everybody. Raises UsageError."""
    if not readers:
        raise UsageError("Choose who may read the documents.")
    if _EVERYBODY in readers:
        if len(set(readers)) > 1:
            raise UsageError("Choose everybody, or some groups; not both.")
        return frozenset()
    chosen = frozenset(reader.removeprefix(_GROUP) for reader in readers)
    if not chosen <= set(known):
        raise UsageError("There is no such group; choose one from the list.")
    return chosen


class _File:
    """A file on its way in, and what is wrong with it: the rest of it is then passed over."""

    def __init__(self, filename: str, arriving: Arriving) -> None:
        self._name = filename
        self._arriving = arriving
        self._wrong = ""

    async def write(self, piece: bytes) -> None:
        if self._wrong:
            return
        try:
            await self._arriving.write(piece)
        except UsageError as error:
            self._wrong = str(error)
            self.discard()

    async def end(self, desk: Uploads, form: _Form, sent: Sent) -> None:
        """It was whole: have it read in. Raises StorageError."""
        try:
            if not self._wrong:
                await self._arriving.finish()
        except UsageError as error:
            self._wrong = str(error)
        if self._wrong or form.groups is None:
            self.discard()
            sent.refused.append((self._name, self._wrong))
            return
        await form.check_session()
        try:
            sent.taken.append(await desk.accept(self._name, self._arriving, form.groups, form.by))
        except Exception:
            self.discard()
            raise

    def discard(self) -> None:
        """Leave nothing of it."""
        self._arriving.discard()
