"""What the program counts and times, for Prometheus.

The engine reports each new turn once, the adapters each rating. A registry of its own keeps two
applications in one process (as in tests) apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from bot.budget import Left
from bot.conversation import Platform, Rating, Turn
from bot.leaks import LEAKED
from bot.metrics.machine import Machine

CONTENT_TYPE = CONTENT_TYPE_LATEST
"""The media type of :meth:`Metrics.exposition`."""

# From a lexical search (a millisecond) to the longest answer a chat waits for (60 s).
_STAGE_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60)

_MOST_MODELS = 50
"""Models that are told apart: a process sees a few releases, and a series costs memory for good."""

_OTHERS = "others"


class _Charges:
    """What models charged, and what repeated answers saved."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._tokens = Counter(
            "wellspoken_tokens", "Tokens that models charged.", ("model", "kind"), registry=registry
        )
        self._cost = Counter(
            "wellspoken_cost_usd",
            "Price of those tokens in US dollars, where one is set.",
            ("model",),
            registry=registry,
        )
        self._saved = Counter(
            "wellspoken_saved_usd",
            "What repeated answers cost when they were made, in US dollars.",
            registry=registry,
        )

    def observe(self, model: str, turn: Turn) -> None:
        usage = turn.usage
        if usage.prompt_tokens or usage.completion_tokens:
            self._tokens.labels(model, "prompt").inc(usage.prompt_tokens)
            self._tokens.labels(model, "completion").inc(usage.completion_tokens)
        if usage.cost_usd:
            self._cost.labels(model).inc(usage.cost_usd)
        if turn.saved_usd:
            self._saved.inc(turn.saved_usd)


class _WatchGauges:
    """How live turns do, by week."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ("measure", "route", "week")
        self._week = Gauge(
            "wellspoken_watch",
            "A measure of live turns: of the last week that is over, and of the running one.",
            labels,
            registry=registry,
        )
        self._counted = Gauge(
            "wellspoken_watch_counted",
            "How many thumbs, turns or sentences are behind that measure.",
            labels,
            registry=registry,
        )
        self._alerts = Gauge(
            "wellspoken_watch_alerts",
            "Alerts of the watch that nobody has seen.",
            registry=registry,
        )

    def observe(
        self, found: Iterable[tuple[str, str, str, float | None, int]], alerts: int
    ) -> None:
        self._week.clear()
        self._counted.clear()
        for measure, route, week, value, n in found:
            self._counted.labels(measure, route, week).set(n)
            if value is not None:
                self._week.labels(measure, route, week).set(value)
        self._alerts.set(alerts)


class Metrics:
    """Counters and histograms under the prefix ``wellspoken_``."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._questions = self._counter(
            "wellspoken_questions",
            "Questions that an answer was begun for, by platform.",
            "platform",
        )
        self._under_way = Gauge(
            "wellspoken_questions_in_flight",
            "Questions that are being answered in this process.",
            registry=self.registry,
        )
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
        self._first = Histogram(
            "wellspoken_first_sentence_seconds",
            "Time from a question to the first sentence of its answer, by platform.",
            ("platform",),
            buckets=_STAGE_BUCKETS,
            registry=self.registry,
        )
        self._kept_back = self._counter(
            "wellspoken_claims",
            "Sentences that were checked, by whether their passages carry them.",
            "supported",
        )
        self._grounding = Histogram(
            "wellspoken_grounding_score",
            "Share of an answer's claims that its passages carry, answered turns only.",
            buckets=(0.25, 0.5, 0.75, 0.9, 0.99, 1.0),
            registry=self.registry,
        )
        self._charges = _Charges(self.registry)
        self._watch = _WatchGauges(self.registry)
        self.machine = Machine(self.registry)
        self._count_the_rest()

    def _count_the_rest(self) -> None:
        self._feedback = self._counter(
            "wellspoken_feedback",
            "Ratings by thumb and platform; a changed rating counts again.",
            "rating",
            "platform",
        )
        self._cache = self._counter(
            "wellspoken_answer_cache",
            "Questions that were looked up in the answer cache, by whether it had the answer.",
            "found",
        )
        self._budget_left = Gauge(
            "wellspoken_budget_left",
            "What is left of the day's limit (UTC), in US dollars or tokens.",
            ("unit",),
            registry=self.registry,
        )
        self._leaks = self._counter(
            "wellspoken_leaks_stopped",
            "Turns in which a model began to write out its instructions, which was not sent.",
        )
        self._limited = self._counter(
            "wellspoken_limited",
            "Questions over a limit, by which one it was and the platform.",
            "kind",
            "platform",
        )

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    @contextmanager
    def question(self, platform: Platform) -> Iterator[None]:
        """Count a question, and that it is under way for the time of the block."""
        self._questions.labels(platform).inc()
        with self._under_way.track_inprogress():
            yield

    def observe_turn(self, turn: Turn) -> None:
        """Count a new turn; a repeated request that got a stored turn is not one."""
        self._answers.labels(turn.outcome, turn.route.route, turn.author.platform).inc()
        model = self._named(turn.model)
        if model:
            self._spoken.labels(model, turn.outcome).inc()
        for stage, milliseconds in turn.timings_ms.items():
            if stage == "first_sentence":
                self._first.labels(turn.author.platform).observe(milliseconds / 1000)
            self._stages.labels(stage).observe(milliseconds / 1000)
        shown = sum(claim.supported for claim in turn.grounding.claims)
        self._kept_back.labels("yes").inc(shown)
        self._kept_back.labels("no").inc(
            len(turn.grounding.claims) - shown + len(turn.grounding.rejected)
        )
        if any(note.startswith(LEAKED) for note in turn.notes):
            self._leaks.inc()
        if turn.grounding.claims:
            self._grounding.observe(turn.grounding.score)
        self._charges.observe(model, turn)

    def _named(self, model: str) -> str:
        """The model's id; those after the first few of a process are counted together."""
        if model not in self._models and len(self._models) >= _MOST_MODELS:
            return _OTHERS
        self._models.add(model)
        return model

    def observe_rating(self, rating: Rating, platform: Platform) -> None:
        """Count a thumb."""
        self._feedback.labels(rating, platform).inc()

    def observe_limited(self, kind: str, platform: Platform) -> None:
        """Count a question over a limit: flood, repeat, person, channel, workspace, …"""
        self._limited.labels(kind, platform).inc()

    def observe_cache(self, found: bool) -> None:
        """Count a look-up in the answer cache."""
        self._cache.labels("yes" if found else "no").inc()

    def observe_budget(self, left: Left) -> None:
        """Say what is left of the day's limits; no limit, no series."""
        for unit, amount in (("usd", left.usd), ("tokens", left.tokens)):
            if amount is not None:
                self._budget_left.labels(unit).set(amount)

    def observe_watch(
        self, found: Iterable[tuple[str, str, str, float | None, int]], alerts: int
    ) -> None:
        """Say how live turns do: measure, route (``all``), week (``last``, ``running``), value and
        number. What is not counted any more has no series."""
        self._watch.observe(found, alerts)

    def queue_depth(self, waiting: int) -> None:
        """Say how many messages wait."""
        self.machine.queue_depth(waiting)

    def exposition(self) -> bytes:
        """Everything in the Prometheus text format."""
        return generate_latest(self.registry)
