"""The journal as a pass writes it; what stands in it is told in :mod:`janitor.records.journal`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import chain, count
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Any, Final

from janitor.errors import JournalError
from janitor.model import Liveness, Outcome, RunInfo
from janitor.model import summary as summaries
from janitor.model.evidence import parse_time
from janitor.model.ports import Clock
from janitor.model.summary import Form
from janitor.model.summary import Path as Place
from janitor.pipeline.edits import Edits
from janitor.pipeline.plan import named
from janitor.records.journal import FILE_NAME, SCHEMA, journals, read_journal
from janitor.records.json_text import format_time
from janitor.runtime.processes import this_process
from janitor.runtime.redaction import redactor_of_process
from janitor.storage.atomic import check_writable, make_folder
from janitor.storage.log import AppendOnlyLog

KEPT: Final = 50
"""Journals kept in a folder; the oldest go when a new pass begins."""
_LONGEST_PASS: Final = timedelta(days=1)
"""A pass that began longer ago is not at work any more, whatever its journal does not tell."""


class PassJournal:
    """The journal of one pass. Safe from many threads.

    The file is made with the first write: passes that wrote nothing would push out, of those that
    are kept, the ones that somebody may want to undo.

    Args:
        folder: Where journals live; made where it is missing (0700).
        clock: The pass's own.
        command: What is being done: fix, apply, undo.
        namespace: The one under which our keys stand.
        version: The janitor's.

    Raises:
        JournalError: no file can be made there.

    """

    def __init__(
        self, folder: Path, clock: Clock, *, command: str, namespace: str, version: str
    ) -> None:
        self._clock = clock
        self._started = clock.now()
        self._about = {"command": command, "namespace": namespace, "version": version}
        self._folder = folder
        self._lock = Lock()
        self._log: AppendOnlyLog | None = None
        make_folder(folder, error=JournalError)
        check_writable(folder / FILE_NAME.format("check"), error=JournalError)

    @property
    def path(self) -> Path | None:
        """Where the journal stands; None while nothing is written."""
        return None if self._log is None else self._log.path

    def intend(
        self,
        run: RunInfo,
        edits: Edits,
        before: Mapping[Place, Any],
        at: datetime,
        put_back: Mapping[Place, Any] = MappingProxyType({}),
    ) -> None:
        """Record a write that is about to begin; on return it is on disk."""
        covered = {place: summaries.get(run.summary, place) for place in put_back}
        written = summaries.edited(edits.applied(run.summary), put_back)
        mending = {"covered": named(covered, Form.FLAT), "put_back": named(put_back, Form.FLAT)}
        self._opened().append(
            {
                "event": "intent",
                "run": run.path,
                "name": redactor_of_process().in_data(run.name),
                "wandb_state": run.wandb_state,
                "heartbeat_at": run.heartbeat_at,
                "history_lines": run.history_lines,
                "form": edits.form.value,
                "before": named(before, edits.form),
                "after": named(edits.values, edits.form),
                **(mending if put_back else {}),
                "written": summaries.digest(written),
                "at": format_time(at),
            }
        )

    def settle(self, path: str, outcome: Outcome, error: str | None) -> None:
        """Record what became of a write that :meth:`intend` announced."""
        record = {"event": "outcome", "run": path, "outcome": outcome.value, "error": error}
        self._opened().append(self._timed(record), use_headroom=True)

    def came_back(self, path: str) -> None:
        """Record that a run which an earlier pass called over was found alive."""
        self._opened().append(self._timed({"event": "came_back", "run": path}))

    def looked_after(self, path: str) -> None:
        """Record that what an earlier pass left open of a run is settled."""
        self._opened().append(self._timed({"event": "looked_after", "run": path}))

    def close(self, interrupted: str | None = None) -> None:
        """Record that the pass came to its end."""
        if self._log is not None:
            record = {"event": "end", "interrupted": interrupted}
            self._log.append(self._timed(record), use_headroom=True)
            self._log.close()

    def _opened(self) -> AppendOnlyLog:
        with self._lock:
            if self._log is None:
                log = AppendOnlyLog(_new_path(self._folder, self._started), error=JournalError)
                started = {"started_at": format_time(self._started)}
                process = {"process": this_process().model_dump()}
                log.append({"event": "pass", "schema": SCHEMA, **self._about, **started, **process})
                self._log = log
                _drop_oldest(self._folder, log.path, self._started)
            return self._log

    def _timed(self, record: Mapping[str, Any]) -> dict[str, Any]:
        return {**record, "at": format_time(self._clock.now())}


def _new_path(folder: Path, started: datetime) -> Path:
    stem = f"{started:%Y%m%dT%H%M%S.%fZ}"
    names = chain([stem], (f"{stem}-{number}" for number in count(2)))
    paths = (folder / FILE_NAME.format(name) for name in names)
    return next(path for path in paths if not path.exists())


def _drop_oldest(folder: Path, ours: Path, now: datetime) -> None:
    """Drop all but the last; never ours, whatever the clock said when the others were named."""
    others = [path for path in journals(folder) if path != ours]
    for path in others[: 1 - KEPT]:
        try:
            if not _may_be_at_work(path, now):
                path.unlink(missing_ok=True)
        except OSError as error:
            raise JournalError(f"cannot drop the old journal {path}: {error.strerror}") from error


def _may_be_at_work(path: Path, now: datetime) -> bool:
    """Whether a journal's pass may still be writing it."""
    try:
        journal = read_journal(path)
    except JournalError:
        return False
    began = parse_time(journal.started_at)
    is_recent = began is not None and now - began < _LONGEST_PASS
    return is_recent and journal.liveness is not Liveness.DEAD
