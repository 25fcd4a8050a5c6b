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
"""Changes a state in place, or returns the one to write."""

STATE_DIR: Final = Path(".experiment_state")


class StateManager:
    """The experiments of one folder. Safe for many threads and processes, also of many machines
    where their file system has locks.

    What :meth:`save` and :meth:`update` return from is on disk, whole. A damaged file is kept as
    ``ID.json.corrupt-…``, told through ``on_problem``, and replaced by the last good copy
    (``ID.json.bak``); the other experiments do not suffer.

    Args:
        state_dir: The folder; made when the first experiment is.
        clock: Tells the present moment, aware.
        lock_timeout: Seconds to wait for another who writes.
        on_problem: Told, in sentences, of files that could not be used; without it they are
            logged as warnings.
        rescues: Whether reading a damaged file puts its copy in its place; else only writing
            does, and who only looks changes nothing.

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
        """The present moment, aware, by the manager's clock."""
        return self._clock()

    def path(self, experiment_id: str) -> Path:
        """Where an experiment's state is.

        Raises:
            InvalidExperimentIdError: the id is no safe name.

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
        """A new experiment, initialised and on disk.

        Args:
            experiment_id: Its name; see :func:`sanitize_experiment_id`.
            total_runs: How many runs it is to make.
            num_processes: How many processes make them; one for each run where it is not said.
            config: What to run. Its hash finds the experiment again.

        Raises:
            InvalidExperimentIdError: the id is no safe name.
            ConflictError: there is an experiment of this name already.
            ValueError: the configuration holds something that JSON cannot say.

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
            InvalidExperimentIdError: the id is no safe name.
            NotFoundError: there is no such experiment.
            StateFileError: its file cannot be read, or is damaged and there is no good copy.

        """
        return self._folder.load(self.path(experiment_id))

    def save(self, state: ExperimentState) -> None:
        """Write the state, if nobody else wrote it since it was read; durable on return.

        Its ``revision`` goes up by one. Who makes an experiment RUNNING becomes its owner.

        Raises:
            ConflictError: another process wrote it meanwhile: it tells who. Load it again, or use
                :meth:`update`, which cannot come late.
            HeldError: another process holds the folder's lock for too long.
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
        """Read, change and write the state as one step that no other write comes between.

        Args:
            experiment_id: Which one.
            change: Changes the state; what it raises is passed on, and nothing is written.
            alive: Whether this counts as a sign of life of the experiment. The janitor's own
                writes do not.

        Raises:
            NotFoundError: there is no such experiment.
            ConflictError: the change returned a state that was read earlier.
            UsageError: it made another experiment of it.
            HeldError: another process holds the folder's lock for too long.
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
        """Remove an experiment's state and its copy; damaged files that were kept stay.

        Raises:
            NotFoundError: there is no such experiment.
            StateFileError: it cannot be removed.

        """
        self._folder.remove(self.path(experiment_id))

    # -- all of them

    def ids(self) -> list[str]:
        """The names of the experiments that have a file, sorted."""
        return sorted(path.stem for path in self._folder.paths())

    def list(self) -> list[ExperimentState]:
        """Every experiment that can be read, the oldest first; the others are told of."""
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
        """The experiments with work left, the oldest first."""
        return [state for state in self.list() if state.status.is_incomplete]

    def find_by_config_hash(self, config_hash: str) -> ExperimentState | None:
        """The newest experiment of this configuration that can be resumed, if there is one.

        One that failed can: what it completed need not be done again. One that was aggregated
        cannot.
        """
        found = [
            state
            for state in self.list()
            if state.config_hash == config_hash and state.status is not ExperimentStatus.AGGREGATED
        ]
        return found[-1] if found else None

    def cleanup_stale(self) -> Sequence[str]:
        """Take for interrupted what says RUNNING while its processes are known to be gone.

        What may run, on another machine say, is left alone. Returns the ids.
        """
        return [name for name in self.find_stale() if self._interrupt(name)]

    def find_stale(self) -> Sequence[str]:
        """What :meth:`cleanup_stale` would take for interrupted now."""
        return [state.experiment_id for state in self.list() if _is_stale(state)]

    def _interrupt(self, experiment_id: str) -> bool:
        """Interrupt an experiment, if it is stale still; whether it was."""
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
    """An experiment came back to life while its cleaning began."""


def _is_stale(state: ExperimentState) -> bool:
    return state.status is ExperimentStatus.RUNNING and state.liveness() is Liveness.DEAD


def _take_charge(found: ExperimentState | None, state: ExperimentState) -> None:
    """Make this process the owner of what it makes RUNNING, unless it names another."""
    was, owner = (None, None) if found is None else (found.status, found.owner)
    starts = state.status is ExperimentStatus.RUNNING and was is not ExperimentStatus.RUNNING
    if starts and owner == state.owner:
        state.owner = this_process()


def _age(state: ExperimentState) -> tuple[float, str]:
    created = 0.0 if state.created_at is None else state.created_at.timestamp()
    return created, state.experiment_id


def _refuse_to_cover(found: ExperimentState | None, state: ExperimentState) -> None:
    """Raise a ConflictError where what is on disk is not what was read."""
    name = f"experiment {state.experiment_id}"
    if found is None and state.revision > 0:
        raise ConflictError(f"{name} was removed since it was read: create it anew")
    if found is None:
        return
    if found.experiment_id != state.experiment_id:
        raise UsageError(
            f"experiment {found.experiment_id} cannot become {state.experiment_id}: create that"
        )
    if (found.revision, found.written_by) == (state.revision, state.written_by):
        return
    if state.revision == 0:
        raise ConflictError(f"{name} exists already: load it, or choose another name")
    if found.revision == state.revision:
        raise ConflictError(f"{name} was made anew since it was read: load it again")
    who = "somebody" if found.written_by is None else str(found.written_by)
    when = "" if found.updated_at is None else f" (last alive {found.updated_at.isoformat()})"
    raise ConflictError(
        f"{name} was written by {who}{when} since it was read: it is at revision"
        f" {found.revision}, not {state.revision}; load it again, or use update()"
    )
