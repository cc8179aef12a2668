"""Adapters at the model server: loaded and unloaded while it runs, as vLLM does it.

vLLM needs ``--enable-lora`` and ``VLLM_ALLOW_RUNTIME_LORA_UPDATING=True``,
https://docs.vllm.ai/en/stable/features/lora.html; ``wellspoken tune serve`` needs nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import AdaptersNotLoadableError, ReleaseError
from bot.llm.refusals import server_words, without_password, without_secrets

if TYPE_CHECKING:
    import httpx2

_TIMEOUT_S = 120.0  # an adapter is read from the disk, perhaps of another machine


class Deployer:
    """Loads adapters into the server at ``url``, like ``http://127.0.0.1:8000`` or with ``/v1``."""

    def __init__(self, url: str, api_key: str | None = None) -> None:
        root = url.rstrip("/")
        self._root = root if root.endswith("/v1") else f"{root}/v1"
        self._api_key = api_key
        self.url = without_password(root)

    async def load(self, model: str, adapter: Path) -> None:
        """Have the server answer for ``model``; loaded already is no error. The server must see the
        folder ``adapter`` under the same path. Raises ReleaseError, AdaptersNotLoadableError of a
        server that loads none at all."""
        body = {"lora_name": model, "lora_path": str(adapter)}
        response = await self._post("load_lora_adapter", body)
        if response.status_code == 404 and not _speaks(response):
            raise AdaptersNotLoadableError(url=self.url)
        if response.status_code >= 400 and "already been loaded" not in response.text:
            raise ReleaseError(reason=f"{self.url} did not load {model}: {_words(response)}.")

    async def unload(self, model: str) -> None:
        """Have the server forget ``model``; not loaded is no error. Raises ReleaseError."""
        response = await self._post("unload_lora_adapter", {"lora_name": model})
        unknown = response.status_code == 404 or "cannot be found" in response.text
        if response.status_code >= 400 and not unknown:
            raise ReleaseError(reason=f"{self.url} did not unload {model}: {_words(response)}.")

    async def _post(self, what: str, body: dict[str, str]) -> httpx2.Response:
        import httpx2

        headers = {"authorization": f"Bearer {self._api_key}"} if self._api_key else {}
        try:
            async with httpx2.AsyncClient(timeout=_TIMEOUT_S, headers=headers) as client:
                return await client.post(f"{self._root}/{what}", json=body)
        except httpx2.HTTPError as error:
            reason = f"{self.url} cannot be reached ({type(error).__name__}); start the server."
            raise ReleaseError(reason=reason) from error


def _speaks(response: httpx2.Response) -> bool:
    """Whether a 404 is about the adapter, not about the address: vLLM names the adapter's path."""
    said = server_words(response.content)[0]
    return bool(said) and said != "Not Found"


def _words(response: httpx2.Response) -> str:
    said = without_secrets(server_words(response.content)[0]).rstrip(".")
    return said or f"status {response.status_code}"
