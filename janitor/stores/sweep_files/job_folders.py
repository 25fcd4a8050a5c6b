"""The folders of a sweep's jobs, on a file system that workers and controllers share."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from janitor.errors import NotFoundError, StateFileError
from janitor.model.jobs import (
    AttemptView,
    JobHandle,
    JobTypes,
    Report,
    attempt_folder,
    job_name,
)
from janitor.storage.atomic import make_folder, write_once
from janitor.stores.sweep_files.job_folder import reports_of, view_of


class JobFolders(ABC):
    """``runs/RUN/aN/`` for each attempt, and ``checkpoints/RUN/``.

    Args:
        clock: The time, aware, UTC.

    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    @property
    @abstractmethod
    def folder(self) -> Path:
        """The folder of the sweep, absolute."""

    def prepare(self, run: str, attempt: int, kind: JobTypes) -> Path:
        """The folder of an attempt, created if it is missing."""
        folder = self.run_folder(run) / attempt_folder(attempt, kind)
        make_folder(folder, error=StateFileError)
        return folder

    def handle(self, run: str, attempt: int, kind: JobTypes) -> JobHandle:
        """The handle of a job."""
        folder = self.run_folder(run) / attempt_folder(attempt, kind)
        return JobHandle(job_name(run, attempt, kind), run, attempt, kind, str(folder))

    def attempts(self, jobs: Sequence[JobHandle]) -> Mapping[str, AttemptView]:
        """What the folders of these jobs show now."""
        return {job.name: view_of(job) for job in jobs}

    def reports(self, job: JobHandle) -> Sequence[Report]:
        """What a job reported, in order."""
        return reports_of(job)

    def request_stop(self, job: JobHandle, reason: str) -> None:
        """Record in the job's folder that its end is intended."""
        text = json.dumps({"version": 1, "reason": reason, "at": self._clock().isoformat()})
        write_once(Path(job.folder) / "stop.json", text + "\n", error=StateFileError)

    def checkpoints(self, run: str) -> Path:
        """The run's checkpoint folder, which may not exist yet."""
        return self.folder / "checkpoints" / run

    def run_folder(self, name: str) -> Path:
        """The folder of a run, which may not exist.

        Raises:
            NotFoundError: no run can have this name.

        """
        if not name or "/" in name or name.startswith("."):
            raise NotFoundError(f"a sweep has no run {name!r}")
        return self.folder / "runs" / name
