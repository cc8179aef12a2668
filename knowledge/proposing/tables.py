"""Questions from tables: what a thing has, costs, means. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.facts import Kind, facts
from knowledge.proposing.material import Candidate, Material, Part, Table
from knowledge.proposing.naming import Names, is_code, is_name

_ATTRIBUTE_HEADS = frozenset({"", "property", "feature", "attribute", "what", "item", "limit"})
_VALUE_HEADS = frozenset({"value", "details", "amount"})
_MEANING = re.compile(r"^(?:meaning|what it means|description)$", re.IGNORECASE)
_REMEDY = re.compile(r"^(?:what to do|action|fix|solution|remedy|what helps)$", re.IGNORECASE)
_NOTHING = frozenset({"", "-", "–", "—", "yes", "no", "n/a", "none", "✓", "✗", "x"})
_ATTRIBUTE = re.compile(
    r"\b(?:price|cost|fee|size|weight|warranty|temperature|pressure|limit|period|retention"
    r"|history|range|length|width|height|capacity|speed|timeout|resolution|accuracy"
    r"|frequency|voltage|consumption|battery life|thread|diameter|flow|delay"
    r"|duration|interval|discount|deadline|enclosure|rating|memory)s?\b",
    re.IGNORECASE,
)
_QUALIFIER = re.compile(
    r"^(?:up to|about|around|at least|at most|from|only|max\.?|min\.?)\s+", re.IGNORECASE
)
_PLURAL = re.compile(r"^[A-Z]?[a-z]+(?: [a-z]+)*s(?: [a-z ]+)?$")
_SPLIT = re.compile(r"\s+(?:by|per|from|for|in|at|with|without|to|on)\s", re.IGNORECASE)
_PREPOSITION_FIRST = re.compile(r"^\S+\s+(?:by|per)\s")
_NUMBER = re.compile(r"^[1-9][\d,]*$")
_MEASURED = re.compile(
    r"^[±−-]?[$€£]?\d[\d.,]*(?: ?(?!(?:to\b|×|x\b))[^\s\d]+)?"
    r"(?: (?:to|×|x|–|-) [−-]?\d[\d.,]*(?: ?(?!(?:to\b|×|x\b))[^\s\d]+)?)*"
)
_LASTS = re.compile(
    r"\b(?:history|warranty|battery life|retention|period|duration|delay)\b", re.IGNORECASE
)
_TIME = re.compile(r"\b(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?)$")
_PARTICIPLE = re.compile(r"\b\w+ed\b")
_FULLER = {"flow": "flow rate", "enclosure": "protection class", "range": "measuring range"}
_FREE = frozenset({"free"})
_JOINED = re.compile(r"^(?:but|then|and|or|it|its|so|they)\b", re.IGNORECASE)
_LONGEST_VALUE = 7  # words


@dataclass(frozen=True, slots=True)
class Cell:
    """A thing, one of its attributes, the value, and the row as it is written."""

    thing: str
    attribute: str
    value: str
    quote: str


def from_tables(material: Material, part: Part, names: Names) -> Iterator[Candidate]:
    """The questions of a part's tables."""
    for table in part.tables:
        cells = list(cells_of(material, table))
        said = names.alike(dict.fromkeys(cell.thing for cell in cells))
        for cell in cells:
            found = _asked(material, cell, said[cell.thing])
            if found is not None:
                yield found


def cells_of(material: Material, table: Table) -> Iterator[Cell]:
    """What a table tells of things that have a name."""
    first = table.head[0].casefold()
    if first in _ATTRIBUTE_HEADS:
        for row, quote in zip(table.rows, table.quotes, strict=True):
            for column, value in zip(table.head[1:], row[1:], strict=True):
                thing = material.title if column.casefold() in _VALUE_HEADS else column
                if is_name(thing):
                    yield Cell(thing, row[0], value, quote)
        return
    for row, quote in zip(table.rows, table.quotes, strict=True):
        for column, value in zip(table.head[1:], row[1:], strict=True):
            if is_name(row[0]) and not is_name_of_column(row[0], table):
                yield Cell(row[0], column, value, quote)


def is_name_of_column(cell: str, table: Table) -> bool:
    """Whether the first cells are plain words with a capital, not names: then they tell nothing
    by themselves."""
    firsts = [row[0] for row in table.rows]
    return not is_code(cell) and len(set(firsts)) < len(firsts)


def _asked(material: Material, cell: Cell, thing: str) -> Candidate | None:
    value = _value(cell.value)
    if value is None:
        return None
    attribute = small(cell.attribute)
    found = wordings(cell, thing, attribute, value)
    if found is None:
        return None
    rule, (question, *others), answers = found
    return Candidate(
        rule, question, answers, material, cell.quote, tuple(others), about=(cell.thing,)
    )


def wordings(
    cell: Cell, thing: str, attribute: str, value: str
) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
    """The rule, the question with its paraphrases, and the answers."""
    if is_code(cell.thing) and _MEANING.match(cell.attribute):
        asked = f"What does {cell.thing} mean?", f"I get {cell.thing}, what is that?", (
            f"What is the meaning of the code {cell.thing}?")  # fmt: skip
        return "table: meaning", asked, _phrases(cell.value)
    if is_code(cell.thing) and _REMEDY.match(cell.attribute):
        asked = f"What should I do about {cell.thing}?", f"How do I fix {cell.thing}?", (
            f"{cell.thing} shows up, what helps?")  # fmt: skip
        return "table: remedy", asked, _phrases(cell.value)
    if len(value.split()) > _LONGEST_VALUE:
        return None
    if _NUMBER.match(value) and _PLURAL.match(cell.attribute) and not _PARTICIPLE.search(attribute):
        asked = f"How many {attribute} does {thing} have?", (
            f"What number of {attribute} does {thing} have?"), (
            f"{_up(thing)}: how many {attribute}?")  # fmt: skip
        return "table: how many", asked, (value,)
    told = any(c.isdigit() for c in value) or value.casefold() in _FREE
    if _ATTRIBUTE.search(cell.attribute) and told and not cell.attribute.endswith("?"):
        return _attribute(thing, attribute, value)
    return None


def _attribute(
    thing: str, attribute: str, value: str
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """What one of its measures is: how long it is where it lasts."""
    noun, rest = _parted(attribute)
    noun = _FULLER.get(noun, noun)
    measured = _MEASURED.match(value)
    answers = tuple(dict.fromkeys([measured.group().strip() if measured else value, value]))
    asked: tuple[str, ...]
    if noun == "discount":
        asked = f"How much discount does {thing} give?", f"What is the discount with {thing}?"
        return "table: what", asked, answers
    be, of = ("are" if _is_plural(noun) else "is"), ("for" if " of " in noun else "of")
    how = f"How long {be}" if _LASTS.search(noun) and _TIME.search(answers[0]) else f"What {be}"
    asked = f"{how} the {noun} {of} {thing}{rest}?", (
        f"Can you tell me the {noun} {of} {thing}{rest}?"), (
        f"{_up(thing)}: {how[0].lower()}{how[1:]} the {noun}{rest}?")  # fmt: skip
    return "table: what", asked, answers


def _parted(attribute: str) -> tuple[str, str]:
    """ "price by the month" as "price" and " by the month"."""
    found = _SPLIT.search(attribute)
    return (
        (attribute, "")
        if found is None
        else (attribute[: found.start()], attribute[found.start() :])
    )


def _is_plural(noun: str) -> bool:
    last = noun.rsplit(maxsplit=1)[-1]
    return last.endswith("s") and not last.endswith("ss")


def _value(cell: str) -> str | None:
    """The short value of a cell; ``None`` where there is none that an answer is told by."""
    if cell.casefold().strip() in _NOTHING:
        return None
    value = _QUALIFIER.sub("", cell.strip())
    return value.split(", ")[0].split(" (")[0].rstrip(".") or None


def _phrases(cell: str) -> tuple[str, ...]:
    """The cell, and the pieces of it that tell enough by themselves."""
    pieces = [p.strip(" .") for p in re.split(r"[,;:]\s|\s(?:and|or|then)\s", cell)]
    told = [p for p in pieces if 3 <= len(p.split()) <= _LONGEST_VALUE and not _JOINED.match(p)]
    numbers = [f.text for f in facts(cell) if f.kind is Kind.NUMBER and f.unit]
    return tuple(dict.fromkeys([cell.strip(" ."), *told, *numbers]))


def small(attribute: str) -> str:
    """A row's name as it stands inside a sentence."""
    first, _, rest = attribute.partition(" ")
    is_short = first.isupper() or any(c.isdigit() for c in first)
    return f"{first if is_short else first.lower()} {rest}".strip()


def _up(text: str) -> str:
    return text[:1].upper() + text[1:]
