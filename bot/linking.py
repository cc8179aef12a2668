"""Which addresses an answer may hold: those of what carries it, and of the operator's allow list.

Pure. Everything that a platform, a browser or a terminal may turn into a link counts, however it is
written: Markdown links of all forms, images, autolinks, HTML anchors, Slack's ``<url|words>``,
addresses of any scheme, bare domains, mail addresses. Addresses are compared as they are written,
so a look-alike letter, a user part before the host or one more parameter is another address.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from urllib.parse import urlsplit

LEFT_OUT = "(address left out)"

_IMAGE_OR_LINK = re.compile(r"(!?)\[((?:[^\[\]\n]|\[[^\[\]\n]*\])*)\]\(\s*<?([^)\s>]*)>?[^)\n]*\)")
_DEFINITION = re.compile(
    r"^[ ]{0,3}\[(?!\d{1,3}\])[^\]\n]+\]:[ \t]*<?(\S+?)>?(?:[ \t].*)?$", re.MULTILINE
)
_ANCHOR = re.compile(
    r"<a\b[^>]*?href\s*=\s*[\"']?([^\"'\s>]*)[^>]*>(.*?)(?:</a\s*>|$)", re.IGNORECASE | re.DOTALL
)
_IMG = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_SLACK = re.compile(r"<([a-z][a-z0-9+.-]*:[^|<>\s]+)\|([^<>\n]*)>", re.IGNORECASE)
_ENVELOPE = re.compile(r"</?data [0-9a-f]{6,}>\s*", re.IGNORECASE)
_ADDRESS = re.compile(
    r"<?(?<![\w.+-])((?:[^\W\d_][\w+.-]{1,20}[:\uff1a\u2236](?://|\\\\)|www\.|mailto:|tel:|vbscript:"
    r"|https?:(?=[\w[])|(?<![/:])//(?=[\w-]+\.[\w-])|javascript:(?=\S)|data:(?=[a-z]+/)))"
    r"([^\s<>()\[\]\"'`]*(?:\([^\s<>()]*\)[^\s<>()\[\]\"'`]*)*[^\s<>()\[\]\"'`.,;:!?*_])>?",
    re.IGNORECASE,
)
_MAIL = re.compile(r"<?(?<![\w.+-])([\w.+-]+@(?:[\w-]+\.)+[^\W\d_]{2,24})\b>?")
_DOT = "[.\u3002\uff0e\uff61]"
_DOMAIN = re.compile(
    rf"(?<![\w@./:\\-])((?:[\w-]{{1,63}}{_DOT})+([^\W\d_]{{2,24}}|xn--[\w-]+))(?![\w-])"
    rf"(:\d{{1,5}})?(/[^\s<>()\[\]\"'`]*[^\s<>()\[\]\"'`.,;:!?*_])?"
)
# Of a domain without a path: others look like a file (md, py, sh), a field (id, name, email) or the
# end of a sentence (as, is, so).
_ENDINGS = frozenset(
    "com net org info biz edu gov int mil pro mobi asia tel coop aero jobs travel app dev xyz"
    " top site online shop store club link click live page cloud icu digital agency company"
    " technology website tech blog social fun buzz cyou monster rest quest sbs cfd bond lol wtf"
    " vip loan men racing review stream trade party download accountant faith cricket webcam"
    " ninja guru expert finance london berlin tokyo paris nyc example test onion ac ad ae af ag"
    " ai al ao aq ar at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cc"
    " cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm dz ec ee eg er es et eu fi"
    " fj fk fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu ie"
    " il im in io iq ir it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt"
    " lu lv ly ma mc me mg mh mk ml mn mo mp mq mr ms mt mu mv mw mx mz na nc ne nf ng ni nl no"
    " np nr nu nz om pa pe pf pg ph pk pl pm pn pr pt pw qa re ro ru rw sa sb sc sd se sg si sk"
    " sl sm sn sr ss su sv sx sy sz tc td tf tg th tj tk tl tm tn tr tt tv tw tz ua ug uk us uy"
    " uz va vc ve vg vi vn vu wf ws ye yt za zm zw рф рус бел укр срб мкд қаз бг ею мон онлайн"
    " сайт орг ком дети москва 中国 中國 公司 网络 网址 在线 香港 台湾 みんな 한국 닷컴 ไทย"
    " भारत".split()
)
_SCHEME = re.compile(r"^(?:https?://|ftp://|mailto:)?(?:www\.)?", re.IGNORECASE)
_WEB = re.compile(r"^(?:https?://|mailto:|www\.)", re.IGNORECASE)
_OTHER_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_HOST = re.compile(r"^[\w.-]+$")


def _bare(address: str) -> str:
    return _SCHEME.sub("", address).casefold().rstrip("/")


class Sites:
    """The operator's allow list: hosts (``status.example.com``, ``*.example.com``) and beginnings
    of addresses (``https://example.com/help/``)."""

    def __init__(self, allowed: Sequence[str] = ()) -> None:
        self._hosts: set[str] = set()
        self._below: set[str] = set()
        self._begun: list[tuple[str, str]] = []
        for entry in allowed:
            if "://" in entry or "/" in entry:
                address = urlsplit(entry if "://" in entry else f"https://{entry}")
                self._begun.append((address.netloc.casefold(), address.path.rstrip("/")))
            elif entry.startswith("*."):
                self._below.add(entry[1:].casefold())
            else:
                self._hosts.add(entry.casefold())

    def __bool__(self) -> bool:
        return bool(self._hosts or self._below or self._begun)

    def allow(self, address: str) -> bool:
        """Whether an address (``https``, ``http`` or none) leads to one of them."""
        if not self or "\\" in address or not address.isprintable():
            return False
        try:
            parts = urlsplit(address if "://" in address else f"https://{address}")
            host, port = (parts.hostname or "").casefold(), parts.port
        except ValueError:
            return False
        if parts.scheme.lower() not in ("http", "https") or "@" in parts.netloc:
            return False
        listed = host in self._hosts or any(host.endswith(below) for below in self._below)
        if listed and port is None and _HOST.match(host):
            return True
        return ".." not in parts.path and any(
            parts.netloc.casefold() == place and f"{parts.path}/".startswith(f"{path}/")
            for place, path in self._begun
        )


NO_SITES = Sites()


class _Known:
    """The addresses that may stand."""

    def __init__(self, allowed: Iterable[str], sites: Sites) -> None:
        self._allowed = tuple(allowed)
        self._sites = sites

    def __call__(self, address: str) -> bool:
        bare = _bare(address)
        return any(bare in _addresses(text) for text in self._allowed) or self._sites.allow(address)

    def target(self, address: str) -> bool:
        """Whether it may be where a link leads: never a script, whatever documents say."""
        if _OTHER_SCHEME.match(address) and not _WEB.match(address):
            return False
        return self(address)

    def said(self, words: str) -> bool:
        """Whether a bare domain or a mail address is said."""
        whole = rf"(?<![\w.-]){re.escape(_bare(words))}(?![\w-]|\.\w)"
        folded = "\n".join(self._allowed).casefold()
        return bool(re.search(whole, folded)) or self(words)


@lru_cache(maxsize=256)
def _addresses(text: str) -> frozenset[str]:
    """Those that a passage holds, bare: each sentence of an answer is looked at twice."""
    found = {_bare(m.group(1) + m.group(2)) for m in _ADDRESS.finditer(text)}
    found |= {_bare(m.group(3)) for m in _IMAGE_OR_LINK.finditer(text)}
    found |= {_bare(line) for line in text.splitlines() if line and " " not in line}
    return frozenset(found - {""})


def only_known_links(text: str, allowed: Iterable[str], sites: Sites = NO_SITES) -> str:
    """An answer whose addresses all occur in ``allowed`` (passages' texts and addresses) or lead
    to ``sites``.

    Another link keeps its words and loses its address; an image is dropped to its words, since
    loading it would carry the answer away.
    """
    text = _seen(text)  # an address with what nobody sees in it is one again where it is shown
    if not _may_hold(text):
        return text
    known = _Known(allowed, sites)

    def link(match: re.Match[str]) -> str:
        image, words, address = match.groups()
        if image:
            return words
        return match.group() if known.target(address) else words

    def written(address: str, words: str) -> str:
        if not known.target(address):
            return words
        return f"[{words}]({address})" if words.strip() else address

    def domain(match: re.Match[str]) -> str:
        ending, path = match.group(2).casefold(), match.group(4)
        if not (path or ending in _ENDINGS or ending.startswith("xn--")):
            return match.group()
        return match.group() if known.said(match.group()) else LEFT_OUT

    text = _ENVELOPE.sub("", text)
    text = _IMG.sub("", text)
    text = _ANCHOR.sub(lambda m: written(m.group(1), m.group(2)), text)
    text = _SLACK.sub(lambda m: written(m.group(1), m.group(2)), text)
    text = _IMAGE_OR_LINK.sub(link, text)
    text = _DEFINITION.sub(lambda m: m.group() if known.target(m.group(1)) else "", text)
    text = _ADDRESS.sub(lambda m: m.group() if known(m.group(1) + m.group(2)) else LEFT_OUT, text)
    text = _MAIL.sub(lambda m: m.group() if known.said(m.group(1)) else LEFT_OUT, text)
    return _DOMAIN.sub(domain, text)


def title_said(title: str, uri: str) -> str:
    """A page's title on one line, as it may stand in an answer: links in it keep their words, and
    of addresses only its own (``uri``) stands. Names with a dot, like ASP.NET, stay."""
    title = " ".join(_seen(title).split())
    if not _may_hold(title) or _bare(title) == _bare(uri):
        return title
    for form, words in ((_IMG, ""), (_ANCHOR, r"\2"), (_SLACK, r"\2"), (_IMAGE_OR_LINK, r"\2")):
        title = form.sub(words, title)
    return _ADDRESS.sub(LEFT_OUT, title)


def _seen(text: str) -> str:
    """A text without what nobody sees; joiners, which scripts need, stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char
        for char in text
        if char in _KEPT or unicodedata.category(char) not in ("Cc", "Cf", "Cs")
    )


_KEPT = frozenset("\n\t\u200c\u200d")


def _may_hold(text: str) -> bool:
    """Whether there can be an address at all: most sentences have none."""
    return bool(_SIGN.search(text))


_SIGN = re.compile(
    rf"//|:\\|https?:|\]\(|\]:|<(?:a|img|/?data)\b|\|[^<>]*>|@|www\.|[\w-]{_DOT}[^\W\d_]{{2}}"
    r"|(?:mailto|tel|javascript|vbscript|data):",
    re.IGNORECASE,
)
