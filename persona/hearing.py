"""What of a model's stream is the answer: no thoughts, no sentinel, however it is cut in pieces."""

from __future__ import annotations

import re

from bot.repairing import NO_ANSWER

_THOUGHT = re.compile(r"\s*<(think|thinking|reasoning)>", re.IGNORECASE)
_OPENINGS = ("<think>", "<thinking>", "<reasoning>")
_WRAPPING = " \t\r\n`*\"'“”_[("


class AnswerFilter:
    """Feeds on pieces and gives what may be shown.

    A thinking block at the beginning is left out; one that never ends is all there was. From the
    sentinel on nothing is shown: an answer that begins with it is empty. With ``to_end`` it ends
    nothing: one line of several may be that word.
    """

    def __init__(self, *, to_end: bool = False) -> None:
        self._to_end = to_end
        self._buffer = ""
        self._started = False
        self._thought = ""
        self._over = False

    def feed(self, text: str) -> str:
        """Take a piece, give the text that is certain to belong to the answer."""
        if self._over:
            return ""
        self._buffer += text
        if not self._started and not self._begin():
            return ""
        return self._pass_on(final=False)

    def finish(self) -> str:
        """What was held back to the end of the stream."""
        if self._over or self._thought:
            return ""
        if not self._started:
            self._started = True
            self._buffer = self._buffer.lstrip()
        return self._pass_on(final=True)

    def _begin(self) -> bool:
        """Get past white space and thoughts; whether the answer has begun."""
        while True:
            if self._thought:
                end = self._buffer.lower().find(f"</{self._thought}>")
                if end < 0:
                    return False
                self._buffer = self._buffer[end + len(self._thought) + 3 :]
                self._thought = ""
            opening = _THOUGHT.match(self._buffer)
            if opening is None:
                break
            self._thought = opening.group(1).lower()
            self._buffer = self._buffer[opening.end() :]
        head = self._buffer.lstrip()
        if not head or any(tag.startswith(head.lower()) for tag in _OPENINGS):
            return False
        if not head.strip(_WRAPPING):
            return False  # quotes or bold around a sentinel that is still to come
        self._buffer = head
        self._started = True
        return True

    def _pass_on(self, *, final: bool) -> str:
        place = -1 if self._to_end else self._buffer.find(NO_ANSWER)
        if place >= 0:
            self._over = True
            shown = self._buffer[:place].rstrip(_WRAPPING)
            self._buffer = ""
            return shown
        held = 0 if final or self._to_end else _held_back(self._buffer)
        shown = self._buffer[: len(self._buffer) - held]
        self._buffer = self._buffer[len(shown) :]
        return shown


def _held_back(text: str) -> int:
    """How many characters at the end may be the beginning of the sentinel, with its wrapping."""
    longest = 0
    for size in range(min(len(NO_ANSWER) - 1, len(text)), 0, -1):
        if text.endswith(NO_ANSWER[:size]):
            longest = size
            break
    body = text[: len(text) - longest]
    return longest + len(body) - len(body.rstrip(_WRAPPING))
