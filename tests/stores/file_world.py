"""A folder of runs, set up past the store that reads it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from janitor.emulator.clock import parse_time
from janitor.model import AnyTarget, RunInfo
from janitor.stores.run_files import SCHEME, FileStore
from tests.stores.backends import GROUP, seeded
from tests.stores.local_worlds import LocalWorld


class FileWorld:
    """The runs of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = FileStore(folder, lambda: datetime.now(UTC))

    def add(self, *runs: dict[str, Any]) -> None:
        """Make runs, in the words of the emulator's seed."""
        now = datetime.now(UTC)
        for run in runs:
            created_at = run.get("created_at", "-0s")
            if created_at.startswith("-"):
                created_at = str(parse_time(created_at, now))
            info = seeded({**run, "created_at": created_at})
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
        file = self.file(path)
        document = json.loads(file.read_text())
        file.write_text(json.dumps({**document, "summary": text}))

    def empty(self) -> AnyTarget:
        """A group that no run names."""
        return GROUP

    def file(self, path: str) -> Path:
        """Where a run is."""
        entity, project, name = (quote(part, safe=" ") for part in path.split("/", 2))
        return self.folder / entity / project / f"{name}.json"


class OldFileWorld(FileWorld):
    """One whose files a janitor wrote that did not yet name their version."""

    def add(self, *runs: dict[str, Any]) -> None:
        """Make runs."""
        super().add(*runs)
        for run in runs:
            file = self.file(f"{run['project']}/{run['name']}")
            document = json.loads(file.read_text())
            del document["version"]
            file.write_text(json.dumps(document))


class FolderWorld(LocalWorld):
    """Folders of runs, each of which is a target as a whole."""

    scheme = SCHEME

    def _add(self, place: Path, runs: list[dict[str, Any]]) -> None:
        place.mkdir(parents=True, exist_ok=True)
        timed = [{**run, "created_at": run["created_at"].isoformat()} for run in runs]
        FileWorld(place).add(*timed)

    def _id(self, name: str, project: str) -> str:
        return quote(f"{project}/{name}", safe="")

    def _summary(self, place: Path, run_id: str) -> Any:
        return FileWorld(place).summary(unquote(run_id))

    def _put_summary(self, place: Path, run_id: str, text: str) -> None:
        FileWorld(place).put_summary(unquote(run_id), text)
