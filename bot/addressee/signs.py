"""Signs in a message that it is meant for the bot, or for people.

Each :class:`Sign` is a pattern with its reason in words and two scores: ``asker`` when the writer
is in a dialogue with the bot, ``other`` when not. They were set by hand on the written cases
(``tests/unit/bot/addressee_cases_*.jsonl``) and checked against open sets of follow-up questions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sign:
    """``opens``: the pattern counts at the start of a sentence only."""

    reason: str
    asker: float
    other: float
    pattern: re.Pattern[str]
    opens: bool = False

    def found(self, text: str, sentences: Sequence[str]) -> bool:
        if self.opens:
            return any(self.pattern.match(sentence) for sentence in sentences)
        return bool(self.pattern.search(text))


def _opens(reason: str, asker: float, other: float, *patterns: str) -> Sign:
    pattern = re.compile("|".join(patterns), re.IGNORECASE)
    return Sign(reason, asker, other, pattern, opens=True)


def _holds(reason: str, asker: float, other: float, *patterns: str) -> Sign:
    return Sign(reason, asker, other, re.compile("|".join(patterns), re.IGNORECASE))


_ASKS = _opens(
    "asks something",
    1.0,
    1.0,
    r"(?:and |und |et |y |but |or |then |which |¿)*(?:"
    r"what|which|who|whom|whose|when|where|why|how|wat|whats|hows|wheres"
    r"|is|are|was|were|do|does|did|can|could|will|would|should|has|have|any"
    r"|isn't|aren't|doesn't|don't|can't|won't"
    r"|wie|was|wo|wann|warum|wieso|welche[rsn]?|kann|gibt|gilt|geht|muss|darf"
    r"|comment|où|pourquoi|quand|combien|quel(?:le)?s?|est-ce|puis-je|peut-on"
    r"|cómo|como|dónde|donde|cuándo|cuánto|qué|cuál|puedo|hay"
    r")\b(?! (?:luck|worries)\b)",
)
_MARK = re.compile(r"[?？](?!\w)|か[。]?\s*$|吗")
_SHOWING = (
    r"(?:show|tell|explain|give|list|summari[sz]e|translate|compare|describe|elaborate|rephrase"
    r"|shorten|repeat|point me|walk me|link|quote|remind|clarify|find|look up|generate|write"
    r"|erklär|zeig|nenn|übersetz|explique|montre|traduis|explica|muestra|traduce)"
)
_TO_ME = (
    r"(?:please |now |then |and |can you |could you |would you |will you |mind "
    r"|kannst du |können sie |peux-tu |pouvez-vous |puedes )*"
    r"(?:please |bitte |also |just |maybe )*"
)

TELLS = "tells how things stand"
"""The reason of a sign that is no request by itself, and means little after thanks."""

FOR_BOT = (
    _opens(
        "asks on about what was answered",
        0.5,
        1.0,
        r"(?:and|or|und|et|y|¿y)\b",
        r"(?:what|how) (?:about|if)\b",
        r"same for",
        r"(?:is|does|would|will|can|could|has|what does) (?:that|this|these|those)\b",
        r".{0,80}\b(?:also|too|as well|instead|auch|aussi|también)\b",
        r"(?:where|how|why) (?:is|are) (?:this|that|these|those)\b",
        r"was ist mit",
    ),
    _opens(
        "asks to be shown or told",
        1.0,
        1.0,
        rf"{_TO_ME}{_SHOWING}(?!\w*(?:ed|s)\b)\w*\b(?! me know)",
    ),
    _opens(
        "a wish about the answer",
        1.0,
        0.75,
        r"(?:in )?(?:shorter|longer|simpler|more|details|again|in (?:german|english|french|spanish)"
        r"|as an? (?:table|list)|step by step|sources?|examples?|more details?)\b"
        r"[\s,]*(?:please|pls|bitte)?\W*$",
    ),
    _holds(
        "reports that it did not help",
        1.0,
        0.0,
        r"\b(?:does|did|do|is|was|are|can|could|wo|would|has|have)(?:n['’]?t| not) (?:work|help|"
        r"solve|fix|exist|there|apply|change|find|see|show|do|understand|open|start|get)",
        r"\bstill\b|\bsame (?:error|issue|result|thing)|\bno (?:such|luck|effect|change)",
        r"\bnothing (?:happens|changed)|\b(?:not|never) work(?:s|ing)|\bthere['’]?s no\b",
        r"\b(?:i|now|it) (?:now )?(?:get|got|gives?|says?|see|shows?|fails?)\b",
        r"\bi (?:only|don['’]?t|can['’]?t|cannot|already)\b|\balready (?:did|tried|done)",
        r"\bi did (?:all|that|this|everything)\b.*\balready\b",
        r"(?:geht|funktioniert|klappt|hilft|stimmt) (?:\w+ )?nicht",
        r"ne (?:marche|fonctionne) pas|marche pas|no (?:funciona|sirve|va)\b",
    ),
    _holds(
        TELLS,
        0.25,
        0.0,
        r"\b(?:i|we)(?:['’](?:m|re|ve|d like)| am| are| have| use| run| need| want| would like"
        r"| bought| installed| got| forgot| lost)\b|\b(?:my|our)\b",
        r"\b(?:the|that|this) [\w-]+(?: [\w-]+)? (?:is|are|was|were|has|shows|stays|keeps|turns)\b",
        r"\bi (?:was|seem|had|made|received|ordered|tried|think (?:you|that|a|the))\b|\d",
        r"\b(?:need|wan(?:t|na)|wish|assistance|question|tried|trying to|wondering)\b",
        r"\b(?:how (?:do|to|can|much)|(?:can|could|should|am) i|if there)\b|\bcan it\b",
        r"\b(?:that|this|it) (?:then |now )?(?:runs|contradicts|keeps|stays|stops|crashes|asks)\b",
        r"\b(?:but|instead|not|no|never|nothing|only|cannot|without|missing|help|problems?|issues?"
        r"|errors?|denied|fail\w*|broken|dead|crash\w*)\b|\w+n['’]t\b",
        r"[^\W\d_a-zà-ÿ]{4,}(?<![a-zà-ÿ])",
    ),
    _holds(
        "corrects what was understood",
        1.0,
        0.0,
        r"\b(?:i|we) (?:meant|mean|asked|was asking)\b|\bnot what (?:i|he|she|we)\b|^not the\b",
        r"\b(?:wrong|incorrect|outdated|typo|mistaken|falsch|faux|incorrecto|actually)\b",
        r"^(?:no|nein|non)\b[, ]|^\*\s?\w",
        r"\byou(?:'re| are) (?:mixing|confusing|wrong|missing)",
        r"\bthe (?:manual|docs?|page|website) says?\b",
    ),
)

FOR_PEOPLE = (
    _holds(
        "asks a person for help, news or an opinion",
        -2.75,
        -2.75,
        r"\bwhat do you guys|\bwhich one do you (?:use|have)|\byou (?:two|both)\b",
        r"\bdo you (?:guys|two|both|have (?:time|a (?:sec|minute)))",
        r"\bare you (?:free|around|there|coming|online|available|guys)",
        r"\b(?:how|where) are you\W*$|\byour (?:team|weekend)\b",
        r"^(?:has|does|did|is|can|could|would|will) (?:any|some)(?:one|body)\b",
        r"^any(?:one|body) (?!can\b)",
        r"\bany(?:one|body) else\b|\bsome(?:one|body) (?:from|who knows|please)\b",
        r"^(?:weiß |hat |kann )?(?:jemand|quelqu'un|alguien)\b|\bis any(?:one|body) \w+ who\b",
        r"\bany (?:updates?|news|progress|thoughts|takers|volunteers)\b|\bthoughts\?",
        r"\bstatus here|\bwhat(?:'s| is) the status\W*$|\beta\b",
    ),
    _opens(
        "asks who of the people",
        0.0,
        -1.5,
        r"who(?:'s| is| can| could| knows| has| owns)\b",
        r"what do you think|do you agree",
    ),
    _holds("proposes something to the others", -0.5, -2.5, r"\blet['’]?s\b|\b(?:folks|guys)\b"),
    _holds(
        "speaks to colleagues",
        -2.5,
        -2.5,
        r"@(?:here|channel|everyone)\b|<!(?:here|channel|everyone|subteam)",
        r"\b(?:ping|dm|pm|call|text|email|mail|poke) (?:me|us|him|her|them)\b",
        r"\bwe (?:should|could|might|ought)\b(?=[^?]*$)|\bwe['’]ll\b(?=[^?]*$)",
        r"\b(?:stand-?up|sync (?:up|on|later)|retro|1:1|in the meeting|calendar)\b",
        r"^i(?:['’]ll| will| can| could) (?:take|look|handle|own|pick|send|talk|ping|raise|escalate"
        r"|forward|help)\b(?=[^?]*$)",
        r"^(?:team|all|everyone|everybody|folks|guys|people|friends)[,:]",
        r"\bfyi\b|^cc\b|\b(?:you|i|i'll|to) take this\b|\bkeep (?:me|us) posted\b",
        r"\b(?:talked|spoke|spoken) (?:to|with)\b|\b(?:let|ask|tell) (?:him|her|them)\b",
        r"\blet me know (?:if|when|once|how) (?:you|it|that)\b|\blet me know\W*$",
    ),
    _holds(
        "joins in rather than asks",
        -1.0,
        -1.5,
        r"^\W*(?:\+1|(?:the )?same (?:problem|issue|error|thing|here|question|for me)|bump"
        r"|me (?:too|neither|as well)|we (?:have|had) (?:that|this|the same)"
        r"|i (?:have|had|see|got) (?:that|this|the same|it)|happens (?:to|for|here)"
        r"|ich auch|moi aussi|yo también)",
    ),
    _holds(
        "asks or advises another person",
        0.0,
        -2.5,
        r"\b(?:did|have|had|are|were|was|do|don['’]?t|if) (?:n['’]?t )?you\b",
        rf"\b(?:can|could|would|will) you\b(?! (?:please |also |just |maybe )*{_SHOWING}\b)",
        r"\byou(?:['’](?:re|ve|ll|d)| are| should| need(?:ed)?| could| can| must| have| had| might"
        r"| want(?:ed)?| may| will| got| meant| asked)\b|\byours?(?:elf)?\b",
        r"\b(?:hast|bist|kannst|willst) du\b|\bdu (?:musst|kannst|solltest)|\bdein",
        r"\b(?:as-tu|tu as|essaie|essayez)\b",
        r"\b(?:has|puedes|tienes|prueba|intenta)\b(?= (?:\w+ado|\w+ido|que|a)\b)",
    ),
    _opens(
        "advises another person",
        0.0,
        -2.0,
        r"(?:just |maybe |you can |have a |probably )*(?:try|check|restart|reboot|reinstall|clear"
        r"|make sure|use|look at|take a look|see|read|run|disable|enable|delete|remove|upgrade"
        r"|update|turn|set|click|go to|ask|probier|versuch)\b",
    ),
    _holds(
        "tells of their own case",
        0.0,
        -0.5,
        r"\b(?:for me|in my case|on my (?:machine|end|side)|mine|bei mir|chez moi)\b",
    ),
)


def weigh(text: str, sentences: Sequence[str], *, in_dialogue: bool) -> list[tuple[str, float]]:
    """The signs in a text, each as its reason and its score for the writer's standing."""
    asks = _MARK.search(text) or _ASKS.found(text, sentences)
    found = [_ASKS] if asks else []
    found += [sign for sign in (*FOR_BOT, *FOR_PEOPLE) if sign.found(text, sentences)]
    scored = [(sign.reason, sign.asker if in_dialogue else sign.other) for sign in found]
    return [(reason, score) for reason, score in scored if score]
