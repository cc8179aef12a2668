"""Text that came from Slack, as plain Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable

# What stands in angle brackets is Slack's; what a person typed comes as "&lt;" and "&gt;".
_TOKEN = re.compile(r"<([^<>\n]+)>")
_ENTITY = re.compile(r"&(amp|lt|gt);")
_PLAIN = {"amp": "&", "lt": "<", "gt": ">"}

_CODE = re.compile(r"```(.+?)```|`[^`\n]+`", re.DOTALL)
_BOLD = re.compile(r"(?<![\w*\\])\*(?![\s*])([^*\n]*[^\s*])\*(?![\w*])")
_STRUCK = re.compile(r"(?<![\w~\\])~(?![\s~])([^~\n]*[^\s~])~(?![\w~])")
_BULLET = re.compile(r"^([ \t]*)[•◦▪][ \t]+", re.MULTILINE)


def _nobody(_user: str) -> str:
    return ""


def unescape(text: str, name_of: Callable[[str], str | None] = _nobody) -> str:
    """Slack's text as a person typed it: entities, links, names of people and channels.

    ``name_of`` gives a user's name for an id, or nothing where it is not known; the id is
    shown then. The result is untrusted Markdown like any other: it may look like a mention, and
    every rendering breaks that up again.
    """
    out: list[str] = []
    at = 0
    for token in _TOKEN.finditer(text):
        out += (_decoded(text[at : token.start()]), _token(token.group(1), name_of))
        at = token.end()
    return "".join([*out, _decoded(text[at:])])


def markdown(text: str) -> str:
    """Slack's text with its marks as Markdown has them: ``*bold*``, ``~struck~``, bullets, and
    blocks of code that begin and end within a line."""
    plain = unescape(text)
    out: list[str] = []
    at = 0
    for code in _CODE.finditer(plain):
        out.append(_marked(plain[at : code.start()]))
        at = code.end()
        if code[1] is None:
            out.append(code.group())
            continue
        before = "" if (not out[-1] and len(out) == 1) or out[-1].endswith("\n") else "\n"
        after = "" if at == len(plain) or plain[at] == "\n" else "\n"
        lines = code[1].removeprefix("\n").removesuffix("\n")
        out.append(f"{before}```\n{lines}\n```{after}")
    return "".join([*out, _marked(plain[at:])])


def _marked(text: str) -> str:
    """Text outside of code."""
    text = _STRUCK.sub(r"~~\1~~", _BOLD.sub(r"**\1**", text))
    return _BULLET.sub(r"\1- ", text)


def _decoded(text: str) -> str:
    """Each entity once: ``&amp;lt;`` is ``&lt;``."""
    return _ENTITY.sub(lambda m: _PLAIN[m.group(1)], text)


def _token(body: str, name_of: Callable[[str], str | None]) -> str:
    target, _, label = body.partition("|")
    target, label = _decoded(target), _decoded(label)
    name = label.lstrip("@#")
    if target.startswith("@"):
        plain = "@" + (name or name_of(target[1:]) or target[1:])
    elif target.startswith("#"):
        plain = "#" + (name or target[1:])
    elif target.startswith("!date^"):
        plain = label
    elif target.startswith("!"):
        plain = "@" + (name or target.removeprefix("!").removeprefix("subteam^"))
    elif target.lower().startswith(("mailto:", "tel:")):
        plain = label or target.partition(":")[2]
    else:
        plain = _link(target, label)
    return plain


def _link(target: str, label: str) -> str:
    """A link; its label only where it says more than the address."""
    bare = re.sub(r"^https?://|/$", "", target)
    if not label or re.sub(r"^https?://|/$", "", label) == bare:
        return target
    shown = label.replace("[", "(").replace("]", ")")
    return f"[{shown}]({target})"
