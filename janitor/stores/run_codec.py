"""The file of one run: its fields, its summary and a version, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from janitor.errors import RejectedError
from janitor.model import RunInfo, WandbState
from janitor.model import summary as summaries
from janitor.storage import strict_json
from janitor.storage.migrations import Migrations

ENDING: Final = ".json"
MIGRATIONS: Final = Migrations("this run", (lambda document: document,))
_PLAIN: Final = ("name", "sweep", "group", "created_at", "heartbeat_at", "history_lines")

Uploaded = tuple[Mapping[str, Any], Any]


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run, and the summary that its process uploaded at its end, with the time of the upload."""

    run: RunInfo
    uploaded: Uploaded | None = None


def dump(stored: StoredRun) -> str:
    """The text of a run's file.

    Raises:
        RejectedError: a value cannot be written as JSON.

    """
    run = stored.run
    document: dict[str, Any] = {"version": MIGRATIONS.latest, "state": str(run.wandb_state)}
    document |= {name: getattr(run, name) for name in _PLAIN}
    document |= {"tags": run.tags, "summary": run.summary}
    if stored.uploaded is not None:
        document["uploaded"] = {"summary": stored.uploaded[0], "at": stored.uploaded[1]}
    try:
        return strict_json.dumps(document) + "\n"
    except ValueError as error:
        raise RejectedError(f"{run.path} cannot be written: {error}") from error


def parse(data: bytes, path: Path) -> StoredRun:
    """The run in a file; its path names the run.

    Raises:
        ValueError: the data is not a run.

    """
    document = strict_json.loads(data)
    if not isinstance(document, dict):
        raise ValueError("it holds no object")  # noqa: TRY004 - a malformed file, not a caller's wrong type
    document = MIGRATIONS.forward(document, document.pop("version", None))
    entity, project, name = (
        unquote(part) for part in (*path.parts[-3:-1], path.name.removesuffix(ENDING))
    )
    summary, defect = _summary(document.get("summary"))
    uploaded = document.get("uploaded")
    run = RunInfo(
        entity=entity,
        project=project,
        id=name,
        storage_id=f"{entity}/{project}/{name}",
        name=document.get("name") or name,
        wandb_state=WandbState(document.get("state") or ""),
        summary=summary,
        sweep=document.get("sweep"),
        group=document.get("group"),
        tags=tuple(document.get("tags") or ()),
        created_at=document.get("created_at"),
        heartbeat_at=document.get("heartbeat_at"),
        history_lines=document.get("history_lines"),
        defect=defect,
    )
    return StoredRun(run, (uploaded["summary"], uploaded["at"]) if uploaded else None)


def _summary(value: Any) -> tuple[dict[str, Any], str | None]:
    """A summary as the file has it: an object, or the text of one."""
    if isinstance(value, dict):
        return value, None
    text = value if isinstance(value, str | None) else strict_json.dumps(value)
    try:
        return summaries.parse(text), None
    except ValueError as error:
        return {}, str(error)
