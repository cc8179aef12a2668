"""An answer as a tree for programs that build a page from it, element by element.

The reading is that of :mod:`adapters.rendering.html`; no HTML is sent, so that none can be put in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markdown_it.token import Token

from adapters.rendering.html import safe_tokens
from adapters.rendering.links import linkable
from bot.conversation import Turn
from bot.evidence import Citation

Tree = list[Any]
"""Texts, and elements: ``[name, {attribute: value}, part, …]``. ``cite`` is the marker of source
``n``."""


def answer_tree(turn: Turn) -> Tree:
    """A turn's answer; links lead to its own sources, or where the operator allows."""
    return markdown_tree(turn.answer, linkable(turn))


def markdown_tree(text: str, citations: Sequence[Citation] = ()) -> Tree:
    """Untrusted Markdown as a tree; a link that may lead nowhere is its text."""
    root: Tree = ["", {}]
    _grow([root], safe_tokens(text, citations))
    return root[2:]


def _grow(open_elements: list[Tree], tokens: Sequence[Token]) -> None:
    for token in tokens:
        here = open_elements[-1]
        if token.type == "inline":
            _grow(open_elements, token.children or ())
        elif token.nesting == -1:
            if not token.hidden:
                open_elements.pop()
        elif token.nesting == 1:
            if not token.hidden:
                element: Tree = [token.tag, _attributes(token)]
                here.append(element)
                open_elements.append(element)
        else:
            here += _leaf(token)


def _attributes(token: Token) -> dict[str, Any]:
    told = ("href", "start", "class")
    return {name: token.attrs[name] for name in told if name in token.attrs}


def _leaf(token: Token) -> Tree:
    code = ["code", {}, token.content]
    leaves: dict[str, Tree] = {
        "softbreak": ["br", {}],
        "hardbreak": ["br", {}],
        "hr": ["hr", {}],
        "code_inline": code,
        "fence": ["pre", {}, code],
        "code_block": ["pre", {}, code],
    }
    if token.type == "citation":
        return [["cite", {"n": int(token.content)}]]
    if token.type in leaves:
        return [leaves[token.type]]
    return [token.content] if token.content else []
