"""The data card: what is in a data set, what was left out and why, and what training it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.pricing import Price
from persona.curation.carrying import Settled
from persona.curation.choosing import Dropped, Format
from persona.curation.selecting import Kept, Selection

_TOPICS = 10


@dataclass(frozen=True, slots=True)
class Made:
    """How a set was made, as the card tells it."""

    wanted: Format
    persona: str
    rated: int
    dropped: Mapping[Dropped, int]
    settled: Settled
    finder: str
    consent: str
    user_messages: bool
    price: Price
    suites: int


def card_of(made: Made, selection: Selection, digest: str) -> dict[str, Any]:
    """The card as JSON; the same set has the same card."""
    kept = (*selection.train, *selection.validation)
    return {
        "format": made.wanted.value,
        "persona": made.persona,
        "digest": digest,
        "rated_turns": made.rated,
        "examples": len(kept),
        "train": len(selection.train),
        "validation": len(selection.validation),
        "threads": len({thread for each in kept for thread in each.threads}),
        "dropped": {why.value: made.dropped[why] for why in Dropped if made.dropped.get(why)},
        "taught": _counted(each.kind for each in kept),
        "questions": _counted(each.prompted for each in kept),
        "labels": _labels(kept) if made.wanted is Format.KTO else {},
        "topics": _topics(kept),
        "tokens": _tokens(selection),
        "cost_usd": _cost(selection, made.price),
        "checked": {
            "by the verdicts of the answer": made.settled.stored,
            "by the check": made.settled.asked,
            "by exact facts and words": made.settled.exact,
        },
        "privacy": {
            "finder": made.finder,
            "consent": made.consent,
            "messages_as_asked": made.user_messages,
        },
        "held_out_questions": made.suites,
    }


def _counted(values: Any) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _labels(kept: Sequence[Kept]) -> dict[str, Any]:
    liked = sum(each.label for each in kept)
    disliked = len(kept) - liked
    ratio = round(liked / disliked, 2) if disliked else None
    return {"true": liked, "false": disliked, "true_to_false": ratio}


def _topics(kept: Sequence[Kept]) -> dict[str, Any]:
    counts = Counter("small talk" if k.topic.startswith("talk:") else k.topic for k in kept)
    most = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return {"number": len(counts), "most": dict(most[:_TOPICS])}


def _tokens(selection: Selection) -> dict[str, int]:
    """Estimates, as prompts are budgeted (:func:`persona.fitting.estimate_tokens`)."""
    kept = (*selection.train, *selection.validation)
    return {
        "prompt": sum(each.prompt_tokens for each in kept),
        "completion": sum(each.completion_tokens for each in kept),
        "train": _all(selection.train),
        "validation": _all(selection.validation),
        "longest": max(each.prompt_tokens + each.completion_tokens for each in kept),
    }


def _all(kept: Sequence[Kept]) -> int:
    return sum(each.prompt_tokens + each.completion_tokens for each in kept)


def _cost(selection: Selection, price: Price) -> float | None:
    """One pass over the training file at the price of prompts; ``None`` where none is set."""
    return round(price.of(_all(selection.train), 0), 4) if price.is_set else None


def markdown_of(card: Mapping[str, Any], name: str) -> str:
    """The card for people."""
    cost = card["cost_usd"]
    tokens, privacy = card["tokens"], card["privacy"]
    lines = [
        f"# Data set {name}",
        "",
        f"{card['examples']:,} examples for {card['format'].upper()}, made of "
        f"{card['rated_turns']:,} rated turns for {card['persona']}: {card['train']:,} to train "
        f"on, {card['validation']:,} to validate with, from {card['threads']:,} threads.",
        "",
        f"- SHA-256 of both files: `{card['digest']}`",
        f"- About {tokens['prompt']:,} tokens of prompts and {tokens['completion']:,} of answers, "
        f"the longest example {tokens['longest']:,}.",
        "- Estimated cost of one pass at the price of prompts in `[models]`: "
        + ("no price is set." if cost is None else f"${cost:,.4f}."),
        f"- Messages as they were asked: {'yes' if privacy['messages_as_asked'] else 'no'}; "
        f"consent: {privacy['consent']}; personal data found by: {privacy['finder']}.",
        f"- Kept out: {card['held_out_questions']:,} questions of evaluated suites.",
        "",
        *_table("Taught", card["taught"]),
        *_table("Questions", card["questions"]),
        *_table("Labels", card["labels"]),
        *_table("Most frequent topics", card["topics"]["most"]),
        *_table("Left out", card["dropped"]),
        *_table("Sentences checked", card["checked"]),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _table(title: str, counts: Mapping[str, Any]) -> list[str]:
    if not counts:
        return []
    rows = [f"| {name.replace('|', '/')} | {number} |" for name, number in counts.items()]
    return [f"## {title}", "", "| | |", "|---|---|", *rows, ""]
