"""A run's summary file: read with a token, and replaced only by who shows the newest token.

The token holds the revision and a digest of the content: a person who edits the file with a text
editor does not count its revisions.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from janitor.errors import (
    ConflictError,
    HeldError,
    NotFoundError,
    RejectedError,
    StateFileError,
    TransientError,
)
from janitor.records.sweep import StoredSummary, dump_summary, parse_summary
from janitor.storage.atomic import write_atomically
from janitor.storage.locks import locked
from janitor.storage.untrusted import read_untrusted

_LARGEST: Final = 64 * 1024 * 1024
_LOCK_TIMEOUT: Final = 60.0


def read_summary(path: Path) -> tuple[StoredSummary, str]:
    """The summary in a file, and the token that replaces it.

    Raises:
        NotFoundError: there is none.
        StateFileError: it is damaged, or cannot be read.

    """
    try:
        data = read_untrusted(path, limit=_LARGEST, error=StateFileError)
        stored = parse_summary(data)
    except StateFileError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise NotFoundError(f"{path} does not exist") from None
        raise
    except ValueError as error:
        raise StateFileError(
            f"{path} is damaged: {error}; correct it, or delete its run's folder to leave the run"
            " out"
        ) from error
    return stored, f"{stored.revision}.{sha256(data).hexdigest()[:16]}"


def replace_summary(path: Path, lock: Path, token: str, summary: Mapping[str, Any]) -> None:
    """Replace the summary in a file.

    Args:
        path: The file.
        lock: Held meanwhile.
        token: What was read with the summary on which the new one is based.
        summary: The new one.

    Raises:
        ConflictError: the file was changed since then.
        RejectedError: the summary holds what JSON cannot hold.
        TransientError: another process held the lock all the time.

    """
    try:
        with locked(lock, _LOCK_TIMEOUT):
            stored, current = read_summary(path)
            if current != token:
                raise ConflictError(f"{path} was changed since it was read; it was not overwritten")
            try:
                text = dump_summary(StoredSummary(stored.revision + 1, dict(summary)))
            except ValueError as error:
                raise RejectedError(f"{path} cannot be written: {error}") from error
            write_atomically(path, text, mode=0o644, error=StateFileError)
    except HeldError as error:
        raise TransientError(str(error)) from error
