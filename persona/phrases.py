"""What the persona says without any facts: greetings, thanks, farewells, "I don't know".

Which of several phrases is said depends on the question alone, so that the same question gets the
same answer and different ones do not sound like a record.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence

from bot.abstaining import unknown
from bot.abuse import Abuse, abuse
from bot.conversation import Route
from bot.evidence import NotKnowing, Passage, Unknown
from bot.languages import ENGLISH, GERMAN, spoken
from bot.lexical import query_terms, terms
from bot.linking import title_said
from bot.ports import Brief
from persona.indirect import indirect, quoted
from persona.profile import Persona
from persona.style import word_pattern
from persona.unknowns import HANDOFF, NEAR, PLAINLY, SAID

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
    r"|guten (?:tag|morgen|abend)|bonjour|salut|hola|buenos d[ií]as|how are you"
    r"|how(?:'s| is) it going|what'?s up|wie geht)\b",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"\b(who|what) (are|r) (you|u)\b|\bare you (an? )?(bot|human|person|robot|real|ai)\b"
    r"|\bwhat(?:'s| is) your name\b|\bwhat (can|do) you (do|know|help)\b|\bhow can you help\b"
    r"|\bintroduce yourself\b|\b(tell me )?about yourself\b|\bwer bist du\b|\bqui es-tu\b",
    re.IGNORECASE,
)
_AGREED = re.compile(
    r"^\W*(ok(?:ay)?|all ?right|got it|great|perfect|cool|nice|fine|good|understood|i see"
    r"|makes sense|alles klar|super|verstanden)\b[\W\s]*$",
    re.IGNORECASE,
)
_SCOLDING = re.compile(
    r"\b(stupid|useless|idiots?|dumb|moron|garbage|rubbish|crap|sucks?|fuck\w*|shit\w*|bullshit|hate"
    r"|worst|terrible|pathetic|worthless|dumm\w*|nutzlos\w*|schei(?:ß|ss)e?|idioten?)\b",
    re.IGNORECASE,
)
_SORRY: Mapping[str, str] = {
    ENGLISH: "Sorry that I haven't been of more help. What are you looking for?",
    GERMAN: "Tut mir leid, dass das keine Hilfe war. Worum geht es?",
}
_CALM: Mapping[str, str] = {
    ENGLISH: "Let's leave that aside. What can I look up for you?",
    GERMAN: "Das lassen wir beiseite. Was darf ich nachschlagen?",
}
_NEAR_COSINE = 0.45  # of the built-in embedder; below it a page shares a word, not the subject
_NEAR_SECOND = 0.05  # how far below the nearest a second page may be
_NEAR_TERMS = 0.4  # share of the question's terms, for passages that have no vector yet
_MOST_TITLES = 2
_LONGEST_TITLE = 80
_ADDRESS = re.compile(r"https?://[^\s()<>\[\]]+")
_ASKED = "{asked}"
_WITH_PAGES = frozenset(NotKnowing) - {NotKnowing.NOTHING, NotKnowing.OUTSIDE, NotKnowing.TASK}
_WITH_MISSING = frozenset({NotKnowing.NEAR, NotKnowing.UNSUPPORTED, NotKnowing.PART})


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
    said = ""
    if (found := abuse(text)) is not None:
        said = pick(_sorry(text, persona, _CALM if found is Abuse.HATE else _SORRY), text)
    elif not _ABOUT.search(text):
        kinds = (
            (_THANKS, persona.thanks),
            (_GOODBYE, persona.sign_off),
            (_GREETING, persona.greeting),
            (_AGREED, persona.thanks),
            (_SCOLDING, _sorry(text, persona, _SORRY)),
        )
        said = next((pick(options, text) for kind, options in kinds if kind.search(text)), "")
    return said or introduction(persona, topics)


def _sorry(text: str, persona: Persona, words: Mapping[str, str]) -> tuple[str, ...]:
    """Said to somebody who scolds; nothing where the persona has no words for it."""
    said = words.get(spoken(text, persona.languages), "")
    if persona.habits.contractions is False:
        said = said.replace("haven't", "have not").replace("Let's", "Let us")
    return () if not said or _avoided(said, persona) else (said,)


def introduction(persona: Persona, topics: Sequence[str] = ()) -> str:
    """Who the persona is, and what it can be asked about where that is known."""
    said = persona.about or f"I'm {persona.name}."
    if topics and persona.offer:
        said += " " + persona.offer.replace("{topics}", _joined(list(topics)[:5]))
    return said


def declining(
    brief: Brief, persona: Persona, why: Unknown | None = None, *, handoff: bool = True
) -> str:
    """What is not known and of which kind, what is near, and the offer of a person.

    In the language of the question where the persona speaks it and there are words for it (English,
    German). An owner's own phrase for "I do not know" stands before what more there is to say, and
    may hold the question as a clause at ``{asked}``. Of a part of a question, whose other part was
    answered, only what is not known is said, where there are words for it. ``why`` is worked out
    from the brief where it is not given; without ``handoff`` nobody is offered.
    """
    query = brief.query or brief.question
    why = why or unknown(query, brief.passages)
    tongue = spoken(brief.question, persona.languages)
    if why.kind is NotKnowing.PART:  # it stands under an answer, which nothing here may belittle
        return _not_known(brief.question, why, persona, tongue)
    # What the owner wrote is in the language that comes first.
    own = tongue == spoken("", persona.languages)
    led = _own_words(brief.question, persona, tongue) if own else ""
    first = led or _plainly(persona, tongue)
    if why.kind is NotKnowing.TASK and tongue in SAID:
        led = first = ""  # a poem is nothing that anybody would look for in documents
    said = [first, _not_known(brief.question, why, persona, tongue, led=bool(led))]
    if not any(said):
        said = [pick(_without_clause(persona), brief.question)]
    pages = near_pages(query, brief.passages) if why.kind in _WITH_PAGES else []
    frame = persona.near if own else NEAR.get(tongue, persona.near)
    if pages and frame:
        said.append(frame.replace("{titles}", _joined([_linked(p) for p in pages])))
    if handoff and why.kind is not NotKnowing.TASK:
        offers = persona.handoff if own else HANDOFF.get(tongue, persona.handoff)
        said.append(pick(offers, brief.question))
    return " ".join(part for part in said if part)


def _plainly(persona: Persona, tongue: str) -> str:
    """ "I don't know.", where nothing else says it."""
    said = PLAINLY.get(tongue, "")
    return said.replace("don't", "do not") if persona.habits.contractions is False else said


def _own_words(question: str, persona: Persona, tongue: str) -> str:
    """The owner's phrase for not knowing, with the question in it where both allow; empty where
    there is none of the owner's."""
    if persona.unknown == Persona(name="").unknown:
        return ""
    asking = [phrase for phrase in persona.unknown if _ASKED in phrase]
    clause = indirect(question) if asking and tongue == ENGLISH else ""
    if clause:
        return pick(asking, question).replace(_ASKED, clause)
    return pick(_without_clause(persona), question)


def _without_clause(persona: Persona) -> list[str]:
    return [phrase for phrase in persona.unknown if _ASKED not in phrase]


def _not_known(
    question: str, why: Unknown, persona: Persona, tongue: str, *, led: bool = False
) -> str:
    """One or two sentences that say what is not known, by its kind; empty in a language that has
    no words here. ``led``: the owner's "I do not know" stands before, so that neither it nor the
    question is said again."""
    words = SAID.get(tongue)
    if words is None:
        return ""
    clause = indirect(question) if tongue == ENGLISH and not led else ""
    asked = "" if led else quoted(question)
    options = words.clauses[why.kind] if clause else words.quotes[why.kind] if asked else ()
    options = options or words.plain[why.kind]
    allowed = [option for option in options if not _avoided(option, persona)]
    said = pick(allowed or options, question)
    if persona.habits.contractions is False:
        said = said.replace("can't", "cannot").replace("don't", "do not")
    if tongue == GERMAN:
        asked = asked.replace("”", "“").replace("“", "„", 1)
    said = said.replace(_ASKED, clause or asked)
    if led and why.kind is NotKnowing.NEAR:
        said = ""
    if why.missing and why.kind in _WITH_MISSING:
        marks = "„{}“" if tongue == GERMAN else "“{}”"
        names = words.both.join(marks.replace("{}", word) for word in why.missing)
        said += " " + words.missing.replace("{words}", names)
    return said.strip()


def _avoided(text: str, persona: Persona) -> bool:
    pattern = word_pattern(persona.words_to_avoid)
    return pattern is not None and bool(pattern.search(text))


def _linked(passage: Passage) -> str:
    """A page's title, as a link where people can open it."""
    title = shown_title(passage)
    address = passage.chunk.uri
    if not _ADDRESS.fullmatch(address):
        return f"“{title}”"
    return f"[{title.replace('[', '(').replace(']', ')')}]({address})"


def shown_title(passage: Passage) -> str:
    """A passage's title on one line, cut where it is very long."""
    return title_said(passage.chunk.title, passage.chunk.uri)[:_LONGEST_TITLE]


def near_titles(query: str, passages: Sequence[Passage]) -> list[str]:
    """Titles of :func:`near_pages`."""
    return [shown_title(passage) for passage in near_pages(query, passages)]


def near_pages(query: str, passages: Sequence[Passage]) -> list[Passage]:
    """The passages that are about something close, each title once, nearest first, at most two."""
    wanted = set(query_terms(query))
    found: dict[str, Passage] = {}
    nearest = max((p.cosine for p in passages if p.cosine is not None), default=0.0)
    least = max(_NEAR_COSINE, nearest - _NEAR_SECOND)
    for passage in sorted(passages, key=lambda found: -(found.cosine or 0.0)):
        title = shown_title(passage)
        if not title or title in found:
            continue
        if passage.cosine is not None:
            close = passage.cosine >= least
        else:
            held = wanted.intersection(terms(f"{passage.chunk.header} {passage.chunk.text}"))
            close = bool(wanted) and len(held) >= _NEAR_TERMS * len(wanted)
        if close:
            found[title] = passage
        if len(found) == _MOST_TITLES:
            break
    return list(found.values())


def _joined(parts: Sequence[str]) -> str:
    # The persona may speak any language, so that no "and" or "or" is put in.
    return ", ".join(parts)
