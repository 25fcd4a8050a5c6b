"""SlurmDispatcher: jobs as batch jobs of a Slurm cluster.

A job's name at Slurm is made of its own name and its folder. Slurm has no way to submit only once,
so three things keep an attempt from being trained twice: a job that is in the queue is not
submitted again; jobs of one name run one after the other (``--dependency=singleton``); and the
worker claims the attempt's folder before it trains, which the nodes share with this machine.

What Slurm forgets (``MinJobAge`` after the end, without accounting) is in the folder: the worker's
exit marker.
"""

from __future__ import annotations

import math
import os
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any, Final

from janitor.clusters.slurm import SYSTEM, Slurm, SlurmError
from janitor.errors import DispatchError, JobRefusedError
from janitor.model.cluster import ClusterJob, ClusterPhase
from janitor.model.jobs import Ending, JobDefinition, JobHandle, JobObservation, JobPhase
from janitor.storage import strict_json
from janitor.storage.atomic import write_atomically
from janitor.sweep.config.dispatch_settings import SlurmSection
from janitor.sweep.dispatchers.attempt_folder import (
    Since,
    age_of,
    grace_of,
    has_worker,
    label_of,
    logs_of,
    read_file,
    write_job_file,
)
from janitor.sweep.dispatchers.slurm_queue import SlurmQueue, chosen, key_of
from janitor.sweep.dispatchers.slurm_script import is_refusal, script_of, write_tasks
from janitor.sweep.ports import Dispatcher

WORKER: Final = ("-m", "janitor.lifecycle.trial")
_ALIVE: Final = 60.0
"""Seconds for which the worker's last sign of life counts; it gives one every ten."""
_MARKER_DWELL: Final = 30.0
"""Seconds that an exit marker may take to appear on this machine, after Slurm says that the job has
ended. NFS remembers for so long that a file was not there (nfs(5), acregmax)."""
_LOOK_UP: Final = 1.0


class SlurmDispatcher:
    """Submits jobs with sbatch, and asks squeue about them.

    Args:
        settings: How jobs of the sweep run on Slurm.
        environment: The environment of Slurm's commands and of the jobs.
        worker: The worker's command; the path of its job file follows.
        lost_dwell: See :class:`~janitor.sweep.ports.Dispatcher`.
        marker_dwell: Seconds that an exit marker may take to appear here.

    """

    name = "slurm"

    def __init__(
        self,
        settings: SlurmSection,
        *,
        environment: Mapping[str, str] = os.environ,
        worker: Sequence[str] | None = None,
        lost_dwell: float = 300.0,
        marker_dwell: float = _MARKER_DWELL,
    ) -> None:
        self.lost_dwell = lost_dwell
        self._settings = settings
        python = settings.python or sys.executable
        self._worker = [*settings.container, *(worker or (python, *WORKER))]
        self._marker_dwell = marker_dwell
        self._slurm = Slurm(
            {name: value for name, value in environment.items() if not name.startswith("JANITOR_")}
        )
        self._queue = SlurmQueue(self._slurm)

    # -- submitting

    def dispatch(self, job: JobDefinition) -> bool:
        """Submit the job; False if it is there or was.

        Raises:
            JobRefusedError: Slurm refuses it for good.
            DispatchError: it is not known whether it was submitted.

        """
        return self._is_new(job) and self._submit([job])

    def dispatch_together(self, jobs: Sequence[JobDefinition]) -> Sequence[str]:
        """Submit jobs that need the same as one array; the names of those that are new.

        Raises:
            JobRefusedError: Slurm refuses them for good.
            DispatchError: it is not known whether they were submitted.

        """
        new = [job for job in jobs if self._is_new(job)]
        if new:
            self._submit(new)
        return [job.name for job in new]

    def _is_new(self, job: JobDefinition) -> bool:
        """Whether neither a worker nor Slurm has the job."""
        folder = Path(job.folder)
        if has_worker(folder):
            return False
        return all(_never_ran(each) for each in self._queue.known_of(job.name, folder))

    def _submit(self, jobs: Sequence[JobDefinition]) -> bool:
        first = jobs[0]
        folder = Path(first.folder)
        for job in jobs:
            write_job_file(job, SYSTEM)
            if job.attempt > 1:
                self._cancel_earlier(job)
        is_array = len(jobs) > 1
        if is_array:
            label = label_of("batch", "\n".join(job.folder for job in jobs))
            path = write_tasks(folder, jobs, label)
        else:
            label, path = label_of(first.name, first.folder), folder / "job.json"
            (folder / "task.json").unlink(missing_ok=True)
        text = script_of(
            self._settings,
            first.resources,
            label=label,
            comment=strict_json.dumps({"sweep": first.sweep, "nonce": first.nonce}),
            output=str(folder / ("wrapper.%a.log" if is_array else "wrapper.log")),
            worker=self._command(path, is_array=is_array),
            grace=first.grace,
            tasks=len(jobs) if is_array else None,
        )
        script = folder / "job.sh"
        write_atomically(script, text, error=DispatchError)
        try:
            said = self._slurm.run(
                ["sbatch", "--parsable", f"--chdir={first.folder}", "--export=ALL", str(script)]
            )
        except DispatchError as error:
            self._queue.forget()  # it may have worked
            if isinstance(error, SlurmError) and is_refusal(error.said):
                raise JobRefusedError(f"Slurm refuses {first.name}: {error}") from error
            raise DispatchError(f"cannot submit {first.name}: {error}") from error
        number = said.strip().split(";")[0]
        for index, job in enumerate(jobs):
            self._record(job, f"{number}_{index}" if is_array else number, label)
        return True

    def _command(self, path: Path, *, is_array: bool) -> list[str]:
        if not is_array:
            return [*self._worker, str(path)]
        task = f'"$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" {shlex.quote(str(path))})"'
        return [*self._worker, task]

    def _record(self, job: JobDefinition, number: str, label: str) -> None:
        document = {"version": 1, "system": SYSTEM, "id": number, "name": label}
        folder = Path(job.folder)
        write_atomically(
            folder / "submitted.json", strict_json.dumps(document) + "\n", error=DispatchError
        )
        Since(folder, "absent").forget()

    def _cancel_earlier(self, job: JobDefinition) -> None:
        """Cancel what may be left of the attempt before: requeued, or on a node that is lost."""
        folder = Path(job.folder)
        prefix, _, _ = folder.name.rpartition("a")
        earlier = folder.with_name(f"{prefix}a{job.attempt - 1}")
        name = f"{job.name.rpartition('.a')[0]}.a{job.attempt - 1}"
        for found in self._queue.known_of(name, earlier):
            if found.phase is not ClusterPhase.ENDED:
                self._queue.cancel(found)

    # -- observing

    def observe(self, jobs: Sequence[JobHandle]) -> Mapping[str, JobObservation]:
        """The state of each job, from its folder and one look at the queue."""
        if not jobs:
            return {}
        try:
            self._queue.refresh()
        except DispatchError as error:
            return {job.name: self._without_slurm(job, str(error)) for job in jobs}
        forgotten = self._queue.accounted(jobs)
        return {job.name: self._observe(job, forgotten) for job in jobs}

    def _without_slurm(self, job: JobHandle, why: str) -> JobObservation:
        if (Path(job.folder) / "exit.json").exists():
            return JobObservation(job.name, JobPhase.ENDED)
        return JobObservation(job.name, JobPhase.UNKNOWN, reason=why)

    def _observe(
        self, job: JobHandle, forgotten: Mapping[tuple[str, int | None], Sequence[ClusterJob]]
    ) -> JobObservation:
        folder = Path(job.folder)
        claim = read_file(folder / "claim.json")
        host = str(claim.get("host", "")) if claim else ""
        if (folder / "exit.json").exists():
            return JobObservation(job.name, JobPhase.ENDED, host=host)
        key = key_of(job.name, folder)
        found = chosen(self._queue.known(key) or forgotten.get(key, ()), claim)
        if found is None:
            return self._absent(job, claim, host)
        Since(folder, "absent").forget()
        match found.phase:
            case ClusterPhase.PENDING:
                phase = JobPhase.QUEUED
            case ClusterPhase.RUNNING:
                phase = JobPhase.RUNNING if claim else JobPhase.QUEUED
            case ClusterPhase.ENDED:
                return self._over(job, found, is_claimed=claim is not None)
            case _:
                reason = f"Slurm: {found}, a state that this version does not know"
                return JobObservation(job.name, JobPhase.UNKNOWN, reason=reason)
        Since(folder, "over").forget()
        return JobObservation(job.name, phase, reason=f"Slurm: {found}", host=found.nodes or host)

    def _over(self, job: JobHandle, found: ClusterJob, *, is_claimed: bool) -> JobObservation:
        """A job that Slurm says has ended, and whose exit marker is not here."""
        folder, reason = Path(job.folder), f"Slurm: {found}"
        if is_claimed and Since(folder, "over").seconds() < self._marker_dwell:
            reason += "; its exit marker may still appear"
            return JobObservation(job.name, JobPhase.UNKNOWN, reason=reason, host=found.nodes)
        ending = found.ending
        if (folder / "stop.json").exists() and ending is not Ending.OK:
            ending = Ending.STOPPED
        elif _never_ran(found):
            ending = Ending.LOST if is_claimed else Ending.PREEMPTED
        return JobObservation(
            job.name, JobPhase.ENDED, ending=ending, reason=reason, host=found.nodes
        )

    def _absent(self, job: JobHandle, claim: Mapping[str, Any] | None, host: str) -> JobObservation:
        folder = Path(job.folder)
        heard = age_of(folder, "state.json")
        if claim is not None and heard is not None and heard < _ALIVE:
            reason = f"Slurm does not know it, but its worker was alive {heard:.0f} s ago"
            return JobObservation(job.name, JobPhase.UNKNOWN, reason=reason, host=host)
        gone_for = Since(folder, "absent").seconds() if claim is not None else math.inf
        reason = "Slurm does not know it any more, and it left no exit marker"
        return JobObservation(job.name, JobPhase.GONE, reason=reason, host=host, gone_for=gone_for)

    def find(self, runs: Iterable[str]) -> Sequence[str]:
        """The names, at Slurm, of the jobs of these runs that are in the queue."""
        wanted = tuple(f"{run}." for run in runs)
        return sorted(name for name in self._queue.names() if name.startswith(wanted))

    def cancel(self, job: JobHandle) -> None:
        """Cancel the job. The worker gets SIGTERM, passes it on, and kills after the grace period.

        Slurm itself kills after its ``KillWait``.

        Raises:
            DispatchError: Slurm does not answer.

        """
        folder = Path(job.folder)
        if (folder / "exit.json").exists():
            return
        for found in self._queue.known_of(job.name, folder):
            if found.phase is ClusterPhase.PENDING:
                self._queue.cancel(found)
            elif found.phase is ClusterPhase.RUNNING:
                is_late = Since(folder, "cancelled").seconds() > grace_of(folder)
                self._queue.cancel(found, *([] if is_late else ["--batch", "--signal=TERM"]))

    def logs(self, job: JobHandle) -> Sequence[Path]:
        """The files of the output, the oldest first."""
        return logs_of(job)

    def wait(self, jobs: Sequence[JobHandle], seconds: float) -> None:
        """Wait for this time, or until one of the jobs leaves its exit marker."""
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0:
            if any((Path(job.folder) / "exit.json").exists() for job in jobs):
                return
            Event().wait(min(_LOOK_UP, left))


def _never_ran(job: ClusterJob) -> bool:
    """Whether a job ended because its worker was not allowed to begin, or asked to end before."""
    return job.phase is ClusterPhase.ENDED and job.detail == "exit code 75"


_conforms: Callable[[SlurmSection], Dispatcher] = SlurmDispatcher
"""For the type checker."""
