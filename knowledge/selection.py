"""Which of the ranked passages are shown in a list, and which go into a prompt.

A list (``search``) is for looking around: it stays full and shows different pages first. Evidence
is for answering: passages that say the same count once. A model's prompt wants fewer: what is far
behind the best stays out. The built-in reader wants them all, since it judges an answer beside what
else there is (with near ones alone it refuses .34 instead of .10 of clapnq's answerable questions).
All are pure, and take passages best first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot.evidence import Passage
from knowledge.duplicates import merged
from knowledge.ranking import said

COPY = 0.7
"""What is left in a list of the score of a text that stands there already, from another page.
Versions of a page then follow the pages that say something else: of 26 questions on documentation
in five versions 21 find a page that answers within five, 16 where copies count in full, and of
all pages that answer as many are found (.573 and .581)."""

AGAIN = 0.5
"""What is left in a list of the score of further passages of a page that it shows already. Over
nine sets it costs no page and finds more in four."""

NEAR = 0.75
"""Evidence for a prompt stands, by its raw scores, at least at this share of the best. Over nine
sets the share of passages from a page that answers rises from .33 to .63 and a question keeps 3.4
of 6 passages, while such a page is still among them for .922 instead of .936 of the questions; .7
gives .59 and .928, .8 gives .67 and .917. Shares of the fused score do worse (.67 and .902), and
are nothing to go by where a knowledge base has a few pages only: its last candidate scores 0,
however good."""

SAME_PAGE = 0.1
"""Share of the scores of the best two other passages of its page that counts for a passage in a
list: a page that tells of it in several places is the page that was meant. Of 700 headings asked as
questions .907 instead of .904 find their page within five (nDCG .797 instead of .790), of all pages
for the questions on documentation .82 instead of .81."""

SPARE = 10
"""Passages to choose from beyond those that are taken: they stand in for repeated ones, and may
rise by their wording. More brought answers nothing."""

LOOKING = 45
"""The same for lists, where copies and other passages of a page are to be known."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of ranked passages: ``choose`` takes them, best first, and how many are wanted;
    ``spare`` is how many more it wants to see."""

    choose: Callable[[Sequence[Passage], int], tuple[Passage, ...]]
    spare: int = SPARE

    def __call__(self, ranked: Sequence[Passage], k: int) -> tuple[Passage, ...]:
        """At most ``k`` of them, best first."""
        return self.choose(ranked, k)


def _listed(ranked: Sequence[Passage], k: int) -> tuple[Passage, ...]:
    said_before: set[str] = set()
    pages: set[tuple[str, str]] = set()
    weighed = []
    for passage in _with_their_pages(ranked):
        text, page = _text(passage), _page(passage)
        left = (COPY if text in said_before else 1.0) * (AGAIN if page in pages else 1.0)
        said_before.add(text)
        pages.add(page)
        weighed.append(replace(passage, score=passage.score * left))
    return tuple(sorted(weighed, key=lambda p: -p.score)[:k])


def _with_their_pages(ranked: Sequence[Passage]) -> list[Passage]:
    pages: dict[tuple[str, str], list[float]] = {}
    for passage in ranked:
        pages.setdefault(_page(passage), []).append(passage.score)
    counted = []
    for passage in ranked:
        others = list(pages[_page(passage)])
        others.remove(passage.score)
        score = (passage.score + SAME_PAGE * sum(others[:2])) / (1 + 2 * SAME_PAGE)
        counted.append(replace(passage, score=score))
    return sorted(counted, key=lambda p: -p.score)


def _evidence(ranked: Sequence[Passage], k: int) -> tuple[Passage, ...]:
    return merged(ranked)[:k]


def _near_evidence(ranked: Sequence[Passage], k: int) -> tuple[Passage, ...]:
    different = _evidence(ranked, k)
    standing = _standing(different)
    least = NEAR * max(standing, default=0.0)
    return tuple(
        passage
        for n, (passage, value) in enumerate(zip(different, standing, strict=True))
        if n == 0 or value >= least
    )


def _standing(passages: Sequence[Passage]) -> list[float]:
    """How good each of the passages is beside the best of them by words and by meaning, 0 to 1."""
    words = max((p.lexical for p in passages), default=0.0)
    meaning = max((p.cosine or 0.0 for p in passages), default=0.0)
    standing = []
    for passage in passages:
        legs = [passage.lexical / words] if words > 0 else []
        if meaning > 0 and passage.cosine is not None:
            legs.append(max(passage.cosine, 0.0) / meaning)
        standing.append(sum(legs) / len(legs) if legs else 1.0)
    return standing


listed = Choice(_listed, LOOKING)
"""``k`` passages, different pages first; one that brings no other page, or repeats a text, has its
score lowered for it."""

evidence = Choice(_evidence)
"""The first ``k`` passages that say different things."""

near_evidence = Choice(_near_evidence)
"""Of these those near the best, for a model's prompt; the first always."""


def texts(ranked: Sequence[Passage]) -> int:
    """How many different texts there are."""
    return len({_text(passage) for passage in ranked})


def _text(passage: Passage) -> str:
    text = said(passage.chunk.text)
    return passage.chunk.text if text.isspace() else text


def _page(passage: Passage) -> tuple[str, str]:
    return passage.chunk.source, passage.chunk.document
