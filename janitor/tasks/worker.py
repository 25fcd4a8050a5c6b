"""The reference worker: asks for a task, does it, records the result, and asks again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Final

from janitor.runtime.clock import utc_now
from janitor.storage.file_hold import FileHold
from janitor.tasks.execution import Outcome, Work, attempt, attempt_within
from janitor.tasks.gpu_locks import acquire_gpu
from janitor.tasks.mailbox import Mailbox, is_over, mailbox
from janitor.tasks.results import COMPLETED, FAILED, Row, write_row
from janitor.tasks.task import Task

_LOOK_UP: Final = 0.1
"""Seconds between two checks for an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One worker, in a process of its own, on any machine that shares the state's file system.

    A result is on disk before the next task is requested. So if the worker or the manager dies, no
    completed task is done again.

    Args:
        name: Its name, which no other worker has at the same time.
        state_file: The manager's.
        work: Does a task.
        timeout: How long a task may take. Then it and everything it started is asked to end
            (SIGTERM) and killed after ``grace``, and the task has failed. With a timeout each
            task is done in a forked process of its own, whose results are kept exactly only if
            they are JSON. Without it, tasks are done in this process.
        grace: How long processes that were asked to end may take.
        gpus: The machine's GPUs, of which the worker takes a free one; empty if it needs none.
        results: Its CSV file; without it ``results_NAME/results.csv`` beside the state file.
        clock: Returns the current time, aware.
        stop: Ends the worker before its next task when it is set.

    """

    name: str
    state_file: Path
    work: Work
    timeout: timedelta | None = None
    grace: timedelta = timedelta(seconds=10)
    gpus: tuple[int, ...] = ()
    results: Path | None = None
    clock: Callable[[], datetime] = utc_now
    stop: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        """Make paths absolute: work may change the working directory."""
        object.__setattr__(self, "state_file", self.state_file.absolute())
        if self.results is not None:
            object.__setattr__(self, "results", self.results.absolute())

    def run(self, on_gpu: Callable[[int], None] = lambda _: None) -> int:
        """Work until nothing is left to do; returns how many tasks it did.

        Args:
            on_gpu: Receives the number of its GPU, before its first task.

        Raises:
            HeldError: another worker has this name, or all GPUs are taken.
            StateFileError: a file cannot be read or written.

        """
        box = mailbox(self.state_file, self.name)
        done = 0
        with ExitStack() as stack:
            stack.enter_context(FileHold(box.folder / "worker"))
            if self.gpus:
                gpu = stack.enter_context(acquire_gpu(self.state_file.parent, self.gpus))
                on_gpu(gpu.number)
            did: Row | None = None
            while (task := self._next(box, did)) is not None:
                did = self._do(task)
                done += 1
        return done

    def _next(self, box: Mailbox, did: Row | None) -> Task | None:
        """Wait for the next task; None if there is none.

        A worker that had a task ends if its manager has ended with everything done. A new worker
        waits for a manager.
        """
        number = box.request(did)
        while not self.stop.is_set():
            answer = box.answer_to(number)
            if answer is not None:
                return answer.task
            if did is not None and is_over(self.state_file):
                return None
            self.stop.wait(_LOOK_UP)
        return None

    def _do(self, task: Task) -> Row:
        started_at = self.clock()
        outcome = self.attempt(task)
        row = Row(
            task_id=task.task_id,
            status=COMPLETED if outcome.error is None else FAILED,
            worker=self.name,
            attempt=task.retry_count,
            started_at=started_at,
            finished_at=self.clock(),
            error=outcome.error,
        )
        write_row(self._results_file(), row, phase=task.phase, result=outcome.result)
        return row

    def attempt(self, task: Task) -> Outcome:
        """Try to do a task, once. Nothing is recorded."""
        if self.timeout is None:
            return attempt(self.work, task)
        return attempt_within(self.work, task, self.timeout, self.grace)

    def _results_file(self) -> Path:
        beside = self.state_file.parent / f"results_{self.name}" / "results.csv"
        return self.results or beside
