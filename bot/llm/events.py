"""Server-sent events, decoded from raw bytes.

The format is https://html.spec.whatwg.org/multipage/server-sent-events.html, read leniently:
what is left at the end of the stream counts as an event, as servers forget the last empty line.
"""

from __future__ import annotations

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventDecoder:
    """Network reads in, the ``data`` of whole events out; any split of the bytes gives the same.

    Lines end with LF, CRLF or CR. Comments, ``event``, ``id`` and ``retry`` are skipped.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._started = False

    def feed(self, read: bytes) -> list[bytes]:
        """Take what one network read brought, return the events that it completed."""
        buffer = self._rest + read if self._rest else read
        if not self._started:
            if len(buffer) < len(_BYTE_ORDER_MARK):
                self._rest = buffer
                return []
            self._started = True
            buffer = buffer.removeprefix(_BYTE_ORDER_MARK)
        held = b""
        if b"\r" in buffer:
            if buffer.endswith(b"\r"):  # may be the first half of a CRLF
                buffer, held = buffer[:-1], b"\r"
            buffer = buffer.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = buffer.split(b"\n")
        self._rest = lines.pop() + held
        return self._events(lines)

    def finish(self) -> list[bytes]:
        """The event that the end of the stream completes, if any."""
        self._started = True
        return self.feed(b"\n\n")

    def _events(self, lines: list[bytes]) -> list[bytes]:
        events: list[bytes] = []
        for line in lines:
            if not line:
                if self._data:
                    events.append(b"\n".join(self._data))
                    self._data.clear()
            elif line.startswith(b"data:"):
                self._data.append(line[6:] if line.startswith(b"data: ") else line[5:])
        return events
