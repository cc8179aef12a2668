"""Files of runs in a home, which quote documents of every group: for their owner alone, and never
half."""

from __future__ import annotations

import os
from pathlib import Path

from bot.errors import StorageError


def make_private(folder: Path) -> None:
    """Make a folder (0700) where there is none. Raises StorageError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error


def write_private(path: Path, text: str) -> None:
    """Keep a text (UTF-8, 0600) in place of what is there. Raises StorageError."""
    draft = path.with_name(f".{path.name}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(text.encode("utf-8", "replace"))
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> StorageError:
    """What to tell of a file or folder that cannot be written."""
    return StorageError(
        f"{path} cannot be written ({error.strerror}); check its permissions and the disk's room."
    )
