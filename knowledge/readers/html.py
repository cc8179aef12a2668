"""HTML: the main part of a page as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from bot.errors import UnreadableDocumentError
from knowledge.days import day_among
from knowledge.document import Document, RawDocument, clean
from knowledge.readers.encoding import decode
from knowledge.readers.front_matter import split_front_matter
from knowledge.readers.markup import MarkdownText

_HEADINGS = {f"h{n}": n for n in range(1, 7)}
_LISTS = frozenset({"ul", "ol", "menu"})
_BLOCKS = frozenset(
    """address article aside blockquote body center dd details dialog div dl dt fieldset figcaption
    figure footer form header hgroup hr li main nav p section summary table tbody td tfoot th thead
    tr ul ol menu""".split()
)
_NEVER = frozenset(
    """script style noscript template svg canvas iframe object embed head button select
    textarea input dialog""".split()
)
_AROUND = frozenset({"nav", "footer", "header", "aside"})
_ANCHOR = re.compile(r"headerlink|header-anchor|anchor-?link|hash-link|heading-anchor")
_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset=[\"']?([\w.:-]{2,40})", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([A-Za-z][\w-]*)")
_DEEPEST = 10_000
_METADATA = 200_000
_DATING_TAG = re.compile(r"<(?:meta|time)\b[^<>]{1,400}>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([\w:-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_NAMING = ("property", "name", "itemprop", "http-equiv")
_PREFIX = re.compile(r"^(?:article|og|dc|dcterms|book)[:.]|^dc\.date\.")
_CALLED = {"updated": "updated", "date.modified": "modified", "lastmodified": "lastmod"}
_LINKED = re.compile(r"\"(dateModified|datePublished)\"\s*:\s*\"([^\"]{8,40})\"")
_SELF_CLOSED = frozenset(
    """area base br col embed hr img input link meta source track wbr p li dt dd td th tr tbody
    thead tfoot option optgroup rp rt colgroup caption path rect circle""".split()
)
_LANGUAGE = re.compile(r"(?:^|\s)(?:language|lang|highlight-source)-([\w+#-]+)")


class _Walk:
    """One walk over a part of a page, without recursion: pages may nest without end."""

    def __init__(self, skipped: frozenset[str]) -> None:
        self.out = MarkdownText()
        self._skipped = skipped
        self._inline: list[str] = []
        self._lists: list[str] = []
        self._counts: list[int] = []
        self._mark: str | None = None

    def over(self, root: LexborNode) -> MarkdownText:
        """The Markdown of everything below the node."""
        stack: list[tuple[LexborNode, bool]] = [(root, True)]
        while stack:
            node, entering = stack.pop()
            if not entering:
                self._leave(node)
            elif self._enter(node):
                stack.append((node, False))
                children = list(node.iter(include_text=True))
                stack.extend((child, True) for child in reversed(children))
        self._flush()
        return self.out

    def _hidden(self, node: LexborNode, tag: str) -> bool:
        if tag in self._skipped:
            return True
        attributes = node.attributes
        if "hidden" in attributes or attributes.get("aria-hidden") == "true":
            return True
        return tag == "a" and bool(_ANCHOR.search(attributes.get("class") or ""))

    def _enter(self, node: LexborNode) -> bool:
        """Whether to go on below the node."""
        tag = node.tag or ""
        if tag == "-text":
            self._inline.append(re.sub(r"\s+", " ", node.text_content or ""))
            return False
        if tag.startswith("-") or self._hidden(node, tag):
            return False
        if tag == "br":
            self._inline.append("\n")
            return False
        if tag == "pre":
            self._flush()
            self.out.code(node.text(), _language(node))
            return False
        if tag == "table" and not node.css_first("table table"):
            self._flush()
            self.out.table(_rows(node))
            return False
        if tag in _BLOCKS or tag in _HEADINGS:
            self._flush()
        if tag in _LISTS:
            self._lists.append(tag)
            self._counts.append(0)
        elif tag == "li" and self._lists:
            self._counts[-1] += 1
            self._mark = f"{self._counts[-1]}." if self._lists[-1] == "ol" else "-"
        return True

    def _leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag in _HEADINGS:
            text = "".join(self._inline)
            self._inline.clear()
            self.out.heading(_HEADINGS[tag], text.strip().rstrip("¶#").strip())
        elif tag in _BLOCKS:
            self._flush()
        if tag in _LISTS and self._lists:
            self._lists.pop()
            self._counts.pop()
        if tag == "li":
            self._mark = None

    def _flush(self) -> None:
        text = "".join(self._inline)
        self._inline.clear()
        if not text.strip():
            return
        if self._mark is None:
            self.out.paragraph(text)
        else:
            self.out.item(text, max(len(self._lists) - 1, 0), self._mark)
            self._mark = None


def _language(node: LexborNode) -> str:
    code = node.css_first("code")
    for each in (node, code, node.parent):
        found = _LANGUAGE.search((each.attributes.get("class") or "") if each else "")
        if found:
            return found.group(1)
    return ""


def _rows(node: LexborNode) -> list[list[str]]:
    return [
        [" ".join(cell.text(separator=" ").split()) for cell in line.css("td, th")]
        for line in node.css("tr")
    ]


def _too_deep(text: str) -> bool:
    """Whether more elements are open at once than the parser, quadratic in them, takes well."""
    if text.count("<") <= _DEEPEST:
        return False
    depth = 0
    for tag in _TAG.finditer(text):
        if tag[2].lower() not in _SELF_CLOSED:
            depth += -1 if tag[1] else 1
            if depth > _DEEPEST:
                return True
    return False


def _main_part(tree: LexborHTMLParser) -> LexborNode | None:
    for selector in ("main", "[role=main]", "article"):
        found = tree.css(selector)
        if len(found) == 1 and len(found[0].text(strip=True)) > 40:
            return found[0]
    return None


def markdown_of(text: str) -> MarkdownText:
    """The Markdown of a page; its title is the first heading, else that of the page."""
    if _too_deep(text):
        raise UnreadableDocumentError(reason="it is nested too deeply.")
    tree = LexborHTMLParser(text)
    part = _main_part(tree)
    out = _Walk(_NEVER | {"nav"}).over(part) if part else MarkdownText()
    if not out and tree.body:
        out = _Walk(_NEVER | _AROUND).over(tree.body) or _Walk(_NEVER).over(tree.body)
    if not out.title:
        named = tree.css_first("head > title")
        out.title = " ".join(named.text().split()) if named else ""
    return out


def read(content: bytes, raw: RawDocument) -> Iterator[Document]:
    """One document."""
    declared = _DECLARED.search(content[:4096])
    text = clean(decode(content, declared.group(1).decode("ascii") if declared else ""))
    front = split_front_matter(text)
    out = markdown_of(front.body)
    if not out:
        raise UnreadableDocumentError(reason="it is empty: the page holds no text.")
    title = front.title or out.title
    yield raw.document(
        out.text,
        title=title,
        uri=front.uri,
        groups=front.groups,
        dated=front.dated or _day(front.body),
    )


def _day(text: str) -> str:
    """When a page says it was changed: in its metadata, in its linked data, or beside its text."""
    said: dict[str, object] = {}
    for tag in _DATING_TAG.findall(text[:_METADATA]):
        attributes = {name.lower(): a or b for name, a, b in _ATTRIBUTE.findall(tag)}
        named = next((attributes[k] for k in _NAMING if attributes.get(k)), "")
        value = attributes.get("content") or attributes.get("datetime") or ""
        name = _PREFIX.sub("", named.lower().replace("_time", ""))
        said.setdefault(_CALLED.get(name, name), value)
    for name, value in _LINKED.findall(text[:_METADATA]):
        said.setdefault(name.lower(), value)
    return day_among(said)
