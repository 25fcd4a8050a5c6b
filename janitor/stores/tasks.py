"""TaskStore: a manager's state file, for the janitor's pass."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from logging import getLogger
from pathlib import Path
from threading import RLock
from typing import Any, Final
from urllib.parse import unquote

from janitor.errors import NotFoundError, RejectedError, StoreError, TransientError
from janitor.model import (
    AnyTarget,
    Liveness,
    LocalTarget,
    Policy,
    ResolvedTarget,
    RunInfo,
    RunKind,
    RunPage,
    SweepRunState,
    WandbState,
)
from janitor.model.evidence import parse_time
from janitor.model.ports import Store
from janitor.storage.file_hold import holder_liveness
from janitor.stores.state_words import Words
from janitor.tasks.files import ManagerFiles
from janitor.tasks.manager import ManagerSettings
from janitor.tasks.state import TaskLedger
from janitor.tasks.task import Task, TaskStatus

SCHEME: Final = "tasks"
_log = getLogger("janitor.tasks")

WORDS: Final = Words(
    ours={
        TaskStatus.PENDING: SweepRunState.INITIALIZING,
        TaskStatus.ASSIGNED: SweepRunState.RUNNING,
        TaskStatus.COMPLETED: SweepRunState.SUCCESS,
        TaskStatus.FAILED: SweepRunState.FAILURE,
    },
    theirs={
        SweepRunState.INITIALIZING: TaskStatus.PENDING,
        SweepRunState.RUNNING: TaskStatus.ASSIGNED,
        SweepRunState.EVALUATING: TaskStatus.ASSIGNED,
        SweepRunState.SUCCESS: TaskStatus.COMPLETED,
        SweepRunState.FAILURE: TaskStatus.FAILED,
        SweepRunState.TIMEOUT: TaskStatus.FAILED,
        SweepRunState.CRASHED: TaskStatus.FAILED,
        SweepRunState.CANCELLED: TaskStatus.FAILED,
    },
)


class TaskStore:
    """The tasks of a state file as runs. Their process is the manager.

    Reading works while a manager runs; writing does not. The first write takes the hold on the
    file, until :meth:`close`. For many threads.

    Args:
        path: The state file.
        policy: The namespace and the vocabulary.
        clock: Returns the current time, aware.

    """

    def __init__(self, path: Path, policy: Policy, clock: Callable[[], datetime]) -> None:
        self._path = path
        self._policy = policy
        self._clock = clock
        self._files = ManagerFiles(path)
        self._lock = RLock()
        self._read: tuple[object, dict[str, Task]] | None = None
        self._ledger: TaskLedger | None = None

    def close(self) -> None:
        """Let others hold the file."""
        with self._lock:
            if self._ledger is not None:
                self._ledger.save()
                self._ledger.release()
                self._ledger = None

    def fetch_sweep_metadata(self, target: AnyTarget) -> Sequence[ResolvedTarget]:
        """The state file, if it exists."""
        if not self._path.is_file():
            raise self._missing()
        return (ResolvedTarget(target, self._path.name),)

    def fetch_runs(self, target: AnyTarget, after: str | None = None) -> RunPage:  # noqa: ARG002 - one page holds all
        """Every task, in the order in which they were added."""
        tasks, manager = self._tasks(), self._manager()
        return RunPage(tuple(self._run(task, manager) for task in tasks.values()), len(tasks), None)

    def fetch_summaries(self, paths: Sequence[str]) -> Mapping[str, RunInfo | StoreError]:
        """The tasks at these paths, as the file and its log are now."""
        tasks, manager = self._tasks() if paths else {}, self._manager()
        found: dict[str, RunInfo | StoreError] = {}
        for path in paths:
            name = unquote(path.rsplit("/", 1)[-1])
            missing = NotFoundError(f"task {name} does not exist in {self._path}")
            found[path] = self._run(tasks[name], manager) if name in tasks else missing
        return found

    def fetch_uploaded_summary(self, path: str) -> None:
        """Returns nothing: workers leave rows of results, not summaries."""

    def fetch_last_row(self, path: str) -> None:
        """None: a task has no history."""

    def update_run_summary(self, run: RunInfo, summary: Mapping[str, Any]) -> None:
        """Write status, assignment, error and the other keys, unless the task has changed."""
        status = WORDS.word(summary, self._policy)
        rest = dict(summary)
        given = {name: rest.pop(self._key(name), None) for name in ("state", *_KEYS)}
        with self._lock:
            ledger = self._ledger or self._hold()
            task = ledger.task(unquote(run.id))
            if _fingerprint(task) != run.storage_id:
                raise TransientError(f"{run.path} was changed by another process meanwhile")
            assigned_at = parse_time(given["assigned_at"])
            if assigned_at is None and given["assigned_at"] is not None:
                raise RejectedError(f"{run.path}: assigned_at is not a time")
            ledger.put(
                replace(
                    task,
                    status=status,
                    assigned_to=given["assigned_to"],
                    assigned_at=assigned_at,
                    last_error=given["error"],
                    summary=rest,
                )
            )

    def _hold(self) -> TaskLedger:
        """Take the hold on the file, for writing."""
        if not self._path.exists():
            raise self._missing()
        backups = ManagerSettings().backups
        ledger = TaskLedger(self._path, backups=backups, clock=self._clock, on_problem=_log.warning)
        try:
            ledger.load()
            ledger.save()
        except BaseException:
            ledger.release()
            raise
        self._ledger = ledger
        return ledger

    def _tasks(self) -> dict[str, Task]:
        """All tasks; read again only if the files changed."""
        with self._lock:
            if self._ledger is not None:
                return {task.task_id: task for task in self._ledger.tasks}
            signature = self._files.signature()
            if self._read is None or self._read[0] != signature:
                try:
                    self._read = signature, self._files.load().tasks
                except FileNotFoundError:
                    raise self._missing() from None
            return self._read[1]

    def _missing(self) -> NotFoundError:
        return NotFoundError(f"the manager state {self._path} does not exist")

    def _manager(self) -> Liveness:
        held_by_us = self._ledger is not None
        return Liveness.DEAD if held_by_us else holder_liveness(self._path)

    def _run(self, task: Task, manager: Liveness) -> RunInfo:
        state = WORDS.state(task.status, task.summary, self._policy)
        assigned_at = task.assigned_at and task.assigned_at.isoformat()
        values = {
            "state": self._policy.word(state),
            "assigned_to": task.assigned_to,
            "assigned_at": assigned_at,
            "error": task.last_error,
        }
        summary = dict(task.summary)
        summary |= {self._key(name): value for name, value in values.items() if value is not None}
        return RunInfo(
            entity="",
            project="",
            local=LocalTarget(SCHEME, str(self._path.absolute())),
            id=task.task_id.replace("%", "%25").replace("/", "%2F"),
            storage_id=_fingerprint(task),
            name=task.task_id,
            wandb_state=WandbState(""),
            summary=summary,
            group=task.phase or None,
            heartbeat_at=assigned_at,
            kind=RunKind.TASK,
            process=manager,
        )

    def _key(self, name: str) -> str:
        return f"{self._policy.namespace}.{name}"


_KEYS: Final = ("assigned_to", "assigned_at", "error")


def _fingerprint(task: Task) -> str:
    text = json.dumps(task.document(), sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]


_conforms: Callable[[Path, Policy, Callable[[], datetime]], Store] = TaskStore
"""For the type checker: a TaskStore has everything that a pass needs."""
