"""A stand-in model server that answers for each model id in its own way."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.platforms.openai_server import Behaviour, OpenAIServer, Recorded


@dataclass
class ModelsServer(OpenAIServer):
    """One server, several models: each behaves as ``by_model`` says, others as ``behaviour``.
    ``loaded`` names the adapters that it was told to load."""

    by_model: Mapping[str, Behaviour] = field(default_factory=dict)
    loaded: list[str] = field(default_factory=list)
    _models: dict[str, OpenAIServer] = field(default_factory=dict)

    def asked(self, model: str) -> int:
        """How many answers of a model were asked for."""
        return sum(request.body.get("model") == model for request in self.requests)

    async def _respond(self, request: Recorded, writer: asyncio.StreamWriter) -> None:
        if request.path.endswith("/load_lora_adapter"):  # as vLLM does
            self.loaded.append(request.body["lora_name"])
            await self._send(writer, 200, "text/plain", b"Success")
            return
        model = str(request.body.get("model"))
        own = self.by_model.get(model)
        if own is None:
            await super()._respond(request, writer)
            return
        one = self._models.get(model)
        if one is None or one.behaviour is not own:  # it was given another one since
            one = self._models[model] = OpenAIServer(own)
        await one._respond(request, writer)
