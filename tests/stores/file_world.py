"""A folder of runs, set up past the store that reads it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from janitor.emulator.clock import parse_time
from janitor.model import RunInfo, WandbState
from janitor.stores.files import FileStore


class FileWorld:
    """The runs of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = FileStore(folder, lambda: datetime.now(UTC))

    def add(self, *runs: dict[str, Any]) -> None:
        """Make runs, in the words of the emulator's seed."""
        now = datetime.now(UTC)
        for run in runs:
            entity, project = run["project"].split("/")
            created_at = run.get("created_at", "-0s")
            if created_at.startswith("-"):
                created_at = str(parse_time(created_at, now))
            info = RunInfo(
                entity=entity,
                project=project,
                id=run["name"],
                storage_id="",
                name=run.get("display_name", run["name"]),
                wandb_state=WandbState(run.get("state", "finished")),
                summary=run.get("summary", {}),
                sweep=run.get("sweep"),
                group=run.get("group"),
                tags=tuple(run.get("tags", ())),
                created_at=created_at,
                heartbeat_at=run.get("heartbeat_at"),
                history_lines=run.get("history_line_count", 0),
            )
            files = [json.loads(text) for text in run.get("files", {}).values()]
            self.store.init_run(info, (files[0], "2026-03-01T11:00:00Z") if files else None)
            if "summary_text" in run:
                self.put_summary(info.path, run["summary_text"])

    def summary(self, path: str) -> Any:
        """What a run's summary is now."""
        store = FileStore(self.folder, lambda: datetime.now(UTC))
        found = store.fetch_summaries([path])[path]
        assert isinstance(found, RunInfo), found
        return found.summary

    def put_summary(self, path: str, text: str) -> None:
        """Another writer replaces a run's summary."""
        entity, project, name = (quote(part, safe=" ") for part in path.split("/", 2))
        file = self.folder / entity / project / f"{name}.json"
        document = json.loads(file.read_text())
        file.write_text(json.dumps({**document, "summary": text}))
