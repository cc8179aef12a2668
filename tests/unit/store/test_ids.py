"""Ids sort by time and do not repeat."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from bot.store.ids import new_id


def test_ids_come_in_ascending_order() -> None:
    """Ids made one after the other sort in that order and none comes twice."""
    made = [new_id() for _ in range(2000)]
    assert made == sorted(set(made))


def test_threads_never_share_an_id() -> None:
    """Threads that make ids at the same time get different ones."""
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: new_id("x"), range(4000)))
    assert len(set(made)) == len(made)
    assert all(len(id_) == 17 and id_.startswith("x") and id_.isalnum() for id_ in made)
