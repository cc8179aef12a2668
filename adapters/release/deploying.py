"""Adapters at the model server of a home: loaded by the server, or served there already."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.errors import ReleaseError

if TYPE_CHECKING:
    from bot.settings import Settings
    from persona.releasing import Deployment

_TIMEOUT_S = 10.0
_OPENAI = "api.openai.com"


class ServerDeployment:
    """Loads adapters with ``deployer``; a server that cannot, but names the model among its own
    (``/v1/models``), serves it as somebody set it up."""

    def __init__(self, deployer: Deployment, url: str, api_key: str | None = None) -> None:
        root = url.rstrip("/")
        self._models = f"{root}/models" if root.endswith("/v1") else f"{root}/v1/models"
        self._deployer = deployer
        self._api_key = api_key

    async def load(self, model: str, adapter: Path) -> None:
        """Have the server answer for a model's id. Raises ReleaseError."""
        try:
            await self._deployer.load(model, adapter)
        except ReleaseError:
            if model not in await self._served():
                raise

    async def unload(self, model: str) -> None:
        """Have the server forget it. Raises ReleaseError."""
        await self._deployer.unload(model)

    async def _served(self) -> frozenset[str]:
        """The ids that the server answers for; none where it does not say."""
        import httpx2

        headers = {"authorization": f"Bearer {self._api_key}"} if self._api_key else {}
        try:
            async with httpx2.AsyncClient(timeout=_TIMEOUT_S, headers=headers) as client:
                found = (await client.get(self._models)).json()
            return frozenset(str(each["id"]) for each in found["data"])
        except (httpx2.HTTPError, ValueError, KeyError, TypeError):
            return frozenset()  # what the server said of the adapter is told


def deployment_of(settings: Settings) -> Deployment | None:
    """Who loads adapters into the model server; ``None`` where there is no server of one's own."""
    from persona.tuning.deploying import Deployer

    url = settings.tuning.server or settings.openai_base_url
    if not url:
        return None
    key = _key_for(settings)
    return ServerDeployment(Deployer(url, key), url, key)


def _key_for(settings: Settings) -> str | None:
    """The key of one's own model server; OpenAI's is nothing that another server may see."""
    base = settings.openai_base_url
    if settings.openai_api_key is None or base is None or urlsplit(base).hostname == _OPENAI:
        return None
    return settings.openai_api_key.get_secret_value()
