"""Whether a message only insults, or speaks of a group of people with hate; pure, by words alone.

It errs on the side of answering: whoever asks something gets an answer, however angry the words;
quotes, denials and talk about such words are not taken for them. Words that should not stand in a
repository are kept as digests. Measured in benchmarks/bench_abuse.py; it is no moderation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256


class Abuse(StrEnum):
    """What a message is that asks nothing."""

    INSULT = "insult"
    HATE = "hate"


_SLURS = frozenset(
    """
    0472053a 08022709 095bcfa6 0a253e54 15d0179b 1fd391a0 2263d21c 2a031b8e 302e75ed
    36fb1800 40a1b812 43c6cef4 4469bdc1 44fd47aa 46817965 46beb4fd 49d087f1 52640ca8
    59812132 5b9e48ed 60118282 65d16e72 678ebe29 6b51f4fc 6c8a9d72 72b72555 788ac724
    7e08f535 8084a1fb 81f9b9fb 85fac64f 87d59f6b 88cdd0dc 91855cb7 9339bee4 9e44a322 a22879d1
    a286c3d7 a4b93f9c b072797a b0f08e7b b10f1460 b181980a bafeb070 c1d088a7 c2746978
    c34f1ec4 c7fea18b cda325b3 d0b0082c d18f98f6 d5dab178 da194505 df3b503b e4fb462e eadcc0b3
    eb40c23f ec4affe7 eccc552b f295a350 f69f1238 f72fa706 f89a17f7
    """.split()
)
_LEET = str.maketrans("4310578@$!", "aeiostbasi")
_SPACED = re.compile(r"\b(?:\w ){2,}\w\b")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_ASKS = re.compile(
    r"\?|^\W*(?:so |and |but |well |ok(?:ay)? |please |hey |now )*"
    r"(?:what|where|when|who|whom|whose|which|why|how|can|could|will|would|do|does|did|is|are|was"
    r"|were|has|have|tell|show|send|give|find|explain|help|list|check|open|cancel|reset|fix|write"
    r"|was|wo|wann|wer|wie|warum|wieso|welche[rsn]?|kann|kannst|können|gibt|zeig|sag|hilf)\b"
    r"|\b(?:where|how|when|why|wo|wie|wann|warum) (?:is|are|do|does|did|can|to|the|my|kann|ist"
    r"|sind|finde)\b|\b(?:i|we) (?:need|want to know|cannot|can't|am looking|ordered|paid)\b"
    r"|\b(?:ich|wir) (?:brauche|suche|möchte|habe)\w*\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"\u201c\u201d\u201e\u00ab\u00bb]")
_ABOUT = re.compile(
    r"\b(?:saying|says?|said|calling|called|claims?|claiming|stating|states?|thinking|suggesting"
    r"|statement|phrase|term|word|slogan|chant|tweet|post|comment|quote|someone who|anyone who"
    r"|people who|those who|unacceptable|opinion|disagree|wrong to|misguided|shame on|problematic"
    r"|novel|film|movie|book|song|history|documentary|policy|report)\b",
    re.IGNORECASE,
)
_KIND = re.compile(
    r"\b(?:love|adore|respect|admire|proud|beautiful|wonderful|brilliant|fantastic|amazing|great"
    r"|lovely|friends?|equal|welcome|bigots?|racists?|sexists?|homophob\w*|transphob\w*"
    r"|islamophob\w*|misogyn\w*|nazis?|discriminat\w*|respekt|liebe|freunde?|rassis\w*)\b",
    re.IGNORECASE,
)
"""Words of who speaks well of people, or against hate."""
_NO = frozenset(
    """
    no not never none nobody nothing without neither nor don't doesn't didn't isn't aren't
    wasn't can't cannot couldn't won't wouldn't shouldn't dont nicht kein keine keinen nie
    """.split()
)
_GROUP = re.compile(
    r"\b(?:women|woman|females?|girls|wom[ae]n|gays?|lesbians?|homosexuals?|queers?|bisexuals?"
    r"|trans|transgender\w*|transsexuals?|muslims?|islam\w*|jews?|jewish|christians?|hindus?"
    r"|sikhs?|blacks?|whites|asians?|arabs?|africans?|mexicans?|latin[oax]s?|indians|chinese"
    r"|turks?|roma|gyps(?:y|ies)|immigrants?|migrants?|foreigners?|refugees?|asylum seekers?"
    r"|disabled|disabilit(?:y|ies)|autistic|handicapped|frauen|weiber|schwule[nr]?|lesben"
    r"|muslime?n?|moslems?|juden|jude|schwarzen?|ausländer|flüchtlinge?n?|behinderten?"
    r"|migranten|türken)\b",
    re.IGNORECASE,
)
_HOSTILE = frozenset(
    """
    hate hates hated hating hatred hateful despise despises despised detest detests loathe
    loathes loathed abhor disdain contempt scorn disgust disgusts disgusted disgusting
    repulsive repulse repulsed repugnant revolting vile filth filthy scum scumbag vermin rats
    cockroaches cockroach parasites parasite plague cancer disease animals apes monkeys pigs
    dogs subhuman subhumans inferior worthless useless pathetic stupid dumb ignorant idiots
    moronic brainless savages savage barbaric primitive evil criminals rapists terrorists
    leeches garbage trash dirt dirty zoo cage dumbest shithead shitheads dickhead dickheads
    asshole assholes scumbags bastards fuckers murdering shooting stabbing inhuman insects
    maggots ugly sick sickening undeserving unwanted deserve inbred kill killed killing
    murder murdered shoot shot hang hanged gas gassed burn burned beat beaten punch stab
    slaughter slaughtered exterminate exterminated eradicate eradicated eliminate eliminated
    wiped destroy destroyed die dead rape raped suffer torture tortured deported punished
    hurt attack attacked smash drown lynch hasse hassen verachte abschaum ungeziefer dreck
    parasiten ekelhaft widerlich vergasen töten umbringen erschießen verrecken minderwertig
    untermenschen
    """.split()
)
_LONG = tuple(word for word in sorted(_HOSTILE) if len(word) >= 6)
_CUT = frozenset(word[:at] + word[at + 1 :] for word in _LONG for at in range(1, len(word)))
_SWAPPED = frozenset(
    word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    for word in _LONG
    for at in range(1, len(word) - 1)
)
_DENIED = re.compile(
    r"\b(?:lives?|rights?)\b.{0,30}\b(?:worth(?:less)?|matter|protecting|apply|deserve|nothing)\b"
    r"|\b(?:no|not|never)\b.{0,30}\b(?:place|space|rights?|trust|belong)\b"
    r"|\b(?:belong)\b.{0,20}\b(?:zoo|cages?|kitchen|prison|camps?)\b"
    r"|\b(?:go|can) fuck themselves\b",
    re.IGNORECASE,
)
"""What denies a group the rights of people."""
_SLIPS = (_CUT | _SWAPPED) - _HOSTILE
_AIMED = frozenset("you u they them these those all every are is like".split())
_OWN = frozenset("my our mine i i'm im me we we're us bro ich wir".split())
_CURSE = re.compile(
    r"(?:f+[u*@#$]+[c*@#$]*k+\w*|f\*+|sh[i*!]t(?:s|e|ty|head\w*|face\w*|hole\w*|bag\w*|show)?|damn\w*|bloody|bullshit|crap\w*|arse\w*|ass"
    r"|asshole\w*|piss\w*|sucks?|schei(?:ß|ss)\w*|verdammt\w*|fick\w*|verpiss\w*"
    r"|arsch(?:loch\w*|löcher\w*|geige\w*)?|wi(?:chs|x)er\w*|hurens[oö]hn\w*|miststück)"
)
_RUDE = frozenset(
    """
    stupid useless idiot idiots idiotic dumb dumbass moron morons garbage rubbish trash
    pathetic worthless scum hate loathe despise loser losers clown fool fools terrible awful
    worst shut hell dumm dumme dummer dummes nutzlos nutzloser idioten trottel depp fresse
    klappe maul hasse loser versager kill blöd blöde blöder blödes blödmann doof doofe
    doofer doofes dämlich dämlicher dämliche dämliches idiotin trottelig dummkopf
    """.split()
)
_FILLER = frozenset(
    """
    you u your you're youre ur yourself are r is am be a an the i i'm it it's its this that
    so such just really totally completely absolutely very most all of to me at in on off up
    go get lost please bot robot machine thing ai program piece damn and oh wow man dude ever
    what well with du dich dir bist ein eine einer der die das so echt total ihr seid ist
    halt halt's haltet leck mich mir geh sterben deine dein stück am hey
    """.split()
)
_LONGEST = 14


@lru_cache(maxsize=512)
def abuse(text: str) -> Abuse | None:
    """What a message is that insults or hates and asks nothing; ``None`` for every other."""
    plain = _plain(text)
    if _ASKS.search(plain):
        return None
    words = [word.lower().replace("\u2019", "'") for word in _WORD.findall(plain)]
    if not words or len(words) > 60:
        return None
    if _only_rude(plain):
        return Abuse.HATE if any(_slur(word) for word in words) else Abuse.INSULT
    if _QUOTED.search(plain) or _ABOUT.search(plain) or _KIND.search(plain):
        return None
    return Abuse.HATE if _hates(plain, words) else None


def _plain(text: str) -> str:
    """Without the disguises that are usual: figures for letters, letters apart."""
    text = _SPACED.sub(lambda found: found.group().replace(" ", ""), text[:2_000])
    return re.sub(
        r"\w*[^\W\d_][\w@$!]*",
        lambda found: (
            found.group().translate(_LEET) if _disguised(found.group()) else found.group()
        ),
        text,
    )


def _disguised(word: str) -> bool:
    """A figure or sign between letters; names like ``MG4`` and ``v2`` end in theirs."""
    return bool(re.search(r"[^\W\d_][\d@$!]+[^\W\d_]|^[\d@$!][^\W\d_]{3,}", word))


def _only_rude(plain: str) -> bool:
    """Whether nothing is said but rude words and those that join them."""
    said = [word.lower() for word in re.findall(r"[\w'*@#$]+", plain)]
    if not said or len(said) > _LONGEST:
        return False
    rude = [word for word in said if word in _RUDE or _CURSE.fullmatch(word) or _slur(word)]
    aimed = {
        "you",
        "u",
        "you're",
        "ur",
        "du",
        "dich",
        "yourself",
        "bot",
        "ihr",
        "off",
        "up",
        "halt",
        "leck",
    }
    if not rude or not (aimed.intersection(said) or len(said) <= 2):
        return False
    return all(word in rude or word in _FILLER for word in said)


def _hates(plain: str, words: Sequence[str]) -> bool:
    slurs = any(_slur(word) for word in words)
    if slurs and _AIMED.intersection(words) and not _OWN.intersection(words):
        return True
    if not (slurs or _GROUP.search(plain)):
        return False
    if _DENIED.search(plain):
        return True
    at = [n for n, word in enumerate(words) if word in _HOSTILE or _slipped(word)]
    return any(not _NO.intersection(words[:n]) for n in at)


def _slipped(word: str) -> bool:
    return len(word) >= 5 and word in _SLIPS


def rude(text: str) -> bool:
    """Whether a curse or a slur stands in a text, plainly or disguised: for names."""
    words = re.findall(r"[\w'*@#$]+", _plain(text.replace("_", " ")).lower())
    return any(_slur(word) or (len(word) > 3 and _CURSE.fullmatch(word)) for word in words)


def _slur(word: str) -> bool:
    return sha256(b"wellspoken " + word.encode("utf-8", "replace")).hexdigest()[:8] in _SLURS
