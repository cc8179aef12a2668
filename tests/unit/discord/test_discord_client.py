"""What the client makes of a gateway that says less than Discord does."""

from __future__ import annotations

from typing import Any

from adapters.discord.client import let_one_shard_be_unnamed


def test_a_session_without_a_shard_is_that_of_the_only_one() -> None:
    """A gateway that does not name the shard serves the first of one; a named one stays."""
    begun: list[Any] = []
    parsers = {"READY": lambda data: begun.append(data["shard"])}
    let_one_shard_be_unnamed(parsers)
    parsers["READY"]({"v": 10})
    parsers["READY"]({"v": 10, "shard": [1, 2]})
    assert begun == [[0, 1], [1, 2]]
