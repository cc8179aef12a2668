"""A turn in the forms that people and scripts read: JSON, HTML, terminal text, chat messages.

Pure functions; an answer is Markdown that a model wrote, so it is never trusted.
"""

from adapters.rendering.cleaning import is_web_address, plain
from adapters.rendering.html import SourceHref, answer_html, markdown_html, passage_html
from adapters.rendering.json import turn_json
from adapters.rendering.terminal import answer_ansi, sources_ansi

__all__ = [
    "SourceHref",
    "answer_ansi",
    "answer_html",
    "is_web_address",
    "markdown_html",
    "passage_html",
    "plain",
    "sources_ansi",
    "turn_json",
]
