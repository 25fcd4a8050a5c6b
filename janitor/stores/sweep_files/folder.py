"""SweepFolder: the sweeps below ``DIR/sweeps``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from janitor.errors import NotFoundError, StateFileError
from janitor.storage.atomic import make_folder
from janitor.stores.sweep_files.store import SweepFiles

SWEEPS: Final = "sweeps"


class SweepFolder:
    """All sweeps of a folder.

    Args:
        folder: The folder, absolute; ``sweeps`` is below it.
        clock: The time, aware, UTC.

    """

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        self.folder = folder
        self.location = f"file:{folder}"
        self._clock = clock

    def names(self) -> Sequence[str]:
        """The sweeps, in the order of their names."""
        try:
            places = sorted((self.folder / SWEEPS).iterdir())
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise StateFileError(f"cannot read {self.folder / SWEEPS}: {error.strerror}") from error
        return [place.name for place in places if (place / "ledger").is_dir()]

    def open(self, name: str) -> SweepFiles:
        """A sweep that exists.

        Raises:
            NotFoundError: it does not.

        """
        place = self.folder / SWEEPS / name
        if not name or "/" in name or name.startswith(".") or not (place / "ledger").is_dir():
            raise NotFoundError(f"there is no sweep {name} in {self.location}")
        return SweepFiles(place, self._clock)

    def create(self, name: str) -> SweepFiles:
        """A sweep, created if it does not exist."""
        place = self.folder / SWEEPS / name
        make_folder(place / "ledger", error=StateFileError)
        make_folder(place / "runs", error=StateFileError)
        return SweepFiles(place, self._clock)
