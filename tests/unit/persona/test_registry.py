"""The registry: versions with their lineage, and what is released, each change on the record."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.errors import GateNotPassedError, NotFoundError, ReleaseError, UsageError
from bot.store.audit import AuditTrail
from bot.store.base import Database
from persona.registry import Registry
from persona.tables import dataset_examples, datasets, gates

BY = "console:operator"
_seconds = count()


async def registered(registry: Registry, *models: str) -> list[str]:
    """Versions of models, in their order."""
    return [(await registry.register(model=model, by=BY)).version for model in models]


async def gated(database: Database, version: str, *verdicts: str) -> None:
    """One run through the gate, a verdict a suite."""
    at = datetime(2026, 11, 1, 12, 0, next(_seconds), tzinfo=UTC)
    rows = [
        {
            "id": f"g{version}{at.second}{n}", "version": version, "against": "", "suite": str(n),
            "digest": "", "verdict": verdict, "reasons": [], "candidate": {}, "live": {},
            "report": "", "by": BY, "at": at,
        }
        for n, verdict in enumerate(verdicts)
    ]  # fmt: skip
    await database.write(lambda c: c.execute(sa.insert(gates), rows).rowcount)


async def taught(database: Database, id_: str, *people: tuple[str, str]) -> None:
    """A data set with a line for each pair of asker and author."""
    at = datetime(2026, 11, 1, tzinfo=UTC)
    row = {
        "id": id_, "format": "sft", "persona": "", "examples": len(people), "train": len(people),
        "validation": 0, "dropped": {}, "card": {}, "digest": id_, "train_file": "",
        "validation_file": "", "at": at,
    }  # fmt: skip
    lines = [
        {
            "dataset_id": id_, "position": n, "split": "train", "line": n, "turn_id": f"t{n}",
            "asker": asker, "author": author,
        }
        for n, (asker, author) in enumerate(people)
    ]  # fmt: skip

    def op(connection: sa.Connection) -> None:
        connection.execute(sa.insert(datasets), [row])
        connection.execute(sa.insert(dataset_examples), lines)

    await database.write(op)


async def states(registry: Registry) -> dict[str, str]:
    """The state of every version."""
    return {v.version: v.state for v in await registry.listing()}


async def test_version_is_registered_once_for_a_job(database: Database) -> None:
    """What a job made gets one version, however often it is reported; it is a candidate."""
    registry = Registry(database)
    first = await registry.register(
        model="juniper-1", base="tiny", backend="local", method="sft", dataset="d1", job="j1",
        adapter=Path("/models/juniper-1"), persona="p1", by=BY,
    )  # fmt: skip
    again = await registry.register(model="juniper-1", job="j1", by=BY)
    other = await registry.register(model="juniper-2", job="j2", by=BY)
    assert again == first == await registry.get("v1")
    assert (first.state, first.adapter) == ("candidate", Path("/models/juniper-1"))
    assert [v.version for v in await registry.listing()] == ["v2", "v1"]
    assert other.adapter is None


async def test_model_is_one_version_only(database: Database) -> None:
    """Turns are told apart by their model, so that no two versions may share one."""
    registry = Registry(database)
    await registered(registry, "juniper-1")
    with pytest.raises(UsageError, match="registered already, as v1"):
        await registry.register(model="juniper-1", by=BY)
    with pytest.raises(UsageError, match="id"):
        await registry.register(model=" ", by=BY)
    with pytest.raises(NotFoundError, match="v9"):
        await registry.get("v9")


async def test_promotion_needs_a_pass_in_the_latest_run(database: Database) -> None:
    """A version that never went through the gate, or failed lately in one suite, is refused."""
    registry = Registry(database)
    await registered(registry, "one")
    with pytest.raises(GateNotPassedError, match="v1"):
        await registry.promote("v1", by=BY)
    await gated(database, "v1", "pass", "fail")
    with pytest.raises(GateNotPassedError):
        await registry.promote("v1", by=BY)
    await gated(database, "v1", "pass", "pass")
    await registry.promote("v1", by=BY)
    await registered(registry, "two")
    await gated(database, "v2", "pass")
    await gated(database, "v2", "fail")
    with pytest.raises(GateNotPassedError):
        await registry.promote("v2", by=BY)
    assert await states(registry) == {"v1": "live", "v2": "candidate"}


async def test_forcing_needs_a_reason_and_is_on_the_record(database: Database) -> None:
    """What has not passed is promoted for a reason alone, and the trail keeps it."""
    registry, audit = Registry(database), AuditTrail(database)
    await registered(registry, "one")
    with pytest.raises(UsageError, match="--reason"):
        await registry.promote("v1", by=BY, force=True, reason=" ")
    await registry.promote("v1", by=BY, force=True, reason="the launch is today")
    newest = (await audit.listing(kind="operator"))[-1].content
    assert (newest["action"], newest["actor"]) == ("model promoted", BY)
    assert (newest["forced"], newest["reason"]) == (True, "the launch is today")
    (promotion,) = await registry.promotions()
    assert (promotion.version, promotion.before, promotion.how) == ("v1", "", "force")
    assert await audit.verify() is None


async def test_promoting_the_live_version_changes_nothing(database: Database) -> None:
    """It says that nothing changed, and the revision stays."""
    registry = Registry(database)
    await registered(registry, "one")
    await registry.promote("v1", by=BY, force=True, reason="x")
    before = await registry.release()
    assert not (await registry.promote("v1", by=BY)).changed
    assert await registry.release() == before


async def test_rolling_back_goes_step_by_step_to_no_version(database: Database) -> None:
    """Each rollback takes one promotion back, whatever was promoted twice, down to none; the trail
    names what was rolled back and what speaks since."""
    registry, audit = Registry(database), AuditTrail(database)
    await registered(registry, "one", "two")
    for version in ("v1", "v2", "v1"):
        await registry.promote(version, by=BY, force=True, reason="x")
    assert await states(registry) == {"v1": "live", "v2": "retired"}
    went = [(await registry.roll_back(by=BY)).version for _ in range(3)]
    assert went == ["v2", "v1", ""]
    assert (await registry.release()).live is None
    assert await states(registry) == {"v1": "retired", "v2": "retired"}
    told = [entry.content for entry in (await audit.listing(kind="operator"))[-3:]]
    assert [(each["subject"], each["live"]) for each in told] == [
        ("v1", "v2"), ("v2", "v1"), ("v1", "no version"),
    ]  # fmt: skip
    with pytest.raises(UsageError, match="nothing to roll back"):
        await registry.roll_back(by=BY)
    await registry.promote("v2", by=BY, force=True, reason="x")
    assert (await registry.roll_back(by=BY)).version == ""


async def test_rolling_back_goes_to_what_a_later_gate_found_worse(database: Database) -> None:
    """What was live before comes back, also where the gate prefers what is rolled back."""
    registry = Registry(database)
    await registered(registry, "one", "two")
    for version in ("v1", "v2"):
        await registry.promote(version, by=BY, force=True, reason="x")
    await registry.set_state("v1", "rejected", why="gate: worse than v2", by=BY)
    assert (await registry.roll_back(by=BY)).version == "v1"
    assert (await registry.get("v1")).state == "live"


async def test_one_canary_at_a_time_with_a_share_that_may_grow(database: Database) -> None:
    """Another canary is refused while one runs; the same one goes on with its new share."""
    registry = Registry(database)
    await registered(registry, "one", "two")
    first = await registry.start_canary("v1", 0.1, by=BY)
    with pytest.raises(UsageError, match="v1 is the canary already"):
        await registry.start_canary("v2", 0.1, by=BY)
    grown = await registry.start_canary("v1", 0.5, by=BY)
    assert (grown.id, grown.share) == (first.id, 0.5)
    release = await registry.release()
    assert release.canary is not None
    assert (release.canary.version, release.share) == ("v1", 0.5)
    for share in (0.0, 0.009, 1.01, float("nan")):
        with pytest.raises(UsageError, match="share"):
            await registry.start_canary("v1", share, by=BY)


async def test_rolling_back_ends_the_canary_first(database: Database) -> None:
    """What answers most threads stays while a canary is taken back."""
    registry = Registry(database)
    await registered(registry, "one", "two")
    await registry.promote("v1", by=BY, force=True, reason="x")
    await registry.start_canary("v2", 0.2, by=BY)
    done = await registry.roll_back(by=BY)
    assert (done.version, done.ended, done.changed) == ("v1", "v2", False)
    assert await states(registry) == {"v1": "live", "v2": "candidate"}
    assert [c.state for c in await registry.canaries()] == ["ended"]
    await gated(database, "v2", "pass")
    await registry.promote("v2", by=BY)


async def test_promotion_ends_a_canary(database: Database) -> None:
    """The promoted canary is done; another one's comparison is over, which is said."""
    registry = Registry(database)
    await registered(registry, "one", "two")
    await registry.start_canary("v1", 0.2, by=BY)
    assert (await registry.promote("v1", by=BY, force=True, reason="x")).ended == ""
    await registered(registry, "three")
    await registry.start_canary("v3", 0.2, by=BY)
    assert (await registry.promote("v2", by=BY, force=True, reason="x")).ended == "v3"
    release = await registry.release()
    assert (release.canary, release.share, release.trial) == (None, 0.0, None)
    assert [c.state for c in await registry.canaries()] == ["ended", "promoted"]


async def test_failed_or_rejected_version_is_no_canary_without_force(database: Database) -> None:
    """What failed the gate, or was rejected by its canary, reaches users for a reason alone."""
    registry = Registry(database)
    await registered(registry, "one", "two")
    await gated(database, "v1", "fail")
    with pytest.raises(GateNotPassedError):
        await registry.start_canary("v1", 0.2, by=BY)
    trial = await registry.start_canary("v1", 0.2, by=BY, force=True, reason="to see")
    ended = await registry.end_canary(by="wellspoken", why="more thumbs down", reject=True)
    assert ended is not None
    assert ended.id == trial.id
    assert await registry.end_canary(by="wellspoken", trial=trial.id) is None
    assert (await registry.get("v1")).state == "rejected"
    await gated(database, "v1", "pass")
    with pytest.raises(ReleaseError, match="more thumbs down"):
        await registry.promote("v1", by=BY)
    with pytest.raises(UsageError, match="live already"):
        await registry.promote("v2", by=BY, force=True, reason="x")
        await registry.start_canary("v2", 0.2, by=BY)


async def test_what_speaks_keeps_its_state_through_the_gate(database: Database) -> None:
    """A new verdict on the live version changes its scores, not what answers users; the audit
    trail says no more than that."""
    registry, audit = Registry(database), AuditTrail(database)
    await registered(registry, "one")
    await registry.set_state("v1", "gated", why="passed", by=BY, scores={"style": 0.8})
    await registry.promote("v1", by=BY, force=True, reason="x")
    known = await registry.set_state("v1", "rejected", why="x", by=BY, scores={"style": 0.9})
    assert (known.state, known.scores) == ("live", {"style": 0.9})
    told = (await audit.listing(kind="operator"))[-1].content
    assert (told["action"], told["state"], told["why"]) == ("model judged", "live", "x")
    with pytest.raises(UsageError, match="promote"):
        await registry.set_state("v1", "live", why="x", by=BY)


async def test_versions_of_an_authors_words_are_found_in_one_query(database: Database) -> None:
    """Askers and authors alike, and versions that were trained on top of such a one."""
    registry = Registry(database)
    await taught(database, "d1", ("web:ann", ""), ("web:ben", "slack:eve"))
    await taught(database, "d2", ("web:ben", ""))
    for n, dataset in enumerate(("d1", "d2", "", ""), start=1):
        base = {3: "m1", 4: "m2"}.get(n, "tiny")
        await registry.register(model=f"m{n}", base=base, dataset=dataset, by=BY)
    named = {
        author: [v.version for v in await registry.trained_on(author)]
        for author in ("web:ann", "slack:eve", "web:ben", "web:nobody", "")
    }
    assert named["web:ann"] == named["slack:eve"] == ["v3", "v1"]
    assert named["web:ben"] == ["v4", "v3", "v2", "v1"]
    assert named["web:nobody"] == named[""] == []


async def test_promotions_at_once_leave_one_live_version(database: Database) -> None:
    """Two processes that promote at the same time come one after the other."""
    registry, other = Registry(database), Registry(database)
    versions = await registered(registry, *(f"m{n}" for n in range(8)))
    await asyncio.gather(
        *(
            (registry, other)[n % 2].promote(version, by=BY, force=True, reason="x")
            for n, version in enumerate(versions)
        )
    )
    release = await registry.release()
    assert release.live is not None
    assert release.revision == len(versions)
    assert sorted((await states(registry)).values()) == ["live"] + ["retired"] * 7
    history = await registry.promotions()
    assert [p.before for p in history[:-1]] == [p.version for p in history[1:]]
    assert history[0].version == release.live.version
