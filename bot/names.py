"""What people call themselves, as far as it can be said to others: pure.

A display name is written by anybody. One that pings, links, formats, curses or speaks to a model is
not repeated: whoever says it uses a neutral word instead.
"""

from __future__ import annotations

import re
import unicodedata

from bot.abuse import rude
from bot.guardrails import clean
from bot.linking import only_known_links

_LONGEST = 80
_PING = re.compile(
    r"<[@#!]|@\s*(?:everyone|here|channel|all|group)\b|<!|&lt;[@!]|^\W*(?:everyone|here)\W*$",
    re.IGNORECASE,
)
_LINK = re.compile(
    r"://|\bwww\.|\]\s*\(|\bmailto:|\b[\w-]+\.(?:com|net|org|io|co|de|ru|xyz|info|biz|app|dev|gg|ly)\b",
    re.IGNORECASE,
)
_PROMPT = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instructions?|rules?|prompts?|above"
    r"|previous|everything)\b|\b(?:system|assistant|developer|user)\s*:|\byou are now\b"
    r"|\b(?:system )?prompt\b|\binstructions?\b|</?\w+>|\bjailbreak\b|\bignorier\w*\b"
    r"|\banweisung\w*\b|\b(?:reveal|print|repeat|output)\b.{0,30}\b(?:secret|password|token|key)\b",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"[*~`<>\[\]{}|\\#]+|_{2,}|(?<!\w)_|_(?!\w)")


def safe_name(name: str) -> str:
    """A name that may be said, on one line without markup; empty where it may not."""
    shown = unicodedata.normalize("NFKC", clean(name))
    if "\n" in shown.strip() or len(shown) > _LONGEST:
        return ""
    if _PING.search(shown) or _LINK.search(shown) or _PROMPT.search(shown) or rude(shown):
        return ""
    if only_known_links(shown, ()) != shown:
        return ""
    plain = " ".join(_MARKUP.sub(" ", shown).replace("@", " ").split())
    return plain if any(char.isalnum() for char in plain) else ""
