"""Where a suite is found by its name: a file, what was approved in this home, the sample's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.errors import NotFoundError
from bot.evaluation.cases import Suite, find_suite, read_suite

if TYPE_CHECKING:
    from pathlib import Path

    from bot.settings import Settings

_SAMPLE = "sample"


class UnknownSuiteError(NotFoundError):
    """There is no {kind} "{id}" with approved cases, and no file of that name; `wellspoken suite
    list` names what there is."""


async def found_suite(settings: Settings, name: str | Path) -> Suite:
    """The suite of a path or a name: a file's, else what was approved here; ``sample`` is the
    sample's where there is no own one.

    Raises UnknownSuiteError, MissingFileError and SuiteError.
    """
    return await asyncio.to_thread(_from_file, settings, name) or await _without_a_file(
        settings, str(name)
    )


async def found_suites(settings: Settings, names: Sequence[str | Path]) -> list[Suite]:
    """The suites of these names, each content once. Raises as :func:`found_suite` does."""
    suites: dict[str, Suite] = {}
    for name in dict.fromkeys(names):
        suite = await found_suite(settings, name)
        suites.setdefault(suite.digest, suite)
    return list(suites.values())


def _from_file(settings: Settings, name: str | Path) -> Suite | None:
    try:
        return read_suite(find_suite(name, settings.config.parent))
    except NotFoundError:
        return None


async def _without_a_file(settings: Settings, name: str) -> Suite:
    from adapters.suites import suite_of_home

    kept = await suite_of_home(settings, name)
    if kept is not None:
        return kept
    if name != _SAMPLE:
        raise UnknownSuiteError(kind="suite", id=name)
    from knowledge.sample import sample_suite

    return replace(await asyncio.to_thread(read_suite, sample_suite()), name=_SAMPLE)
