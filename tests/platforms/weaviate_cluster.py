"""Three real Weaviate nodes on one machine that make one cluster."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import httpx2

from tests.platforms.weaviate_server import STARTING, WeaviateProcess

_PATIENCE = 0.1


class WeaviateCluster:
    """The nodes, each a :class:`WeaviateProcess`; any of them may be killed and started again."""

    def __init__(
        self, binary: Path, size: int = 3, settings: Mapping[str, str] | None = None
    ) -> None:
        self.nodes = [WeaviateProcess(binary, f"weaviate-{n}") for n in range(size)]
        raft = ",".join(f"{node.name}:{node.raft_port}" for node in self.nodes)
        for node in self.nodes:
            others = [peer for peer in self.nodes if peer is not node]
            node.settings = {
                "RAFT_BOOTSTRAP_EXPECT": str(size),
                "RAFT_JOIN": raft,
                # every other one, not the first: that one may be what is down
                "CLUSTER_JOIN": ",".join(f"127.0.0.1:{peer.gossip_port}" for peer in others),
                # the least that it takes: by itself a node looks every 30 s what it missed
                "ASYNC_REPLICATION_FREQUENCY": "5s",
                "ASYNC_REPLICATION_FREQUENCY_WHILE_PROPAGATING": "1s",
                "ASYNC_REPLICATION_PROPAGATION_DELAY": "1s",
                **(settings or {}),
            }

    @property
    def log(self) -> str:
        """The end of what each node wrote."""
        return "\n".join(f"--- {node.name}\n{node.log[-1500:]}" for node in self.nodes)

    def start(self, timeout: float = 2 * STARTING) -> None:
        """Start all of them at once, and wait until each sees all others."""
        for node in self.nodes:
            node.start(wait=False)
        until = time.monotonic() + timeout
        while not all(node.ready() for node in self.nodes):
            for node in self.nodes:
                node.must_live(until)
            time.sleep(_PATIENCE)
        self.wait_until_whole(timeout)

    def led(self) -> tuple[WeaviateProcess, list[WeaviateProcess]]:
        """The node that leads, through which all changes of collections go, and the others."""
        alive = next(node for node in self.nodes if node.running)
        known = alive.ask("GET", "cluster/statistics")["statistics"]
        name = next(entry["leaderId"] for entry in known if entry["leaderId"])
        leader = next(node for node in self.nodes if node.name == name)
        return leader, [node for node in self.nodes if node is not leader]

    def healthy(self, node: WeaviateProcess) -> set[str]:
        """The names of the nodes that one node sees alive; none while it cannot tell."""
        try:
            nodes = node.ask("GET", "nodes")["nodes"]
        except httpx2.HTTPError:
            return set()
        return {entry["name"] for entry in nodes if entry["status"] == "HEALTHY"}

    def wait_until_whole(self, timeout: float = STARTING) -> None:
        """Wait until every node that runs sees exactly those that run; raises TimeoutError."""
        running = [node for node in self.nodes if node.running]
        names = {node.name for node in running}
        until = time.monotonic() + timeout
        while any(self.healthy(node) != names for node in running):
            if time.monotonic() > until:
                raise TimeoutError(f"the nodes do not see each other:\n{self.log}")
            time.sleep(_PATIENCE)

    def remove(self) -> None:
        """End all of them and delete their data."""
        for node in self.nodes:
            node.remove()
