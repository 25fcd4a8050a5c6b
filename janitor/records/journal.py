"""The journal: what stood before each write, on disk before the write begins.

JSON lines, one file a pass:

    {"event": "pass", "schema": "janitor.journal/1", "command": "fix", …}
    {"event": "intent", "run": "E/P/R", "form": "flat", "before": {…}, "after": {…}, "at": "…Z"}
    {"event": "outcome", "run": "E/P/R", "outcome": "written", "error": null, "at": "…Z"}
    {"event": "end", …}

A key in ``after`` and not in ``before`` did not exist; one in ``before`` and not in ``after`` was
removed. An intent without an outcome may have been written: the pass was killed in between. The
next pass looks after it (:mod:`janitor.pipeline.recovery`), and says so with ``looked_after``.

An intent with ``covered`` and ``put_back`` mends the write before it, which had covered what the
run's own process sent meanwhile: these keys are given back to the run. Its ``before`` is what the
run would hold had the janitor not come by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from janitor.errors import JournalError
from janitor.model import Liveness
from janitor.model.summary import Form
from janitor.records.report import ReportedOutage
from janitor.runtime.processes import ProcessIdentity
from janitor.storage.log import read_log

SCHEMA: Final = "janitor.journal/1"
FILE_NAME: Final = "janitor-{}.jsonl"


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
    outages: tuple[ReportedOutage, ...] = ()
    """Outages of which it found the beginning or the end."""
    process: ProcessIdentity | None = None
    """Whose journal it is; None in journals of earlier janitors."""

    @property
    def liveness(self) -> Liveness:
        """Whether its pass is at work."""
        if self.ended:
            return Liveness.DEAD
        return Liveness.UNKNOWN if self.process is None else self.process.liveness()


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
    outages: list[ReportedOutage] = []
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
            case "outage":
                outages.append(ReportedOutage.model_validate(record["outage"]))
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
        outages=tuple(outages),
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
    return sorted(folder.glob(FILE_NAME.format("*")), key=_age)


def _age(path: Path) -> tuple[str, int, str]:
    """The moment in a journal's name, then its number among those of that moment."""
    return path.stem.partition("Z")[0], len(path.stem), path.stem
