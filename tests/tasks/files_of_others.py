"""State files of managers, set up past the store that reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from janitor.stores.tasks import SCHEME
from janitor.tasks.files import ManagerFiles
from janitor.tasks.state import TaskLedger
from janitor.tasks.task import Task, TaskStatus
from tests.stores.local_worlds import LocalWorld

OURS = {
    "pending": "initializing",
    "assigned": "running",
    "completed": "success",
    "failed": "failure",
}
"""The words of a task, and what each is called in a summary: issue 8's table."""

THEIRS = {state: word for word, state in OURS.items()} | {
    "evaluating": "assigned",
    "timeout": "failed",
    "crashed": "failed",
    "cancelled": "failed",
}


class TaskWorld(LocalWorld):
    """A state file for each sweep. Its managers come for a moment, and the store lets them."""

    scheme = SCHEME
    ending = ".json"

    def _add(self, place: Path, runs: list[dict[str, Any]]) -> None:
        with self._ledger(place) as ledger:
            ledger.put(*(_task(run) for run in runs))

    def _id(self, name: str, project: str) -> str:  # noqa: ARG002 - the place tells the project
        return name.replace("%", "%25").replace("/", "%2F")

    def _summary(self, place: Path, run_id: str) -> Any:
        task = ManagerFiles(place).load().tasks[unquote(run_id)]
        return {**task.summary, "protein.state": OURS[task.status]}

    def _put_summary(self, place: Path, run_id: str, text: str) -> None:
        summary = json.loads(text)
        status = TaskStatus(THEIRS[summary.pop("protein.state")])
        with self._ledger(place) as ledger:
            ledger.put(replace(ledger.task(unquote(run_id)), status=status, summary=summary))

    @contextmanager
    def _ledger(self, place: Path) -> Iterator[TaskLedger]:
        self.store.close()
        ledger = TaskLedger(
            place, backups=1, clock=lambda: datetime.now(UTC), on_problem=lambda _: None
        )
        try:
            ledger.load()
            ledger.save()
            yield ledger
            ledger.save()
        finally:
            ledger.release()


def _task(run: dict[str, Any]) -> Task:
    summary = dict(run["summary"])
    beat = run["heartbeat_at"]
    return Task(
        run["name"],
        phase="",
        config={},
        status=TaskStatus(THEIRS[summary.pop("protein.state")]),
        assigned_at=None if beat is None else datetime.fromisoformat(beat),
        summary=summary,
    )
