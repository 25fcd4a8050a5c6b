"""The reference worker: asks for a task, does it, writes down the result, asks again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Final

from janitor.runtime.clock import utc_now
from janitor.storage.locks import Hold
from janitor.tasks.execution import Outcome, Work, attempt, attempt_within
from janitor.tasks.gpu_locks import acquire_gpu
from janitor.tasks.mailbox import Mailbox, is_over, mailbox
from janitor.tasks.results import COMPLETED, FAILED, Row, write_row
from janitor.tasks.task import Task

_LOOK_UP: Final = 0.1
"""Seconds between two looks for an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One worker, a process of its own; on any machine that shares the state's file system.

    A result is on disk before the next task is asked for, so whatever dies meanwhile, worker or
    manager, no completed task is done again.

    Args:
        name: Its own; no two workers at the same time have the same.
        state_file: The manager's.
        work: Does a task.
        timeout: How long a task may take. Then it and all that it started are asked to end
            (SIGTERM), killed after ``grace``, and the task has failed. With it, each task is done
            in a forked process of its own, whose results must be JSON to be kept as they are;
            without it, in this one.
        grace: How long those that were asked to end are given to do so.
        gpus: The machine's GPUs of which it takes a free one; none where it needs none.
        results: Its CSV file; without it ``results_NAME/results.csv`` beside the state file.
        clock: Tells the present moment, aware.
        stop: Ends it before its next task when it is set.

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
        """Work may change the working directory."""
        object.__setattr__(self, "state_file", self.state_file.absolute())
        if self.results is not None:
            object.__setattr__(self, "results", self.results.absolute())

    def run(self, on_gpu: Callable[[int], None] = lambda _: None) -> int:
        """Work until nothing is left to do; returns how many tasks it did.

        Args:
            on_gpu: Told which GPU it has, before its first task.

        Raises:
            HeldError: another worker has the name, or all GPUs are taken.
            StateFileError: a file cannot be read or written.

        """
        box = mailbox(self.state_file, self.name)
        done = 0
        with ExitStack() as stack:
            stack.enter_context(Hold(box.folder / "worker"))
            if self.gpus:
                gpu = stack.enter_context(acquire_gpu(self.state_file.parent, self.gpus))
                on_gpu(gpu.number)
            did: Row | None = None
            while (task := self._next(box, did)) is not None:
                did = self._do(task)
                done += 1
        return done

    def _next(self, box: Mailbox, did: Row | None) -> Task | None:
        """The next task, waited for; None where there is none.

        A worker that was served before leaves when its manager has left, with all done. One that
        has just come waits for a manager to come.
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
        """Try to do a task, once; nothing is written down."""
        if self.timeout is None:
            return attempt(self.work, task)
        return attempt_within(self.work, task, self.timeout, self.grace)

    def _results_file(self) -> Path:
        beside = self.state_file.parent / f"results_{self.name}" / "results.csv"
        return self.results or beside
