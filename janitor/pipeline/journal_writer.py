"""The journal as a pass writes it; its records are in :mod:`janitor.records.journal`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Any

from janitor import __version__
from janitor.errors import JournalError, UsageError
from janitor.model import Outcome, RunInfo
from janitor.model import summary as summaries
from janitor.model.ports import Clock
from janitor.model.summary import Form
from janitor.model.summary import Path as Place
from janitor.pipeline.edits import Edits
from janitor.pipeline.plan import named
from janitor.pipeline.retention import Retention, drop_old_journals
from janitor.records.base import fields_of
from janitor.records.journal import (
    FILE_NAME,
    CameBack,
    Intent,
    LookedAfter,
    OutageFound,
    PassBegan,
    PassEnded,
    Record,
    Settled,
)
from janitor.records.json_text import format_time
from janitor.records.report import ReportedOutage
from janitor.runtime.processes import this_process
from janitor.runtime.redaction import redactor_of_process
from janitor.storage.atomic import check_writable, make_folder
from janitor.storage.log import AppendOnlyLog
from janitor.storage.untrusted import check_private_folder


class PassJournal:
    """The journal of one pass. Safe from many threads.

    The file is made with the first write: a pass that writes nothing leaves no journal.

    Args:
        folder: The folder of the journals; made where it is missing (0700).
        clock: The pass's own.
        command: What is being done: fix, apply, undo.
        namespace: The one under which our keys are.
        retention: How long earlier journals are kept.

    Raises:
        UsageError: no file can be made in the folder, or other users can put files there.

    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        *,
        command: str,
        namespace: str,
        retention: Retention | None = None,
    ) -> None:
        self._clock = clock
        self._started = clock.now()
        self._about = {"command": command, "namespace": namespace, "version": __version__}
        self._folder = folder
        self._retention = retention or Retention()
        self._lock = Lock()
        self._log: AppendOnlyLog | None = None
        self._is_closed = False
        make_folder(folder, error=UsageError)
        check_private_folder(folder)
        check_writable(folder / FILE_NAME.format("check"), error=UsageError)

    @property
    def path(self) -> Path | None:
        """The journal's file; None while nothing is written."""
        return None if self._log is None else self._log.path

    def intend(
        self,
        run: RunInfo,
        edits: Edits,
        before: Mapping[Place, Any],
        at: datetime,
        put_back: Mapping[Place, Any] = MappingProxyType({}),
    ) -> None:
        """Record a write that is about to begin; on return it is on disk.

        ``put_back`` is what the janitor's first write had covered and this one gives back to the
        run. It is not a change of the janitor, so no undo removes it.

        Raises:
            JournalError: it is not, and the write must not begin.

        """
        covered = {place: summaries.get(run.summary, place) for place in put_back}
        written = summaries.edited(edits.applied(run.summary), put_back)
        self._append(
            Intent(
                run=run.path,
                name=redactor_of_process().in_data(run.name),
                wandb_state=run.wandb_state,
                heartbeat_at=run.heartbeat_at,
                history_lines=run.history_lines,
                form=edits.form,
                before=named(before, edits.form),
                after=named(edits.values, edits.form),
                covered=named(covered, Form.FLAT) if put_back else None,
                put_back=named(put_back, Form.FLAT) if put_back else None,
                written=summaries.digest(written),
                at=format_time(at),
            )
        )

    def settle(self, path: str, outcome: Outcome, error: str | None) -> None:
        """Record the outcome of a write that :meth:`intend` announced."""
        settled = Settled(run=path, outcome=outcome.value, error=error, at=self._now())
        self._append(settled, use_headroom=True)

    def came_back(self, path: str) -> None:
        """Record that a run which an earlier pass had closed was found alive."""
        self._append(CameBack(run=path, at=self._now()))

    def looked_after(self, path: str) -> None:
        """Record that the open writes of earlier passes to a run are settled."""
        self._append(LookedAfter(run=path, at=self._now()))

    def outage(self, outage: ReportedOutage) -> None:
        """Record the beginning or the end of an outage."""
        self._append(OutageFound(outage=outage, at=self._now()))

    def close(self, interrupted: str | None = None) -> None:
        """Record that the pass has ended; does nothing the second time.

        Raises:
            JournalError: the journal is not as this pass left it, or the disk is full.

        """
        with self._lock:
            log = None if self._is_closed else self._log
            self._is_closed = True
        if log is not None:
            try:
                end = PassEnded(interrupted=interrupted, at=self._now())
                log.append(_line(end), use_headroom=True)
            finally:
                log.close()

    def _append(self, record: Record, *, use_headroom: bool = False) -> None:
        self._opened().append(_line(record), use_headroom=use_headroom)

    def _opened(self) -> AppendOnlyLog:
        with self._lock:
            if self._log is None:
                self._check_folder()
                log = AppendOnlyLog(_new_path(self._folder, self._started), error=JournalError)
                began = PassBegan(
                    **self._about, started_at=format_time(self._started), process=this_process()
                )
                log.append(_line(began))
                self._log = log
                drop_old_journals(self._folder, log.path, self._retention)
            return self._log

    def _check_folder(self) -> None:
        """Look again right before the file is made: the pass may have begun long ago."""
        try:
            check_private_folder(self._folder)
        except UsageError as error:
            raise JournalError(str(error)) from error

    def _now(self) -> str:
        return format_time(self._clock.now())


def _line(record: Record) -> dict[str, Any]:
    """A record as a line of the file holds it."""
    fields = fields_of(record)
    match record:
        case PassBegan(process=process) if process is not None:
            fields["process"] = process.model_dump()
        case OutageFound(outage=outage):
            fields["outage"] = outage.model_dump(mode="json")
        case Intent(put_back=None):
            del fields["covered"], fields["put_back"]
    return fields


def _new_path(folder: Path, started: datetime) -> Path:
    stem = f"{started:%Y%m%dT%H%M%S.%fZ}"
    names = chain([stem], (f"{stem}-{number}" for number in count(2)))
    paths = (folder / FILE_NAME.format(name) for name in names)
    return next(path for path in paths if not path.exists())
