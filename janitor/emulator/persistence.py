"""The state file: an SQLite database that keeps what the emulator knows over a restart."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime
from typing import TYPE_CHECKING, Any

from janitor.emulator.records import Agent, Project, Run, StoredFile, Sweep
from janitor.errors import EmulatorError

if TYPE_CHECKING:
    from pathlib import Path

    from janitor.emulator.store import Store

_FORMAT = 1
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
"""
_RUN_TEXTS = (
    "display_name",
    "state",
    "watched",
    "group",
    "job_type",
    "tags",
    "description",
    "notes",
    "host",
    "program",
    "commit",
    "user",
    "config_text",
    "summary_text",
    "client_summary_text",
    "created_at_text",
    "heartbeat_at_text",
    "exit_code",
    "stopped",
    "seeded_history_lines",
)
_SWEEP_TEXTS = (
    "config_text",
    "display_name",
    "description",
    "state",
    "controller",
    "scheduler",
    "suggested",
)
_STREAMS = ("history", "events", "log_lines")


class StateFile:
    """Writes what changed, and reads all of it back.

    Raises EmulatorError where the file cannot be opened or is no state file.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._database = sqlite3.connect(path, check_same_thread=False)
            self._database.execute("pragma journal_mode = wal")
            self._database.execute("pragma synchronous = normal")
            version = self._database.execute("pragma user_version").fetchone()[0]
            if version not in {0, _FORMAT}:
                raise EmulatorError(f"the state file {path} is of another version ({version})")
            self._database.executescript(_TABLES)
            self._database.execute(f"pragma user_version = {_FORMAT}")
        except sqlite3.Error as error:
            raise EmulatorError(f"the state file {path} cannot be opened: {error}") from error
        self._written: dict[tuple[str, str], int] = {}

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def save(self, store: Store) -> None:
        """Write what changed since the last time."""
        if not store.dirty and not store.deleted and not store.wiped:
            return
        with self._database:
            if store.wiped:
                self._forget_all()
            for run in store.deleted:
                self._forget(run)
            for record in store.dirty:
                self._write(record)
        store.deleted.clear()
        store.dirty.clear()
        store.wiped = False

    def load(self, store: Store) -> None:
        """Read everything into an empty store, which records its changes from then on."""
        for kind, read in (
            ("project", self._read_project),
            ("sweep", self._read_sweep),
            ("run", self._read_run),
            ("agent", self._read_agent),
        ):
            rows = self._database.execute(
                "select entity, project, name, number, body from records where kind = ?"
                " order by number",
                (kind,),
            )
            for entity, project, name, number, body in rows.fetchall():
                read(store, (entity, project, name), number, json.loads(body))
                store.reserve_numbers(number)
        store.dirty.clear()
        store.records_changes = True

    def _write(self, record: Run | Sweep | Project | Agent) -> None:
        match record:
            case Project():
                body: dict[str, Any] = {"created_at": _text(record.created_at)}
                key = (record.entity, record.name, "")
                self._put("project", key, record.number, body)
            case Sweep():
                body = {name: getattr(record, name) for name in _SWEEP_TEXTS}
                body |= {
                    name: _text(getattr(record, name)) for name in ("created_at", "updated_at")
                }
                project = record.project
                self._put("sweep", (project.entity, project.name, record.name), 0, body)
            case Agent():
                body = {
                    "sweep": record.sweep.name,
                    "host": record.host,
                    "created_at": _text(record.created_at),
                    "heartbeat_at": _text(record.heartbeat_at),
                    "run_names": record.run_names,
                    "done": record.done,
                }
                project = record.sweep.project
                key = (project.entity, project.name, record.name)
                self._put("agent", key, record.number, body)
            case Run():
                self._write_run(record)

    def _put(self, kind: str, key: tuple[str, str, str], number: int, body: dict[str, Any]) -> None:
        self._database.execute(
            "insert or replace into records values (?, ?, ?, ?, ?, ?)",
            (kind, *key, number, json.dumps(body)),
        )

    def _write_run(self, run: Run) -> None:
        body = {name: getattr(run, name) for name in _RUN_TEXTS}
        body["created_at"] = _text(run.created_at)
        body["heartbeat_at"] = _text(run.heartbeat_at)
        body["sweep"] = run.sweep.name if run.sweep else None
        project = run.project
        self._put("run", (project.entity, project.name, run.name), run.number, body)
        for stream in _STREAMS:
            self._write_lines(run, stream)
        for file in run.files.values():
            self._database.execute(
                "insert or replace into files values (?, ?, ?, ?, ?)",
                (run.path, file.name, file.content, file.mimetype, _text(file.updated_at)),
            )

    def _write_lines(self, run: Run, stream: str) -> None:
        """Append; the last line written before is written again, for consoles rewrite theirs."""
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
        key = (project.entity, project.name, run.name)
        self._database.execute(
            "delete from records where kind = 'run' and entity = ? and project = ? and name = ?",
            key,
        )
        self._database.execute("delete from lines where run = ?", (run.path,))
        self._database.execute("delete from files where run = ?", (run.path,))
        for stream in _STREAMS:
            self._written.pop((run.path, stream), None)

    def _forget_all(self) -> None:
        for table in ("records", "lines", "files"):
            self._database.execute(f"delete from {table}")  # noqa: S608 - our own table names
        self._written.clear()

    def _read_project(
        self, store: Store, key: tuple[str, str, str], number: int, body: dict[str, Any]
    ) -> None:
        store.reserve_numbers(number - 1)
        store.ensure_project(key[0], key[1], datetime.fromisoformat(body["created_at"]))

    def _read_sweep(
        self, store: Store, key: tuple[str, str, str], _number: int, body: dict[str, Any]
    ) -> None:
        created_at = datetime.fromisoformat(body["created_at"])
        project = store.ensure_project(key[0], key[1], created_at)
        sweep = store.ensure_sweep(project, key[2], created_at)
        sweep.updated_at = datetime.fromisoformat(body["updated_at"])
        for name in _SWEEP_TEXTS:
            setattr(sweep, name, body[name])

    def _read_run(
        self, store: Store, key: tuple[str, str, str], number: int, body: dict[str, Any]
    ) -> None:
        created_at = datetime.fromisoformat(body["created_at"])
        project = store.ensure_project(key[0], key[1], created_at)
        store.reserve_numbers(number - 1)
        run = store.add_run(project, key[2], created_at)
        for name in _RUN_TEXTS:
            setattr(run, name, body[name])
        if body["heartbeat_at"]:
            run.heartbeat_at = datetime.fromisoformat(body["heartbeat_at"])
        if body["sweep"]:
            store.put_in_sweep(run, store.ensure_sweep(project, body["sweep"], created_at))
        for stream in _STREAMS:
            rows = self._database.execute(
                "select line from lines where run = ? and stream = ? order by number",
                (run.path, stream),
            )
            lines = [line for (line,) in rows]
            setattr(run, stream, lines)
            self._written[run.path, stream] = len(lines)
        rows = self._database.execute(
            "select name, content, mimetype, updated_at from files where run = ?", (run.path,)
        )
        for name, content, mimetype, updated_at in rows:
            moment = datetime.fromisoformat(updated_at)
            run.files[name] = StoredFile(name, content, mimetype, moment)

    def _read_agent(
        self, store: Store, key: tuple[str, str, str], number: int, body: dict[str, Any]
    ) -> None:
        project = store.project(key[0], key[1])
        sweep = project.sweeps.get(body["sweep"]) if project else None
        if sweep is None:
            return
        created_at = datetime.fromisoformat(body["created_at"])
        heartbeat_at = datetime.fromisoformat(body["heartbeat_at"])
        agent = Agent(number, key[2], sweep, body["host"], created_at, heartbeat_at)
        agent.run_names = list(body["run_names"])
        agent.done = body["done"]
        store.restore_agent(agent)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
