"""The journal: what stood before each write, on disk before the write begins.

JSON lines, one file a pass:

    {"event": "pass", "schema": "janitor.journal/1", "command": "fix", …}
    {"event": "intent", "run": "E/P/R", "form": "flat", "before": {…}, "after": {…}, "at": "…Z"}
    {"event": "outcome", "run": "E/P/R", "outcome": "written", "error": null, "at": "…Z"}
    {"event": "end", …}

A key in ``after`` and not in ``before`` did not exist; one in ``before`` and not in ``after`` was
removed. An intent without an outcome may have been written: the pass was killed in between. The
next pass looks after it (:mod:`janitor.unfinished`), and says so with ``looked_after``.

An intent with ``covered`` and ``put_back`` mends the write before it, which had covered what the
run's own process sent meanwhile: these keys are given back to the run. Its ``before`` is what the
run would hold had the janitor not come by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Any, Final

from janitor import summary as summaries
from janitor.durable import AppendOnlyLog, check_writable, make_folder, read_log
from janitor.edits import Edits
from janitor.errors import JournalError
from janitor.model import Outcome, RunInfo
from janitor.plan import named
from janitor.ports import Clock
from janitor.processes import ProcessIdentity, this_process
from janitor.report.render_json import format_time
from janitor.summary import Form
from janitor.summary import Path as Place

SCHEMA: Final = "janitor.journal/1"
KEPT: Final = 50
"""Journals kept in a folder; the oldest go when a new pass begins."""
_FILE_NAME: Final = "janitor-{}.jsonl"


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
        check_writable(folder / _FILE_NAME.format("check"), error=JournalError)

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
                "name": run.name,
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
                _drop_oldest(self._folder, log.path)
            return self._log

    def _timed(self, record: Mapping[str, Any]) -> dict[str, Any]:
        return {**record, "at": format_time(self._clock.now())}


@dataclass(slots=True)
class JournaledWrite:
    """One write as a journal tells it."""

    run: str
    name: str
    wandb_state: str
    """W&B's word for the run at that moment."""
    form: Form
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    at: str
    outcome: str | None = None
    """None where the pass ended in between: it may have been written."""
    error: str | None = None
    covered: Mapping[str, Any] = field(default_factory=dict)
    """The run's own keys that the write before this one had covered, as they then stood."""
    put_back: Mapping[str, Any] = field(default_factory=dict)
    """The same keys as they were given back."""
    written: str | None = None
    """The digest of the whole summary that was sent; None in journals of earlier janitors."""
    heartbeat_at: Any = None
    """The run's last heartbeat before the write."""
    history_lines: int | None = None
    """How many steps of history it had then."""


@dataclass(frozen=True, slots=True)
class JournalRecord:
    """A journal, read back."""

    path: Path
    command: str
    namespace: str
    version: str
    started_at: str
    ended: bool
    """Whether the pass came to its end."""
    writes: tuple[JournaledWrite, ...] = field(default_factory=tuple)
    """In the order in which they were begun; a run whose write was begun anew stands again."""
    came_back: tuple[str, ...] = ()
    """Runs that an earlier pass had called over, found alive."""
    looked_after: tuple[str, ...] = ()
    """Runs of which an earlier pass had left a write open."""
    process: ProcessIdentity | None = None
    """Whose journal it is; None in journals of earlier janitors."""


def read_journal(path: Path) -> JournalRecord:
    """Read a journal back, also that of a pass that was killed.

    Raises:
        JournalError: it is no journal, or of another schema version.

    """
    records = read_log(path, error=JournalError).records
    if not records or records[0].get("schema") != SCHEMA:
        raise JournalError(f"{path} is no journal that this janitor reads ({SCHEMA})")
    try:
        return _read_records(path, *records)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise JournalError(f"{path} is malformed: {error!r}") from error


def _read_records(
    path: Path, head: Mapping[str, Any], *records: Mapping[str, Any]
) -> JournalRecord:
    writes: list[JournaledWrite] = []
    latest: dict[str, JournaledWrite] = {}
    came_back: list[str] = []
    looked_after: list[str] = []
    ended = False
    for record in records:
        match record.get("event"):
            case "intent":
                write = _read_intent(record)
                writes.append(write)
                latest[write.run] = write
            case "outcome" if (known := latest.get(record["run"])) is not None:
                known.outcome, known.error = record["outcome"], record["error"]
            case "came_back":
                came_back.append(record["run"])
            case "looked_after":
                looked_after.append(record["run"])
            case "end":
                ended = True
    return JournalRecord(
        path=path,
        command=head["command"],
        namespace=head["namespace"],
        version=head["version"],
        started_at=head["started_at"],
        ended=ended,
        writes=tuple(writes),
        came_back=tuple(came_back),
        looked_after=tuple(looked_after),
        process=ProcessIdentity.model_validate(found) if (found := head.get("process")) else None,
    )


def _read_intent(record: Mapping[str, Any]) -> JournaledWrite:
    return JournaledWrite(
        run=record["run"],
        name=record["name"],
        wandb_state=record["wandb_state"],
        form=Form(record["form"]),
        before=dict(record["before"]),
        after=dict(record["after"]),
        at=record["at"],
        covered=dict(record.get("covered", {})),
        put_back=dict(record.get("put_back", {})),
        written=record.get("written"),
        heartbeat_at=record.get("heartbeat_at"),
        history_lines=record.get("history_lines"),
    )


def journals(folder: Path) -> list[Path]:
    """The journals of a folder, the oldest first."""
    return sorted(folder.glob(_FILE_NAME.format("*")), key=_age)


def _age(path: Path) -> tuple[str, int, str]:
    """The moment in a journal's name, then its number among those of that moment."""
    return path.stem.partition("Z")[0], len(path.stem), path.stem


def _new_path(folder: Path, started: datetime) -> Path:
    stem = f"{started:%Y%m%dT%H%M%S.%fZ}"
    numbered = (f"{stem}-{number}" for number in count(2))
    return next(
        path
        for name in chain([stem], numbered)
        if not (path := folder / _FILE_NAME.format(name)).exists()
    )


def _drop_oldest(folder: Path, ours: Path) -> None:
    """Drop all but the last; never ours, whatever the clock said when the others were named."""
    others = [path for path in journals(folder) if path != ours]
    for path in others[: 1 - KEPT]:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise JournalError(f"cannot drop the old journal {path}: {error.strerror}") from error
