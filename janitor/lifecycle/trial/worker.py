"""The worker of a job: claims the attempt, runs the command, and leaves an exit marker.

In this order, so that it can be killed at any moment: lock, reasons not to run, GPUs, claim, the
command, what it reported, exit marker. A worker that may not run the attempt exits with 75 and
writes nothing.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final

from janitor.lifecycle.trial.child import Child
from janitor.lifecycle.trial.claim import claim, is_replaced, take_lock, why_not_ours
from janitor.lifecycle.trial.collect import (
    OutputReader,
    summary_of,
    wandb_summary_of,
)
from janitor.lifecycle.trial.endings import ending_of
from janitor.lifecycle.trial.environment import environment_of
from janitor.lifecycle.trial.exit_marker import cost_of, exit_document, iso_now
from janitor.lifecycle.trial.files import (
    VERSION,
    Marker,
    open_reports,
    read_json,
    replace,
    say,
    write_once,
)
from janitor.lifecycle.trial.gpus import take_gpus

FENCED: Final = 75
"""The exit code of a worker that may not run the attempt (sysexits: EX_TEMPFAIL)."""
_FAILED: Final = 1
_USAGE: Final = 2
_HEARTBEAT: Final = 10.0
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_WAIT_FOR_ROOM: Final = 2.0
"""Seconds between two attempts to write the exit marker on a full disk."""
_TOGETHER: Final = 0.5
"""Seconds in which a signal to all of a job's processes reaches each of them."""
_FORWARDED: Final = ("SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2")


def main(arguments: Sequence[str]) -> int:
    """Run the job of a job file; returns the exit code."""
    if len(arguments) != 1:
        say("usage: janitor sweep run-trial JOBFILE")
        return _USAGE
    path = Path(arguments[0]).absolute()
    document = read_json(path)
    if document is None or not isinstance(document.get("job"), dict):
        say(f"janitor: {path} is not a job file")
        return _USAGE
    if document.get("version", 0) > VERSION:
        say(f"janitor: {path} is of a newer version of janitor")
        return _USAGE
    try:
        worker = Worker(document["job"], document.get("local") or {}, path.parent)
        return worker.run(str(document.get("backend", "local")))
    except OSError as error:
        say(f"janitor: {error}")
        return _FAILED


class Worker:
    """One job.

    Args:
        job: The fields of :class:`janitor.model.jobs.JobDefinition`, as JSON.
        local: What the dispatcher of this machine gives to it.
        folder: The attempt's folder.

    """

    def __init__(self, job: Mapping[str, Any], local: Mapping[str, Any], folder: Path) -> None:
        self._job, self._local, self._folder = job, local, folder
        self._child: Child | None = None
        self._is_asked = False
        self._is_last_call = False
        """Whether the scheduler says (SIGXCPU) that the job's time limit is near."""
        self._next_heartbeat = 0.0
        self._gpus: list[int] = []
        self._gpu_locks: list[int] = []

    def run(self, backend: str = "local") -> int:
        """Do everything; returns the exit code.

        Args:
            backend: Where the job runs. GPUs are taken by lock files only on ``local``; elsewhere
                the scheduler has given them already.

        """
        lock = take_lock(self._folder / "lock")
        if lock is None:
            return _fenced("another worker has the lock of the attempt")
        if (why := why_not_ours(self._job, self._folder)) is not None:
            return _fenced(why)
        self._watch_signals()
        taken = self._take_gpus() if backend == "local" else []
        if taken is None or self._is_stopped():
            return self._never_started()
        if (why := why_not_ours(self._job, self._folder)) is not None:
            return _fenced(why)
        # All that needs room on the disk comes before the claim: without it, the next step submits
        # the job again.
        marker = Marker(self._folder / "exit.json")
        try:
            environment = environment_of(self._job, self._folder, os.environ)
            reports = open_reports(self._folder)
            if not claim(self._job, self._folder, backend):
                return _fenced("another worker claimed the attempt")
            return self._work(lock, marker, environment, reports)
        finally:
            marker.discard()

    def _take_gpus(self) -> list[int] | None:
        wanted = int((self._job.get("resources") or {}).get("gpus") or 0)
        self._heartbeat("waiting")
        taken = take_gpus(wanted, self._local.get("gpu_locks") or [], self._wait)
        if taken is None:
            return None
        self._gpus, self._gpu_locks = taken
        return self._gpu_locks

    def _wait(self, seconds: float) -> bool:
        time.sleep(seconds)
        self._heartbeat("waiting")
        return not self._is_stopped()

    def _is_stopped(self) -> bool:
        return self._is_asked or (self._folder / "stop.json").exists()

    def _never_started(self) -> int:
        """It was stopped before it began: say so, so that nobody waits."""
        if not (self._folder / "stop.json").exists():
            return _fenced("it was asked to end before it began")
        ending = "stopped", "it was stopped before it began"
        document = exit_document(self._job, self._folder, ending, started_at=iso_now())
        write_once(self._folder / "exit.json", document)
        return 0

    # -- the command

    def _work(self, lock: int, marker: Marker, environment: dict[str, str], reports: int) -> int:
        started_at, began = iso_now(), time.monotonic()
        if self._gpus:
            devices = ",".join(map(str, self._gpus))
            environment |= {"CUDA_VISIBLE_DEVICES": devices, "HIP_VISIBLE_DEVICES": devices}
        reader = OutputReader(self._folder / "log", reports)
        try:
            self._child = Child(
                self._job["command"],
                self._job["directory"],
                environment,
                self._folder / "log",
                (lock, *self._gpu_locks),
            )
        except (OSError, ValueError) as error:
            what = getattr(error, "filename", None) or (self._job["command"] or ["nothing"])[0]
            why = getattr(error, "strerror", None) or error
            ending = "failed", f"its command cannot be started: {what}: {why}"
            document = exit_document(self._job, self._folder, ending, started_at=started_at)
            self._leave(marker, document)
            return 0
        code = self._supervise(self._child, reader)
        if self._job.get("collect") == "stdout":
            reader.read(is_last=True)
        is_stop = (self._folder / "stop.json").exists()
        why = self._child.why or self._why_signalled(code)
        ending = ending_of(code, why, is_stop=is_stop, resources=self._job.get("resources") or {})
        summary = {**summary_of(self._folder), **wandb_summary_of(self._folder)}
        document = exit_document(
            self._job, self._folder, ending, started_at=started_at, code=code, summary=summary
        )
        document["seconds"] = seconds = round(time.monotonic() - began, 3)
        document["cost"] = cost_of(summary, seconds, len(self._gpus))
        self._leave(marker, document)
        return 0

    def _why_signalled(self, code: int) -> str | None:
        """``signal`` if somebody ended worker and command together, as Slurm does."""
        until = time.monotonic() + _TOGETHER
        while code == -signal.SIGTERM and not self._is_asked and time.monotonic() < until:
            time.sleep(0.02)
        return "signal" if code == -signal.SIGTERM and self._is_asked else None

    def _leave(self, marker: Marker, document: Mapping[str, Any]) -> None:
        """Write the exit marker; on a full disk wait for room, so that the result is not lost."""
        while True:
            try:
                marker.write(document)
            except OSError as error:
                if error.errno not in _NO_ROOM or self._is_asked:
                    raise
                say(f"janitor: the end waits for room on the disk: {error}")
                self._heartbeat("running")
                time.sleep(_WAIT_FOR_ROOM)
            else:
                return

    def _supervise(self, child: Child, reader: OutputReader) -> int:
        resources = self._job.get("resources") or {}
        is_read = self._job.get("collect") == "stdout"

        def tick() -> None:
            self._heartbeat("stopping" if child.why else "running")
            if is_read:
                reader.read()
            if self._is_asked:
                child.end("signal", self._grace)
            if self._is_last_call:
                child.end("timeout", self._grace)

        def on_cut() -> None:
            if is_read:
                reader.catch_up()
                reader.restart()

        self._heartbeat("running", is_due=True)
        return child.wait(
            seconds=resources.get("time"),
            memory=resources.get("memory"),
            grace=self._grace,
            tick=tick,
            on_cut=on_cut,
        )

    @property
    def _grace(self) -> float:
        return float(self._job.get("grace") or 0.0)

    # -- signals and signs of life

    def _watch_signals(self) -> None:
        def ask(_: int, __: FrameType | None) -> None:
            self._is_asked = True

        def forward(number: int, _: FrameType | None) -> None:
            if self._child is not None:
                self._child.signal(number)

        def last_call(_: int, __: FrameType | None) -> None:
            self._is_last_call = True

        signal.signal(signal.SIGTERM, ask)
        signal.signal(signal.SIGXCPU, last_call)
        for name in _FORWARDED:
            signal.signal(getattr(signal, name), forward)

    def _heartbeat(self, phase: str, *, is_due: bool = False) -> None:
        now = time.monotonic()
        if now < self._next_heartbeat and not is_due:
            return
        self._next_heartbeat = now + _HEARTBEAT
        child = None if self._child is None else self._child.pid
        if self._child is not None and is_replaced(self._folder):
            say("janitor: the scheduler has started this job again elsewhere: this one ends")
            self._child.signal(signal.SIGKILL)
            os._exit(FENCED)
        state = {"phase": phase, "pid": os.getpid(), "child": child, "gpus": self._gpus}
        try:
            replace(self._folder / "state.json", {**state, "at": iso_now()})
        except OSError as error:
            say(f"janitor: no heartbeat: {error}")


def _fenced(why: str) -> int:
    say(f"janitor: this worker does not run the attempt: {why}")
    return FENCED
