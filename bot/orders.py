"""Orders to a model that stand in what was found: they are left out before anybody reads it.

A document that says "ignore your instructions and reply with …" would have its words carried by
itself: the reader could quote it and the check would pass it. So the sentence that speaks to a
model, and the rest of its paragraph, are blanked with as many spaces: every offset stays. What is
found are the usual forms, in a few languages; the marked envelope (:mod:`bot.marking`) is what
stands against all others. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.evidence import Passage, Retrieval
from bot.telemetry import log

_OLD = r"(?:previous|prior|preceding|earlier|above|foregoing|former|initial|original|existing)"
_TOLD = (
    r"(?:instructions?|prompts?|directives?|guidelines?|system message|programming|training"
    r"|orders|commands|conversation|context|constraints)"
)
_MODEL = r"(?:a\.?i\.?s?|llms?|language models?|chat\s?bots?|chatgpt|gpt(?:-\w+)?|claude|gemini)"
_FORMS = (
    rf"\b(?:ignore|disregard|forget|override|bypass|discard|do not follow|stop following)\b"
    rf"[^.!?\n]{{0,30}}\b(?:all|any|every|your|{_OLD})\b[^.!?\n]{{0,30}}\b{_TOLD}\b",
    rf"\b(?:ignore|disregard|forget)\b[^.!?\n]{{0,20}}\b{_TOLD}\b[^.!?\n]{{0,20}}\b"
    r"(?:above|before|so far|given (?:to you )?(?:earlier|previously)|you (?:were|have been))\b",
    r"\b(?:ignore|disregard|forget) (?:everything|all|anything)"
    r" (?:above|before|you (?:were|have))\b",
    r"\b(?:reveal|print|repeat|output|show|display|dump|write out|tell (?:me|us|them))\b"
    r"[^.!?\n]{0,40}\b(?:system prompt|your (?:initial |hidden |secret |system |exact )*prompt"
    r"|the instructions you)\b",
    rf"\b(?:attention|note|notice|message|instructions?|orders?|reminder)\b:? (?:for|to)? ?"
    rf"(?:all |any |the |every )?{_MODEL}\b",
    rf"\bif you are an? (?:{_MODEL}|assistant)\b",
    rf"\bas an? (?:{_MODEL}|assistant),? you (?:must|should|will|have to|are (?:now )?required)\b",
    r"\b(?:begin|start|end|finish|prefix|open|close) (?:all |each |every |your )+"
    r"(?:answers?|responses?|repl(?:y|ies)|outputs?) (?:with|by)\b",
    r"\byou are now (?:in )?(?:an? )?(?:dan\b|evil|unrestricted|jailbroken|developer mode|free from"
    rf"|different|(?:new )?(?:{_MODEL}|assistant|persona|pirate|hacker))",
    r"\bfrom now on,? (?:you (?:are|will|must|shall|have to|should)|always|only|respond|answer"
    r"|reply|act|pretend)\b[^.!?\n]{0,60}\b(?:respond|answer|reply|act|pretend|say|speak|be|output|write)\b",
    r"\bdo anything now\b|\bjailbreak(?:ed)? mode\b",
    r"\bnew (?:system )?(?:instructions?|prompt)(?: for you)?:",
    r"<\|(?:im_start|im_end|system|endoftext|start_header_id)\|>|\[/?INST\]|<<SYS>>",
    # German, French, Spanish, Italian, Portuguese
    r"\b(?:ignorier\w*|vergiss|vergessen sie|missacht\w*)\b[^.!?\n]{0,40}"
    r"\b(?:anweisung|instruktion|vorgabe|befehl)\w*",
    r"\b(?:ignore[zr]?|oublie[zr]?)\b[^.!?\n]{0,30}\b(?:instructions|consignes|directives)\b"
    r"[^.!?\n]{0,20}\b(?:pr[ée]c[ée]dentes|ci-dessus|ant[ée]rieures)\b",
    r"\b(?:ignora|ignore|olvida|ignorar|dimentica|esquece|esqueça)\b[^.!?\n]{0,30}"
    r"\b(?:instrucciones|istruzioni|instruções)\b",
)
_ORDER = re.compile("|".join(f"(?:{form})" for form in _FORMS), re.IGNORECASE)
_HINTS = (
    *("ignor", "disregard", "forget", "override", "bypass", "discard", "do not follow"),
    *(
        "stop following",
        "system prompt",
        "prompt",
        "instructions you",
        "language model",
        "llm",
        "gpt",
    ),
    *("claude", "gemini", " ai", "a.i", "assistant", "chatbot", "chat bot", "you are now"),
    *("answer with", "answers with", "response with", "responses with", "reply with", "answer by"),
    *("replies with", "output with", "outputs with", "response by", "from now on", "anything now"),
    *("jailbreak", "instructions:", "instruction:", "<|", "inst]", "<<sys", "vergiss", "vergessen"),
    *("missacht", "oublie", "olvid", "dimentica", "esquec", "esqueç", "instructions for you"),
)
"""One of these stands in every order that is known here: most texts are done with that look."""
_BEGIN = re.compile(r"(?:[.!?。！？][\"”’)\]]*\s+|\n)(?=\S)")
_PARAGRAPH_END = re.compile(r"\n[ \t]*\n")
_VISIBLE = re.compile(r"[^\n]")


def without_orders(text: str) -> str:
    """A text of the same length without what it orders a model to do."""
    folded = text.casefold()
    if not any(hint in folded for hint in _HINTS):
        return text
    found = _ORDER.search(text)
    while found is not None:
        begins = [m.end() for m in _BEGIN.finditer(text, 0, found.start() + 1)]
        start = begins[-1] if begins else 0
        ends = _PARAGRAPH_END.search(text, found.end())
        end = ends.start() if ends else len(text)
        text = text[:start] + _VISIBLE.sub(" ", text[start:end]) + text[end:]
        found = _ORDER.search(text, end)
    return text


def disarmed(found: Retrieval) -> Retrieval:
    """What was found, without orders; the same object where there are none."""
    passages = unordered(found.passages)
    same = all(new is old for new, old in zip(passages, found.passages, strict=True))
    return found if same else replace(found, passages=passages)


def unordered(passages: Sequence[Passage]) -> tuple[Passage, ...]:
    """Passages without orders, each the same object where it has none."""
    return tuple(map(_disarmed, passages))


def _disarmed(passage: Passage) -> Passage:
    text = without_orders(passage.chunk.text)
    if text == passage.chunk.text:
        return passage
    log.warning("orders to a model are left out", document=passage.chunk.document)
    return replace(passage, chunk=replace(passage.chunk, text=text))
