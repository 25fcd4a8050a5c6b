"""The format of ``manager_state.json``: the keys of the design document, and ours in ``_janitor``.

    {"tasks": {ID: {…}, …}, "assigned_tasks": {ID: {…}}, "_janitor": {"version": 1, …}}

``assigned_tasks`` repeats the assigned tasks for people. It is not read.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from janitor.storage import strict_json
from janitor.storage.migrations import Migrations
from janitor.tasks.task import OURS, Task, TaskStatus, read_task

MIGRATIONS: Final = Migrations("this manager state", (lambda document: document,))
"""From 0, the format of the design document, to 1: everything new is in ``_janitor``."""

_SIGN: Final = '"$'
"""Only a text that contains this can contain signs of :mod:`janitor.storage.strict_json`."""
_KEYS: Final = frozenset({"tasks", "assigned_tasks", OURS})
_GZIP: Final = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The contents of a state file."""

    tasks: dict[str, Task]
    generation: int = 0
    """Grows with each save; 0 for a file that no janitor wrote."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Other keys of the file. They are kept."""


def dump(
    tasks: Iterable[Task],
    generation: int,
    at: datetime,
    *,
    compressed: bool,
    extra: Mapping[str, Any] = MappingProxyType({}),
) -> bytes:
    """The bytes of the file, one task per line; ``extra`` holds further keys.

    Raises:
        ValueError: a task holds something that JSON cannot represent.

    """
    documents = {task.task_id: _plain(task.document()) for task in tasks}
    assigned = {
        name: document
        for name, document in documents.items()
        if document["status"] == TaskStatus.ASSIGNED
    }
    ours = {
        "version": MIGRATIONS.latest,
        "generation": generation,
        "saved_at": at.isoformat(),
        "checksum": _checksum(documents),
    }
    others = "".join(
        f"{json.dumps(key)}: {json.dumps(value)},\n" for key, value in _plain(dict(extra)).items()
    )
    text = (
        f'{{\n"tasks": {_lines(documents)},\n"assigned_tasks": {_lines(assigned)},\n'
        f"{others}{json.dumps(OURS)}: {json.dumps(ours)}\n}}\n"
    )
    data = text.encode("ascii")
    return gzip.compress(data, compresslevel=6, mtime=0) if compressed else data


def parse(data: bytes) -> Snapshot:
    """The contents of the file, checked against its checksum.

    Raises:
        ValueError: it is damaged, or was changed without a new checksum.
        StateFileError: it has a newer version than this janitor knows.

    """
    text = _uncompressed(data)
    try:
        raw = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply to be read") from error
    if not isinstance(raw, dict) or not isinstance(raw.get("tasks"), dict):
        raise ValueError("it has no object with tasks")  # noqa: TRY004 - a malformed file, not a caller's wrong type
    ours = raw.get(OURS)
    if not isinstance(ours, dict | None):
        raise ValueError(f"{OURS} is not an object")  # noqa: TRY004 - a malformed file, not a caller's wrong type
    version = None if ours is None else ours.get("version")
    if ours is not None and ours.get("checksum") != _checksum(raw["tasks"]):
        raise ValueError(
            f"its checksum does not match its tasks; if you edit the file by hand, remove"
            f" {OURS} too"
        )
    may_hold_signs = ours is not None and _SIGN.encode() in text
    document = strict_json.loads(text) if may_hold_signs else raw
    document = MIGRATIONS.forward(document, version)
    tasks = {
        name: read_task(name, task, local=version is None)
        for name, task in document["tasks"].items()
    }
    extra = {key: value for key, value in document.items() if key not in _KEYS}
    return Snapshot(tasks, 0 if ours is None else _generation(ours), extra)


def _generation(ours: Mapping[str, Any]) -> int:
    found = ours.get("generation")
    if isinstance(found, bool) or not isinstance(found, int) or found < 1:
        raise ValueError(f"its generation is {found!r:.40}")
    return found


def _uncompressed(data: bytes) -> bytes:
    if not data.startswith(_GZIP):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"it is not a complete gzip file: {error}") from error


def _checksum(documents: Mapping[str, Any]) -> str:
    """The checksum of the tasks, whatever their layout and order in the file."""
    text = json.dumps(documents, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode('ascii')).hexdigest()}"


def _plain(document: dict[str, Any]) -> dict[str, Any]:
    """The document as JSON that every parser can read."""
    try:
        if _SIGN not in json.dumps(document, allow_nan=False):
            return document
    except (ValueError, TypeError):
        pass
    plain: dict[str, Any] = json.loads(strict_json.dumps(document))
    return plain


def _lines(documents: Mapping[str, Any]) -> str:
    lines = (f"  {json.dumps(name)}: {json.dumps(task)}" for name, task in documents.items())
    return "{\n" + ",\n".join(lines) + "\n}" if documents else "{}"
