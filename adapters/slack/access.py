"""Which groups an answer in Slack may draw on. Pure; deny by default.

Nothing that stands in a message is looked at here, so nothing in a message can widen it.
"""

from __future__ import annotations

from collections.abc import Iterable

from bot.conversation import Platform, Principal
from bot.settings.sections import AccessSection


def slack_principal(
    access: AccessSection,
    *,
    author: str,
    usergroups: Iterable[str],
    channel: str,
    alone: bool,
    guest: bool,
    shared: bool,
) -> Principal:
    """What an answer may use that ``author`` asked for in ``channel`` (Slack's ids).

    ``alone``: nobody else reads it (a direct message, an ephemeral answer): what the author may
    see. Otherwise, in group conversations too, what the channel is mapped to and nothing else.
    ``guest`` (a guest of the workspace, somebody of another organisation) and ``shared`` (a
    channel that others than the workspace's own people read): public documents only.
    """
    if guest or shared:
        return Principal()
    if not alone:
        return Principal(frozenset(access.slack.channels.get(channel, ())))
    return Principal(groups_of(access, author, usergroups))


def groups_of(access: AccessSection, author: str, usergroups: Iterable[str]) -> frozenset[str]:
    """The groups of one person: their own, and those of their user groups."""
    own = access.users.get(f"{Platform.SLACK}:{author}", ())
    theirs = (access.slack.usergroups.get(group, ()) for group in usergroups)
    return frozenset(own).union(*theirs)
