"""What Slurm knows about the jobs of this user: one look at the queue answers for many jobs."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from janitor.clusters.slurm import Slurm, SlurmError
from janitor.errors import DispatchError
from janitor.model.cluster import ClusterJob, ClusterPhase
from janitor.model.jobs import JobHandle
from janitor.runtime.clock import boottime
from janitor.sweep.dispatchers.attempt_folder import label_of, read_file

_FRESH: Final = 20.0
"""Seconds for which a look at the queue answers whether a job is there."""
_OVER_ALREADY: Final = ("invalid job id", "already complet", "job/step already")
"""Words with which scancel says that there is nothing to cancel any more."""


@dataclass(frozen=True, slots=True)
class _Look:
    """The user's jobs at one moment."""

    at: float
    jobs: Mapping[tuple[str, int | None], Sequence[ClusterJob]]


class SlurmQueue:
    """The jobs of this user, by their names at Slurm.

    Args:
        slurm: Runs Slurm's commands.

    """

    def __init__(self, slurm: Slurm) -> None:
        self._slurm = slurm
        self._user = pwd.getpwuid(os.geteuid()).pw_name
        self._look: _Look | None = None
        self._has_accounting = True

    def known(self, key: tuple[str, int | None]) -> Sequence[ClusterJob]:
        """The jobs of this key, by a look that is not old."""
        if self._look is None or boottime() - self._look.at > _FRESH:
            self.refresh()
        return self._look.jobs.get(key, ()) if self._look is not None else ()

    def known_of(self, name: str, folder: Path) -> Sequence[ClusterJob]:
        """The jobs of an attempt, also those that were submitted after the last look."""
        key = key_of(name, folder)
        found = self.known(key)
        if not found and (folder / "submitted.json").exists():
            self.refresh()
            found = self.known(key)
        return found

    def refresh(self) -> None:
        """Look at the queue.

        Raises:
            DispatchError: Slurm does not answer.

        """
        at = boottime()
        self._look = _Look(at, _by_key(self._slurm.queue(user=self._user)))

    def forget(self) -> None:
        """The last look is not true any more."""
        self._look = None

    def names(self) -> set[str]:
        """The names of all jobs that are in the queue now.

        Raises:
            DispatchError: Slurm does not answer.

        """
        self.refresh()
        return {name for name, _ in self._look.jobs} if self._look is not None else set()

    def accounted(
        self, jobs: Sequence[JobHandle]
    ) -> Mapping[tuple[str, int | None], Sequence[ClusterJob]]:
        """What the accounting knows about jobs that slurmctld has forgotten."""
        names = set()
        for job in jobs:
            key = key_of(job.name, Path(job.folder))
            was_submitted = (Path(job.folder) / "submitted.json").exists()
            if was_submitted and not self.known(key):
                names.add(key[0])
        if not names or not self._has_accounting:
            return {}
        try:
            found = self._slurm.accounted(names=names)
        except DispatchError:
            return {}  # then only the folder tells
        self._has_accounting = found is not None
        return _by_key(found or ())

    def cancel(self, job: ClusterJob, *how: str) -> None:
        """Cancel a job with options of scancel; a job that is over already is left.

        Raises:
            DispatchError: Slurm does not answer.

        """
        try:
            self._slurm.run(["scancel", f"--user={self._user}", *how, job.id])
        except SlurmError as error:
            if not any(words in error.said.lower() for words in _OVER_ALREADY):
                raise


def key_of(name: str, folder: Path) -> tuple[str, int | None]:
    """A job's name at Slurm, and its index if it was submitted in an array."""
    task = read_file(folder / "task.json")
    if task is not None and isinstance(task.get("index"), int):
        return str(task.get("name")), int(task["index"])
    return label_of(name, str(folder)), None


def _by_key(jobs: Iterable[ClusterJob]) -> dict[tuple[str, int | None], list[ClusterJob]]:
    found: dict[tuple[str, int | None], list[ClusterJob]] = {}
    for job in jobs:
        found.setdefault((job.name, job.array[1] if job.array else None), []).append(job)
    return found


def chosen(jobs: Sequence[ClusterJob], claim: Mapping[str, Any] | None) -> ClusterJob | None:
    """Of the jobs of one name, the one that has the attempt, or may get it."""
    record = claim.get("job") if claim else None
    number = record.get("id") if isinstance(record, Mapping) else None
    if number is not None:
        return next((job for job in jobs if job.id == number), None)
    alive = [job for job in jobs if job.phase is not ClusterPhase.ENDED]
    newest = sorted(alive or jobs, key=lambda job: job.submitted_at or 0.0)
    return newest[-1] if newest else None
