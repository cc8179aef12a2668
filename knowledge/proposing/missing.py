"""Questions that no document answers: what people ask anywhere, and what is told of a neighbour.

A question is proposed only where its telling words stand nowhere in the documents, or where nothing
that speaks of a thing has a word of the attribute. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice

from bot.sentences import Unit, split
from knowledge.proposing.material import Candidate, Material, parts, stems
from knowledge.proposing.naming import Names, is_code
from knowledge.proposing.tables import Cell, cells_of, small, wordings

_ANYWHERE = (
    ("Do you offer a student discount?", "student", "Is there a discount for students?"),
    ("Can I pay with Bitcoin?", "bitcoin cryptocurrency crypto", "Do you take Bitcoin?"),
    ("Do you sell gift cards?", "gift giftcard", "Can I buy a gift card?"),
    ("Is there a referral programme?", "referral", "Do I get anything for a referral?"),
    ("Do you have an office in Brazil?", "brazil office", "Where is your office in Brazil?"),
    ("Who founded the company?", "founder founded", "Who is the founder?"),
    ("Can I buy shares of the company?", "shares stock", "Is the company's stock traded?"),
    ("Is there a loyalty programme?", "loyalty", "Do you reward loyalty?"),
    ("Do you offer on-site training?", "training onsite", "Can somebody train my team on site?"),
    ("Are you hiring at the moment?", "hiring jobs career vacancy", "Which jobs do you have open?"),
    ("Is there a discount for charities?", "charity charities", "What do charities pay?"),
    ("Does it work with Apple Vision Pro?", "vision", "Is the Apple Vision Pro supported?"),
    ("Can I get the manual in Japanese?", "japanese", "Is there a Japanese manual?"),
    ("Do you have a podcast?", "podcast", "Where do I find your podcast?"),
)  # fmt: skip
"""A question, words of which the documents may have none, and the question in other words."""


_SHARED = 3
"""Attributes that two things have in common, at least, where what is told of one may be asked of
the other."""
_SAME = tuple(
    stems(line)
    for line in (
        "price cost charge fee pay usd dollar euro",
        "size dimension width height length depth diameter mm cm",
        "weight weigh heavy kg gram",
        "warranty guarantee",
        "accuracy precise tolerance",
        "resolution pixel step",
        "battery batteries cell powered",
        "temperature °c degree frost heat",
        "range reach distance metre",
    )
)
"""Words for the same attribute."""
_THINGS = 400
"""Things that are held against each other, at most: a catalogue has thousands of them."""
_CLEAR = frozenset(("price", "warranty", "weight", "accuracy", "resolution", "size"))
"""Attributes of one word that say by themselves what is asked."""


def unanswerable(materials: Sequence[Material], names: Names) -> Iterator[Candidate]:
    """Questions without an answer in these documents, neighbouring facts first."""
    if not materials:
        return
    yield from _neighbouring(materials, names)
    for question, words, other in _ANYWHERE:
        if not any(names.has(word) for word in words.split()):
            yield Candidate(
                "missing: anywhere", question, (), materials[0], "", (other,), answerable=False
            )


def _neighbouring(materials: Sequence[Material], names: Names) -> Iterator[Candidate]:
    """An attribute of one thing, asked of another one that has others in common with it."""
    told: dict[str, dict[str, tuple[Material, str]]] = defaultdict(dict)
    for material in materials:
        for part in parts(material.text):
            for table in part.tables:
                for cell in cells_of(material, table):
                    if is_code(cell.thing):
                        told[cell.thing].setdefault(cell.attribute, (material, cell.value))
    told = dict(islice(told.items(), _THINGS))
    spoken = {thing: _spoken_of(thing, materials) for thing in told}
    for thing, own in told.items():
        for other, theirs in told.items():
            shared = len(own.keys() & theirs.keys())
            if other == thing or shared < _SHARED or 2 * shared < min(len(own), len(theirs)):
                continue
            for attribute, (material, value) in theirs.items():
                if attribute in own or _meant(attribute) & spoken[thing]:
                    continue
                if " " not in attribute and attribute.casefold() not in _CLEAR:
                    continue
                yield from _asked(material, thing, attribute, value, names)


def _meant(attribute: str) -> frozenset[str]:
    """The stems of an attribute, and of other words for it."""
    own = stems(attribute)
    return own.union(*(same for same in _SAME if same & own))


def _asked(
    material: Material, thing: str, attribute: str, value: str, names: Names
) -> Iterator[Candidate]:
    found = wordings(Cell(thing, attribute, value, ""), names.said(thing), small(attribute), value)
    if found is not None and found[0] == "table: what":
        question, *others = found[1]
        yield Candidate(
            "missing: neighbour", question, (), material, "", tuple(others), answerable=False,
            about=(thing,),
        )  # fmt: skip


def _spoken_of(thing: str, materials: Sequence[Material]) -> frozenset[str]:
    """The stems of everything that may speak of a thing: documents with it in their title, and all
    units that name it."""
    found: set[str] = set()
    for material in materials:
        if thing in material.title:
            found |= stems(material.text)
        elif thing in material.text:
            header = ""
            for unit in split(material.text):
                if unit.unit is Unit.ROW and thing in unit.text:
                    header = unit.text
                if thing in unit.text or (header and unit.unit is Unit.ROW):
                    found |= stems(unit.text)
                elif unit.unit is not Unit.ROW:
                    header = ""
    return frozenset(found)
