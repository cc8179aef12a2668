"""reStructuredText: the parsed document as Markdown.

Sphinx's own directives and roles are not known to docutils; their text is kept: a role's words as
they stand, an unknown directive's content parsed like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import Directive, directives

from bot.errors import UnreadableDocumentError
from knowledge.document import Document, RawDocument, clean
from knowledge.readers.encoding import decode
from knowledge.readers.front_matter import split_front_matter
from knowledge.readers.markdown import document_of
from knowledge.readers.markup import MarkdownText

_SETTINGS: dict[str, Any] = {
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "_disable_config": True,
    "report_level": 5,
    "halt_level": 6,
    "warning_stream": False,
    "doctitle_xform": False,
    "docinfo_xform": False,
    "smart_quotes": False,
    "syntax_highlight": "none",
    "line_length_limit": 1_000_000,
}
# `:ref:`text <target>`` and the like: the words that the page would show.
_ROLE = re.compile(r":[a-zA-Z][\w:+.-]{0,40}:`~?!?([^`<]+?)(?:\s*<[^`>]*>)?`")
_UNDERLINED = re.compile(r"^(\S[^\n]{0,200})\n([=\-~^\"'#*+`:._]{3,200})[ \t]*$", re.MULTILINE)
_PARSED = 2_000_000
_OPTION = re.compile(r":[\w-]+:")
_DIRECTIVE = re.compile(r"^[ \t]*\.\. +([\w:+.-]+)::", re.MULTILINE)
_SILENT = frozenset(
    """toctree index tags only highlight currentmodule module automodule autoclass autofunction
    contents sectnum meta raw include image target-notes default-role role""".split()
)
_CODE = frozenset({"code-block", "sourcecode", "code", "highlight", "prompt", "parsed-literal"})
_LABELLED = {
    "versionadded": "New in version",
    "versionchanged": "Changed in version",
    "deprecated": "Deprecated since version",
    "versionremoved": "Removed in version",
}


def _argument(directive: Directive) -> str:
    """What stands beside a directive's name. Options that nobody declared (":linenos:") come as
    further lines of it."""
    lines = "\n".join(directive.arguments).split("\n")
    return " ".join(line.strip() for line in lines if not _OPTION.match(line.strip()))


class _Silent(Directive):
    """A directive that shows no text."""

    has_content = True
    optional_arguments = 1000

    def run(self) -> list[nodes.Node]:
        return []


class _Code(Directive):
    """Code under one of its other names."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        text = "\n".join(self.content)
        block = nodes.literal_block(text, text)
        block["language"] = _argument(self).partition(" ")[0]
        return [block]


class _Unknown(Directive):
    """Any other directive: its argument is a line, its content is parsed."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        container = nodes.container()
        label = _LABELLED.get(self.name, "")
        said = f"{label} {_argument(self)}".strip()
        if said:
            container += nodes.paragraph("", said)
        self.state.nested_parse(self.content, self.content_offset, container)
        return [container]


def _know_directives(text: str) -> None:
    """Tell docutils about the directives in a text that it does not know."""
    for name in set(_DIRECTIVE.findall(text)):
        key = name.lower()
        if key in _SILENT:
            directives.register_directive(key, _Silent)
        elif key in _CODE:
            directives.register_directive(key, _Code)
        elif key not in _KNOWN:
            directives.register_directive(key, _Unknown)


_KNOWN = frozenset(
    """attention caution danger error hint important note tip warning admonition topic sidebar
    line-block epigraph highlights pull-quote compound container table csv-table list-table figure
    math replace unicode date class rubric title""".split()
)


class _Writer:
    """Walks the parsed tree."""

    def __init__(self) -> None:
        self.out = MarkdownText()

    def write(self, node: nodes.Node, level: int = 0, depth: int = -1) -> None:
        """Write what is below a node; ``level`` is that of the section, ``depth`` of the list."""
        for child in node.children:
            self._one(child, level, depth)

    def _one(self, node: nodes.Node, level: int, depth: int) -> None:
        if isinstance(node, nodes.section):
            self.write(node, level + 1, depth)
        elif isinstance(node, nodes.title | nodes.rubric):
            inside = isinstance(node.parent, nodes.section)
            self.out.heading(level if inside else max(level, 1) + 1, node.astext())
        elif isinstance(node, nodes.literal_block | nodes.doctest_block):
            self.out.code(node.astext(), str(node.get("language", "")))
        elif isinstance(node, nodes.table):
            self._table(node)
        elif isinstance(node, nodes.bullet_list | nodes.enumerated_list):
            self._list(node, level, depth + 1)
        elif isinstance(node, nodes.definition_list_item | nodes.field):
            self._defined(node)
        elif isinstance(
            node,
            nodes.comment | nodes.system_message | nodes.substitution_definition | nodes.target,
        ):
            return
        elif isinstance(node, nodes.line_block | nodes.TextElement):
            self.out.paragraph(node.astext())
        else:
            self.write(node, level, depth)

    def _list(self, node: nodes.Element, level: int, depth: int) -> None:
        start = int(node.get("start", 1))
        for number, item in enumerate(node.children, start):
            mark = f"{number}." if isinstance(node, nodes.enumerated_list) else "-"
            first = item.children[0] if item.children else None
            if isinstance(first, nodes.paragraph):
                self.out.item(first.astext(), depth, mark)
            elif first is not None:
                self._one(first, level, depth)
            for child in item.children[1:]:
                self._one(child, level, depth)

    def _defined(self, node: nodes.Element) -> None:
        """A term with its definition, or a field with its body, on one line."""
        name, *rest = (child.astext().strip() for child in node.children)
        body = "\n".join(text for text in rest if text)
        self.out.item(f"{name}: {body}" if body else name)

    def _table(self, node: nodes.table) -> None:
        for title in node.findall(nodes.title):
            self.out.paragraph(title.astext())
        self.out.table(
            [
                [entry.astext() for entry in row.children if isinstance(entry, nodes.entry)]
                for row in node.findall(nodes.row)
            ]
        )


def _underlined_as_hashes(text: str) -> str:
    """Headings alone, for texts that docutils would take minutes for: levels by first use."""
    levels: dict[str, int] = {}

    def heading(found: re.Match[str]) -> str:
        level = levels.setdefault(found[2][0], len(levels) + 1)
        return f"{'#' * min(level, 6)} {found[1].strip()}\n"

    return _UNDERLINED.sub(heading, text)


def read(content: bytes, raw: RawDocument) -> Iterator[Document]:
    """One document."""
    front = split_front_matter(clean(decode(content)))
    text = _ROLE.sub(r"``\1``", front.body)
    if len(text) > _PARSED:
        yield document_of(raw, front, _underlined_as_hashes(text))
        return
    _know_directives(text)
    try:
        tree = publish_doctree(text, settings_overrides=_SETTINGS)
    except (ValueError, AttributeError, KeyError, IndexError) as error:
        raise UnreadableDocumentError(reason=f"it is no reStructuredText ({error}).") from error
    writer = _Writer()
    writer.write(tree)
    yield raw.document(
        writer.out.text,
        title=front.title or writer.out.title,
        uri=front.uri,
        groups=front.groups,
        dated=front.dated,
    )
