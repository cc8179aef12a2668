"""The same said otherwise: what a passage carries must not look like a copy of it.

Each rule takes a sentence and dice and gives the sentence reworded, or ``None`` where it does
not fit. Rules shorten, turn around, join, replace by what means the same, or wrap.
"""

# ruff: noqa: E501 - patterns and templates read better whole

from __future__ import annotations

import random
import re
from collections.abc import Callable

from benchmarks.checker import wordlists
from benchmarks.checker.naming import MONTHS
from benchmarks.checker.wording import contractions, numbers, synonyms

Rule = Callable[[str, random.Random], str | None]


def lower_first(text: str) -> str:
    """Ready to stand inside a sentence; names and abbreviations stay."""
    first = text.split(" ", 1)[0]
    plain = re.fullmatch(
        r"(?:The|A|An|This|These|That|Those|It|Its|They|Their|He|His|She|Her|In|On|At|By|For|From"
        r"|With|When|While|If|As|After|Before|During|Since|Although|However|There|Some|Most|Many"
        r"|All|Both|Each|You|Your|We|Our|To|Once|Because|One|Two|Three|Several)",
        first,
    )
    return text[0].lower() + text[1:] if plain else text


def _upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]


def _body(text: str) -> tuple[str, str]:
    text = text.rstrip()
    return (text[:-1], text[-1]) if text[-1:] in ".!" else (text, ".")


def bare(text: str, _dice: random.Random) -> str | None:
    """Without what stands in brackets and between dashes."""
    new = re.sub(r"\s*\([^()]{2,}\)", "", text)
    new = re.sub(r" – [^–.]{3,60} – ", " ", new)
    new = re.sub(r"\s*\[\d+\]", "", new)
    return new if new != text and len(new.split()) >= 5 else None


def without_aside(text: str, _dice: random.Random) -> str | None:
    """Without a relative clause or an apposition between commas."""
    match = re.search(
        r", (?:which|who|whose|where|also known as|also called|known as|an?|including|such as"
        r"|named|called|the)\b[^,;:()]{6,80},(?= (?:is|are|was|were|has|had|have|will|can|[a-z]+ed)\b)",
        text,
    )
    return text[: match.start()] + text[match.end() :] if match else None


def without_tail(text: str, _dice: random.Random) -> str | None:
    """Without a last participle or relative clause."""
    match = re.search(
        r", (?:which|who|where|with|making|including|such as|although|while|\w+ing)\b[^,;]{8,}[.]$",
        text,
    )
    if (
        match
        and len(text[: match.start()].split()) >= 6
        and not re.search(r"\b(?:if|unless|only)\b", text[match.start() :])
    ):
        return text[: match.start()] + "."
    return None


def without_lead(text: str, _dice: random.Random) -> str | None:
    """Without a first adverbial of time or manner."""
    match = re.match(
        r"(?:However|Therefore|Thus|Moreover|Furthermore|Additionally|In addition|For example"
        r"|For instance|As a result|Today|Historically|Traditionally|Also|Similarly|Finally|Indeed"
        r"|Consequently|Nevertheless|Meanwhile|Later|Then|As such|In fact|Of course"
        r"|(?:In|On|During|By|Since) (?:the )?[\w ]{3,30}), (?=\w)",
        text,
    )
    if match and len(text[match.end() :].split()) >= 5:
        return _upper_first(text[match.end() :])
    return None


_LEAD = re.compile(
    r"((?:In|On|During|After|Before|By|At|Since|Until|From|If|When|Because|Once|Although|While|Unless|To)"
    r" [^,;:()]{3,70}), (?=[a-zA-Z\"])([^:;()]+)$"
)


def lead_last(text: str, _dice: random.Random) -> str | None:
    """``In 1998, X did Y`` as ``X did Y in 1998``; so with conditions."""
    body, end = _body(text)
    match = _LEAD.match(body)
    if (
        not match
        or len(match[2].split()) < 4
        or re.match(r"(?:and|but|or|it|he|she|they)\b", match[2])
    ):
        return None
    comma = "," if match[1].startswith(("Although", "While")) else ""
    return _upper_first(match[2]) + comma + " " + match[1][0].lower() + match[1][1:] + end


def last_first(text: str, _dice: random.Random) -> str | None:
    """``X did Y in 1998`` as ``In 1998, X did Y``; so with ``if`` and ``when``."""
    body, end = _body(text)
    if (
        body.count(",") > 1
        or not body[-1:].isalnum()
        or re.match(r"(?:In|On|If|When|After|To|By)\b", body)
    ):
        return None
    match = re.search(
        rf" ((?:in|by|since|until|during) (?:(?:early|late|{MONTHS}) )?(?:the )?\d{{4}}s?"
        r"|(?:if|when|because|unless|until|after|before) [a-z][^,;]{10,80})$",
        body,
    )
    if (
        not match
        or len(body[: match.start()].split()) < 5
        or re.search(r"\b(?:and|or|but|that|which|who)\b", body)
    ):
        return None
    return f"{_upper_first(match[1])}, {lower_first(body[: match.start()].rstrip(','))}{end}"


def passive_undone(text: str, _dice: random.Random) -> str | None:
    """``X was founded by Y in Z`` as ``Y founded X in Z``."""
    body, end = _body(text)
    match = re.fullmatch(
        r"((?:The |An? )?[\w'’ -]{2,50}?) (was|were|is|are) (\w+ed|built|written|made|given|led|won|held)"
        r" by ((?:the |an? )?[A-Z\w][\w'’ -]{1,50}?)( (?:in|on|during|at|after|for|from) [^,;]+)?",
        body,
    )
    if not match or " and " in match[4] or len(match[1].split()) > 7:
        return None
    verb = match[3]
    verb = {"written": "wrote", "given": "gave"}.get(verb, verb)
    if match[2] in ("is", "are"):
        return None
    return f"{_upper_first(match[4])} {verb} {lower_first(match[1])}{match[5] or ''}{end}"


def passive_made(text: str, _dice: random.Random) -> str | None:
    """``Y founded X in Z`` as ``X was founded by Y in Z``."""
    body, end = _body(text)
    match = re.fullmatch(
        r"([A-Z][\w.'’-]*(?: [A-Z][\w.'’-]*){0,3}) (founded|directed|composed|invented|discovered|defeated"
        r"|established|launched|designed|published|released|produced|wrote|won|built|created|acquired|replaced)"
        r" ((?:the |an? )?[\w'’\" -]{3,50}?)( (?:in|on|during) [^,;]+)?",
        body,
    )
    if not match or " and " in match[3] or " that " in match[3]:
        return None
    verb = {"wrote": "written"}.get(match[2], match[2])
    return f"{_upper_first(match[3])} was {verb} by {match[1]}{match[4] or ''}{end}"


def addressed(text: str, dice: random.Random) -> str | None:
    """A manual's sentence said to the reader, or an instruction as what one can do."""
    new = re.sub(
        r"\b[Tt]he (?:user|employee|customer|member)s? (?=can|must|may|should|will)", "you ", text
    )
    if new != text:
        return _upper_first(new)
    match = re.match(
        r"(Use|Select|Click|Open|Run|Enter|Choose|Go|Set|Add|Create|Check|Type|Copy|Install|Remove"
        r"|Contact|Submit|Make|Find|Enable|Disable|Start|Configure|Press|Save|Specify|Visit|Provide"
        r"|Download|Replace|Keep|Try|Ask|Call|Bring|Complete|Review) (?!of\b)",
        text,
    )
    if match and not text.startswith("Use of"):
        lead = dice.choice(["You can ", "You should ", "You need to ", "Just ", "Please "])
        return lead + text[0].lower() + text[1:]
    match = re.match(
        r"To ([a-z][^,;]{4,60}), (use|run|select|click|open|enter|choose|go|set|add|create|type|see) ([^;:]+)$",
        text,
    )
    if match:
        body, end = _body(match[3])
        return (
            f"You can {match[1]} by {_gerund(match[2])} {body}{end}"
            if dice.random() < 0.5
            else f"If you want to {match[1]}, you {match[2]} {body}{end}"
        )
    match = re.match(r"You can use (.{3,50}?) to (\w.+)$", text)
    if match and " to " not in match[1]:
        body, end = _body(match[2])
        return dice.choice(
            [
                f"{_upper_first(match[1])} can be used to {body}{end}",
                f"With {match[1]}, you can {body}{end}",
            ]
        )
    return None


def _gerund(verb: str) -> str:
    if verb in ("run", "set"):
        return verb + verb[-1] + "ing"
    return (verb[:-1] if verb.endswith("e") and verb != "see" else verb) + "ing"


def lets(text: str, _dice: random.Random) -> str | None:
    """``X allows you to Y`` as ``With X, you can Y``."""
    match = re.match(
        r"((?:The|An?|This)? ?[\w`'’ -]{2,50}?) (?:allows you to|lets you|enables you to|allows users to) ([^;:]+)$",
        text,
    )
    return f"With {lower_first(match[1])}, you can {match[2]}" if match else None


def possessive(text: str, _dice: random.Random) -> str | None:
    """``the capital of France`` as ``France's capital``."""
    match = re.search(
        r"\b[Tt]he (capital|president|king|mayor|population|author|founder|director|leader|owner|ruler"
        r"|history|economy|name|purpose|cost|size|date|result|end) of ((?:[A-Z][\w-]+)(?: [A-Z][\w-]+)*)(?!')\b",
        text,
    )
    if not match:
        return None
    return _upper_first(text[: match.start()] + f"{match[2]}'s {match[1]}" + text[match.end() :])


def apposition(text: str, _dice: random.Random) -> str | None:
    """``X, a Y, did Z`` as ``X is a Y``-like statements: the apposition alone."""
    match = re.match(r"([A-Z][\w'’.-]*(?: [A-Z][\w'’.-]*){0,4}), (an? [a-z][^,;]{5,60}),", text)
    return (
        f"{match[1]} {'was' if re.search(r' (?:was|were|had|[a-z]+ed) ', text[match.end() :][:40]) else 'is'} {match[2]}."
        if match
        else None
    )


def halved(text: str, dice: random.Random) -> str | None:
    """One of two main clauses with the same subject."""
    body, end = _body(text)
    match = re.match(
        r"((?:The |An? |This )?(?:[\w'’-]+ ){0,3}?[\w'’-]+) ((?:is|was|has|had|can|will|are|were|\w+ed|\w+s) [^,;:]{8,100}?),?"
        r" and ((?:is|was|has|had|can|will|are|were) [^,;:]{8,})$",
        body,
    )
    if (
        not match
        or re.search(r"\b(?:between|both|if|when|that|which|who)\b", match[2])
        or re.match(r"(?:If|When|In|On|There)\b", match[1])
    ):
        return None
    return f"{match[1]} {dice.choice([match[2], match[3]])}{end}"


_STATES = re.compile(
    r"(?:The|A|An|This|These|That|Those|It|Its|They|Their|He|His|She|Her|There|Some|Most|Many|All"
    r"|Both|Each|You can|You must|You may|Your|We|Our|One|Several)\b"
)


def wrapped(text: str, dice: random.Random) -> str | None:
    """With an opening and sometimes an ending that state nothing."""
    opening = dice.choice(wordlists.OPENINGS)
    apart = opening.rstrip()[-1] in "!:."
    if not apart and not _STATES.match(text):
        opening = dice.choice([o for o in wordlists.OPENINGS if o.rstrip()[-1] in "!."])
        apart = True
    ending = dice.choice(wordlists.ONWARD) if dice.random() < 0.2 else ""
    return f"{opening}{text if apart else lower_first(text)}{ending}"


def clipped(text: str, _dice: random.Random) -> str | None:
    """An enumeration of four and more cut to its first two."""
    match = re.search(
        r"\b(?:such as|including|like) ([\w' -]{3,40}), ([\w' -]{3,40}), [\w', -]{3,80},? (?:and|or) [\w' -]{3,40}(?=[.,]|$)",
        text,
    )
    if not match:
        return None
    return text[: match.start(2)].rstrip(", ") + " and " + match[2] + text[match.end() :]


def chatty(text: str, _dice: random.Random) -> str | None:
    """Lower-cased, as short chat is written."""
    return text.lower().rstrip(".") if len(text.split()) < 25 else None


STRUCTURE: tuple[Rule, ...] = (
    bare, without_aside, without_tail, without_lead, lead_last, last_first, passive_undone,
    passive_made, addressed, lets, possessive, apposition, halved, clipped,
)  # fmt: skip
WORDING: tuple[Rule, ...] = (synonyms, numbers, contractions)


def reworded(text: str, seed: str, chatty_share: float = 0.06) -> tuple[str, list[str]]:
    """A sentence after a chain of rules drawn by ``seed``; the same seed takes the same chain.

    Returns the text and the names of the rules that applied; none in about a seventh of cases.
    """
    dice = random.Random(seed)
    used: list[str] = []
    order = list(STRUCTURE)
    dice.shuffle(order)
    plan = dice.random()
    structural = 0 if plan < 0.15 else 1 if plan < 0.5 else 3
    for rule in order:
        if structural == 0:
            break
        new = rule(text, random.Random(f"{seed} {rule.__name__}"))
        if new and len(new.split()) >= 4:
            text, structural = new, structural - 1
            used.append(rule.__name__)
    for rule in WORDING:
        if plan >= 0.15 and dice.random() < 0.8:
            new = rule(text, random.Random(f"{seed} {rule.__name__}"))
            if new:
                text = new
                used.append(rule.__name__)
    final = dice.random()
    if final < 0.12:
        text = wrapped(text, dice) or text
        used.append("wrapped")
    elif final < 0.12 + chatty_share:
        text = chatty(text, dice) or text
        used.append("chatty")
    return text, used
