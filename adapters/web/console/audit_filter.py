"""The filters of the audit room as they stand in its address and in the form of its export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from urllib.parse import urlencode

from adapters.web.console.days import days_of
from adapters.web.texts import checked
from bot.errors import UsageError
from bot.store.audit import ERASURE, OPERATOR, TURN, Wanted

ROOM = "/console/audit"
KINDS = {TURN: "Answers", OPERATOR: "Operators' deeds", ERASURE: "Erasures"}
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of the trail. ``wrong``: why nothing can be shown or given out, in a sentence
    to whoever wrote it; whatever a filter does not understand is never left out of it."""

    wanted: Wanted = field(default_factory=Wanted)
    form: Mapping[str, str] = field(default_factory=dict)
    wrong: str = ""

    @classmethod
    def of(cls, form: Mapping[str, str], zone: tzinfo = UTC) -> Asked:
        """The filters of a form, days those of a zone. Raises BadTextError for what is no text."""
        given = {
            name: checked(form.get(name, "").strip(), name, _LONGEST)
            for name in ("kind", "author", "action", "since", "until")
        }
        filled = {name: value for name, value in given.items() if value}
        try:
            return cls(_wanted(given, zone), filled)
        except UsageError as error:
            return cls(form=filled, wrong=str(error))

    def address(self, **more: object) -> str:
        """The room with these filters."""
        query = urlencode({**self.form, **more})
        return f"{ROOM}?{query}" if query else ROOM


def _wanted(given: Mapping[str, str], zone: tzinfo) -> Wanted:
    if given["kind"] and given["kind"] not in KINDS:
        raise UsageError("The trail has no entries of this kind; choose one of those in the list.")
    days = days_of(given["since"], given["until"], zone)
    return Wanted(
        kind=given["kind"] or None,
        author=given["author"] or None,
        action=given["action"] or None,
        since=days.since,
        until=days.until,
    )
