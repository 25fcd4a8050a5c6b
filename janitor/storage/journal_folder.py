"""Where journals are kept: the folder that the user chose, or one of the user's own."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from janitor.storage.untrusted import check_private_folder, private_temporary_folder


def journal_folder(chosen: Path | None) -> Path:
    """The folder of the journals, which only the user can write to. It need not exist yet.

    Without a home folder that can be written to, it is ``janitor-UID`` in the folder for
    temporary files.

    Args:
        chosen: The folder that the settings name, if they do.

    Raises:
        UsageError: other users can write to the folder. The next pass reads the journals, so the
            janitor does not silently choose another place for them.

    """
    if chosen is not None:
        check_private_folder(chosen)
        return chosen
    try:
        folder = Path(platformdirs.user_state_dir("janitor")) / "journals"
    except RuntimeError:  # the machine does not know the user, and HOME is not set
        return private_temporary_folder()
    if not folder.is_absolute() or not _can_be_written(folder):
        return private_temporary_folder()
    check_private_folder(folder)
    return folder


def _can_be_written(folder: Path) -> bool:
    """Whether files can be created in a folder, or the folder itself if it does not exist."""
    try:
        place = next(place for place in (folder, *folder.parents) if place.exists())
    except OSError:
        return False
    return place.is_dir() and os.access(place, os.W_OK | os.X_OK)
