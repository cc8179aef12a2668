"""The records in words, factor by factor; ``None`` where there are none."""

from __future__ import annotations

from bot.advisor.evidence import ENOUGH_CLAIMS, MANY_EXAMPLES, Evidence


def told(factor: str, evidence: Evidence, queries: float | None) -> str | None:
    """What the records say on a factor; ``queries`` a month, where they were named."""
    teller = _TELLERS.get(factor)
    return teller(evidence, queries) if teller else None


def _costs(evidence: Evidence, queries: float | None) -> str | None:
    traffic = evidence.traffic
    if not traffic.turns:
        return None
    turns, tokens, dollars = traffic.a_month()
    words = (
        f"at present {turns:,.0f} answers a month take {tokens:,.0f} tokens and ${dollars:,.2f}; "
        f"at ten times the traffic {tokens * 10:,.0f} tokens and ${dollars * 10:,.2f}"
    )
    if queries:
        _, tokens, dollars = traffic.a_month(queries)
        words += f"; at {queries:,.0f} queries {tokens:,.0f} tokens and ${dollars:,.2f}"
    return words


def _time(evidence: Evidence, _queries: float | None) -> str | None:
    if not evidence.examples:
        return None
    rest = MANY_EXAMPLES - evidence.examples
    enough = "enough to train on" if rest <= 0 else f"{rest:,} short of a thousand"
    return f"{_counted(evidence.examples, 'example')} approved, {enough}"


def _accuracy(evidence: Evidence, _queries: float | None) -> str | None:
    if not evidence.about_facts + evidence.about_style:
        return None
    return (
        f"{_counted(evidence.about_facts, 'unhappy answer')} about facts, "
        f"{evidence.about_style:,} about style"
    )


def _new_data(evidence: Evidence, _queries: float | None) -> str | None:
    changes = evidence.changes
    if not changes.documents and not changes.readings:
        return None
    words = _counted(changes.documents, "document")
    days = changes.watched.days
    if not days:
        return f"{words}, read for less than a day"
    found = _counted(changes.readings, "reading")
    return (
        f"{words}; in {_counted(days, 'day')} {found} found something new "
        f"({_counted(changes.changed, 'change')})"
    )


def _style(evidence: Evidence, _queries: float | None) -> str | None:
    told_reasons = evidence.about_facts + evidence.about_style
    if not told_reasons:
        return None
    share = evidence.about_style / told_reasons
    few = "" if evidence.style_share is not None else "; too few to decide on"
    return f"{share:.0%} of {_counted(told_reasons, 'unhappy answer')} were about style{few}"


def _inventing(evidence: Evidence, _queries: float | None) -> str | None:
    parts = [
        f"{route} {checked.rate:.1%} of {checked.claims:,}"
        for route, checked in sorted(evidence.checked.items())
        if checked.rate is not None and checked.claims >= ENOUGH_CLAIMS
    ]
    return f"sentences that did not pass the check: {', '.join(parts)}" if parts else None


def _governance(evidence: Evidence, _queries: float | None) -> str | None:
    parts = []
    if evidence.retention is not None:
        parts.append(f"messages are kept for {_counted(evidence.retention.days, 'day')}")
    if evidence.forgotten:
        parts.append(f"{_counted(evidence.forgotten, 'erasure')} carried out")
    return "; ".join(parts) or None


_TELLERS = {
    "upfront cost": _costs,
    "time to deploy": _time,
    "factual accuracy": _accuracy,
    "handling of new data": _new_data,
    "style and behaviour control": _style,
    "hallucination risk": _inventing,
    "data governance": _governance,
}


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
