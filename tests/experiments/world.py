"""Folders of experiments, set up past the store that reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from janitor.experiments import ExperimentState, ExperimentStatus, StateManager
from janitor.storage import strict_json
from janitor.stores.experiments import SCHEME
from tests.stores.local_worlds import LocalWorld

OURS = {
    "initialised": "initializing",
    "running": "running",
    "completed": "evaluating",
    "aggregated": "success",
    "failed": "failure",
    "interrupted": "crashed",
}
"""The words of an experiment, and what each is called in a summary: issue 8's table."""

THEIRS = {state: word for word, state in OURS.items()} | {
    "timeout": "interrupted",
    "cancelled": "interrupted",
}


class ExperimentWorld(LocalWorld):
    """A folder for each sweep."""

    scheme = SCHEME

    def _add(self, place: Path, runs: list[dict[str, Any]]) -> None:
        place.mkdir(parents=True, exist_ok=True)
        for run in runs:
            summary = dict(run["summary"])
            document = {
                "experiment_id": run["name"],
                "status": THEIRS[summary.pop("protein.state")],
                "created_at": run["created_at"].isoformat(),
                "updated_at": run["heartbeat_at"],
                "summary": summary,
            }
            (place / f"{run['name']}.json").write_text(strict_json.dumps(document))

    def _id(self, name: str, project: str) -> str:  # noqa: ARG002 - the place tells the project
        return name

    def _summary(self, place: Path, run_id: str) -> Any:
        state = StateManager(place).load(run_id)
        return {**state.summary, "protein.state": OURS[state.status]}

    def _put_summary(self, place: Path, run_id: str, text: str) -> None:
        summary = json.loads(text)
        status = ExperimentStatus(THEIRS[summary.pop("protein.state")])

        def change(state: ExperimentState) -> None:
            state.status, state.summary = status, summary

        StateManager(place).update(run_id, change)
