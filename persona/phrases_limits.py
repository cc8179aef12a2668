"""What is said to somebody who asks more than there is room for: one kind sentence, in English or
German, with when to try again."""

from __future__ import annotations

import math
from collections.abc import Mapping

from bot.languages import ENGLISH, GERMAN, spoken
from bot.limits import Kind

_SAID: Mapping[str, Mapping[Kind, str]] = {
    ENGLISH: {
        Kind.FLOOD: "That is a lot at once: once it is quiet for a moment, your newest message"
        " counts.",
        Kind.REPEAT: "That is the same message several times, so please look at the answer above,"
        " or put it in other words {when}.",
        Kind.PERSON: "Sorry, I can't take that many questions from one person at once; please try"
        " again {when}.",
        Kind.CHANNEL: "Sorry, many questions come from this channel just now; please try again"
        " {when}.",
        Kind.WORKSPACE: "Sorry, many people ask me just now; please try again {when}.",
    },
    GERMAN: {
        Kind.FLOOD: "Das ist viel auf einmal: Sobald es kurz ruhig ist, zählt die neueste"
        " Nachricht.",
        Kind.REPEAT: "Das ist mehrmals dieselbe Nachricht; bitte einen Blick auf die Antwort oben"
        " werfen oder es {when} mit anderen Worten versuchen.",
        Kind.PERSON: "So viele Fragen auf einmal schaffe ich leider nicht; bitte {when} noch einmal"
        " versuchen.",
        Kind.CHANNEL: "Aus diesem Kanal kommen gerade sehr viele Fragen; bitte {when} noch einmal"
        " versuchen.",
        Kind.WORKSPACE: "Gerade fragen mich sehr viele; bitte {when} noch einmal versuchen.",
    },
}
_UNITS = {
    ENGLISH: (("second", "seconds"), ("minute", "minutes"), ("hour", "hours")),
    GERMAN: (("Sekunde", "Sekunden"), ("Minute", "Minuten"), ("Stunde", "Stunden")),
}


def limited(kind: Kind, wait_s: float, text: str, languages: tuple[str, ...]) -> str:
    """The sentence for who asked one too many, in the language of ``text`` where the persona
    speaks it, else in the persona's own, else in English. ``wait_s``: seconds."""
    tongue = spoken(text, languages) or ENGLISH
    return _SAID[tongue][kind].replace("{when}", f"in {duration(wait_s, tongue)}")


def duration(seconds: float, tongue: str = ENGLISH) -> str:
    """A stretch of time in words, rounded up: "40 seconds", "2 minutes"."""
    number, unit = max(1, math.ceil(seconds)), 0
    while unit < len(_UNITS[tongue]) - 1 and number > 90:
        number, unit = math.ceil(number / 60), unit + 1
    one, many = _UNITS[tongue][unit]
    return f"{number} {one if number == 1 else many}"
