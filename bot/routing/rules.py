"""What can be said of a message's wish without statistics, with a reason in words.

Each rule reads the words as they stand, whoever wrote them; a message that speaks about routes
("route this to handoff") has no more weight than its plain meaning.
"""

from __future__ import annotations

import re

from bot.routing import tongues

_I = re.IGNORECASE

_DET = r"(?:(?:an?|the|your|ur|you|some|any|one of (?:your|the)|our|this|that|my)\s+)?"
_ADJ = (
    r"(?:(?:bloody|damn|goddamn|freaking|real|actual|live|human|physical|proper|support|service"
    r"|sales|customer|technical|another|different|nice|competent|senior|account)\s+)*"
)
_SOMEBODY = (
    r"(?:humans?(?: being)?|persons?|people|agents?|operators?|someone|somebody|anyone|anybody"
    r"|representatives?|reps?|supervisors?|managers?|assistants?|advis[eo]rs?|employees?|clerks?"
    r"|colleagues?|specialists?|experts?|technicians?|consultants?|staff|boss|team"
    r"|reception(?:ist)?|help ?desk|front desk|room service|worker"
    r"|member of (?:staff|your team|the team)"
    r"|(?:customer |tech(?:nical)? )?(?:service|support|care|assistance)(?: team| staff| people)?)"
)
_PERSON = rf"{_DET}{_ADJ}{_SOMEBODY}\b"

_TALK = re.compile(
    rf"\b(?:talk|speak|chat|talking|speaking|chatting)\s+(?:directly\s+|live\s+)?"
    rf"(?:to|with)\s+(?!my (?:colleagues?|team|staff|people|employees?|boss)\b){_PERSON}"
    rf"|\b(?:talk|speak|chat)\s+{_DET}(?:real |live |actual |human )+{_SOMEBODY}\b",
    _I,
)
_CONNECT = re.compile(
    r"\b(?:connect|transfer|put|pass|hand|forward|redirect|switch|escalate|refer)\s+"
    r"(?:me|us|this|it|my \w+|the \w+)\s+(?:directly\s+)?(?:through\s+|over\s+|on\s+|up\s+)?"
    rf"(?:to|with)\s+{_PERSON}"
    rf"|\b(?:get|give|find|fetch|bring)\s+(?:me|us)\s+{_PERSON}"
    rf"|\b(?:be|get)\s+(?:connected|transferred|put through)\s+(?:to|with)\s+{_PERSON}"
    r"|\b(?:bring|loop|get)\s+(?:in\s+)?(?:a|an|some)\s+(?:real\s+)?(?:human|person|agent"
    r"|colleague)\s+(?:in\b|into\b|involved\b|here\b|please\b)"
    r"|\b(?:put|patch) (?:me|us) through\b|\bescalate (?:this|it|my (?:case|ticket|issue"
    r"|complaint|problem))\b"
    rf"|\b(?:get in (?:touch|contact)|get hold|in contact)\s+(?:with|of)\s+{_PERSON}"
    r"|\b(?:contact|reach|call|ring|phone)(?:ing)?\s+"
    rf"(?:an?|the|your|some)?\s*(?:real |live |human |actual )+{_SOMEBODY}\b"
    rf"|\b(?:contact|reach)(?:ing)?\s+(?:an?\s+)?(?:agent|operator|someone|somebody)\b",
    _I,
)
_WANT = re.compile(
    r"\b(?:want|need|prefer|demand|(?:would|'d) like|asked for|is there|are there|have)\s+"
    r"(?:to have\s+)?"
    r"(?:an?|some|the|any)?\s*(?:(?:real|live|actual|human)\s+)*"
    r"(?:human(?: being)?s?|person|people|agent|operator|representative|supervisor|someone"
    r"|somebody)(?=\W*(?:$|please|now|instead|here|not\b|to (?:talk|speak|chat|help|call|contact)"
    r"|i can (?:talk|speak|chat)|who can|for (?:this|help)))",
    _I,
)
_CALLBACK = re.compile(
    r"\bcall (?:me|us) back\b|\b(?:get|want|like|have|request) a call ?back\b"
    rf"|\b(?:can|could|would|will|have|please)\s+{_PERSON}\s+(?:please\s+)?"
    r"(?:call|contact|ring|phone|email|get back to|reach out to|talk to)\s+(?:me|us)\b"
    rf"|\b(?:can|could)\s+{_PERSON}\s+(?:please\s+)?help\s+(?:me|us)"
    r"\W*(?:please\W*|with this\W*)?$",
    _I,
)
_BARE = re.compile(
    r"\W*(?:(?:a|real|live|actual|the)\s+)*(?:human|agent|operator|representative|person|supervisor"
    r"|customer (?:service|support)|someone real|human being)(?:\s+(?:please|pls|now|asap))*\W*",
    _I,
)
_NEGATED = re.compile(
    r"\b(?:don'?t|do not|didn'?t|not|never|no need|without|instead of|rather than)\s+"
    r"(?:(?:want|need|like|wish|have|trying|asking)\s+)?(?:to\s+)?$",
    _I,
)
_ASKS_ABOUT = re.compile(
    r"\b(?:what|which|at what|see|check)\b.{0,25}\b(?:hours?|times?)\b|\bhours\b"
    r"|\b(?:e-?mail|phone|telephone|number|address|hotline)\b|\bwhen (?:is|are|can)\b",
    _I,
)
PERSON = "asks for a person"
KEYWORDS = "a few words, none of them talk"
MACHINE = "asks whether it talks to a person or a machine"

_AM_TALKING = re.compile(
    r"\b(?:am i|i am|i'm) (?:now |really |actually |just )?(?:talk|speak|chat)ing\b", _I
)

GREETING = "a greeting without a question"
THANKS = "thanks without a question"
GOODBYE = "a goodbye"
SOUND = "no words to look for"

_NAME = (
    r"(?:\s+(?:there|all|everyone|everybody|team|folks|guys|again|bot|friend|mate|juniper|you"
    rf"|{tongues.EVERYBODY}))*"
)
_END = r"(?=[\s,.!?:;)]|$)(?! page\b| world\b| message\b)"
_COURTESIES = {
    GREETING: re.compile(
        rf"(?:hi+|hello+|hey+|heya|hiya|howdy|yo|greetings|good (?:morning|afternoon|evening|day)"
        rf"|morning|dear|{tongues.HELLO}){_NAME}{_END}",
        _I,
    ),
    THANKS: re.compile(
        r"(?:ok(?:ay)?\s+|great\s+|perfect\s+|many\s+)?(?:thanks?(?: you)?|thx|ty|tysm|cheers"
        r"|much appreciated|thank u)"
        rf"(?:\s+(?:so much|very much|a lot|a million|again|in advance|everyone|for (?:the|your"
        rf"|all)(?: the| your| quick| kind)? (?:help|answer|reply|info|information|time|support"
        rf"|advice|assistance|explanation)|that(?:'s| is| was) (?:very )?(?:helpful|great|all)))"
        rf"{{0,2}}{_NAME}{_END}|{tongues.THANKS}{_NAME}{_END}",
        _I,
    ),
    GOODBYE: re.compile(
        rf"(?:good ?bye|bye(?:[- ]bye)?|adios|cheerio|so long|farewell|good night|ciao"
        rf"|see (?:you|ya)(?: later| soon| tomorrow)?"
        rf"|take care|have a (?:nice|good|great) (?:day|evening|weekend|one)"
        rf"|{tongues.BYE}){_NAME}{_END}",
        _I,
    ),
}


_BETWEEN = re.compile(
    r"^[\s,.!?:;\-–—)]*(?:(?:and|so|then)\b[\s,]*(?=thank|good|bye|see|hi\b|have))?", _I
)


def asks_for_person(text: str) -> bool | None:
    """Whether a message asks for a person; ``None`` where it does not speak of talking to one.

    "I don't want to talk to a human" and "when can I talk to support?" do not ask for one: the
    first declines, the second asks for hours, which are facts.
    """
    if _BARE.fullmatch(text):
        return True
    if talks_to_machine(text):
        return False
    asked: bool | None = None
    for pattern in (_TALK, _CONNECT, _WANT, _CALLBACK):
        for match in pattern.finditer(text):
            if not _NEGATED.search(text[max(0, match.start() - 30) : match.start()]):
                return not _ASKS_ABOUT.search(text)
            asked = False
    return tongues.asks_for_person(text) if asked is None else asked


def talks_to_machine(text: str) -> bool:
    """Whether a message asks who is at the other end ("am I talking to a real person?")."""
    return bool(_AM_TALKING.search(text)) and not _WANT.search(text)


def strip_courtesies(text: str) -> tuple[str, list[str]]:
    """A message without greetings and thanks around it, and which there were."""
    found: list[str] = []
    rest = text.strip()
    going = True
    while going and rest:
        going = False
        for reason, pattern in _COURTESIES.items():
            match = pattern.match(rest)
            if match:
                rest = _BETWEEN.sub("", rest[match.end() :])
                found.append(reason)
                going = True
    closing = re.search(
        r"[\s,.!?]+(?:thanks?(?: you)?|thx|cheers|many thanks)(?:\s+(?:so much|very much|a lot"
        r"|in advance))?[\s.!]*$",
        rest,
        _I,
    )
    if closing and rest[: closing.start()].strip():
        rest = rest[: closing.start()].strip()
        found.append(THANKS)
    return rest, found


_LOOKUPS = (
    ("shows code or a command", re.compile(r"`[^`]+`|\b\w+\(\)|\s--?[a-z][\w-]+\b|https?://")),
    (
        "names a product code, version or error number: a plain lookup",
        re.compile(
            r"\b(?=[\w\-./]*\d)(?=[\w\-./]*[A-Za-z])[A-Za-z]{1,8}[-_]?\d[\w\-./]*\b"
            r"|\bv?\d+\.\d+(?:\.\d+)*\b|\b(?:error|code|status|port|version)\s+#?\d+\b"
            r"|\b[a-z]+_[a-z_]+\b|\b[A-Z]{2,}_[A-Z_]+\b"
        ),
    ),
    (
        "asks for a number, a limit or a date: a plain lookup",
        re.compile(
            r"\bhow (?:many|much|long|old|often|far|big|large|tall|heavy|fast)\b"
            r"|\b(?:price|prices|pricing|cost|costs|fees?|limits?|maximum|minimum|max|min|default"
            r"|quota|deadline|opening hours|rate|rates|size|weight|dimensions|expir\w+|charges?)\b"
            r"|\b(?:when (?:is|are|was|were|does|do|did|will)|what (?:time|date|year|hours))\b"
            r"|\bphone number\b|\be-?mail address\b",
            _I,
        ),
    ),
    (
        "asks for syntax or a setting: a plain lookup",
        re.compile(
            r"\b(?:syntax|endpoint|parameter|argument|flag|header|schema|regex|environment variable"
            r"|config(?:uration)? (?:key|option|file)|command for|keyboard shortcut|api reference"
            r"|which (?:port|command|flag|header|setting|option|version))\b",
            _I,
        ),
    ),
)
_FEELING = re.compile(
    r"\b(?:frustrat\w+|annoy\w+|angry|unhappy|disappoint\w+|upset|terrible|awful|useless|worst|hate"
    r"|stupid|ridiculous|unacceptable|complain\w*|worried|confus\w+|sorry|afraid|scared|stuck"
    r"|desperate|please help|help me|advice|recommend\w*|suggest\w*|should i|better|best"
    r"|struggl\w+|overwhelm\w+)\b|!{2,}",
    _I,
)


def lookup(text: str) -> str:
    """The reason, where a question is a plain lookup; empty otherwise or where feelings show."""
    if _FEELING.search(text):
        return ""
    return next((reason for reason, pattern in _LOOKUPS if pattern.search(text)), "")


def feeling(text: str) -> bool:
    """Whether a question shows feelings or asks for advice."""
    return bool(_FEELING.search(text))
