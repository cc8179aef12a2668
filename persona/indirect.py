"""A question as a part of a sentence: "How do I reset it?" is "how to reset it".

Careful: where the grammar is not certain, the question is quoted, and where it may not be quoted
(long, several lines, an address, a mention), nothing is said of it.
"""

from __future__ import annotations

import re

_LONGEST = 120
_UNQUOTABLE = re.compile(r"[\n@<>`|*_\[\]{}\\]|://|www\.")
_COURTESY = re.compile(
    r"^\W*(?:(?:hi|hello|hey|please|thanks|so|ok(?:ay)?|and|but|well|um)\b[\s,!.]*)*"
    r"(?:(?:can|could|would|will) you (?:please )?(?:tell|explain to) me[\s,]+"
    r"|(?:do you|d'you) know\s+"
    r"|(?:i(?:'d| would) like to know|i want to know|i(?:'m| am) wondering|tell me)[\s,]+)?",
    re.IGNORECASE,
)
_CODE = r"(?:the |a |an |my |your |our )?(?:error (?:code )?|version )?[A-Za-z]{1,6}[-–]?\d[\w-]*"
_NAME = r"(?-i:[A-Z][a-z]{2,})(?! (?-i:[A-Z])| and\b| or\b)"  # one word: "does Mossgate work …"
_PERSONS = r"I|we|you|it|they|he|she|there|this|that|these|those"
_SUBJECT = rf"(?P<subject>(?:{_CODE}|{_PERSONS}|{_NAME}|the [a-z]+|my [a-z]+|your [a-z]+))"
_VERBS = (
    "support|work|have|need|come|run|include|offer|fit|cover|use|accept|allow|ship|cost|take"
    "|require|integrate|connect|measure|last|charge|sell|store|keep|send|provide|contain|weigh"
    "|expire|start|stop|close|open|mean|do|get|look|go|stay|make|give|show|know|sync|export|import"
)
_WH = (
    r"how many [a-z]+|how (?:much|many|long|far|often|big|heavy|fast|old|deep|large)|how|when|where"
    r"|why|what"
)
_TWICE = re.compile(
    r"\b(?:and|or|but),? (?:how|what|when|where|why|who|which|is|are|do|does|did|can|could|will"
    r"|would|should)\b|^why\b.*(?:\bnot\b|n['’]t\b)",
    re.IGNORECASE,
)
_BE = re.compile(
    rf"(?P<be>is|are|was|were|can|could|will|would|should|may|must) {_SUBJECT}\b(?P<rest> .+)",
    re.IGNORECASE,
)
_DO = re.compile(rf"(?P<aux>do|does) {_SUBJECT} (?P<verb>{_VERBS})\b(?P<rest>.*)", re.IGNORECASE)
_HOW_TO = re.compile(
    r"how (?:do|can|could|should|would) (?:i|we|you|one) (?P<rest>.+)", re.IGNORECASE
)
_WH_CAN = re.compile(
    rf"(?P<wh>{_WH}) (?P<be>is|are|was|were|can|could|will|should|must|may) {_SUBJECT}\b"
    r"(?P<rest>.*)",
    re.IGNORECASE,
)
_WH_DO = re.compile(
    rf"(?P<wh>{_WH}) (?P<aux>do|does) {_SUBJECT} (?P<verb>{_VERBS})\b(?P<rest>.*)",
    re.IGNORECASE,
)
_WHAT_IS = re.compile(
    r"(?P<wh>what|who|where|how long|how high|how big|how heavy|how old|when) "
    r"(?P<be>is|are|was|were) (?P<rest>(?:the|my|your|our|an?) [\w\s'’,\-–/]+)",
    re.IGNORECASE,
)
_FINITE = re.compile(
    r"\b(?:that|which|who|is|are|was|were|do|does|did|can|could|will|would|may|must|should"
    r"|has|have|had|if|when|because|and|or|but)\b",
    re.IGNORECASE,
)
_DONE = re.compile(r"\b(?:\w{3,}ed|made|built|sold|broken|called|known|for|of)$", re.IGNORECASE)
_NO_NOUN = re.compile(
    r"\s+(?:\w+(?:ed|able|ible|proof|free)|made|built|sold|broken|safe|free|back|open|closed|ready"
    r"|too|very|really|also|in|on|at|for|to|with|by|from|be|stay|outside|inside)\b.*|\s*",
    re.IGNORECASE,
)
_NOUN_SUBJECT = re.compile(r"(?:the|my|your|our) (?!\w*\d)\w+$", re.IGNORECASE)


def indirect(question: str) -> str:
    """An English question as a clause ("whether the MG-400 supports HomeKit"); empty where its
    grammar is not certain."""
    text = _quotable(question)
    if not text:
        return ""
    asked = _COURTESY.sub("", text, count=1).strip().rstrip("?!. ").strip()
    asked = re.sub(r"[\s,]+please$", "", asked, flags=re.IGNORECASE)
    if not asked or "?" in asked or re.search(r"[.!]\s", asked) or _TWICE.search(asked):
        return ""
    return _you(_clause(asked))


def quoted(question: str) -> str:
    """The question between quotation marks; empty where it had better not be repeated."""
    text = _quotable(question)
    return f"“{text.replace('“', '').replace('”', '')}”" if text else ""


def _quotable(question: str) -> str:
    text = question.strip()
    return "" if len(text) > _LONGEST or _UNQUOTABLE.search(text) else text


def _clause(asked: str) -> str:
    if found := _HOW_TO.fullmatch(asked):
        return f"how to {found['rest']}"
    if found := _DO.fullmatch(asked) or _WH_DO.fullmatch(asked):
        return f"{_asking(found)} {_stated(found)}"
    found = _WHAT_IS.fullmatch(asked)
    if found and not _FINITE.search(found["rest"]) and not _DONE.search(found["rest"]):
        return f"{found['wh'].lower()} {_lowered(found['rest'])} {found['be'].lower()}"
    found = _BE.fullmatch(asked) or _WH_CAN.fullmatch(asked)
    if found is None:
        return ""
    if _NOUN_SUBJECT.match(found["subject"]) and not _NO_NOUN.fullmatch(found["rest"]):
        return ""  # "is the battery life …": where the subject ends is not certain
    return f"{_asking(found)} {_subject(found)} {found['be'].lower()}{found['rest']}"


def _asking(found: re.Match[str]) -> str:
    """ "How long" and the like; "whether" for yes and no. Of a "why" only what it takes for granted
    is repeated, as something that is not certain."""
    asking = found.groupdict().get("wh")
    if asking is None:
        return "whether"
    return "that" if asking.lower() == "why" else asking.lower()


def _subject(found: re.Match[str]) -> str:
    return _lowered(found["subject"])


def _lowered(text: str) -> str:
    first, space, rest = text.partition(" ")
    small = first.lower() in ("the", "a", "an", "my", "your", "our", "it", "this", "that", "they")
    return (first.lower() if small else first) + space + rest


def _stated(found: re.Match[str]) -> str:
    """Subject and verb in the order and form of a statement."""
    verb, aux = found["verb"].lower(), found["aux"].lower()
    if aux == "does":
        verb = {"have": "has", "do": "does", "go": "goes"}.get(verb, f"{verb}s")
    return f"{_subject(found)} {verb}{found['rest']}"


_TURNED = {
    "i": "you", "me": "you", "my": "your", "mine": "yours", "myself": "yourself", "we": "you",
    "our": "your", "us": "you", "you": "we", "your": "our", "yours": "ours",
}  # fmt: skip
_PERSON = re.compile(rf"\b(?:{'|'.join(_TURNED)})\b", re.IGNORECASE)


def _you(clause: str) -> str:
    """Said to the asker: "my valve" becomes "your valve", "you ship" becomes "we ship"."""
    turned = _PERSON.sub(lambda m: _TURNED[m.group().lower()], clause)
    return re.sub(r"\b(you|we) (?:am|is)\b", r"\1 are", turned)
