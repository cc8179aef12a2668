"""A port for a server that is started later, or again: nobody takes it meanwhile."""

from __future__ import annotations

import random
import socket

# The kernel hands out ports for outgoing connections above 32,768: one that was free a moment ago
# may be gone when a process has come up. Those of Weaviate begin at 16,000.
_PORTS = range(10_000, 16_000)
_given: set[int] = set()


def free_port() -> int:
    """A port on loopback that nobody listens on, given to nobody else of this test run's process
    and hardly ever to another one's."""
    chance = random.SystemRandom()  # a test run may have a seed that another one has too
    for _ in range(500):
        port = chance.choice(_PORTS)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port
    raise RuntimeError("no free port on this machine")
