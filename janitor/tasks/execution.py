"""One attempt at a task, and what came of it, whatever happened.

With a limit of time it is made in a process of its own, which is stopped with all that it started.
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
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from janitor.tasks.results import as_json, one_line
from janitor.tasks.task import Task

if TYPE_CHECKING:
    from multiprocessing.context import ForkProcess

Work = Callable[[Task], Mapping[str, Any] | None]
"""Does a task and returns its results; an exception means that it failed."""

_LOOK_UP: Final = 0.05
"""Seconds between two looks at processes that were asked to end."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt."""

    result: str = "null"
    """What the work returned, as JSON."""
    error: str | None = None
    """Why it failed; None where it did not."""


def attempt(work: Work, task: Task) -> Outcome:
    """Do a task, here and now. To exit without a code is no failure."""
    try:
        return Outcome(as_json(work(task)))
    except SystemExit as end:
        return Outcome(error=one_line(f"SystemExit: {end}") if end.code else None)
    except Exception as failure:  # noqa: BLE001 - whatever the work raises is the task's failure, and is reported
        return Outcome(error=one_line(f"{type(failure).__name__}: {failure}"))


def attempt_within(work: Work, task: Task, timeout: timedelta, grace: timedelta) -> Outcome:
    """Do a task in a forked process, which leads a group of its own and dies with this one.

    Args:
        work: Does the task.
        task: The task.
        timeout: How long it may take; then the whole group is asked to end (SIGTERM).
        grace: How long it is given to do so; then it is killed.

    """
    context = get_context("fork")  # so that work may be any function, as without a limit
    receiver, sender = context.Pipe(duplex=False)
    lifeline, held = context.Pipe(duplex=False)
    with receiver, sender, lifeline, held:
        child = context.Process(target=_in_child, args=(work, task, sender, lifeline, held, grace))
        child.start()
        sender.close()
        in_time, told = True, None
        try:
            in_time = bool(wait([receiver, child.sentinel], timeout.total_seconds()))
            told = _told(receiver)
        finally:
            if told is not None:
                child.join(grace.total_seconds())
            if told is None or child.is_alive():
                _stop(child, grace)
    if told is not None:
        return told
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
    """End this process's group when nobody holds the other end of the line any more."""
    with suppress(EOFError, OSError):
        lifeline.recv_bytes()
    os.killpg(0, signal.SIGTERM)
    threading.Event().wait(grace.total_seconds())
    os.killpg(0, signal.SIGKILL)


def _told(receiver: Connection) -> Outcome | None:
    with suppress(EOFError, OSError):
        if receiver.poll():
            return Outcome(*receiver.recv())
    return None


def _stop(child: ForkProcess, grace: timedelta) -> None:
    """Ask the child and its group to end, and kill what does not."""
    end = monotonic() + grace.total_seconds()
    if not _signal_group(child, signal.SIGTERM):
        child.terminate()  # it does not lead a group yet
    while (child.is_alive() or _signal_group(child, 0)) and monotonic() < end:
        threading.Event().wait(_LOOK_UP)
    _signal_group(child, signal.SIGKILL)
    child.kill()
    child.join()


def _signal_group(child: ForkProcess, number: int) -> bool:
    """Send a signal to all whom the child leads; whether there is anybody."""
    if child.pid is None:
        return False
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        return False
    return True


def _end_of(child: ForkProcess) -> str:
    code = child.exitcode or 0
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code} and without a result"
