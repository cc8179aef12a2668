"""A form with files, read piece by piece as it comes: nothing of a file is held in memory.

In the manner of Starlette's own parser, which writes all files to the temporary folder first.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from adapters.web.security import BODY_S, StaleFormError
from bot.errors import UsageError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_LONGEST_FIELD = 4_000
_LONGEST_HEADER = 8_000
_MOST_FIELDS = 200
WHOLE_S = 15 * 60.0
"""How long a form may take in all: what was whole by then is taken."""

_UNFIT = "The form cannot be read; load the page again and repeat."


class FormTooLargeError(UsageError):
    """The form is larger than {limit} MB in all; send fewer files at a time."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit=f"{limit / 1e6:,.0f}")


class SlowFormError(UsageError):
    """The form came too slowly; send it again."""


class CutOffError(UsageError):
    """The connection ended before the form was up; send it again."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field that came whole."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class FileBegins:
    """A file begins, under the name that the browser gives it; empty: none was chosen."""

    filename: str


@dataclass(frozen=True, slots=True)
class FilePiece:
    """The next bytes of a file."""

    data: bytes


@dataclass(frozen=True, slots=True)
class FileEnds:
    """The file was whole."""


Event = Field | FileBegins | FilePiece | FileEnds


class _Reader:
    """What the parser calls back, as events."""

    def __init__(self) -> None:
        self.events: deque[Event] = deque()
        self.whole = False
        self._header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._options: dict[bytes, bytes] = {}
        self._value = bytearray()
        self._fields = 0

    def callbacks(self) -> MultipartCallbacks:
        """As the parser takes them."""
        return {
            "on_part_begin": self.on_part_begin,
            "on_part_data": self.on_part_data,
            "on_part_end": self.on_part_end,
            "on_header_field": self.on_header_field,
            "on_header_value": self.on_header_value,
            "on_header_end": self.on_header_end,
            "on_headers_finished": self.on_headers_finished,
            "on_end": self.on_end,
        }

    def on_part_begin(self) -> None:
        self._options, self._value = {}, bytearray()

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._take(self._header[0], data[start:end])

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._take(self._header[1], data[start:end])

    @staticmethod
    def _take(part: bytearray, more: bytes) -> None:
        part.extend(more)
        if len(part) > _LONGEST_HEADER:  # earlier releases of the parser have no limit
            raise UsageError(_UNFIT)

    def on_header_end(self) -> None:
        name, value = self._header
        if bytes(name).lower() == b"content-disposition":
            _, self._options = parse_options_header(bytes(value))
        self._header = (bytearray(), bytearray())

    def on_headers_finished(self) -> None:
        if b"filename" in self._options:
            self.events.append(FileBegins(_text(self._options[b"filename"])))

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if b"filename" in self._options:
            self.events.append(FilePiece(data[start:end]))
            return
        self._value.extend(data[start:end])
        if len(self._value) > _LONGEST_FIELD:
            raise UsageError(_UNFIT)

    def on_part_end(self) -> None:
        if b"filename" in self._options:
            self.events.append(FileEnds())
            return
        self._fields += 1
        if self._fields > _MOST_FIELDS:
            raise UsageError(_UNFIT)
        name = _text(self._options.get(b"name", b""))
        self.events.append(Field(name, _text(bytes(self._value))))

    def on_end(self) -> None:
        self.whole = True


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


async def form_events(
    request: Request,
    most: int,
    trusted: Callable[[], bool],
    patience: float = BODY_S,
    longest: float = WHOLE_S,
) -> AsyncGenerator[Event, None]:
    """The parts of a ``multipart/form-data`` body of at most ``most`` bytes, in order.

    Until ``trusted`` says that the form is ours all that came has ``patience`` seconds together;
    from then on each piece has a minute, and all of them together have ``longest`` seconds.
    Raises StaleFormError for another body, UsageError for one that is broken, too large, too slow
    or cut off.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise StaleFormError  # it cannot be the page's own
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > most:
        raise FormTooLargeError(most)
    reader, size = _Reader(), 0
    begun = asyncio.get_running_loop().time()
    try:
        parser = MultipartParser(boundary, reader.callbacks())
        pieces = request.stream()
        while (
            piece := await _next(pieces, begun + (longest if trusted() else patience))
        ) is not None:
            size += len(piece)
            if size > most:
                raise FormTooLargeError(most)
            parser.write(piece)
            while reader.events:
                yield reader.events.popleft()
    except FormParserError as error:
        raise UsageError(_UNFIT) from error
    if not reader.whole:
        raise CutOffError


async def _next(pieces: AsyncIterator[bytes], until: float) -> bytes | None:
    now = asyncio.get_running_loop().time()
    if now >= until:  # pieces that lie ready never wait for a timeout
        raise SlowFormError
    try:
        async with asyncio.timeout_at(min(now + BODY_S, until)):
            return await anext(pieces, None)
    except TimeoutError as error:
        raise SlowFormError from error
    except ClientDisconnect as error:
        raise CutOffError from error
