"""Who sees what in Slack: deny by default, nothing widens it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.access import groups_of, slack_principal
from bot.conversation import Principal
from bot.settings.sections import AccessSection, SlackAccess

_GROUPS = st.lists(st.sampled_from(["staff", "board", "sales"]), max_size=2).map(tuple)
_USERS = st.sampled_from(["U1", "U2", "U3"])
_USERGROUPS = st.lists(st.sampled_from(["S1", "S2"]), max_size=2, unique=True)
_CHANNELS = st.sampled_from(["C1", "C2", "D1"])


@st.composite
def accesses(draw: st.DrawFn) -> AccessSection:
    users = draw(st.dictionaries(_USERS.map(lambda user: f"slack:{user}"), _GROUPS))
    usergroups = draw(st.dictionaries(st.sampled_from(["S1", "S2"]), _GROUPS))
    channels = draw(st.dictionaries(_CHANNELS, _GROUPS))
    return AccessSection(users=users, slack=SlackAccess(usergroups=usergroups, channels=channels))


STAFF = AccessSection(
    users={"slack:U1": ("board",), "discord:U2": ("board",)},
    slack=SlackAccess(usergroups={"S1": ("staff",)}, channels={"C1": ("staff",)}),
)


def principal(**given: object) -> frozenset[str]:
    asked: dict[str, object] = {
        "author": "U1",
        "usergroups": ("S1",),
        "channel": "C1",
        "alone": False,
        "guest": False,
        "shared": False,
    }
    return slack_principal(STAFF, **{**asked, **given}).groups  # type: ignore[arg-type]  # named


def test_in_a_channel_only_the_channel_counts() -> None:
    """What the asker may see besides stays out of what everybody reads."""
    assert principal() == {"staff"}
    assert principal(channel="C2") == frozenset()


def test_alone_the_asker_counts() -> None:
    """A direct or ephemeral answer may use what the asker may see: own groups and user groups."""
    assert principal(alone=True, channel="D1") == {"board", "staff"}
    assert principal(alone=True, usergroups=()) == {"board"}


def test_guests_and_shared_channels_see_public_documents_only() -> None:
    """Whatever is mapped, guests and channels shared with others get no group."""
    for alone in (True, False):
        assert principal(alone=alone, guest=True) == frozenset()
        assert principal(alone=alone, shared=True) == frozenset()


def test_an_id_of_another_platform_gives_nothing() -> None:
    """The same id on Discord is somebody else."""
    assert groups_of(STAFF, "U2", ()) == frozenset()


@given(accesses(), _USERS, _USERGROUPS, _CHANNELS, st.booleans(), st.booleans(), st.booleans())
def test_nothing_is_granted_that_the_operator_did_not_write(
    access: AccessSection,
    author: str,
    usergroups: list[str],
    channel: str,
    alone: bool,
    guest: bool,
    shared: bool,
) -> None:
    """Every group comes from the table of this author, these user groups or this channel."""
    given_ = slack_principal(
        access,
        author=author,
        usergroups=usergroups,
        channel=channel,
        alone=alone,
        guest=guest,
        shared=shared,
    ).groups
    own = {g for s in usergroups for g in access.slack.usergroups.get(s, ())}
    own |= set(access.users.get(f"slack:{author}", ()))
    theirs = set(access.slack.channels.get(channel, ()))
    assert given_ <= (own if alone else theirs)
    if guest or shared:
        assert not given_


@given(accesses(), _USERS, _USERGROUPS, _CHANNELS)
def test_more_user_groups_never_take_away_and_never_reach_a_channel(
    access: AccessSection, author: str, usergroups: list[str], channel: str
) -> None:
    """Membership only adds, and only where the asker reads alone."""

    def seen(groups: list[str], alone: bool) -> frozenset[str]:
        return slack_principal(
            access,
            author=author,
            usergroups=groups,
            channel=channel,
            alone=alone,
            guest=False,
            shared=False,
        ).groups

    assert seen([], True) <= seen(usergroups, True)
    assert seen([], False) == seen(usergroups, False)


@given(_USERS, _USERGROUPS, _CHANNELS, st.booleans())
def test_without_settings_everybody_sees_public_documents_only(
    author: str, usergroups: list[str], channel: str, alone: bool
) -> None:
    """Deny by default."""
    assert (
        slack_principal(
            AccessSection(),
            author=author,
            usergroups=usergroups,
            channel=channel,
            alone=alone,
            guest=False,
            shared=False,
        )
        == Principal()
    )
