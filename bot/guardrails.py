"""Guardrails at the engine's edge: what comes in is clean, what goes out is carried by sources.

Pure but for :func:`ground`, which asks the :class:`~bot.ports.Grounder`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from bot.errors import QuestionError
from bot.evidence import Claim, Grounding, Retrieval
from bot.facts import Kind, facts
from bot.nearness import nearness
from bot.ports import Grounder
from bot.sentences import Unit, split

LONGEST_QUESTION = 8_000

# Joiners that scripts and emoji need: zero width (non-)joiner, variation selectors.
_JOINERS = frozenset("\u200c\u200d\ufe0e\ufe0f")
_LOOSE_JOINERS = re.compile("(?:^|(?<=\\s))[\u200c\u200d]+|[\u200c\u200d]+(?=\\s|$)")
_KEPT_CONTROLS = frozenset("\n\t")


def clean(text: str) -> str:
    """A text without NUL and other controls, lone surrogates, and invisible direction marks.

    Tags (U+E0000), bidirectional and zero-width controls hide words from the reader that a model
    would still obey; joiners stay between two visible characters.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    signs = set(text)  # far fewer than characters
    hidden = {c for c in signs if not (c in _KEPT_CONTROLS or c in _JOINERS or _is_visible(c))}
    if hidden:
        text = "".join(c for c in text if c not in hidden)
    return text if signs.isdisjoint(_JOINERS) else _LOOSE_JOINERS.sub("", text)


def _is_visible(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs")


def clean_question(text: str, longest: int = LONGEST_QUESTION) -> str:
    """The question as it is stored and asked.

    Raises :class:`QuestionError` when nothing is left or it is longer than ``longest``, by default
    8,000 characters.
    """
    text = re.sub(r"\n{3,}", "\n\n", clean(text)).strip()
    if not text:
        raise QuestionError(problem="it is empty; write what you would like to know.")
    if len(text) > longest:
        raise QuestionError(
            problem=f"it has {len(text):,} characters; ask with at most {longest:,}."
        )
    return text


_NUMBERED = re.compile(r"^\s*\d{1,3}[.)]\s+")


def from_nowhere(text: str, said: Iterable[str]) -> tuple[str, ...]:
    """The figures, dates, codes and addresses of a text that nobody said, as written. Numbers in
    words ("one moment") state nothing."""
    found = [f for f in facts(_NUMBERED.sub("", text)) if f.kind is not Kind.NAME]
    telling = [f for f in found if f.kind is Kind.LINK or any(c.isdigit() for c in f.text)]
    known = {f.value for other in said for f in facts(other)} if telling else set()
    return tuple(f.text for f in telling if f.value not in known)


# Best cosine + 0.5 * coverage by all passages. At 0.58 these shares are called weak: answerable
# questions of squad2 0.2%, clapnq 0.7%, northwind 1.2%, multihop_rag 2.8%; unanswerable ones of
# northwind 53%, of multihop_rag (articles that are not there) 97% (benchmarks/bench_refusal.py).
_WEAK = 0.58
_WEAK_WORDS = 0.3


def evidence_is_weak(query: str, retrieval: Retrieval) -> str | None:
    """Why the passages cannot answer, in words, or ``None``; decided before anybody speaks.

    From raw cosine and the share of the query's telling words in the passages, never from fused
    scores. It errs on the side of speaking: the reader and the check decide the close cases.
    """
    if not retrieval.passages:
        return "no passage was found"
    near = nearness(query, retrieval.passages)
    waiting = any(p.cosine is None for p in retrieval.passages)
    if waiting and near.covered >= _WEAK_WORDS:
        return None  # vectors are still to come: words decide
    if near.value >= _WEAK:
        return None
    return f"the nearest passage is far from the question ({near.value:.2f} of {_WEAK:.2f} wanted)"


async def ground(
    grounder: Grounder,
    answer: str,
    passages: Sequence[str],
    question: str = "",
    cited: Sequence[int] = (),
) -> Grounding:
    """The check of a whole answer: each unit of it is a claim with its exact place."""
    check = grounder.open(passages, question)
    claims: list[Claim] = []
    for unit in split(answer):
        if unit.unit is Unit.HEADING:
            continue
        verdict = await check.check(unit.text, cited)
        claims.append(
            Claim(
                start=unit.start,
                end=unit.end,
                text=unit.text,
                supported=verdict.supported,
                score=verdict.score,
                passage=verdict.passage,
                finding=verdict.finding,
            )
        )
    return Grounding(tuple(claims))
