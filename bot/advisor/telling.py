"""The records in words, factor by factor: the number, over how many, how sure, and where from.

``None`` where there are none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.advisor.evidence import (
    ENOUGH_CASES,
    ENOUGH_CLAIMS,
    ENOUGH_THUMBS,
    FEW,
    FIRST_ROUND,
    MANY_EXAMPLES,
    MUCH_STYLE,
    Evidence,
    ModeRun,
    Rate,
    SuiteRun,
)

_WEEK = 7.0
"""Days of traffic below which a month of it is a guess."""
MODES: Mapping[str, str] = {
    "rag": "retrieval",
    "voice": "the voice alone",
    "hybrid": "both",
    "auto": "as routed",
}
_ROUTES: Mapping[str, str] = {
    "rag": "retrieval",
    "voice": "small talk",
    "live": "live data",
    "handoff": "handed to a person",
    "refuse": "refused",
}


def told(factor: str, evidence: Evidence, queries: float | None) -> str | None:
    """What the records say on a factor; ``queries`` a month, where they were named."""
    teller = _TELLERS.get(factor)
    parts = [part for part in teller(evidence, queries) if part] if teller else []
    return "; ".join(parts) or None


def rated(rate: Rate | None) -> str:
    """A share as people read it: with its interval and what it was counted over; empty: none."""
    if rate is None:
        return ""
    few = ", few" if rate.n < FEW else ""
    return f"{rate.value:.0%} (of {rate.n:,}{few}, 95% interval {rate.low:.0%} to {rate.high:.0%})"


def bounded(evidence: Evidence) -> str:
    """What is said behind a figure that was counted over the latest ratings alone; empty where all
    of them were."""
    latest = evidence.latest_ratings
    return "" if latest is None else f", of the latest {latest:,} ratings"


def measured_weight(n: int) -> float:
    """How much a measured figure counts against the article's, 0 to 1: half at 100 cases."""
    return n / (n + ENOUGH_CASES)


def _costs(evidence: Evidence, queries: float | None) -> list[str]:
    traffic = evidence.traffic
    found = []
    if traffic.turns:
        turns, tokens, dollars = traffic.a_month()
        rough = ", a rough guess" if traffic.days < _WEEK else ""
        found.append(
            f"at present {turns:,.0f} answers a month take {tokens:,.0f} tokens and "
            f"${dollars:,.2f}, at ten times the traffic {tokens * 10:,.0f} tokens and "
            f"${dollars * 10:,.2f} (from {_counted(traffic.turns, 'answer')} in "
            f"{_counted(round(traffic.days), 'day')}{rough})"
        )
        if queries:
            _, tokens, dollars = traffic.a_month(queries)
            found.append(f"at {queries:,.0f} a month {tokens:,.0f} tokens and ${dollars:,.2f}")
        if traffic.assumed:
            found.append(traffic.assumed)
        elif not traffic.tokens:
            found.append("no model took a token: answers are quoted from the documents")
    for run in evidence.runs[:1]:
        spent = _by_mode(run, lambda m: f"${m.cost_usd * 1000:,.2f}" if m.cost_usd else "")
        if spent:
            found.append(f"{_of(run)}: a thousand questions cost {spent}")
    return found


def _time(evidence: Evidence, _queries: float | None) -> list[str]:
    have = evidence.examples
    if not have and not evidence.traffic.turns:
        return []
    wanted = (
        "enough to train on"
        if have >= MANY_EXAMPLES
        else f"enough for a first round, {MANY_EXAMPLES - have:,} short of the thousand and more "
        "that fine-tuning wants"
        if have >= FIRST_ROUND
        else f"a first round wants about {FIRST_ROUND}, fine-tuning in the end thousands"
    )
    found = [f"{_counted(have, 'answer')} approved as examples: {wanted}"]
    for run in evidence.runs[:1]:
        waits = _by_mode(run, lambda m: f"{m.p50_ms / 1000:.1f} s" if m.p50_ms else "")
        if waits:
            found.append(f"{_of(run)}: half of the answers came within {waits}")
    return found


def _accuracy(evidence: Evidence, _queries: float | None) -> list[str]:
    found = []
    for run in evidence.runs:
        right = _by_mode(run, lambda m: rated(m.accuracy))
        if right:
            found.append(f"{_of(run)}: right answers with {right}{_paired(run)}")
    compared = evidence.comparison
    if compared is not None:
        n = max(r.n for mode in compared.modes if (r := compared.accuracy(mode)))
        found.append(
            f"{_counted(n, 'case')} count {measured_weight(n):.0%} here, published figures the rest"
        )
    elif any("voice" in run.modes or "hybrid" in run.modes for run in evidence.runs):
        found.append("no trained voice spoke in these runs, so they say nothing of fine-tuning yet")
    if evidence.about_facts + evidence.about_style:
        found.append(
            f"from live answers: {_counted(evidence.about_facts, 'unhappy answer')} about facts, "
            f"{evidence.about_style:,} about style{bounded(evidence)}"
        )
    return found


def _paired(run: SuiteRun) -> str:
    """Hybrid against retrieval, case by case."""
    gain = run.gain
    if gain is None:
        return ""
    points = f"{gain.difference * 100:+.0f} points"
    sure = f"{gain.low * 100:+.0f} to {gain.high * 100:+.0f}, {_counted(gain.n, 'same case')}"
    if gain.verdict == "cannot tell":
        more = f", about {gain.more:,} more questions would tell" if gain.more else ""
        return f"; case by case both against retrieval {points} ({sure}): cannot tell yet{more}"
    return f"; case by case both is {gain.verdict} than retrieval: {points} ({sure})"


def _new_data(evidence: Evidence, _queries: float | None) -> list[str]:
    changes = evidence.changes
    if not changes.documents and not changes.readings:
        return []
    words = _counted(changes.documents, "document")
    days = changes.watched.days
    if not days:
        return [f"{words}, read for less than a day"]
    found = _counted(changes.readings, "reading")
    few = " (watched for a short time, so it decides nothing)" if changes.pace is None else ""
    return [
        f"{words}; in {_counted(days, 'day')} {found} of the sources found something new "
        f"({_counted(changes.changed, 'change')}){few}"
    ]


def _style(evidence: Evidence, _queries: float | None) -> list[str]:
    reasons = evidence.about_facts + evidence.about_style
    found = []
    if reasons:
        share = evidence.about_style / reasons
        few = ""
        if evidence.style_share is None:
            few = f" (too few to decide on, {ENOUGH_THUMBS} are wanted)"
        elif share >= MUCH_STYLE and not evidence.is_about_style:
            few = " (too few to be sure that it is more than half, so it decides little)"
        found.append(
            f"from live answers: {share:.0%} of {_counted(reasons, 'unhappy answer')} with a "
            f"reason were about style, the others about facts{bounded(evidence)}{few}"
        )
    thumbs = _by_route(evidence.satisfied)
    if thumbs:
        found.append(f"thumbs up from readers{bounded(evidence)}: {thumbs}")
    return found


def _inventing(evidence: Evidence, _queries: float | None) -> list[str]:
    found = []
    for run in evidence.runs:
        invented = _by_mode(run, lambda m: rated(m.hallucination))
        if invented:
            found.append(f"{_of(run)}: answers with a claim that nothing supports, {invented}")
        refused = _by_mode(run, lambda m: rated(m.abstention))
        if refused:
            found.append(f"questions without an answer that were refused: {refused}")
    live = _by_route({r: rate for r, rate in evidence.rejected.items() if rate.n >= ENOUGH_CLAIMS})
    if live:
        found.append(f"from live answers: sentences that did not pass the check, {live}")
    return found


def _governance(evidence: Evidence, _queries: float | None) -> list[str]:
    duties = evidence.duties
    if not (evidence.traffic.turns or duties.forgotten or duties.answers or duties.opted_out):
        return []
    kept = (
        f"messages are kept for {_counted(duties.retention.days, 'day')} ([retention] messages)"
        if duties.retention is not None
        else "messages are kept for good ([retention] messages)"
    )
    found = [kept]
    if duties.forgotten:
        found.append(
            f"{_counted(duties.forgotten, 'person', 'people')} asked to be forgotten: documents "
            "and examples can be erased, a trained model cannot"
        )
    if duties.opted_out:
        found.append(
            f"{_counted(duties.opted_out, 'person', 'people')} opted out of training: their words "
            "are never examples"
        )
    if duties.withheld:
        found.append(
            f"rights kept documents back in {duties.withheld:,} of the latest "
            f"{_counted(duties.answers, 'answer')}: a trained model would know no rights"
        )
    return found


_TELLERS = {
    "upfront cost": _costs,
    "time to deploy": _time,
    "factual accuracy": _accuracy,
    "handling of new data": _new_data,
    "style and behaviour control": _style,
    "hallucination risk": _inventing,
    "data governance": _governance,
}


def _by_mode(run: SuiteRun, figure: Callable[[ModeRun], str]) -> str:
    """A figure of each mode that has one, in a row."""
    told = ((MODES.get(mode, mode), figure(m)) for mode, m in run.modes.items())
    return ", ".join(f"{mode} {words}" for mode, words in told if words)


def _by_route(rates: Mapping[str, Rate]) -> str:
    """A share of each route, in a row."""
    told = sorted(rates.items())
    return ", ".join(f"{_ROUTES.get(route, route)} {rated(rate)}" for route, rate in told)


def _of(run: SuiteRun) -> str:
    return f'suite "{run.suite}" on {run.at:%Y-%m-%d} ({run.run})'


def _counted(number: int, thing: str, many: str = "") -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {many or thing + 's'}"
