"""The environment of programs that are started."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping


def child_environment(
    values: Mapping[str, str], *, defaults: Mapping[str, str], without: Iterable[str]
) -> dict[str, str]:
    """This process's environment with ``values``, with ``defaults`` where nothing is set, and
    without names that begin with any of ``without``, unless they are among the ``defaults``."""
    unwanted = tuple(without)
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name in defaults or not name.startswith(unwanted)
    }
    return {**defaults, **inherited, **values}
