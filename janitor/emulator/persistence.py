"""The state file: an SQLite database that keeps the emulator's records over a restart."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from janitor.emulator import persisted
from janitor.emulator.artifacts import Blob
from janitor.emulator.records import Project, Run, StoredFile
from janitor.emulator.validation import describe
from janitor.errors import EmulatorError

if TYPE_CHECKING:
    from pathlib import Path

    from janitor.emulator.store import Record, Store

Value = TypeVar("Value")
_FORMAT = 2
_TABLES = """
create table if not exists records (
  kind text not null, entity text not null, project text not null, name text not null,
  number integer not null, body text not null, primary key (kind, entity, project, name));
create table if not exists lines (
  run text not null, stream text not null, number integer not null, line text not null,
  primary key (run, stream, number)) without rowid;
create table if not exists files (
  run text not null, name text not null, content blob not null, mimetype text not null,
  updated_at text not null, primary key (run, name));
create table if not exists blobs (
  entity text not null, project text not null, digest text not null, birth integer not null,
  content blob, primary key (entity, project, digest));
"""
_STREAMS = ("inherited", "history", "events", "log_lines")
_RESTORERS = (
    ("project", persisted.restore_project),
    ("sweep", persisted.restore_sweep),
    ("run", persisted.restore_run),
    ("agent", persisted.restore_agent),
    ("collection", persisted.restore_collection),
    ("artifact", persisted.restore_artifact),
    ("collection", persisted.restore_versions),
)


class StateFile:
    """Writes what changed, and reads all of it back.

    Only one process may use it at a time. Raises EmulatorError if the file cannot be opened, is in
    use, or is not a state file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written: dict[tuple[str, str], int] = {}
        """The number of lines in the file, by run and stream."""
        self._files: dict[str, dict[str, datetime]] = {}
        """The times of the files in the file, by run and name."""
        try:
            self._database = sqlite3.connect(path, check_same_thread=False, timeout=1)
            self._database.execute("pragma locking_mode = exclusive")
            self._database.execute("pragma journal_mode = wal")
            self._database.execute("pragma synchronous = normal")
            version = self._database.execute("pragma user_version").fetchone()[0]
            if version not in range(_FORMAT + 1):
                raise EmulatorError(f"the state file {path} has an unknown version ({version})")
            self._database.executescript(_TABLES)
            self._database.execute(f"pragma user_version = {_FORMAT}")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
                message = f"the state file {path} is in use by another process"
                raise EmulatorError(message) from error
            raise EmulatorError(f"the state file {path} cannot be opened: {error}") from error
        except sqlite3.Error as error:
            raise EmulatorError(f"the state file {path} cannot be opened: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def save(self, store: Store) -> None:
        """Write what changed since the last time. Raises EmulatorError."""
        if not store.dirty and not store.deleted and not store.wiped:
            return
        try:
            with self._database:
                self._save(store)
        except sqlite3.Error as error:
            message = f"the state file {self._path} cannot be written: {error}"
            raise EmulatorError(message) from error
        for changes in (store.deleted, store.dirty, store.cut):
            changes.clear()
        store.wiped = False

    def _save(self, store: Store) -> None:
        if store.wiped:
            for table in ("records", "lines", "files", "blobs"):
                self._database.execute(f"delete from {table}")  # noqa: S608 - our own table names
            self._written.clear()
            self._files.clear()
        for run in store.deleted:
            self._forget(run)
        for run in store.cut:
            self._forget_lines(run)
        for record in store.dirty:
            self._write(record)

    def load(self, store: Store) -> None:
        """Read everything into an empty store, which then records its changes.

        Raises EmulatorError if the file is damaged.
        """
        place = "its tables"
        try:
            for kind, restore in _RESTORERS:
                rows = self._database.execute(
                    "select entity, project, name, number, body from records where kind = ?"
                    " order by number",
                    (kind,),
                )
                for entity, project, name, number, body in rows.fetchall():
                    place = f"the {kind} {entity}/{project}/{name}".rstrip("/")
                    restore(store, (entity, project, name), number, body)
                    store.reserve_numbers(number)
            for project_ in store.projects():
                place = f"the files of artifacts of {project_.entity}/{project_.name}"
                self._read_blobs(project_)
                for run in project_.runs.values():
                    place = f"the lines and files of the run {run.path}"
                    self._read_content(run)
        except ValidationError as error:
            raise self._damaged(place, describe(error)) from error
        except (sqlite3.Error, ValueError, TypeError, KeyError, RecursionError) as error:
            raise self._damaged(place, str(error)) from error
        store.dirty.clear()
        store.records_changes = True

    def _damaged(self, place: str, problem: str) -> EmulatorError:
        return EmulatorError(
            f"the state file {self._path} is damaged ({place}: {problem}):"
            " restore a copy of it, or start without it"
        )

    def _write(self, record: Record) -> None:
        kind, key, number, body = persisted.body_of(record)
        self._database.execute(
            "insert or replace into records values (?, ?, ?, ?, ?, ?)",
            (kind, *key, number, body.model_dump_json()),
        )
        if isinstance(record, Run):
            self._write_content(record)
        elif isinstance(record, Project):
            self._database.executemany(
                "insert or replace into blobs values (?, ?, ?, ?, ?)",
                (
                    (record.entity, record.name, blob.digest, blob.birth, blob.content)
                    for blob in record.blobs.values()
                ),
            )

    def _write_content(self, run: Run) -> None:
        for stream in _STREAMS:
            self._write_lines(run, stream)
        written = self._files.get(run.path, {})
        for name in written.keys() - run.files.keys():
            self._database.execute("delete from files where run = ? and name = ?", (run.path, name))
        for file in run.files.values():
            if written.get(file.name) != file.updated_at:
                self._database.execute(
                    "insert or replace into files values (?, ?, ?, ?, ?)",
                    (run.path, file.name, file.content, file.mimetype, file.updated_at.isoformat()),
                )
        self._files[run.path] = {file.name: file.updated_at for file in run.files.values()}

    def _write_lines(self, run: Run, stream: str) -> None:
        """Append; the last written line is written again, because consoles rewrite theirs."""
        lines: list[str] = getattr(run, stream)
        start = max(0, self._written.get((run.path, stream), 0) - 1)
        self._database.executemany(
            "insert or replace into lines values (?, ?, ?, ?)",
            (
                (run.path, stream, number, line)
                for number, line in enumerate(lines[start:], start=start)
            ),
        )
        self._written[run.path, stream] = len(lines)

    def _forget(self, run: Run) -> None:
        project = run.project
        self._database.execute(
            "delete from records where kind = 'run' and entity = ? and project = ? and name = ?",
            (project.entity, project.name, run.name),
        )
        self._forget_lines(run)
        self._database.execute("delete from files where run = ?", (run.path,))
        self._files.pop(run.path, None)

    def _forget_lines(self, run: Run) -> None:
        self._database.execute("delete from lines where run = ?", (run.path,))
        for stream in _STREAMS:
            self._written.pop((run.path, stream), None)

    def _read_content(self, run: Run) -> None:
        for stream in _STREAMS:
            rows = self._database.execute(
                "select line from lines where run = ? and stream = ? order by number",
                (run.path, stream),
            )
            lines = [_checked(line, str) for (line,) in rows]
            setattr(run, stream, lines)
            self._written[run.path, stream] = len(lines)
        rows = self._database.execute(
            "select name, content, mimetype, updated_at from files where run = ?", (run.path,)
        )
        for name, content, mimetype, updated_at in rows:
            moment = datetime.fromisoformat(updated_at)
            run.files[name] = StoredFile(
                _checked(name, str), _checked(content, bytes), _checked(mimetype, str), moment
            )
        self._files[run.path] = {file.name: file.updated_at for file in run.files.values()}

    def _read_blobs(self, project: Project) -> None:
        rows = self._database.execute(
            "select digest, birth, content from blobs where entity = ? and project = ?",
            (project.entity, project.name),
        )
        for digest, birth, content in rows:
            held = None if content is None else _checked(content, bytes)
            project.blobs[digest] = Blob(_checked(digest, str), _checked(birth, int), held)


def _checked(value: object, kind: type[Value]) -> Value:
    if not isinstance(value, kind):
        raise TypeError(f"{type(value).__name__} instead of {kind.__name__}")
    return value
