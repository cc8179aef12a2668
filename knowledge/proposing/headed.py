"""Questions that headings ask or answer, with the fact that opens what stands under them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.facts import Fact, Kind, facts, rarity
from bot.lexical import terms
from bot.sentences import Sentence, Unit
from knowledge.headings import question_of
from knowledge.proposing.material import Candidate, Material, Part, literal, plain, stems
from knowledge.proposing.naming import Names

_YES_NO = re.compile(
    r"^(?:can|could|do|does|did|is|are|will|would|should|must|may|has|have)\b", re.IGNORECASE
)
_WORD = re.compile(r"^(?P<word>Yes|No|Not yet)[.,;:!]", re.IGNORECASE)
_COUNT = re.compile(
    r"^(?:how (?:many|much|long|often|soon|old|far|big|fast)|when|what time)\b", re.IGNORECASE
)
_HOW = re.compile(r"^how (?:do|can|should) (?:i|we)\b", re.IGNORECASE)
_WHICH = re.compile(r"^(?:which|what (?!is\b|are\b|does\b|do\b))\b", re.IGNORECASE)
_MARKED = re.compile(r"\*\*(?P<bold>[^*\n]{2,60})\*\*|`(?P<code>[^`\n]{3,80})`")
_CHATTER = frozenset({"note", "important", "tip", "warning", "caution", "optional"})
_DEPENDS = re.compile(
    r"^(?:what happens|why|which .* (?:do i need|should i)|what should|how do i (?:fix|troubleshoot"
    r"|avoid|prevent|check|protect|manage|use|handle|identify|customize|improve)|who can)\b"
    r"|^how do i .* and |^how do i get started|\bexamples?\?$"
    r"|\bour\b|\bthe (?:selected|new|given|chosen|resulting|generated|required|created)\b",
    re.IGNORECASE,
)
_THE = re.compile(r"\bthe (?P<what>[\w-]+)", re.IGNORECASE)
_PRESS = re.compile(r"\b(?:click|tap|select|choose|press|open|go to|switch|find)\b", re.IGNORECASE)
_ASIDE = re.compile(
    r"^\W*(?:for example|note|if|alternatively|finally|optionally|once|when)\b", re.IGNORECASE
)
_FILLED = re.compile(r"\s*(?:<\w|\[\w|\{\w|\$\{)")
_OPTION = r"(?<=\s)--?[a-zA-Z][\w-]+"
_TELLING = 4.0
"""Rarity of a button's words from which on one word is enough to tell an answer by."""
_RUN = re.compile(r"\b(?:run|use|type|enter|execute|call)\b[^`.]{0,40}$", re.IGNORECASE)
_STEPS = 4  # units of a procedure that are read
_MOST = 3  # answers that any of which is right


def from_heading(material: Material, part: Part, names: Names) -> Iterator[Candidate]:
    """The question of a part's heading, where what follows has a short answer to it."""
    asked = question_of(part.heading, material.text)
    units = [u for u in part.units if u.unit in (Unit.PROSE, Unit.ITEM)]
    if asked is None or not part.units or _DEPENDS.search(asked.message):
        return
    if any(not _known(m["what"], material, names) for m in _THE.finditer(asked.message)):
        return
    question = asked.message
    found = _answers(question, units, part, material.text)
    if found is None:
        return
    rule, answers, quote = found
    answers = tuple(a for a in answers if a.startswith("-") or not _asked_already(a, question))
    if not answers:
        return
    yield Candidate(f"heading: {rule}", question, answers, material, quote, reworded(question))


def _asked_already(answer: str, question: str) -> bool:
    """Whether a question has all the words of an answer: it would be told by nothing."""
    return bool(stems(answer)) and stems(answer) <= stems(question)


def _known(what: str, material: Material, names: Names) -> bool:
    """Whether it is plain what is meant by "the" and these words, away from the page."""
    return names.known(what) or bool(stems(what) & stems(material.title))


Found = tuple[str, tuple[str, ...], str]
"""The rule, the answers, and the quote that has them."""


def _answers(question: str, units: Sequence[Sentence], part: Part, text: str) -> Found | None:
    first = plain(units[0].text) if units else ""
    if _YES_NO.match(question):
        word = _WORD.match(first)
        several = _values(first, question, Kind.CODE)  # "Yes, on the MG-400": not on another one
        return None if word is None or several else _yes_no(word["word"], units, text)
    if _COUNT.match(question):
        stated = _values(first, question)
        if len(stated) == 1 and not _values(first, question, Kind.CODE):  # not of one of several
            return "how many", (literal(first, stated[0]),), units[0].text
        return None
    if _HOW.match(question):
        return _procedure([u for u in part.units if u.unit is not Unit.ROW], question)
    if _WHICH.match(question):
        named = _values(first, question, Kind.CODE)
        if 1 <= len(named) <= 2 and len(first.split()) <= 25:
            return "which", (named[0].text,), units[0].text
    return None


def _yes_no(word: str, units: Sequence[Sentence], text: str) -> Found:
    """Yes or no, and the one value of the sentence that says why."""
    answers, quote = [word.capitalize()], units[0].text
    told = plain(units[0].text)
    if len(told.split()) < 3 and len(units) > 1:
        quote, told = text[units[0].start : units[1].end], plain(units[1].text)
    stated = _values(told, "")
    if len(stated) == 1:
        answers.append(literal(told, stated[0]))
    return "yes or no", tuple(answers), quote


def _procedure(units: Sequence[Sentence], question: str) -> Found | None:
    """The buttons, menus and commands that the first steps name."""
    for unit in units[:_STEPS]:
        if unit.unit is Unit.CODE:
            lines = [x.strip() for x in unit.text.splitlines()[1:-1] if x.strip()]
            command = _command(lines[0], question) if len(lines) == 1 else ""
            return ("how", (command,), unit.text) if command else None
        if _ASIDE.match(unit.text):
            continue
        marked = [
            m for m in _marked(unit.text, question) if m.casefold() not in _CHATTER and _tells(m)
        ]
        if marked:
            return "how", tuple(dict.fromkeys(marked))[:_MOST], unit.text
    return None


def _tells(button: str) -> bool:
    """Whether an answer with this button is told by it: "General" says everybody."""
    return " " in button or all(rarity(term) >= _TELLING for term in terms(button))


def _marked(text: str, question: str) -> Iterator[str]:
    """The buttons that a step names, and the command that it says to run."""
    body = re.sub(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+", "", text)
    for found in _MARKED.finditer(body):
        bold = plain(found["bold"] or "").strip(" :.")
        if bold and found.start() and bold[0].isupper() and _PRESS.search(body):
            if len(bold.split()) <= 6:
                yield bold
        elif found["code"] and _RUN.search(body[: found.start()]):
            yield from filter(None, [_command(found["code"], question)])


def _command(line: str, question: str) -> str:
    """A command up to the first place that the reader fills in, or the option behind it that makes
    the difference; empty where too little is left."""
    behind = _FILLED.split(line.strip(" .`"), maxsplit=1)
    options = re.findall(_OPTION, behind[-1]) if len(behind) > 1 else []
    every = [*re.findall(_OPTION, behind[0]), *options]
    if options:
        things = stems(" ".join(question.split()[4:]))  # behind "How do I mount"
        named = [o for o in every if stems(o.replace("-", " ")) & things]
        return str((named or options)[-1])
    command = behind[0].strip()
    return command if " " in command and len(command) <= 80 else ""


def _values(text: str, question: str, *kinds: Kind) -> list[Fact]:
    """The facts of a text that the question does not have."""
    wanted = kinds or (Kind.NUMBER, Kind.DATE)
    known = {f.value for f in facts(question)} | {f.text.casefold() for f in facts(question)}
    found = [f for f in facts(text) if f.kind in wanted]
    return [f for f in found if f.value not in known and not stems(f.text) <= stems(question)]


_REWORDED = (
    (re.compile(r"^How do I (.+)\?$"), ("How can I {0}?", "What do I need to do to {0}?")),
    (re.compile(r"^How can I (.+)\?$"), ("How do I {0}?", "What do I need to do to {0}?")),
    (re.compile(r"^Can I (.+)\?$"), ("Is it possible to {0}?", "Am I able to {0}?")),
    (re.compile(r"^Do I need (an?|the|my) (.+)\?$"),
     ("Is {0} {1} needed?", "Do I have to have {0} {1}?")),
    (re.compile(r"^Do I (?:need|have) to (.+)\?$"), ("Must I {0}?", "Is it necessary to {0}?")),
    (re.compile(r"^Is there (an?) (.+)\?$"), ("Do you have {0} {1}?", "Does {0} {1} exist?")),
    (re.compile(r"^What is (.+)\?$"), ("Can you explain what {0} is?", "What's {0}?")),
    (re.compile(r"^How long does (.+) take\?$"), ("How much time does {0} take?",)),
    (re.compile(r"^How many (.+?) can (.+)\?$"), ("What number of {0} can {1}?",)),
    (re.compile(r"^Which (\w+) are (.+)\?$"),
     ("What {0} are {1}?", "Can you tell me which {0} are {1}?")),
)  # fmt: skip


def reworded(question: str) -> tuple[str, ...]:
    """The same question in other words, at most two; at worst with a word before it."""
    for pattern, others in _REWORDED:
        match = pattern.match(question)
        if match:
            return tuple(other.format(*match.groups()) for other in others)[:2]
    first, _, rest = question.partition(" ")
    small = f"{first.lower()} {rest}"
    return (f"Quick question: {small}",)
