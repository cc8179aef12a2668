"""What people write on a day, and the documents that it is about, made by a seed.

Of the messages ``SMALL_TALK`` are small talk, ``REPEATS`` were asked before (the answer cache knows
most), ``FOLLOW_UPS`` go on in a thread, ``UNKNOWN`` have no answer in the documents, and the rest
nobody asked before. Two thirds come by chat, a fifth of those in direct messages; one third by the
API. One in six may see what is for staff. What is remembered here is bounded, so that all memory
that grows is the product's.
"""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

from adapters.chat.base import ChannelKind, Heard, Place
from bot.conversation import Author, Platform

SMALL_TALK, REPEATS, FOLLOW_UPS, UNKNOWN = 0.15, 0.30, 0.15, 0.08
BY_API = 1 / 3
DIRECT = 0.2
STAFF_SHARE = 1 / 6
PRODUCTS, PEOPLE, WORKSPACES, CHANNELS = 240, 4_000, 5, 24
_SWING = 0.85  # of the curve of a day: 0.15 of the mean at 2 in the morning, 1.85 at 14 o'clock
_PEAK_HOUR = 14
_THREADS, _POPULAR, _RATED = 400, 2_000, 400
_FACTS = {
    "warranty": ("How long is the warranty of the {p}", "The {p} has a warranty of {n} months."),
    "delivery": ("How fast is the {p} delivered", "The {p} is delivered within {n} working days."),
    "weight": ("How heavy is the {p}", "The {p} weighs {n} kilograms without its packaging."),
    "cleaning": (
        "How often should the filter of the {p} be cleaned",
        "Clean the filter of the {p} every {n} days under running water.",
    ),
    "power": ("How much power does the {p} draw", "The {p} draws {n} watts at full load."),
    "return": ("How long can the {p} be returned", "The {p} can be returned for {n} days."),
    "reset": (
        "How do I reset the {p}",
        "To reset the {p}, hold the button at its back for {n} seconds until the light is green.",
    ),
    "margin": ("What margin do dealers get on the {p}", "Dealers get {n} percent on the {p}."),
}
STAFF_FACTS = frozenset({"margin"})
_TOWNS = tuple(
    "Oslo Bergen Lyon Turin Porto Malmo Ghent Graz Brno Cork Leeds Essen Delft Basel Split "
    "Tartu Riga Vaasa Krakow Cluj Varna Patras Ronda Evora Namur Arles Udine Linz Zwolle Trondheim "
    "Aarhus Odense Umea Lahti Kaunas Gdansk Plzen Szeged Novi-Sad Nis".split()
)
_REASONS = (
    "for a shop",
    "for my office",
    "for a school",
    "for a friend",
    "for a kitchen",
    "to ask",
)
_ENDS = ("{q} in {t}?", "{q}, {r} in {t}?", "Hi, {q} in {t}, {r}?", "{q}? It is {r} in {t}.")
_TALK = (
    *("hi", "Hello!", "thanks a lot", "Thank you, that helped", "good morning", "who are you?"),
    *("how are you today?", "what can you do?", "bye", "great, thanks", "you are funny"),
)
_NEXT = (
    *("And how heavy is it?", "what about its warranty?", "How do I reset it then?"),
    *("And how fast is it delivered?", "how much power does it draw?", "can I return it?"),
)
_OFF = (
    *("Who won the cup of {t} in 19{n}", "Which tram goes from {t} to platform {n}"),
    *("Is the {p} available in the colour of {t}", "Who designed the {p} from {t}"),
)


@dataclass(frozen=True, slots=True)
class Sent:
    """One message. With ``heard`` it comes by chat, else by the API."""

    kind: str
    text: str
    heard: Heard | None = None
    groups: tuple[str, ...] = ()
    thread: str = ""


def product(number: int) -> str:
    """Its code, as documents and people name it."""
    return f"AX-{100 + number}"


def page(number: int, rng: random.Random, staff: bool) -> str:
    """One document about a product; its numbers change with every edit."""
    name = product(number)
    lines = [f"# {name} {'for dealers' if staff else 'handbook'}", ""]
    for fact, (_, sentence) in _FACTS.items():
        if (fact in STAFF_FACTS) == staff:
            said = sentence.format(p=name, n=rng.randrange(2, 90))
            lines += [f"## {fact.capitalize()} of the {name}", "", said, ""]
    return "\n".join(lines)


class Library:
    """The folders of documents: made once, then edited all day."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.folder = folder
        self._rng = rng
        self.edits = 0
        for name in ("handbooks", "dealers"):
            if not (folder / name).is_dir():
                (folder / name).mkdir(parents=True)
                for number in range(PRODUCTS):
                    self._write(number, name)

    def _write(self, number: int, name: str) -> None:
        text = page(number, self._rng, name == "dealers")
        (self.folder / name / f"{product(number)}.md").write_text(text, "utf-8")

    def edit(self, documents: int = 4) -> None:
        """Change some, and take one away or bring it back."""
        for number in self._rng.sample(range(PRODUCTS), documents):
            self._write(number, self._rng.choice(("handbooks", "handbooks", "dealers")))
        name = self.folder / "handbooks" / f"{product(self._rng.randrange(PRODUCTS // 20))}.md"
        if name.exists():
            name.unlink()
        else:
            self._write(int(name.stem.removeprefix("AX-")) - 100, "handbooks")
        self.edits += documents + 1


class Traffic:
    """People; ``turns`` a day."""

    def __init__(self, turns: int, seed: int, first: int = 1) -> None:
        """``first`` numbers the first message: a run that goes on repeats no id."""
        self._turns = turns
        self._rng = random.Random(f"{seed}:{first}")
        self._numbers = count(first)
        self._threads: deque[tuple[Place, Author]] = deque(maxlen=_THREADS)
        self._talks: deque[tuple[str, tuple[str, ...]]] = deque(maxlen=_THREADS)
        self._popular: list[str] = []
        self.rated: deque[tuple[str, str, Heard | None]] = deque(maxlen=_RATED)
        """Turns that may get a thumb: their id, and by chat which message answers what."""

    def arrivals(self, hour: float, seconds: float) -> int:
        """How many come within so many seconds at an hour of the day, by Poisson's law."""
        curve = 1 + _SWING * math.cos((hour - _PEAK_HOUR) / 12 * math.pi)
        left, found = math.exp(-self._turns / 86_400 * curve * seconds), 0
        product_ = self._rng.random()
        while product_ > left:
            product_ *= self._rng.random()
            found += 1
        return found

    def message(self, at: datetime) -> Sent:
        """The next one."""
        kind, text = self._words()
        if kind == "follow-up" and self._threads and self._rng.random() > BY_API:
            place, author = self._rng.choice(self._threads)
            return Sent(kind, text, self._heard(text, place, author, at))
        if kind == "follow-up" and self._talks:
            thread, groups = self._rng.choice(self._talks)
            return Sent(kind, text, groups=groups, thread=thread)
        staff = self._rng.random() < STAFF_SHARE
        if self._rng.random() < BY_API:
            thread, groups = f"t{next(self._numbers)}", ("staff",) if staff else ()
            self._talks.append((thread, groups))
            return Sent(kind, text, groups=groups, thread=thread)
        author = self._person(staff)
        heard = self._heard(text, self._place(author, staff), author, at)
        self._threads.append((heard.home, author))
        return Sent(kind, text, heard)

    def _words(self) -> tuple[str, str]:
        draw = self._rng.random()
        if draw < SMALL_TALK:
            return "small talk", self._rng.choice(_TALK)
        draw -= SMALL_TALK
        if draw < FOLLOW_UPS:
            return "follow-up", self._rng.choice(_NEXT)
        draw -= FOLLOW_UPS
        if draw < REPEATS and self._popular:
            return "repeat", self._popular[int(len(self._popular) * self._rng.random() ** 3)]
        draw -= REPEATS
        if 0 <= draw < UNKNOWN:
            text = self._rng.choice(_OFF).format(
                t=self._rng.choice(_TOWNS), n=self._rng.randrange(100), p=self._product()
            )
            return "unknown", f"{text}?"
        text = self._rng.choice(_ENDS).format(
            q=self._rng.choice([ask for ask, _ in _FACTS.values()]).format(p=self._product()),
            t=self._rng.choice(_TOWNS),
            r=self._rng.choice(_REASONS),
        )
        if len(self._popular) < _POPULAR:
            self._popular.append(text)
        elif self._rng.random() < 0.02:  # what is asked often changes slowly
            self._popular[self._rng.randrange(_POPULAR)] = text
        return "new", text

    def _product(self) -> str:
        return product(self._rng.randrange(PRODUCTS))

    def _person(self, staff: bool) -> Author:
        number = int(PEOPLE * self._rng.random() ** 2)
        return Author(Platform.SLACK, f"{'US' if staff else 'U'}{number}", f"Person {number}")

    def _place(self, author: Author, staff: bool) -> Place:
        workspace = f"T{self._rng.randrange(WORKSPACES)}"
        if self._rng.random() < DIRECT:
            channel, kind = f"D{author.id}", ChannelKind.DIRECT
            return Place(Platform.SLACK, workspace, channel, kind=kind)
        channel = f"{'CS' if staff else 'C'}{self._rng.randrange(CHANNELS)}"
        return Place(Platform.SLACK, workspace, channel)

    def _heard(self, text: str, place: Place, author: Author, at: datetime) -> Heard:
        return Heard(
            place=place,
            message=f"{int(at.timestamp())}.{next(self._numbers):07}",
            author=author,
            text=text,
            at=at,
            for_bot=True,
        )
