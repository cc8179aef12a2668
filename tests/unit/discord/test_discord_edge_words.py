"""Words of the edge of Discord: mentions, thumbs, links, forms, "solved", commands."""

from __future__ import annotations

import pytest

from adapters.chat.base import Place
from adapters.discord.client import WellspokenClient
from adapters.discord.commands import build_tree, same_commands
from adapters.discord.events import as_markdown, place_of_link, thumb
from adapters.discord.forms import LONGEST, correction_form, submission_of
from adapters.discord.solving import says_solved
from bot.conversation import Platform
from tests.platforms.discord_service import kept_addresses

NAMES = {("@", 2): "Ben", ("@&", 3): "Gardeners", ("#", 4): "roses"}


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("<@1> when to water?", "when to water?"),
        ("<@!1>, when?", "when?"),
        ("when <@1> exactly?", "when exactly?"),
        ("<@&9> when?", "when?"),
        ("when?\n<@1>\n    code", "when?\n\n    code"),
        ("ask <@2> or <@&3> in <#4>", "ask @Ben or @Gardeners in #roses"),
        ("<@77> knows", "@77 knows"),
        ("<:rose:5> <a:wave:6>", ":rose: :wave:"),
        ("a < b and <b> stay", "a < b and <b> stay"),
    ],
)
def test_mentions_become_words(written: str, plain: str) -> None:
    """Our own goes, others get names, everything else stays as it was typed."""
    assert as_markdown(written, 1, 9, lambda kind, ident: NAMES.get((kind, ident))) == plain


@pytest.mark.parametrize(
    ("emoji", "up"), [("👍", True), ("👎🏿", False), ("🎉", None), ("👍️", True)]
)
def test_thumbs_are_known_in_any_skin(emoji: str, up: bool | None) -> None:
    """Thumbs count, other emoji do not."""
    assert thumb(emoji) is up


def test_a_link_leads_to_a_thread() -> None:
    """A thread by its id, a message as the thread that begins with it, of the same server only."""
    near = Place(Platform.DISCORD, "1", "2")
    of = {30: 3}.get
    found = place_of_link("see https://discord.com/channels/1/30/99", near, of)
    assert found == Place(Platform.DISCORD, "1", "3", thread="30")
    found = place_of_link("https://discord.com/channels/1/2/99", near, of)
    assert found == Place(Platform.DISCORD, "1", "2", thread="99")
    assert place_of_link("https://discord.com/channels/7/2/99", near, of) is None
    assert place_of_link("the other one", near, of) is None


@pytest.mark.parametrize(
    "text",
    [
        "solved", "Solved!", "That solved it, thanks!", "thanks, it works now", "fixed ✅",
        "Great, that fixed my problem", "this is resolved", "Perfect, that did it. Thank you!",
        "it worked", "resolved now",
    ],
)  # fmt: skip
def test_an_authors_word_closes(text: str) -> None:
    """Short words that say that the matter is settled."""
    assert says_solved(text)


@pytest.mark.parametrize(
    "text",
    [
        "thanks", "not solved", "it is not fixed yet", "is this solved?", "How was it solved?",
        "solved the first part, but the second remains", "it works on my machine but not there",
        "does that fix it", "", "unsolved", "has anybody solved this",
    ],
)  # fmt: skip
def test_other_words_close_nothing(text: str) -> None:
    """Doubt, negation and questions leave a post open."""
    assert not says_solved(text)


def test_a_form_comes_back_with_what_was_written() -> None:
    """Labels, or the rows of older clients; nothing chosen is nothing."""
    form = correction_form("t-1")
    assert len(form["title"]) <= 45
    fields = [
        {"type": 18, "component": {"type": 3, "custom_id": "reason", "values": ["tone"]}},
        {"type": 1, "components": [{"type": 4, "custom_id": "better", "value": " x" * LONGEST}]},
    ]
    sent = submission_of({"custom_id": form["custom_id"], "components": fields})
    assert sent is not None
    assert (sent.turn, sent.reason) == ("t-1", "tone")
    assert len(sent.correction) == LONGEST
    empty = submission_of({"custom_id": form["custom_id"], "components": []})
    assert empty is not None
    assert (empty.reason, empty.correction) == ("", "")
    assert submission_of({"custom_id": "another", "components": []}) is None


def test_commands_are_compared_by_what_we_define() -> None:
    """Ids and defaults that Discord adds are no difference; another word is."""
    with kept_addresses():
        tree = build_tree(WellspokenClient(), answers=None)  # type: ignore[arg-type]  # none is called
    wanted = [command.to_dict(tree) for command in tree.get_commands()]
    there = [{**one, "id": "7", "version": "8", "nsfw": False} for one in wanted]
    assert same_commands(there[::-1], wanted)
    assert not same_commands(there[1:], wanted)
    changed = [{**there[0], "description": "Another"}, *there[1:]]
    assert not same_commands(changed, wanted)
