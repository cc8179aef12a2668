"""Support questions asked of nobody in particular, as they open a conversation in a channel."""

from __future__ import annotations

import re
from collections.abc import Sequence

_OPENINGS = (
    r"how (?:do|can|could|would|should|does|is|are|to|long|much|many|often|big|far|come|will)\b"
    r"(?! (?:you|everyone|everybody|we (?:feel|move)|things|your)\b)",
    r"where (?:do|can|could|is|are|to|does|should|would)\b(?! (?:everyone|everybody|you)\b)",
    r"what(?:'s| is| are| does| do i| can i| should i| if i| if my| kinds? of| types? of| happens"
    r"| might| could| would| causes?"
    r"| will happen)\b(?! (?:up|new|everyone|for)\b)",
    r"what [\w-]+ (?:do|does|should|can) (?:i|the|my|it)\b",
    r"(?:am|can|may|could|do|did|should|will|would|must|have|was) (?:i|my)\b",
    r"(?:is|are|has|have|does) my\b|which\b",
    r"is (?:it|this|that) (?:possible|safe|ok|okay|supported|allowed|normal)",
    r"(?:is|was) there (?:an?|any|some)|are there\b",
    r"does (?:the|it|this|our)\b|do (?:all|the|we have)\b",
    r"(?:does|do|is|are) [\w.-]+ (?:support|work|have|come|include|need|compatible|available)\b",
    r"(?:is|are) (?:the|this|these) [^?]{1,60}\b(?:available|supported|included|compatible|possible"
    r"|required|allowed|free|limited|safe|covered)\b",
    r"why (?:is|are|does|do|am|did|can|was|has|have|will|would)(?:n'?t)?\b(?! (?:you|we)\b)",
    r"when (?:does|do|is|are|will|can|should) (?:the|my|i|it)\b",
    r"any (?:idea|way|chance|tips?) (?:how|why|what|to|on)\b",
    r"has any(?:one|body) (?:here |else )?(?:dealt with|run into|managed to"
    r"|(?:seen|had|got) (?:this|that|an?|the) (?:\w+ )?(?:error|problem|issue|message))\b",
    r"if (?:i|my|the)\b[^?]{1,120}\b(?:will|does|do|can|is|should|would) (?:it|i|that|the|my)\b",
    r"(?:does |do )?any(?:one|body) (?:here )?knows? (?:how|where|why|what|if|which|when)\b",
    r"(?:please |can you |could you )*(?:tell me|explain|help me) (?:\w+ )?"
    r"(?:how|where|why|what|when|which|if|with)\b",
    r"wie (?:kann|komme|lange|viele?|ändere|bekomme|mache|geht|funktioniert|setze|oft)\b",
    r"wo (?:kann|finde|ist|sind|liegt)\b",
    r"was (?:ist|bedeutet|kostet|sind)\b",
    r"(?:warum|kann (?:ich|man)|gibt es|welche[rsn]?)\b",
    r"(?:comment|pourquoi|puis-je|peut-on|est-ce (?:que|qu)|quel(?:le)?s?)\b",
    r"où (?:est|puis|se|sont|trouver)",
    r"¿? ?(?:cómo|dónde|por qué|qué (?:es|significa)|cuál|cuánto|puedo|se puede|hay)\b",
)
_OPENS = re.compile("|".join(_OPENINGS), re.IGNORECASE)
_LATER = re.compile(rf"(?:[,;:–-]|\b(?:and|so|but)) (?:{'|'.join(_OPENINGS)})", re.IGNORECASE)
_HOW = re.compile(
    r"\bhow (?:do|can|could|would|should) (?:i|we|one)\b|\bhow i (?:can|could|should)\b"
    r"|[,;:–-] where (?:do|can|could|would|should) (?:i|we|one)\b",
    re.IGNORECASE,
)
"""A support question after its story, also without a question mark."""

_OWN_AFFAIRS = (
    r"lunch|coffee|beers?|drinks?|weekend|birthday|party|tonight|pto|keynote",
    r"stand-?up|meeting|retro|the build",
    r"everyone|everybody|guys|folks|with some|(?:which|who|any|one|some) of (?:you|us)",
    r"today|tomorrow|(?:mon|tues|wednes|thurs|fri)day|go (?:yesterday|last night)",
    r"how did (?:the|it) [^?]{0,40}\bgo",
    r"you (?:all|think|doing|up)|what do you|do you (?:want|think|like)|your",
    r"(?:should|shall) we|can we (?:move|meet|talk|get)|\d+ min(?:ute)?s?",
    r"who(?:'s| is) (?:in|up|on|coming)",
)
_AMONG_PEOPLE = re.compile(rf"\b(?:{'|'.join(_OWN_AFFAIRS)})\b", re.IGNORECASE)


def opens_support(sentences: Sequence[str]) -> bool:
    """Whether a message asks a support question of nobody in particular.

    One of its ``sentences`` opens like one ("How do I …", "Where can I …", "Is there a way …",
    "Does anyone know how …") and none speaks of people's own affairs.
    """
    asks = any(
        _OPENS.match(sentence)
        or _HOW.search(sentence)
        or (sentence.rstrip().endswith("?") and _LATER.search(sentence))
        for sentence in sentences
    )
    return asks and not any(_AMONG_PEOPLE.search(sentence) for sentence in sentences)
