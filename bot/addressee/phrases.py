"""A message taken apart: without code, quotes and pleasantries, sentence by sentence.

English in the main, with the commonest German, French and Spanish.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_INLINE = re.compile(r"`[^`\n]{1,200}`")
_QUOTE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
_LINK = re.compile(r"<?https?://[^\s>|]+(?:\|[^>\n]{0,200})?>?")
_LOG = re.compile(
    r"^(?:.{0,80}\b(?:ERROR|WARN(?:ING)?|FATAL|Traceback|Exception|Caused by)\b.*"
    r"|[ \t]*\w{3,40}(?:Error|Exception): .+|[ \t]*File \"[^\"]{1,200}\", line \d+.*"
    r"|[\w.-]{1,20}: \(\d+\) .+|[ \t]+at [\w.$]{3,80}\(.*|\$ .+"
    r"|\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*)$",
    re.MULTILINE,
)
_SHORTCODE = re.compile(r":[a-z0-9_+-]{1,30}:")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_SENTENCE = re.compile(r"(?<=[.!?…。？！])(?<!\b[MD][rs]\.)(?<!\bMrs\.)\s+|\n+")
_CLAUSE = re.compile(r"[,;.!…。！]+(?:\s+|$)|\s[-–—]+\s")
_HEAD, _TAIL = 1_200, 400
"""Characters looked at from the front and from the end; what is asked stands in one of them."""

_THUMB = re.compile(r"[👍👌✅🙏]|:(?:\+1|thumbsup|ok_hand|white_check_mark):")
_OPENER = re.compile(
    r"(?:(?:hi|hey|hello|good (?:morning|afternoon|evening)|hallo|bonjour|hola)"
    r"(?: (?:all|everyone|everybody|team|folks|guys|there|zusammen|tous))?"
    r"|(?:quick |another |one more |next |last )?(?:question|one)(?: on (?:this|that))?"
    r"(?: again| for (?:today|now))?\s*:"
    r"|ok(?:ay)?|oh|ah|so|well|hm+|yeah|sorry|please|pls|also ?(?=,)|btw|by the way|alright|right"
    r"|thanks|thank you|thx|great|danke|merci|gracias|wait)\b[\s,.!:…–-]*",
    re.IGNORECASE,
)

_CLOSES = frozenset(
    """thanks thank thx ty tysm cheers perfect great awesome nice cool ok okay k kk got gotcha
    see sense worked works fixed solved sorted mind nevermind nvm found interesting lol haha
    hehe rofl wow brilliant excellent lovely amazing fantastic sweet neat good alright
    understood noted right exactly yes yep yeah yup no nope sure catch done helpful danke merci
    gracias grazie obrigado super prima perfekt parfait perfecto vale klar geklappt klasse
    génial genial d'accord toll dank cimer fine easy til legend hero lifesaver welcome
    impressive magic true xd yay sold bravo chapeau bien genau stimmt ja nein oui non sí si ah
    oh hm hmm hmmm bump agreed same fair""".split()
)
_FILLS = frozenset(
    """a again ahead all an and as bot but buddy for help helps helped i i've i'm i'll in is it
    it's its just lot made makes man mate me much my need needed never now of one point quick
    really so such that that's the then there this to too tons very vous was way we what you
    your ça y you're answer info reply well will do know out up ill alles hat das es ist ja
    jetzt vielen dank beaucoup muchas très muy c'est marche maintenant mille schon today finally
    already enough bunch saved save saves day days trick did works were oh be would been time
    best god love loved like happy glad fast here hopefully far xd true kind""".split()
)
_CLOSING = _CLOSES | _FILLS
_AGREES = frozenset(
    """yes yep yeah yup sure ok okay k please go ahead do it that no nope neither both correct
    right exactly ja nein oui non sí si bitte klar gerne genau por favor s'il vous te plaît
    plait stimmt of course definitely absolutely not really the would be great nice i""".split()
)
_KANJI_THANKS = re.compile(r"(?:ありがとう|谢谢|謝謝|了解)[^\s?？]{0,10}")
_THANKS = re.compile(
    r"(?:thanks|thank you|thx|ty|cheers|danke|merci|gracias|great|perfect|awesome|nice|cool|lol"
    r"|ha(?:ha)+|yep|yeah|yup|ah|oh|wow|ok(?:ay)?|alright|right|super|told you)\b",
    re.IGNORECASE,
)
_WILL = (
    r"try|test|check|do|see|look|have|get|give|go|run|report|let|ask|take|fix|change|update|read"
    r"|talk|ping|keep|dig|handle|be back|come back|wait|need to (?:check|look|ask)|think|follow"
)
SELF_TALK = re.compile(
    rf"(?:(?:and|then|but) )?(?:(?:i['’]?ll|i will|i['’]?m (?:gonna|going to)|gonna|going to|will"
    rf"|i['’]?d better|let me|lemme) (?:just |now |also |quickly |first )?"
    rf"(?:{_WILL})\b(?! (?:i|me|you)\b)"
    r"|(?:i['’]?m )?(?:on it\b|looking into|(?:trying|testing|checking|doing|rebooting|restarting"
    r"|updating|reinstalling|installing|closing)\b"
    r"(?: (?:it|that|this|now|again|right|both))*\W*$)|brb\b"
    r"|(?!(?:getting|having|seeing|nothing|anything|something|everything|using|running|according"
    r"|missing|looking|thing|string|during|being|pricing|billing|morning|evening|setting)\b)"
    r"[a-z]{3,12}ing (?:it|that|this|the|now|again)\b(?!.* (?:is|are|was|fails?|gives?|does"
    r"|doesn't|didn't|don't|shows?|still|works?|error)\b)"
    r"|i (?:need|have|got) to\b.*\bfirst\W*$"
    r"|one (?:sec|moment|minute)|just a (?:sec|moment|minute)"
    r"|hang on|hold on|give me a (?:sec|moment|minute)|bear with me|will do\b|back in\b"
    r"|ich (?:schau|probier|teste|kümmer|guck|versuch|melde|mach)|mal sehen|moment\b"
    r"|je (?:regarde|vais|teste|m'en)|lo (?:miro|pruebo|intento)|voy a|un momento|un instant)",
    re.IGNORECASE,
)
"""The opening of a sentence that announces what its writer does."""
_WAIT = re.compile(
    r"\b(?:giv+e+ me|just|only|hang on|hold on|one|wait) (?:an? |one )?"
    r"(?:sec|second|moment|min|minute|momento|instant)\b",
    re.IGNORECASE,
)
_DECLINES = re.compile(
    r"\W*(?:no|nah|nope|nein|non)\b[^?]*\b(?:thanks|thank you|thx|danke|merci|gracias)\b[^?]*$",
    re.IGNORECASE,
)
_THANKFUL = re.compile(r"\b(?:thanks|thank you|thx|tysm|danke|dank|merci|gracias)\b", re.IGNORECASE)
_SETTLED = re.compile(
    r"^(?:[^,]{1,60}, |\w+[, ]+)?"
    r"(?:(?:it|that|this|the (?:issue|problem|error)|everything|all)"
    r"(?:['’]s| is| has| seems| was|)(?: been| now| all| just)* "
    r"(?:fixed|solved|resolved|sorted|gone"
    r"|(?:works?|worked|working)(?= (?:now|again|great|fine|perfectly|like)\b|\W*$))"
    r"|(?:that|this|it) did (?:it|the trick)|figured it out"
    r"|.{1,60}\bworks? (?:now|again)\b(?:\W|i think|for me)*$"
    r"|got it (?:working|to work)|works|worked)\b"
    r"(?!.*\b(?:but|until|except|only|not|when|if|unless|yet)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Gist:
    """What a message says: ``whole`` without code and quotes, ``rest`` also without thanks and
    announcements (empty where there is nothing else), ``paste`` whether code or a log was in it.

    ``agrees`` is a bare yes, no or thumb; ``announces`` a sentence on what the writer will do;
    ``thanks`` that whatever it says follows thanks or a nod in the same sentence.
    """

    whole: str
    rest: str
    words: int
    paste: bool = False
    agrees: bool = False
    announces: bool = False
    thanks: bool = False

    @property
    def says_something(self) -> bool:
        return bool(self.rest) or self.paste


def gist(text: str, names: Sequence[str] = ()) -> Gist:
    """A message taken apart; thanks to the bot by one of its ``names`` are thanks as well."""
    own = frozenset(word for name in names for word in _words(name))
    text = text.replace("’", "'")
    plain = _LINK.sub(" ", _QUOTE.sub("", _INLINE.sub(" x ", _FENCE.sub("\n", text))))
    plain = _LOG.sub("", plain)
    paste = bool(_FENCE.search(text) or _LOG.search(text))
    if len(plain) > _HEAD + _TAIL:
        plain = f"{plain[:_HEAD]}\n{plain[-_TAIL:]}"
    whole = re.sub(r"[ \t]+", " ", _SHORTCODE.sub(" ", plain)).strip()
    thumb = bool(_THUMB.search(text)) and not _words(whole)
    kept, announces, thanks = [], False, True
    for sentence in _SENTENCE.split(whole):
        left = _without_closing(sentence, own)
        if _DECLINES.match(sentence) or ("?" not in left and _SETTLED.search(left)):
            left = ""
        elif left and "?" not in left and (SELF_TALK.match(_opened(left)) or _WAIT.search(left)):
            left, announces = "", True
        kept.append(left)
        thanks = thanks and (
            not left or bool(_THANKS.match(sentence) or _THANKFUL.search(sentence))
        )
    rest = " \n".join(filter(None, kept))
    return Gist(
        whole,
        rest,
        words=len(_words(whole)),
        paste=paste,
        agrees=thumb or _is_made_of(whole, _AGREES, _AGREES),
        announces=announces,
        thanks=thanks,
    )


def _opened(sentence: str) -> str:
    """A sentence without its greeting or filler."""
    for _ in range(4):
        shorter = _OPENER.sub("", sentence, count=1) if _OPENER.match(sentence) else sentence
        if shorter == sentence:
            break
        sentence = shorter
    return sentence


def sentences(text: str) -> list[str]:
    """The sentences of a text, each without greeting and fillers."""
    return [_opened(sentence.strip()) for sentence in _SENTENCE.split(text) if sentence.strip()]


def _without_closing(sentence: str, own: frozenset[str]) -> str:
    """A sentence without thanks and nods at its front; empty when it is nothing else."""
    rest = sentence.strip()
    while rest:
        end = _CLAUSE.search(rest)
        clause = rest[: end.start()] if end else rest
        if "?" in clause or not _closes(clause, own):
            return rest if _words(rest) else ""
        rest = rest[end.end() :] if end else ""
    return ""


def _closes(clause: str, own: frozenset[str]) -> bool:
    return not _words(clause) or _is_made_of(clause, _CLOSES, _CLOSING | own)


def _is_made_of(text: str, some: frozenset[str], all_of: frozenset[str]) -> bool:
    """Whether a short text has no words but these, and one of ``some``."""
    if _KANJI_THANKS.fullmatch(text.strip()):
        return some is _CLOSES
    words = _words(text)
    return (
        0 < len(words) <= 12
        and not some.isdisjoint(words)
        and all(word in all_of for word in words)
    )


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]
