"""What a day of traffic costs, beside retrieval with the big model for everything.

A day is made by :mod:`benchmarks.replayed_day` and goes through the application as it is (routing,
retrieval, check, repair, cache, the embedded store) in front of a stand-in model server. The other
way answers the same messages by six passages and the big model each, without routing, check or
cache. ``docs/costs.md`` has the method and what came out.

The stand-in is a model that reads well but not always right: where a passage of its prompt answers
(by gold), it says the sentences that do, with their numbers; else it says that the passages do not
tell. In the stated share of its answers it errs, decided by a hash of model and message: half of
the errors change a number or a name, a quarter quote the wrong sentence, a quarter decline. Tokens
are a quarter of the characters of the prompt, and the words of the answer.

    python -m benchmarks.bench_costs --data ../shared/data [--messages 2000] [--errors 0.05 0.08]
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import math
import re
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.replayed_day import Gold, Sent, replayed_day, write_documents
from benchmarks.reporting import at_least, figure
from bot.caching import essence
from bot.conversation import Author, Outcome, Platform, Principal, Question, Route, Usage
from bot.marking import as_data
from bot.ports import Brief
from bot.pricing import Price, Prices
from bot.repairing import NO_ANSWER, NOTHING
from bot.sentences import split
from bot.settings import load_settings
from persona.voice import ModelVoice
from tests.platforms.openai_server import Behaviour, OpenAIServer

BIG, SMALL, VOICE = "big", "small", "brand-voice"
PRICES = {BIG: Price(2.5, 10.0), SMALL: Price(0.15, 0.6), VOICE: Price(0.3, 1.2)}
"""US dollars a million tokens: list prices of a large model, of its small sister, and of that one
fine-tuned (gpt-4o, gpt-4o-mini, gpt-4o-mini fine-tuned; https://openai.com/api/pricing, 2024)."""

FULL_PROMPT = 100_000
_PASSAGE = re.compile(r'<passage n="(\d+)" from="[^"]*">\n(.*?)\n</passage>', re.DOTALL)
_QUESTION = re.compile(r"<question>\n(.*?)\n</question>", re.DOTALL)
_REJECTED = re.compile(r"<rejected>\n(.*?)\n</rejected>", re.DOTALL)
_NUMBERED = re.compile(r"(?m)^(\d+): ")
_CHAT = "Happy to help! What would you like to know?"


class Mind:
    """What the models of the stand-in know and where they err."""

    def __init__(self, day: Sequence[Sent], errors: dict[str, float]) -> None:
        self._gold = {as_data(sent.text): sent.gold for sent in day}
        self._errors = errors

    def answer(self, model: str, messages: Sequence[dict[str, Any]]) -> str:
        """The answer of a model to a prompt."""
        prompt = str(messages[-1]["content"])
        asked = _QUESTION.findall(prompt)[-1]
        gold = self._gold.get(asked)
        if gold is None:
            return _CHAT
        passages = [(int(n), text) for n, text in _PASSAGE.findall(prompt)]
        if not passages:
            return _CHAT
        rejected = _REJECTED.search(prompt)
        right = self._right(gold, passages)
        if rejected:
            count = len(_NUMBERED.findall(rejected[1]))
            lines = [right if n == 0 and right else NOTHING for n in range(count)]
            return "\n".join(f"{n}: {line}" for n, line in enumerate(lines, 1))
        draw = _draw(model, asked)
        if draw >= self._errors[model]:
            return right or NO_ANSWER
        return self._wrong(draw / self._errors[model], right, passages)

    @staticmethod
    def _right(gold: Gold, passages: Sequence[tuple[int, str]]) -> str:
        """The sentence that answers, of the first passage that has it; empty where none does."""
        if not gold.answerable:
            return ""
        for n, text in passages:
            for sentence in split(text):
                if gold.answered_by(sentence.text):
                    return f"{' '.join(sentence.text.split())} [{n}]"
        return ""

    @staticmethod
    def _wrong(kind: float, right: str, passages: Sequence[tuple[int, str]]) -> str:
        n, text = passages[len(passages) // 2]
        other = " ".join(split(text)[0].text.split()) if split(text) else text[:100]
        if not right:
            return f"{other} [{n}]"  # there was nothing to say
        if kind < 0.5:
            return _falsified(right)
        return f"{other} [{n}]" if kind < 0.75 else NO_ANSWER


def _falsified(sentence: str) -> str:
    """A sentence with another number, or another name, or the opposite of what it says."""
    body, _, marker = sentence.rpartition(" [")
    number = re.search(r"\d+", body)
    if number:
        changed = body[: number.start()] + str(int(number[0]) + 7) + body[number.end() :]
    else:
        name = re.search(r"(?<=\s)[A-Z]\w+", body)
        start, end = name.span() if name else (0, 0)
        changed = body[:start] + ("Harrowgate" if name else "Never ") + body[end:]
    return f"{changed} [{marker}"


def _draw(*parts: str) -> float:
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


class Models(OpenAIServer):
    """A server whose models have each a mind."""

    mind: Mind

    async def _chat(self, body: dict[str, Any], writer: Any, fault: Any) -> None:
        # Read before the first wait: requests do not get into each other's way.
        self.behaviour.answer = self.mind.answer(body["model"], body["messages"])
        await super()._chat(body, writer, fault)


@dataclass
class Ledger:
    """What one way of answering cost, and how right it was."""

    usage: dict[str, Usage] = field(default_factory=dict)
    right: Counter[str] = field(default_factory=Counter)
    count: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    hits: int = 0
    looked_up: int = 0

    def add(self, model: str, usage: Usage) -> None:
        self.usage[model] = self.usage.get(model, Usage()) + usage

    def judge(self, sent: Sent, answer: str, declined: bool) -> None:
        """Count an answer as right or wrong, by gold."""
        kind = sent.kind
        if sent.gold is None:
            right = "Happy to help" in answer or not declined
        elif sent.gold.answerable:
            right = not declined and sent.gold.answered_by(answer)
            kind = f"{kind}, answerable"
        else:
            right = declined
            kind = f"{kind}, unanswerable"
        self.count[kind] += 1
        self.right[kind] += right
        if not right:
            self.wrong["declined" if declined else "another answer"] += 1

    @property
    def dollars(self) -> float:
        prices = Prices(Price(), PRICES)
        return sum(
            prices.of(m).of(u.prompt_tokens, u.completion_tokens) for m, u in self.usage.items()
        )

    @property
    def at_big_prices(self) -> float:
        """What the same tokens would cost were every model the big one."""
        big = PRICES[BIG]
        return sum(big.of(u.prompt_tokens, u.completion_tokens) for u in self.usage.values())

    def accuracy(self, *, first: bool = False) -> tuple[int, int]:
        """Right answers to questions, and how many questions there were; ``first``: only when a
        question is asked for the first time. Repeats multiply the luck of a few popular ones."""
        kinds = [k for k in self.count if k.startswith("new" if first else ("new", "repeat"))]
        return sum(self.right[k] for k in kinds), sum(self.count[k] for k in kinds)


async def everything_big(app: Any, day: Sequence[Sent]) -> Ledger:
    """Retrieval and the big model with the whole prompt for every message."""
    from bot.llm.openai import OpenAIChatModel

    ledger = Ledger()
    model = OpenAIChatModel(BIG, app.settings.openai_base_url, prices=PRICES[BIG].pair)
    async with aclosing(model):
        whole = ModelVoice(model, app.persona, budget_tokens=FULL_PROMPT)
        for sent in day:
            found = await app.retriever.retrieve(essence(sent.text), Principal(sent.groups), 6)
            brief = Brief(sent.text, sent.text, (), found.passages, Route.HYBRID)
            text = ""
            async for spoken in whole.speak(brief):
                text += spoken.text
                ledger.add(BIG, spoken.usage or Usage())
            ledger.judge(sent, text, declined=not text.strip())
    return ledger


async def as_it_is(app: Any, day: Sequence[Sent], routes: Counter[str]) -> Ledger:
    """The application."""
    ledger = Ledger()
    author = Author(Platform.API, "day")
    for sent in day:
        turn = await app.engine.answer(Question(sent.text, author, Principal(sent.groups)))
        ledger.add(turn.model, turn.usage)
        ledger.judge(sent, turn.answer, declined=turn.outcome is not Outcome.ANSWERED)
        ledger.hits += bool(turn.cached_from)
        kind = "question" if sent.gold else "small talk"
        routes[f"{kind} on {turn.route.route}"] += 1
    return ledger


def interval(right: int, n: int) -> str:
    """A share with its 95 % interval (Wilson, 1927)."""
    if not n:
        return "-"
    p, z = right / n, 1.96
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return f"{p:.3f} ({middle - half:.3f} to {middle + half:.3f})"


def told(name: str, ledger: Ledger, seconds: float) -> None:
    right, n = ledger.accuracy()
    tokens = sum((u for u in ledger.usage.values()), Usage())
    print(f"\n{name} ({seconds:.0f} s)")
    print(f"  price ${ledger.dollars:.4f}, were all models the big one ${ledger.at_big_prices:.4f}")
    print(f"  tokens {tokens.prompt_tokens:,} of prompts, {tokens.completion_tokens:,} of answers")
    print(f"  right answers to questions {interval(right, n)} of {n}; wrong: {dict(ledger.wrong)}")
    right, n = ledger.accuracy(first=True)
    print(f"  right when asked for the first time {interval(right, n)} of {n}")
    for kind, count in sorted(ledger.count.items()):
        print(f"    {kind}: {ledger.right[kind] / count:.3f} of {count}")


async def replay(options: argparse.Namespace, folder: Path, server: Models) -> dict[str, Ledger]:
    """Both ways over one home."""
    from adapters.assembly import assemble
    from adapters.syncing import source_at

    day = replayed_day(options.data, options.messages, options.seed)
    print(", ".join(f"{n} {kind}" for kind, n in Counter(s.kind for s in day).items()))
    write_documents(options.data, folder / "documents")
    own = {m: {"prompt": p.prompt, "completion": p.completion} for m, p in PRICES.items()}
    settings = load_settings(
        WELLSPOKEN_HOME=folder,
        OPENAI_BASE_URL=server.url,
        WELLSPOKEN_MODEL=BIG,
        WELLSPOKEN_VOICE_MODEL=VOICE,
        models={"rag": SMALL, "prices": own},
    )
    done: dict[str, Ledger] = {}
    errors_big, errors_small = options.errors
    async with assemble(settings) as app:
        for place in sorted((folder / "documents").iterdir()):
            groups = frozenset({"staff"} if place.name == "northwind" else set())
            await app.ingestor.ingest(source_at(str(place), None), groups)
        await app.ingestor.embed_waiting()
        server.mind = Mind(day, {BIG: errors_big, SMALL: errors_small, VOICE: errors_small})
        begun = time.perf_counter()
        done["retrieval and the big model for everything"] = await everything_big(app, day)
        told(next(iter(done)), done[next(iter(done))], time.perf_counter() - begun)
        routes: Counter[str] = Counter()
        begun = time.perf_counter()
        ours = done["as it is"] = await as_it_is(app, day, routes)
        told("as it is", ours, time.perf_counter() - begun)
        print(
            f"  {ours.hits} given again; " + ", ".join(f"{n} {r}" for r, n in routes.most_common())
        )
        report = (await app.costs.statement(1)).report
        print(f"  the books say ${report.total.cost_usd:.4f}, saved ${report.total.saved_usd:.4f}")
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of open sets")
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--errors", type=float, nargs=2, default=(0.05, 0.08), metavar=("BIG", "SMALL")
    )
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Models(Behaviour()) as server:
        done = asyncio.run(replay(options, Path(folder), server))
    big, ours = done.values()
    saved = 1 - ours.dollars / big.dollars
    frugal = 1 - ours.at_big_prices / big.dollars
    figure("less than the big model for everything", saved, unit="share", bar=at_least(0.6))
    figure("the same at one price for all models", frugal, unit="share")
    print(f"\n{saved:.1%} less; by routing, cache and check alone (one price) {frugal:.1%}")
    if options.out:
        figures = {
            name: {"usd": ledger.dollars, "right": ledger.accuracy()}
            for name, ledger in done.items()
        }
        options.out.write_text(
            json.dumps({"saved": saved, "one_price": frugal, **figures}), "utf-8"
        )


if __name__ == "__main__":
    main()
