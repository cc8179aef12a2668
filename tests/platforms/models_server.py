"""A stand-in model server that answers for each model id in its own way."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.platforms.openai_server import Behaviour, Fault, OpenAIServer


@dataclass
class ModelsServer(OpenAIServer):
    """One server, several models: each behaves as ``by_model`` says, others as ``behaviour``."""

    by_model: Mapping[str, Behaviour] = field(default_factory=dict)

    async def _chat(
        self, body: dict[str, Any], writer: asyncio.StreamWriter, fault: Fault | None
    ) -> None:
        own = self.by_model.get(str(body.get("model")))
        if own is None:
            await super()._chat(body, writer, fault)
            return
        one = OpenAIServer(own)
        await OpenAIServer._chat(one, body, writer, fault or one._strike())
