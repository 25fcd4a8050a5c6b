"""StateManager: the states of experiments in a folder, one file each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from logging import getLogger
from pathlib import Path
from typing import Any, Final

from janitor.errors import ConflictError, NotFoundError, StateFileError, UsageError
from janitor.experiments.folder import ExperimentFolder
from janitor.experiments.hashing import config_hash
from janitor.experiments.identifiers import sanitize_experiment_id
from janitor.experiments.state import ExperimentState
from janitor.experiments.status import ExperimentStatus
from janitor.model import Liveness
from janitor.runtime.clock import utc_now
from janitor.runtime.processes import this_process

_log = getLogger("janitor.experiments")

Change = Callable[[ExperimentState], ExperimentState | None]
"""Changes a state in place, or returns the state to write."""

STATE_DIR: Final = Path(".experiment_state")


class StateManager:
    """The experiments of one folder. Safe for many threads and processes, also of many machines
    where their file system has locks.

    When :meth:`save` and :meth:`update` return, the state is completely on disk. A damaged file is
    kept as ``ID.json.corrupt-…``, reported to ``on_problem``, and replaced by the last good copy
    (``ID.json.bak``). Other experiments are not affected.

    Args:
        state_dir: The folder; created with the first experiment.
        clock: Returns the current time, aware.
        lock_timeout: Seconds to wait for another writer.
        on_problem: Receives sentences about files that could not be used; by default they are
            logged as warnings.
        rescues: Whether reading a damaged file replaces it with its copy. If not, only writing
            does, and reading changes nothing.

    """  # noqa: D205 - one sentence, two lines

    def __init__(
        self,
        state_dir: str | Path = STATE_DIR,
        *,
        clock: Callable[[], datetime] = utc_now,
        lock_timeout: float = 60,
        on_problem: Callable[[str], None] = _log.warning,
        rescues: bool = True,
    ) -> None:
        self._clock = clock
        self._on_problem = on_problem
        self._folder = ExperimentFolder(Path(state_dir), clock, lock_timeout, on_problem, rescues)

    @property
    def state_dir(self) -> Path:
        """The folder."""
        return self._folder.place

    def now(self) -> datetime:
        """The current time, aware, by the manager's clock."""
        return self._clock()

    def path(self, experiment_id: str) -> Path:
        """Where an experiment's state is.

        Raises:
            InvalidExperimentIdError: the id is not a safe name.

        """
        return self._folder.path(experiment_id)

    # -- one experiment

    def create(
        self,
        experiment_id: str,
        total_runs: int | None = None,
        *,
        num_processes: int | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> ExperimentState:
        """Create an experiment: initialised and on disk.

        Args:
            experiment_id: Its name; see :func:`sanitize_experiment_id`.
            total_runs: How many runs it will make.
            num_processes: How many processes make them; by default one for each run.
            config: The configuration. Its hash finds the experiment again.

        Raises:
            InvalidExperimentIdError: the id is not a safe name.
            ConflictError: an experiment with this name exists already.
            ValueError: the configuration holds something that JSON cannot represent.

        """
        state = ExperimentState(
            experiment_id=sanitize_experiment_id(experiment_id),
            num_processes=num_processes or total_runs or 1,
            total_runs=total_runs,
            config=None if config is None else dict(config),
            config_hash=None if config is None else config_hash(config),
            created_at=self._clock(),
        )
        self.save(state)
        return state

    def load(self, experiment_id: str) -> ExperimentState:
        """The state as it is on disk now.

        Raises:
            InvalidExperimentIdError: the id is not a safe name.
            NotFoundError: the experiment does not exist.
            StateFileError: its file cannot be read, or is damaged without a good copy.

        """
        return self._folder.load(self.path(experiment_id))

    def save(self, state: ExperimentState) -> None:
        """Write the state, unless another process wrote it since it was read; durable on return.

        Its ``revision`` grows by one. The process that sets RUNNING becomes the owner.

        Raises:
            ConflictError: another process, which the message names, wrote it meanwhile. Load it
                again, or use :meth:`update`, which cannot be late.
            HeldError: another process held the folder's lock for too long.
            StateFileError: it cannot be written.

        """
        path = self.path(state.experiment_id)
        with self._folder.lock():
            try:
                found: ExperimentState | None = self._folder.read(path)
            except NotFoundError:
                found = None
            _refuse_to_cover(found, state)
            _take_charge(found, state)
            self._folder.write(path, state, alive=True)

    def update(self, experiment_id: str, change: Change, *, alive: bool = True) -> ExperimentState:
        """Read, change and write the state in one step, without another write in between.

        Args:
            experiment_id: The experiment.
            change: Changes the state. If it raises an error, nothing is written.
            alive: Whether this counts as a sign of life of the experiment. The janitor's own
                writes do not count.

        Raises:
            NotFoundError: the experiment does not exist.
            ConflictError: ``change`` returned a state that was read earlier.
            UsageError: ``change`` changed the experiment's id.
            HeldError: another process held the folder's lock for too long.
            StateFileError: it cannot be read or written.

        """
        path = self.path(experiment_id)
        with self._folder.lock():
            found = self._folder.read(path)
            state = found.model_copy()
            state = change(state) or state
            _refuse_to_cover(found, state)
            if alive:
                _take_charge(found, state)
            self._folder.write(path, state, alive=alive)
            return state

    def delete(self, experiment_id: str) -> None:
        """Remove an experiment's state and its copy. Damaged files that were kept stay.

        Raises:
            NotFoundError: the experiment does not exist.
            StateFileError: it cannot be removed.

        """
        self._folder.remove(self.path(experiment_id))

    # -- all of them

    def ids(self) -> list[str]:
        """The names of all experiments that have a file, sorted."""
        return sorted(path.stem for path in self._folder.paths())

    def list(self) -> list[ExperimentState]:
        """Every experiment that can be read, oldest first. The others are reported."""
        found = []
        for path in self._folder.paths():
            try:
                found.append(self._folder.load(path))
            except NotFoundError:
                continue  # it was removed meanwhile
            except (StateFileError, ValueError) as error:
                self._on_problem(str(error))
        return sorted(found, key=_age)

    def find_incomplete(self) -> Sequence[ExperimentState]:
        """The experiments with work left, oldest first."""
        return [state for state in self.list() if state.status.is_incomplete]

    def find_by_config_hash(self, config_hash: str) -> ExperimentState | None:
        """The newest experiment with this configuration that can be resumed, if there is one.

        A failed one can be resumed: completed work is not repeated. An aggregated one cannot.
        """
        found = [
            state
            for state in self.list()
            if state.config_hash == config_hash and state.status is not ExperimentStatus.AGGREGATED
        ]
        return found[-1] if found else None

    def cleanup_stale(self) -> Sequence[str]:
        """Mark experiments as interrupted that say RUNNING although their processes are dead.

        Experiments that may be running, for example on another machine, are left alone. Returns
        the ids.
        """
        return [name for name in self.find_stale() if self._interrupt(name)]

    def find_stale(self) -> Sequence[str]:
        """The experiments that :meth:`cleanup_stale` would mark now."""
        return [state.experiment_id for state in self.list() if _is_stale(state)]

    def _interrupt(self, experiment_id: str) -> bool:
        """Mark an experiment as interrupted if it is still stale; whether it was."""
        try:
            self.update(experiment_id, self._interrupted, alive=False)
        except (_NotStaleError, NotFoundError):
            return False
        return True

    def _interrupted(self, state: ExperimentState) -> None:
        if not _is_stale(state):
            raise _NotStaleError
        state.interrupt(self._clock(), "its process is gone")


class _NotStaleError(Exception):
    """An experiment was found alive after all."""


def _is_stale(state: ExperimentState) -> bool:
    return state.status is ExperimentStatus.RUNNING and state.liveness() is Liveness.DEAD


def _take_charge(found: ExperimentState | None, state: ExperimentState) -> None:
    """Make this process the owner of an experiment that it sets to RUNNING, unless it named one."""
    was, owner = (None, None) if found is None else (found.status, found.owner)
    starts = state.status is ExperimentStatus.RUNNING and was is not ExperimentStatus.RUNNING
    if starts and owner == state.owner:
        state.owner = this_process()


def _age(state: ExperimentState) -> tuple[float, str]:
    created = 0.0 if state.created_at is None else state.created_at.timestamp()
    return created, state.experiment_id


def _refuse_to_cover(found: ExperimentState | None, state: ExperimentState) -> None:
    """Raise a ConflictError if the state on disk is not the one that was read."""
    name = f"experiment {state.experiment_id}"
    if found is None and state.revision > 0:
        raise ConflictError(f"{name} was removed since it was read: create it again")
    if found is None:
        return
    if found.experiment_id != state.experiment_id:
        raise UsageError(
            f"experiment {found.experiment_id} cannot become {state.experiment_id}:"
            " create a new one"
        )
    if (found.revision, found.written_by) == (state.revision, state.written_by):
        return
    if state.revision == 0:
        raise ConflictError(f"{name} exists already: load it, or choose another name")
    if found.revision == state.revision:
        raise ConflictError(f"{name} was created again since it was read: load it again")
    who = "another process" if found.written_by is None else str(found.written_by)
    when = "" if found.updated_at is None else f" (last alive {found.updated_at.isoformat()})"
    raise ConflictError(
        f"{name} was written by {who}{when} since it was read: it is at revision"
        f" {found.revision}, not {state.revision}; load it again, or use update()"
    )
