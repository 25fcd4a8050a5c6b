"""Where the sweep of a file was started, remembered in ``.janitor/places`` of the working folder.

A sweep belongs to the store in which it was started. If ``store``, ``entity`` or ``project`` of its
file is edited, the same file would start the sweep a second time elsewhere, and train every
trial again. A record that cannot be read or written is not an error: a controller without a folder
of its own works without it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from janitor.errors import StateFileError, UsageError
from janitor.model.wording import quoted
from janitor.storage import strict_json
from janitor.storage.atomic import write_atomically
from janitor.storage.untrusted import read_untrusted

FOLDER: Final = Path(".janitor") / "places"
VERSION: Final = 1
_LARGEST: Final = 65_536


def check_place(file: str, name: str, location: str, folder: Path = FOLDER) -> None:
    """Refuse to start a sweep in another store than the one in which its file started it.

    Args:
        file: The sweep file, or the name of a recipe.
        name: The sweep's name.
        location: The store, such as ``wandb:acme/rl``.
        folder: Where places are remembered.

    Raises:
        UsageError: it was started elsewhere.

    """
    known = _read(_path(folder, file, name))
    if known is not None and known != location:
        raise UsageError(
            f"{file} started the sweep {quoted(name)} in {known}, and now names {location}, where"
            " every trial would be trained again: undo the edit of store, entity or project; to"
            f" start the sweep there on purpose, add --store {location}"
        )


def remember_place(file: str, name: str, location: str, folder: Path = FOLDER) -> None:
    """Remember where the sweep of a file is."""
    path = _path(folder, file, name)
    if _read(path) == location:
        return
    text = strict_json.dumps({"version": VERSION, "sweep": name, "store": location}) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text, error=StateFileError)
    except (OSError, StateFileError):
        return


def _path(folder: Path, file: str, name: str) -> Path:
    """The record of a file. Files of one name in several folders are different sweeps."""
    where = file if not Path(file).exists() else str(Path(file).resolve())
    digest = hashlib.sha256(f"{name}\n{where}".encode("utf-8", "surrogatepass")).hexdigest()
    return folder / f"{digest[:16]}.json"


def _read(path: Path) -> str | None:
    try:
        document = strict_json.loads(read_untrusted(path, limit=_LARGEST, error=StateFileError))
    except (OSError, ValueError, StateFileError):
        return None
    store = document.get("store") if isinstance(document, dict) else None
    return store if isinstance(store, str) else None
