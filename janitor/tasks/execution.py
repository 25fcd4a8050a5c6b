"""One attempt at a task, and its outcome, whatever happens.

With a time limit it runs in a process of its own, which is stopped with all that it started.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from janitor.runtime.supervise import end_group, signal_group
from janitor.tasks.results import as_json, one_line
from janitor.tasks.task import Task

if TYPE_CHECKING:
    from multiprocessing.context import ForkProcess

Work = Callable[[Task], Mapping[str, Any] | None]
"""Does a task and returns its results. An exception means that the task failed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of an attempt."""

    result: str = "null"
    """What the work returned, as JSON."""
    error: str | None = None
    """Why it failed; None if it did not."""


def attempt(work: Work, task: Task) -> Outcome:
    """Do a task in this process. Exiting without a code is not a failure."""
    try:
        return Outcome(as_json(work(task)))
    except SystemExit as end:
        return Outcome(error=one_line(f"SystemExit: {end}") if end.code else None)
    except Exception as failure:  # noqa: BLE001 - whatever the work raises is the task's failure, and is reported
        return Outcome(error=one_line(f"{type(failure).__name__}: {failure}"))


def attempt_within(work: Work, task: Task, timeout: timedelta, grace: timedelta) -> Outcome:
    """Do a task in a forked process, which leads a process group and dies with this one.

    Args:
        work: Does the task.
        task: The task.
        timeout: How long it may take. Then the whole group is asked to end (SIGTERM).
        grace: How long it may take to end. Then it is killed.

    """
    context = get_context("fork")  # so that work may be any function, as without a limit
    receiver, sender = context.Pipe(duplex=False)
    lifeline, held = context.Pipe(duplex=False)
    with receiver, sender, lifeline, held:
        child = context.Process(target=_in_child, args=(work, task, sender, lifeline, held, grace))
        child.start()
        sender.close()
        in_time, found = True, None
        try:
            in_time = bool(wait([receiver, child.sentinel], timeout.total_seconds()))
            found = _received(receiver)
        finally:
            if found is not None:
                child.join(grace.total_seconds())
            if found is None or child.is_alive():
                _stop(child, grace)
    if found is not None:
        return found
    if not in_time:
        limit = f"{timeout.total_seconds():g} s"
        return Outcome(error=f"TimeoutError: it took longer than {limit} and was stopped")
    return Outcome(error=f"ChildProcessError: its process {_end_of(child)}")


def _in_child(
    work: Work,
    task: Task,
    sender: Connection,
    lifeline: Connection,
    held: Connection,
    grace: timedelta,
) -> None:
    os.setsid()
    held.close()
    threading.Thread(target=_die_with_parent, args=(lifeline, grace), daemon=True).start()
    outcome = attempt(work, task)
    sender.send((outcome.result, outcome.error))


def _die_with_parent(lifeline: Connection, grace: timedelta) -> None:
    """End this process's group when the parent, which holds the other end of the pipe, is gone."""
    with suppress(EOFError, OSError):
        lifeline.recv_bytes()
    os.killpg(0, signal.SIGTERM)
    threading.Event().wait(grace.total_seconds())
    os.killpg(0, signal.SIGKILL)


def _received(receiver: Connection) -> Outcome | None:
    with suppress(EOFError, OSError):
        if receiver.poll():
            return Outcome(*receiver.recv())
    return None


def _stop(child: ForkProcess, grace: timedelta) -> None:
    """Ask the child and its group to end, and kill what does not."""
    if child.pid is not None:
        if not signal_group(child.pid, 0):
            child.terminate()  # it does not lead a group yet
        end_group(child.pid, grace.total_seconds(), lambda: not child.is_alive())
    child.kill()
    child.join()


def _end_of(child: ForkProcess) -> str:
    code = child.exitcode or 0
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code} and without a result"
