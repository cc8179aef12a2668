"""What the program counts and times, for Prometheus.

The engine reports each new turn once, the adapters each rating. A registry of its own keeps two
applications in one process (as in tests) apart.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from bot.budget import Left
from bot.conversation import Platform, Rating, Turn

CONTENT_TYPE = CONTENT_TYPE_LATEST
"""The media type of :meth:`Metrics.exposition`."""

# From a lexical search (a millisecond) to the longest answer a chat waits for (60 s).
_STAGE_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60)

_MOST_MODELS = 50
"""Models that are told apart: a process sees a few releases, and a series costs memory for good."""

_OTHERS = "others"


class Metrics:
    """Counters and histograms under the prefix ``wellspoken_``."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._answers = self._counter(
            "wellspoken_answers",
            "Turns by how they ended, the route taken and the platform.",
            "outcome",
            "route",
            "platform",
        )
        self._spoken = self._counter(
            "wellspoken_model_answers",
            "Turns by the model that spoke and how they ended: a release, canary and live.",
            "model",
            "outcome",
        )
        self._models: set[str] = set()
        self._stages = Histogram(
            "wellspoken_stage_seconds",
            "Wall time of one stage of a turn.",
            ("stage",),
            buckets=_STAGE_BUCKETS,
            registry=self.registry,
        )
        self._grounding = Histogram(
            "wellspoken_grounding_score",
            "Share of an answer's claims that its passages carry, answered turns only.",
            buckets=(0.25, 0.5, 0.75, 0.9, 0.99, 1.0),
            registry=self.registry,
        )
        self._feedback = self._counter(
            "wellspoken_feedback",
            "Ratings by thumb and platform; a changed rating counts again.",
            "rating",
            "platform",
        )
        self._tokens = self._counter(
            "wellspoken_tokens",
            "Tokens that models charged.",
            "model",
            "kind",
        )
        self._cost = self._counter(
            "wellspoken_cost_usd",
            "Price of those tokens in US dollars, where one is set.",
            "model",
        )
        self._cache = self._counter(
            "wellspoken_answer_cache",
            "Questions that were looked up in the answer cache, by whether it had the answer.",
            "found",
        )
        self._saved = self._counter(
            "wellspoken_saved_usd",
            "What repeated answers cost when they were made, in US dollars.",
        )
        self._budget_left: Gauge | None = None
        self._queue = Gauge(
            "wellspoken_queue_depth",
            "Messages taken in and not yet answered.",
            registry=self.registry,
        )

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def observe_turn(self, turn: Turn) -> None:
        """Count a new turn; a repeated request that got a stored turn is not one."""
        self._answers.labels(turn.outcome, turn.route.route, turn.author.platform).inc()
        model = self._named(turn.model)
        if model:
            self._spoken.labels(model, turn.outcome).inc()
        for stage, milliseconds in turn.timings_ms.items():
            self._stages.labels(stage).observe(milliseconds / 1000)
        if turn.grounding.claims:
            self._grounding.observe(turn.grounding.score)
        usage = turn.usage
        if usage.prompt_tokens or usage.completion_tokens:
            self._tokens.labels(model, "prompt").inc(usage.prompt_tokens)
            self._tokens.labels(model, "completion").inc(usage.completion_tokens)
        if usage.cost_usd:
            self._cost.labels(model).inc(usage.cost_usd)
        if turn.saved_usd:
            self._saved.inc(turn.saved_usd)

    def _named(self, model: str) -> str:
        """The model's id; those after the first few of a process are counted together."""
        if model not in self._models and len(self._models) >= _MOST_MODELS:
            return _OTHERS
        self._models.add(model)
        return model

    def observe_rating(self, rating: Rating, platform: Platform) -> None:
        """Count a thumb."""
        self._feedback.labels(rating, platform).inc()

    def observe_cache(self, found: bool) -> None:
        """Count a look-up in the answer cache."""
        self._cache.labels("yes" if found else "no").inc()

    def observe_budget(self, left: Left) -> None:
        """Say what is left of the day's limits; no limit, no gauge."""
        if self._budget_left is None:
            self._budget_left = Gauge(
                "wellspoken_budget_left",
                "What is left of the day's limit (UTC), in US dollars or tokens.",
                ("unit",),
                registry=self.registry,
            )
        for unit, amount in (("usd", left.usd), ("tokens", left.tokens)):
            if amount is not None:
                self._budget_left.labels(unit).set(amount)

    def queue_depth(self, waiting: int) -> None:
        """Say how many messages wait."""
        self._queue.set(waiting)

    def exposition(self) -> bytes:
        """Everything in the Prometheus text format."""
        return generate_latest(self.registry)
