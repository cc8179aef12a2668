"""The watch over a canary: rolled back by itself, said in the operators' channel, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.release.watching import CanaryWatcher, watcher_of
from bot.conversation import Author, Feedback, Platform, Rating
from bot.errors import ChatRefusedError
from bot.store.base import Database
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from persona.canary_reading import Finding
from persona.registry import Registry
from tests.platforms.chat_desk import Office, office
from tests.platforms.turns import turn_of

BY = "console:operator"
RELEASE = {"operators": "slack:C0HUMANS", "turns": 10}


async def canary(database: Database) -> Registry:
    """Model one live, model two the canary."""
    registry = Registry(database)
    for model in ("one", "two"):
        await registry.register(model=model, by=BY)
    await registry.promote("v1", by=BY, force=True, reason="x")
    await registry.start_canary("v2", 0.5, by=BY)
    return registry


async def rated(database: Database, n: int, *, canary_down: int) -> None:
    """``n`` rated turns of each side; of the canary's so many have thumbs down."""
    at = datetime.now(UTC)
    for k in range(2 * n):
        model, rating = ("two" if k % 2 else "one"), Rating.UP
        if model == "two" and k // 2 < canary_down:
            rating = Rating.DOWN
        turn = turn_of(
            "Fine.", id=f"t{k:04d}", thread=f"h{k}", model=model, at=at + timedelta(milliseconds=k)
        )
        await History(database).record(turn)
        await FeedbackBook(database).rate(Feedback(turn.id, Author(Platform.WEB, "a"), rating))


def posted(here: Office) -> list[str]:
    """What was said in the operators' channel."""
    return [p.text for p in here.chat.posts.values() if p.place.channel == "C0HUMANS"]


async def test_worse_canary_is_rolled_back_and_operators_hear_of_it_once(tmp_path: Path) -> None:
    """Two watchers, one rollback, one message with the figures; the live version answers on."""
    async with office(tmp_path, release=RELEASE) as here:
        registry = await canary(here.app.database)
        await rated(here.app.database, 30, canary_down=20)
        watchers: list[CanaryWatcher] = [watcher_of(here.app), watcher_of(here.app)]
        assert await watchers[0].look() is Finding.WORSE
        assert await watchers[1].look() is None
        release = await registry.release()
        assert (release.canary, release.live and release.live.version) == (None, "v1")
        version = await registry.get("v2")
        assert version.state == "rejected"
        assert "thumbs down 66.7% against 0.0%" in version.why
        (trial,) = await registry.canaries()
        assert (trial.state, trial.figures["finding"]) == ("rolled back", "worse")
        await here.work()
        (said,) = posted(here)
        assert "**v2 was rolled back by itself**" in said
        assert "v1 answers every thread again" in said
        (entry,) = [
            e for e in await here.app.audit.listing(kind="operator")
            if e.content["action"] == "canary rolled back"
        ]  # fmt: skip
        assert entry.content["actor"] == "wellspoken"


async def test_harmless_canary_is_said_once_and_never_promoted(tmp_path: Path) -> None:
    """Operators are told that it may be promoted; it stays the canary until they do."""
    async with office(tmp_path, release=RELEASE) as here:
        registry = await canary(here.app.database)
        await rated(here.app.database, 45, canary_down=1)
        watcher = watcher_of(here.app)
        assert [await watcher.look() for _ in range(3)] == [Finding.FINE] * 3
        await here.work()
        (said,) = posted(here)
        assert "no harm found after 45 turns; promote it" in said
        release = await registry.release()
        assert release.canary is not None
        assert release.canary.version == "v2"
        assert release.trial is not None
        assert release.trial.figures["turns"] == {"canary": 45, "live": 45}


async def test_too_few_turns_are_waited_for(tmp_path: Path) -> None:
    """However bad a handful of turns is, nothing is decided on it."""
    async with office(tmp_path, release=RELEASE) as here:
        registry = await canary(here.app.database)
        await rated(here.app.database, 9, canary_down=9)
        assert await watcher_of(here.app).look() is Finding.WAITING
        assert (await registry.get("v2")).state == "canary"


async def test_without_a_channel_the_rollback_happens_all_the_same(tmp_path: Path) -> None:
    """No channel is set: the record has it, and nothing waits to be posted."""
    async with office(tmp_path, release={"turns": 10}) as here:
        registry = await canary(here.app.database)
        await rated(here.app.database, 30, canary_down=20)
        await watcher_of(here.app).look()
        assert (await registry.get("v2")).state == "rejected"
        assert await here.desk.inbox.open_count() == 0


async def test_channel_that_refuses_does_not_keep_the_notice_waiting(tmp_path: Path) -> None:
    """A bot that is no member of the channel says so in the log, once."""
    async with office(tmp_path, release=RELEASE) as here:
        await canary(here.app.database)
        await rated(here.app.database, 30, canary_down=20)
        await watcher_of(here.app).look()
        here.chat.faults.append(
            ChatRefusedError(platform="Slack", method="post", reason="not_in_channel")
        )
        await here.work()
        assert posted(here) == []
        assert await here.desk.inbox.open_count() == 0
