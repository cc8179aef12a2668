"""The story of a turn for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from adapters.rendering.cleaning import plain
from bot.conversation import Feedback, Turn
from bot.evidence import Passage

if TYPE_CHECKING:
    from adapters.telling import Audited, Story

_QUOTE = 160


def story_text(story: Story) -> str:
    """What ``audit show`` prints: the whole story, without markup."""
    parts = [
        _head(story.turn),
        _block("Answer", [plain(story.turn.answer)]),
        _block("Understood", _understood(story)),
        _block("Passages", _passages(story)),
        _block("Withheld", [plain(name) for name in story.turn.withheld]),
        _block("Claims", _claims(story)),
        _block("Kept back", _rejected(story.turn)),
        _block("Otherwise than usual", [plain(n) for n in story.turn.notes]),
        _block("Cost", _cost(story)),
        _block("Feedback", _feedback(story.feedback)),
        _block("Audit", audit_lines(story.audited)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def audit_lines(found: Audited | None) -> list[str]:
    """What the trail says of a turn."""
    if found is None:
        return ["the trail knows nothing of this turn"]
    state = f"broken: {found.broken}" if found.broken else "holds"
    erased = ", its content was erased" if found.entry.erased else ""
    return [f"entry {found.entry.sequence}, {state}{erased}", found.entry.hash]


def _head(turn: Turn) -> str:
    who = f"{turn.author.key} {plain(turn.author.name)}".strip()
    return f"{plain(turn.question)}\n{turn.id}, {turn.outcome}, by {who}, {turn.at.isoformat()}"


def _block(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    body = "\n".join(f"  {line}".rstrip() for text in lines for line in text.splitlines() or [""])
    return f"{title}\n{body}"


def _understood(story: Story) -> list[str]:
    turn = story.turn
    lines = [f"searched for: {plain(turn.query)}"]
    lines.append(f"route: {turn.route.route} ({turn.route.confidence:.0%})")
    lines += [f"  {plain(reason)}" for reason in turn.route.reasons]
    if turn.route.odds:
        odds = sorted(turn.route.odds, key=lambda pair: -pair[1])
        lines.append("odds: " + ", ".join(f"{name} {share:.0%}" for name, share in odds))
    lines.append("audience: " + (", ".join(sorted(turn.audience)) or "public"))
    if story.earlier:
        lines.append(f"{len(story.earlier)} earlier in the thread: {story.earlier[-1].id} the last")
    return lines


def _passages(story: Story) -> list[str]:
    return [_passage_line(n, p, story) for n, p in enumerate(story.turn.passages, 1)]


def _passage_line(number: int, passage: Passage, story: Story) -> str:
    cosine = "–" if passage.cosine is None else f"{passage.cosine:.2f}"
    cited = "".join(f" [{c.n}]" for c in story.cited.get(passage.chunk.id, ()))
    where = plain(passage.chunk.header or passage.chunk.document)
    figures = f"score {passage.score:.2f}, words {passage.lexical:.1f}, meaning {cosine}"
    return f"{number}. {where} ({plain(passage.chunk.document)}){cited}: {figures}"


def _claims(story: Story) -> list[str]:
    return list(_claim_lines(story.turn))


def _claim_lines(turn: Turn) -> Iterator[str]:
    for claim in turn.grounding.claims:
        verdict = "supported" if claim.supported else "not supported"
        where = "" if claim.passage is None else f", passage {claim.passage + 1}"
        found = f": {plain(claim.finding)}" if claim.finding else ""
        yield f"{verdict} {claim.score:.0%}{where}{found}"
        yield f"  {_short(claim.text)}"


def _rejected(turn: Turn) -> list[str]:
    lines: list[str] = []
    for rejected in turn.grounding.rejected:
        lines.append(f"{_short(rejected.text)} ({rejected.score:.0%})")
        if rejected.finding:
            lines.append(f"  because {plain(rejected.finding)}")
        became = f"said instead: {_short(rejected.became)}" if rejected.became else "removed"
        lines.append(f"  {became}")
    return lines


def _cost(story: Story) -> list[str]:
    turn, usage = story.turn, story.turn.usage
    lines = [f"{turn.model} as {turn.persona}"]
    price = f", ${usage.cost_usd:.6f}" if usage.cost_usd else ""
    of = ", of models asked before it" if story.asked_before else ""
    lines.append(f"{usage.prompt_tokens} tokens in, {usage.completion_tokens} out{price}{of}")
    if turn.cached_from:
        saved = f", which saved ${turn.saved_usd:.6f}" if turn.saved_usd else ""
        lines.append(f"the answer of {turn.cached_from} was given again{saved}")
    if turn.error:
        lines.append(f"error: {plain(turn.error)}")
    lines.append(", ".join(f"{stage} {ms:.0f} ms" for stage, ms in turn.timings_ms.items()))
    return lines


def _feedback(said: Sequence[Feedback]) -> list[str]:
    lines: list[str] = []
    for f in said:
        words = ": ".join(part for part in (f.rating.value, plain(f.reason)) if part)
        lines.append(f"{f.author.key} {words}")
        if f.correction:
            lines.append(f"  a better answer: {_short(f.correction)}")
    return lines


def _short(text: str) -> str:
    line = " ".join(plain(text).split())
    return line if len(line) <= _QUOTE else line[: _QUOTE - 1].rstrip() + "…"
