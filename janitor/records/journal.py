"""The journal: the values before each write, on disk before the write begins.

JSON lines, one file for each pass:

    {"event": "pass", "schema": "janitor.journal/1", "command": "fix", …}
    {"event": "intent", "run": "E/P/R", "form": "flat", "before": {…}, "after": {…}, "at": "…Z"}
    {"event": "outcome", "run": "E/P/R", "outcome": "written", "error": null, "at": "…Z"}
    {"event": "end", …}

A key in ``after`` that is not in ``before`` did not exist; a key in ``before`` that is not in
``after`` was removed. An intent without an outcome may have been written: the pass was killed in
between. The next pass checks it (:mod:`janitor.pipeline.recovery`) and records ``looked_after``.

An intent with ``covered`` and ``put_back`` corrects the write before it, which had covered what the
run's own process sent meanwhile: these keys are given back to the run. Its ``before`` is what the
run would hold if the janitor had not written.

Within ``/1`` fields are only added: a field that this version does not know is skipped, and one
that is missing has a default.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, TypeAdapter, ValidationError

from janitor.errors import JournalError
from janitor.model import Liveness, Outcome
from janitor.model.summary import Form
from janitor.records.base import Text, Values
from janitor.records.report import ReportedOutage
from janitor.runtime.processes import ProcessIdentity
from janitor.storage.invalid import first_mistake
from janitor.storage.log import read_log

SCHEMA: Final = "janitor.journal/1"
FILE_NAME: Final = "janitor-{}.jsonl"


class _Record(BaseModel):
    """Frozen. Fields of later versions are skipped."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class PassBegan(_Record):
    """The first record: which pass this is."""

    event: Literal["pass"] = "pass"
    schema_: Literal["janitor.journal/1"] = Field(default=SCHEMA, alias="schema")
    command: Text
    namespace: Text
    version: Text
    """The janitor's."""
    started_at: Text
    """UTC."""
    process: ProcessIdentity | None = None
    """The process that writes the journal; None in journals of earlier janitors."""


class Intent(_Record):
    """A write that is about to begin."""

    event: Literal["intent"] = "intent"
    run: Text
    """ENTITY/PROJECT/RUN."""
    name: Text
    wandb_state: Text
    """W&B's state of the run at that moment."""
    heartbeat_at: Any = None
    """The run's last heartbeat before the write."""
    history_lines: int | None = None
    """How many steps of history the run had then."""
    form: Form
    before: Values
    after: Values
    covered: Values | None = None
    """The run's own keys that the write before this one had covered, with the values that this
    write had put there. Only in an intent that corrects a write."""
    put_back: Values | None = None
    """The same keys with the values that are given back."""
    written: Text | None = None
    """The digest of the whole summary that is sent; None in journals of earlier janitors."""
    at: Text
    """UTC."""


class Settled(_Record):
    """The outcome of the last write to a run."""

    event: Literal["outcome"] = "outcome"
    run: Text
    outcome: Text
    error: Text | None
    at: Text | None = None


class CameBack(_Record):
    """A run that an earlier pass had closed was found alive."""

    event: Literal["came_back"] = "came_back"
    run: Text
    at: Text | None = None


class LookedAfter(_Record):
    """The open writes of earlier passes to a run are settled."""

    event: Literal["looked_after"] = "looked_after"
    run: Text
    at: Text | None = None


class OutageFound(_Record):
    """An outage began or ended."""

    event: Literal["outage"] = "outage"
    outage: ReportedOutage
    at: Text | None = None


class PassEnded(_Record):
    """The last record of a pass that was not killed."""

    event: Literal["end"] = "end"
    interrupted: Text | None = None
    at: Text | None = None


Record = PassBegan | Intent | Settled | CameBack | LookedAfter | OutageFound | PassEnded
RECORD: Final[TypeAdapter[Record]] = TypeAdapter(Annotated[Record, Discriminator("event")])
"""Reads one line of a journal."""
_EVENTS: Final = frozenset(
    {"pass", "intent", "outcome", "came_back", "looked_after", "outage", "end"}
)


@dataclass(slots=True)
class JournaledWrite:
    """One write, as a journal records it; the fields of an :class:`Intent`, and the outcome."""

    run: str
    name: str
    wandb_state: str
    form: Form
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    at: str
    outcome: str | None = None
    """None if the pass ended in between: it may have been written."""
    error: str | None = None
    covered: Mapping[str, Any] = field(default_factory=dict)
    put_back: Mapping[str, Any] = field(default_factory=dict)
    written: str | None = None
    heartbeat_at: Any = None
    history_lines: int | None = None

    @property
    def is_settled(self) -> bool:
        """Whether it is known to have arrived, and to have covered nothing that is not put back.

        A write that was superseded before its answer came may still arrive.
        """
        return self.outcome == Outcome.WRITTEN or (
            bool(self.put_back) and self.outcome == Outcome.SUPERSEDED
        )


@dataclass(frozen=True, slots=True)
class JournalRecord:
    """A journal, read back."""

    path: Path
    command: str
    namespace: str
    version: str
    started_at: str
    ended: bool
    """Whether the pass ended by itself."""
    writes: tuple[JournaledWrite, ...] = field(default_factory=tuple)
    """In the order in which they were begun; a write that was tried again is listed again."""
    came_back: tuple[str, ...] = ()
    """Runs that an earlier pass had closed, found alive."""
    looked_after: tuple[str, ...] = ()
    """Runs whose open writes of earlier passes are settled."""
    outages: tuple[ReportedOutage, ...] = ()
    """Outages whose beginning or end the pass found."""
    process: ProcessIdentity | None = None
    """The process that wrote it; None in journals of earlier janitors."""

    @property
    def liveness(self) -> Liveness:
        """Whether its pass is still running."""
        if self.ended:
            return Liveness.DEAD
        return Liveness.UNKNOWN if self.process is None else self.process.liveness()


def read_journal(path: Path, *, found: bool = False) -> JournalRecord:
    """Read a journal back, also that of a pass that was killed.

    Args:
        path: The file.
        found: Whether it was found in a folder, and not named by the user. Then it must belong to
            the user who runs this process, and must not be a symbolic link.

    Raises:
        JournalError: it cannot be read, is not a journal, or is of another schema version.

    """
    lines = read_log(path, follow=not found, owned=found, error=JournalError).records
    if not lines or lines[0].get("schema") != SCHEMA:
        raise JournalError(f"{path} is not a journal that this janitor reads ({SCHEMA})")
    try:
        known = (line for line in lines if line.get("event") in _EVENTS)
        head, *records = map(RECORD.validate_python, known)
    except (ValidationError, TypeError) as error:
        raise JournalError(f"{path} is malformed: {_first(error)}") from error
    if not isinstance(head, PassBegan):
        raise JournalError(f"{path} is malformed: its first record does not describe the pass")
    return _collected(path, head, records)


def _first(error: ValidationError | TypeError) -> str:
    if isinstance(error, TypeError):
        return "the event of a record is not text"
    return first_mistake(error)


def _collected(path: Path, head: PassBegan, records: Iterable[Record]) -> JournalRecord:
    writes: list[JournaledWrite] = []
    latest: dict[str, JournaledWrite] = {}
    came_back: list[str] = []
    looked_after: list[str] = []
    outages: list[ReportedOutage] = []
    ended = False
    for record in records:
        match record:
            case Intent():
                write = _write(record)
                writes.append(write)
                latest[write.run] = write
            case Settled() if (known := latest.get(record.run)) is not None:
                known.outcome, known.error = record.outcome, record.error
            case CameBack():
                came_back.append(record.run)
            case LookedAfter():
                looked_after.append(record.run)
            case OutageFound():
                outages.append(record.outage)
            case PassEnded():
                ended = True
    return JournalRecord(
        path=path,
        command=head.command,
        namespace=head.namespace,
        version=head.version,
        started_at=head.started_at,
        ended=ended,
        writes=tuple(writes),
        came_back=tuple(came_back),
        looked_after=tuple(looked_after),
        outages=tuple(outages),
        process=head.process,
    )


def _write(intent: Intent) -> JournaledWrite:
    fields = dict(intent)
    del fields["event"]
    covered, put_back = intent.covered or {}, intent.put_back or {}
    return JournaledWrite(**fields | {"covered": covered, "put_back": put_back})


def journals(folder: Path) -> list[Path]:
    """The journals of a folder by their names, the oldest first; none if there is no folder.

    Anything can have such a name: read each with ``read_journal(…, found=True)``.
    """
    return sorted(folder.glob(FILE_NAME.format("*")), key=_age)


def _age(path: Path) -> tuple[str, int, str]:
    """The moment in a journal's name, then its number among those of that moment."""
    return path.stem.partition("Z")[0], len(path.stem), path.stem
