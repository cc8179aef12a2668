"""What the upload of documents needs: fulfilled by ``adapters.uploads``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from adapters.uploaded_files import Arriving
from adapters.uploads import Upload, UploadedFile


class Uploads(Protocol):
    """Documents that operators upload."""

    @property
    def limit(self) -> int:
        """Bytes of the largest file."""
        ...

    async def groups(self) -> Sequence[str]:
        """Every group that a document or the settings name."""
        ...

    def arriving(self) -> Arriving:
        """Room for a file that is about to come; raises StorageError."""
        ...

    async def accept(self, name: str, arrived: Arriving, groups: frozenset[str], by: str) -> Upload:
        """Have a file that came read in by a worker; raises UsageError for a kind that is not
        read."""
        ...

    async def latest(self, limit: int) -> Sequence[Upload]:
        """The uploads that were sent last, the newest first."""
        ...

    async def files(self, limit: int, after: str = "") -> Sequence[UploadedFile]:
        """At most ``limit`` files whose documents are there, by name; ``after`` is the last one of
        the page before."""
        ...

    async def remove(self, file: str, by: str) -> int:
        """Remove a file with its documents; raises NotFoundError, and IngestRunningError while
        something else of the uploads is read in."""
        ...
