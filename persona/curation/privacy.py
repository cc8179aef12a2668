"""Personal data out of texts: rules with checksums where there are any, a placeholder instead.

The rules look for what identifies a person by itself or opens a door: addresses of mail, phones,
cards (Luhn, ISO/IEC 7812), accounts (IBAN, ISO 13616), IP addresses, keys and tokens. Names and
street addresses need a model: :class:`persona.curation.presidio.PresidioScrubber` adds them where
Presidio is installed.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of personal data: ``text[start:end]``, of a kind such as ``email``."""

    kind: str
    start: int
    end: int


class Finder(Protocol):
    """What finds personal data in a text."""

    @property
    def id(self) -> str:
        """Its name in the card; changes whenever what it finds may."""
        ...

    def find(self, text: str) -> list[Found]:
        """Everything found, in order, nothing overlapping."""
        ...


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """A text with placeholders like ``<email>``, and what they stand for, with its kind."""

    text: str
    removed: tuple[tuple[str, str], ...] = ()


def scrubbed(text: str, finder: Finder) -> Scrubbed:
    """The text without personal data."""
    found = finder.find(text)
    if not found:
        return Scrubbed(text)
    parts, at = [], 0
    for each in found:
        parts += [text[at : each.start], f"<{each.kind}>"]
        at = each.end
    removed = tuple((each.kind, text[each.start : each.end]) for each in found)
    return Scrubbed("".join([*parts, text[at:]]), removed)


_EMAIL = re.compile(
    r"(?<![\w.+-])[A-Za-z0-9](?:[\w.+'-]*[\w+-])?(?:@|\s?[\[(]at[\])]\s?|%40)"
    r"(?:[\w-]+(?:\.|\s?[\[(]dot[\])]\s?))+[A-Za-z]{2,24}(?![\w-])"
)
_CARD = re.compile(r"(?<![\w.+-])(?:\d[ -]?){11,18}\d(?![\w-]|\.\d)")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?=((?:[ -]?[A-Z0-9]){11,30}))", re.IGNORECASE)
_IBAN_LENGTHS = {
    country: int(length)
    for length, countries in (
        word.split("=")
        for word in "15=NO 16=BE 18=DK,FI,FK,FO,GL,NL,SD 19=MK,SI 20=AT,BA,EE,KZ,LT,LU,MN,XK"
        " 21=CH,HR,LI,LV 22=BG,BH,CR,DE,GB,GE,IE,ME,RS,VA 23=AE,GI,IL,IQ,OM,SO,TL"
        " 24=AD,CZ,ES,MD,PK,RO,SA,SE,SK,TN,VG 25=LY,PT,ST 26=IS,TR 27=BI,DJ,FR,GR,IT,MC,MR,SM"
        " 28=AL,AZ,BY,CY,DO,GT,HN,HU,LB,NI,PL,SV 29=BR,EG,PS,QA,UA 30=JO,KW,MU,YE 31=MT,SC"
        " 33=RU".split()
    )
    for country in countries.split(",")
}
"""How long the account numbers of a country are (SWIFT's IBAN registry)."""
_IP4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?![\w-]|\.\d)")
_IP6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:.]*[\w:])")
_VERSION = re.compile(
    r"(?:\bv|version|release|firmware|build|update|software|rev\b|section|chapter|clause)"
    r"(?:[^.\n]|\.(?=\d)){0,30}$",
    re.IGNORECASE,
)
_SAID_ADDRESS = re.compile(
    r"(?:\bip\b|address|host|client|server|login|from|peer|addr|dns)\W*(?:\w+\W+){0,2}$",
    re.IGNORECASE,
)
_NAMED_OTHERWISE = re.compile(
    r"(?:\b(?:order|invoice|sku|serial|lot|batch|ref|reference|case|ticket|part|tracking|isbn|ean|po|quote"
    r"|upc|gtin|imei|vin|reading|article|item|bestellung|rechnung|artikel)"
    r"|\b(?:bestell|rechnungs|artikel|serien)(?:nummer|nr))"
    r"\W*(?:\b(?:number|no|nr|num|id|code|is|ist|was)\W*){0,3}$",
    re.IGNORECASE,
)
_SUM = re.compile(r"(?:commit|revision|sha-?\d*|md5|hash|digest|checksum)\W{0,3}$", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]{32,}", re.IGNORECASE)
_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|(?<![\w-])(?:sk|pk|rk)[-_](?:live|test|proj|ant|or)?[-_]?[A-Za-z0-9_-]{16,}"
    r"|(?<!\w)xox[abeoprs]-[A-Za-z0-9-]{10,}|(?<!\w)xapp-[A-Za-z0-9-]{10,}"
    r"|(?<!\w)gh[opsur]_[A-Za-z0-9]{20,}|(?<!\w)github_pat_\w{20,}|(?<!\w)glpat-[\w-]{16,}"
    r"|(?<!\w)(?:AKIA|ASIA)[A-Z0-9]{16}(?!\w)|(?<!\w)AIza[\w-]{30,}|(?<!\w)hf_[A-Za-z0-9]{20,}"
    r"|(?<!\w)eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{6,}"
    r"|(?i:(?<=bearer )[\w.~+/=-]{20,})",
    re.DOTALL,
)
_SECRET = re.compile(
    r"(?i:\b(?:api[_ -]?key|access[_ -]?key|secret(?:[_ -]?key)?|token|password|passwd|pwd"
    r"|passphrase|passwort|kennwort))\b[\"'`]?\s*(?:=|:|\bis\b|\blautet\b|\bist\b)\s*[\"'`]?"
    r"(?P<secret>(?=[^\s\"'`,;]*\d)(?=[^\s\"'`,;]*[A-Za-z!-/])[^\s\"'`,;<>]{6,})"
)
_LONG = re.compile(r"(?<![\w/+=.-])[A-Za-z0-9+]{32,}={0,2}(?![\w/+=-])")
_TOKEN = re.compile(r"(?<!\w)[MNO][A-Za-z\d]{23,25}\.[\w-]{6}\.[\w-]{27,}")  # Discord's
_LONG_WORD = 32
_KEY_MARKS = (
    *("private key", "sk-", "sk_", "pk-", "pk_", "rk-", "rk_", "xox", "xapp-", "ghp_", "gho_"),
    *("ghs_", "ghu_", "ghr_", "github_pat_", "glpat-", "akia", "asia", "aiza", "hf_", "eyj"),
    "bearer ",
)
_SECRET_WORDS = ("key", "token", "passw", "passphrase", "pwd", "secret", "kennwort")
_DIGITS = "0123456789"
_FEWEST_DIGITS, _FEWEST_OF_IP = 7, 4
_PHONE = re.compile(
    r"(?<![\w.,/:$€£#-])(?:\+\d{1,8}|(?:\+|00)?[ ]?\(?\d{1,5})\)?"
    r"(?:(?:[ .\-/]{1,2}|(?<=\))|[ .\-]?(?=\())\(?\d{1,5}\)?){0,5}"
    r"(?:(?:[ .\-/]{1,2}|(?<=\)))\d{2,8})(?:\s?(?:x|ext\.?)\s?\d{1,6})?(?![\w-]|[.,]\d)"
    r"|(?<![\w.,/:$€£#-])(?:\+|00)[1-9]\d{7,13}(?!\w)"
    r"|(?<![\w.,/:$€£#-])\d{7,11}(?!\w|[.,]\d)"
)
_SAID_PHONE = re.compile(
    r"(?:phone|tel\.?|telephone|mobile|cell|fax|desk|call(?:\s+\w+)?|dial|reach(?:ed)?|ring"
    r"|answering|receiving messages|whatsapp|sms|telefon|handy|anrufen|(?<!order )(?<!card )number"
    r"|rufnummer)\W+(?:(?!(?:order|card|serial|case)\b)\w+\W+){0,3}$",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?:19|20)\d\d[-./ ]\d{1,2}[-./ ]\d{1,2}(?:[ T]\d{1,2})?"
    r"|\d{1,2}[-./ ]\d{1,2}[-./ ](?:(?:19|20)?\d\d)"
    r"|(?:19|20)\d\d\s?[-/]\s?(?:19|20)?\d\d"
    r"|(?:19|20)\d\d/.*"  # a number counted by the year
)
_DIGIT = re.compile(r"\d")


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def iban(text: str) -> bool:
    """Whether the check digits of an account number hold (ISO 13616, mod 97)."""
    plain = re.sub(r"[ -]", "", text)
    if not 15 <= len(plain) <= 34:
        return False
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


class Rules:
    """Personal data by rules alone."""

    id = "rules-2"

    def find(self, text: str) -> list[Found]:
        """Everything found, in order; where two rules claim a place, the stricter one has it."""
        taken: list[Found] = []
        for found in self._all(text):
            if all(found.end <= t.start or found.start >= t.end for t in taken):
                taken.append(found)
        return sorted(taken, key=lambda each: each.start)

    def _all(self, text: str) -> Iterator[Found]:
        yield from _keys(text)
        if _has(text, ("@", "[at]", "(at)", "%40")):
            for match in _EMAIL.finditer(text):
                yield Found("email", *match.span())
        # Most texts hold none of these; looking for the sign of one is far cheaper.
        digits = sum(map(text.count, _DIGITS))
        dotted = digits >= _FEWEST_OF_IP and text.count(".") > 2
        if dotted or "::" in text or text.count(":") > 6:
            yield from _addresses(text)
        if digits >= _FEWEST_DIGITS:
            yield from _accounts(text)
            for match in _PHONE.finditer(text):
                if _is_phone(match, text):
                    yield Found("phone", match.start(), match.end())


def _keys(text: str) -> Iterator[Found]:
    lower = text.lower()
    if _has(lower, _KEY_MARKS):
        for match in _KEY.finditer(text):
            yield Found("key", *match.span())
    if max(map(len, text.split()), default=0) >= _LONG_WORD:
        for match in (*_TOKEN.finditer(text), *_LONG.finditer(text)):
            said = match.group()
            if _HEX.fullmatch(said) and _SUM.search(
                text[max(0, match.start() - 20) : match.start()]
            ):
                continue  # of a file or a change, and no key
            if _DIGIT.search(said) and said.lower() != said.upper():
                yield Found("key", *match.span())
    if _has(lower, _SECRET_WORDS):
        for match in _SECRET.finditer(text):
            yield Found("key", *match.span("secret"))


def _has(text: str, marks: Sequence[str]) -> bool:
    """Whether a text holds one of the marks; a plain loop, since it runs for every passage."""
    for mark in marks:  # noqa: SIM110
        if mark in text:
            return True
    return False


def _accounts(text: str) -> Iterator[Found]:
    for match in _IBAN.finditer(text):
        if (end := _end_of_account(match)) is not None:
            yield Found("iban", match.start(), end)
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        least = 12 if digits[0] in "56" else 13  # Maestro has cards of 12
        issued = digits[0] in "23456" or digits.startswith("1800")  # an old one of JCB
        if not (issued and least <= len(digits) <= 19 and luhn(digits) and len(set(digits)) > 1):
            continue
        if digits == match.group() and _otherwise(match, text):
            continue
        yield Found("card", *match.span())


def _end_of_account(match: re.Match[str]) -> int | None:
    """Where an account number ends: words after it may look like a part of it."""
    said = match[0] + match[1]
    wanted, seen = _IBAN_LENGTHS.get(said[:2].upper()), 0
    for place, letter in enumerate(said):
        seen += letter.isalnum()
        if seen == wanted:
            after = match.string[match.start() + place + 1 :][:1]
            whole = not after.isalnum() and iban(said[: place + 1])
            return match.start() + place + 1 if whole else None
    return None


def _otherwise(match: re.Match[str], text: str) -> bool:
    """Whether the words before a number say that it is that of an order, a part or the like."""
    return _NAMED_OTHERWISE.search(text[max(0, match.start() - 40) : match.start()]) is not None


def _addresses(text: str) -> Iterator[Found]:
    for match in (
        *_IP4.finditer(text),
        *(_IP6.finditer(text) if "::" in text or text.count(":") > 6 else ()),
    ):
        try:
            address = ipaddress.ip_address(match.group())
        except ValueError:
            continue
        before = text[max(0, match.start() - 1) : match.start()]
        if before.isalnum() or before in ("_", ".", "-"):
            continue
        version = _VERSION.search(text[max(0, match.start() - 40) : match.start()])
        # A router's own address or an example's is nobody's.
        if address.is_global and not version and not _like_a_version(match, text):
            yield Found("ip", *match.span())


def _like_a_version(match: re.Match[str], text: str) -> bool:
    """Whether it is short and small, as 3.11.14.1 is, and nobody speaks of an address."""
    first, dotted, rest = match.group().partition(".")
    if not first.isdigit() or not dotted or int(first) > 20 or len(rest) > 7:
        return False
    return _SAID_ADDRESS.search(text[max(0, match.start() - 30) : match.start()]) is None


def _is_phone(match: re.Match[str], text: str) -> bool:
    """A run of digits that is dialled: by its shape, or by the words before it."""
    said = match.group()
    number = re.split(r"x|ext", said)[0]
    digits, groups = re.sub(r"\D", "", number), re.findall(r"\d+", number)
    if not 7 <= len(digits) <= 15 or len(set(digits)) == 1 or _DATE.fullmatch(said.strip()):
        return False
    if said.startswith(("+", "(")) or (len(digits) >= 10 and re.match("00 ?[1-9]", said)):
        return True
    if not _otherwise(match, text):
        asked = _SAID_PHONE.search(text[max(0, match.start() - 50) : match.start()])
        return asked is not None or _shaped(number, digits, groups)
    return False


def _shaped(number: str, digits: str, groups: list[str]) -> bool:
    """Whether a number looks like a phone's by itself."""
    if len(groups) == 1:
        return number.startswith("0") and len(digits) >= 10
    if re.fullmatch(r"\d{1,3}(?: \d{3})*(?: 000)", number):
        return False  # 1 000 000
    return len(digits) >= 9 and (number.startswith("0") or _dialled(groups))


def _dialled(groups: list[str]) -> bool:
    """Whether groups of digits are as numbers are written down: 555-123-4567, 699 956 915."""
    lengths = [len(group) for group in groups]
    return len(groups) in range(3, 6) and max(lengths) <= 4 and min(lengths[:-1]) >= 2
