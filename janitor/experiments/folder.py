"""The folder of experiments' files: its lock, and what happens to a file that is damaged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from janitor.errors import NotFoundError, StateFileError
from janitor.experiments import files
from janitor.experiments.identifiers import sanitize_experiment_id
from janitor.experiments.state import ExperimentState
from janitor.runtime.processes import this_process
from janitor.storage.atomic import make_folder
from janitor.storage.locks import locked
from janitor.storage.rescue import BACKUP, last_good, rescue, write_keeping
from janitor.storage.untrusted import read_untrusted

_LOCK: Final = ".lock"


@dataclass(frozen=True, slots=True)
class ExperimentFolder:
    """The folder with the files.

    Args:
        place: The folder; created with the first lock.
        clock: Returns the current time, aware.
        lock_timeout: Seconds to wait for another writer.
        on_problem: Receives a sentence about each damaged file.
        rescues: Whether a damaged file is set aside when it is read; if not, when it is written.

    """

    place: Path
    clock: Callable[[], datetime]
    lock_timeout: float
    on_problem: Callable[[str], None]
    rescues: bool

    def path(self, experiment_id: str) -> Path:
        """Where an experiment's state is.

        Raises:
            InvalidExperimentIdError: the id is not a safe name.

        """
        return self.place / f"{sanitize_experiment_id(experiment_id)}{files.ENDING}"

    def paths(self) -> Sequence[Path]:
        """The files of all experiments, unordered; none if there is no folder yet.

        Raises:
            StateFileError: the folder cannot be read.

        """
        try:
            found = list(self.place.iterdir())
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise StateFileError(f"cannot read {self.place}: {error.strerror}") from error
        return [one for one in found if one.suffix == files.ENDING and one.name[0] != "."]

    def lock(self) -> AbstractContextManager[None]:
        """The lock under which files are written."""
        make_folder(self.place, error=StateFileError)
        return locked(self.place / _LOCK, self.lock_timeout)

    def load(self, path: Path) -> ExperimentState:
        """The state in a file; the lock is taken only to set a damaged file aside."""
        try:
            return self._parse(path)
        except FileNotFoundError:
            raise self._missing(path) from None
        except ValueError as error:
            why = str(error)
        if not self.rescues:
            return self._copy_of(path, why)
        with ExitStack() as held:
            try:
                held.enter_context(self.lock())
            except StateFileError:  # another process holds it, or this one may only read
                return self._copy_of(path, why)
            return self.read(path)

    def read(self, path: Path) -> ExperimentState:
        """The state in a file; a damaged file is set aside. Under the lock."""
        try:
            return self._parse(path)
        except FileNotFoundError:
            raise self._missing(path) from None
        except ValueError as error:
            rescued = rescue(path, files.parse, str(error), self.clock())
        if rescued.value is None:
            raise StateFileError(rescued.message)
        self.on_problem(rescued.message)
        return rescued.value

    def write(self, path: Path, state: ExperimentState, *, alive: bool) -> None:
        """Write the state's next revision. If that fails, the state is unchanged.

        Args:
            path: Its file.
            state: The state; its ``revision`` goes up by one.
            alive: Whether this counts as a sign of life of the experiment.

        """
        is_new = not path.exists()
        before = state.revision, state.updated_at, state.written_by
        state.revision += 1
        state.written_by = this_process()
        if alive:
            state.updated_at = self.clock()
        try:
            write_keeping(path, files.text_of(state))
        except BaseException:
            state.revision, state.updated_at, state.written_by = before
            raise
        if is_new:  # an existing copy belongs to an experiment that was removed by hand
            _copy(path).unlink(missing_ok=True)

    def remove(self, path: Path) -> None:
        """Remove a file and its copy. Damaged files that were kept stay."""
        with self.lock():
            files.refuse_to_leave(path)
            try:
                _copy(path).unlink(missing_ok=True)
                path.unlink()
            except FileNotFoundError:
                raise self._missing(path) from None
            except OSError as error:
                raise StateFileError(f"cannot remove {path}: {error.strerror}") from error

    def _parse(self, path: Path) -> ExperimentState:
        try:
            files.refuse_to_leave(path)
            data = read_untrusted(path, follow=True, error=StateFileError)
        except StateFileError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise error.__cause__ from None
            raise
        except OSError as error:
            raise StateFileError(f"cannot read {path}: {error.strerror}") from error
        try:
            state = files.parse(data)
        except files.ForeignFileError as error:
            if _copy(path).exists():
                raise  # there was a state before
            raise StateFileError(f"{path} is left as it is: {error}") from error
        if state.experiment_id != path.stem:
            raise StateFileError(
                f"{path} holds the state of another experiment, {state.experiment_id}: rename or"
                " remove it"
            )
        return state

    def _copy_of(self, path: Path, why: str) -> ExperimentState:
        """The last good copy of a damaged file. Nothing is moved."""
        damage = f"{path} is damaged ({why})"
        state = last_good(path, files.parse)
        if state is None:
            raise StateFileError(f"{damage}, and it has no good copy")
        self.on_problem(f"{damage}; its last good copy is read")
        return state

    def _missing(self, path: Path) -> NotFoundError:
        return NotFoundError(f"experiment {path.stem} does not exist in {self.place}")


def _copy(path: Path) -> Path:
    return path.with_name(path.name + BACKUP)
