"""What the persona says without any facts: greetings, thanks, farewells, "I don't know".

Which of several phrases is said depends on the question alone, so that the same question gets the
same answer and different ones do not sound like a record.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

from bot.conversation import Route
from bot.evidence import Passage
from bot.lexical import query_terms, terms
from bot.ports import Brief
from persona.profile import Persona

_THANKS = re.compile(
    r"\b(thanks?|thank you|thx|ty|cheers|appreciate[ds]?|danke|merci|gracias|grazie|obrigad[oa])\b",
    re.IGNORECASE,
)
_GOODBYE = re.compile(
    r"\b(bye|goodbye|good ?night|see (?:you|ya)|farewell|take care|tschüss|ciao|au revoir|adi[oó]s"
    r"|hasta luego)\b",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"^\W*(hi|hey+|hello|hiya|yo|howdy|greetings|good (?:morning|afternoon|evening|day)|hallo"
    r"|guten (?:tag|morgen|abend)|bonjour|salut|hola|buenos d[ií]as)\b",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"\b(who|what) (are|r) (you|u)\b|\bare you (an? )?(bot|human|person|robot|real|ai)\b"
    r"|\bwhat(?:'s| is) your name\b|\bwhat (can|do) you (do|know|help)\b|\bhow can you help\b"
    r"|\bintroduce yourself\b|\b(tell me )?about yourself\b|\bwer bist du\b|\bqui es-tu\b",
    re.IGNORECASE,
)
_NEAR_COSINE = 0.45  # of the built-in embedder; below it a page shares a word, not the subject
_NEAR_SECOND = 0.05  # how far below the nearest a second page may be
_NEAR_TERMS = 0.4  # share of the question's terms, for passages that have no vector yet
_MOST_TITLES = 2
_LONGEST_TITLE = 80


def pick(options: Sequence[str], seed: str) -> str:
    """One of the options, the same for the same seed; empty where there are none."""
    if not options:
        return ""
    return options[zlib.crc32(seed.strip().casefold().encode()) % len(options)]


def small_talk(brief: Brief, persona: Persona, topics: Sequence[str] = ()) -> str:
    """The reply to a message that needs no facts, by what it says."""
    text = brief.question
    if brief.route is Route.HANDOFF:
        return pick(persona.handoff, text)
    if _ABOUT.search(text):
        return introduction(persona, topics)
    if _THANKS.search(text):
        return pick(persona.thanks, text)
    if _GOODBYE.search(text):
        return pick(persona.sign_off, text)
    if _GREETING.search(text):
        return pick(persona.greeting, text)
    return introduction(persona, topics)


def introduction(persona: Persona, topics: Sequence[str] = ()) -> str:
    """Who the persona is, and what it can be asked about where that is known."""
    said = persona.about or f"I'm {persona.name}."
    if topics and persona.offer:
        said += " " + persona.offer.replace("{topics}", _joined(list(topics)[:5]))
    return said


def declining(brief: Brief, persona: Persona) -> str:
    """I do not know; what is near, by title and without a claim; and the offer of a person."""
    said = [pick(persona.unknown, brief.question)]
    titles = near_titles(brief.query or brief.question, brief.passages)
    if titles and persona.near:
        said.append(persona.near.replace("{titles}", _joined([f"“{t}”" for t in titles])))
    said.append(pick(persona.handoff, brief.question))
    return " ".join(part for part in said if part)


def near_titles(query: str, passages: Sequence[Passage]) -> list[str]:
    """Titles of the passages that are about something close, nearest first, at most two."""
    wanted = set(query_terms(query))
    titles: list[str] = []
    nearest = max((p.cosine for p in passages if p.cosine is not None), default=0.0)
    least = max(_NEAR_COSINE, nearest - _NEAR_SECOND)
    for passage in sorted(passages, key=lambda found: -(found.cosine or 0.0)):
        title = " ".join(passage.chunk.title.split())[:_LONGEST_TITLE]
        if not title or title in titles:
            continue
        if passage.cosine is not None:
            close = passage.cosine >= least
        else:
            found = wanted.intersection(terms(f"{passage.chunk.header} {passage.chunk.text}"))
            close = bool(wanted) and len(found) >= _NEAR_TERMS * len(wanted)
        if close:
            titles.append(title)
        if len(titles) == _MOST_TITLES:
            break
    return titles


def _joined(parts: Sequence[str]) -> str:
    # The persona may speak any language, so that no "and" or "or" is put in.
    return ", ".join(parts)
