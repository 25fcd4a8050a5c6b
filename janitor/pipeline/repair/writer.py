"""One run's write: fresh read, decision, journal, write; begun anew where it may pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import monotonic
from typing import Any, Final

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from janitor.errors import (
    JournalError,
    NotFoundError,
    PermissionDeniedError,
    StoreError,
    TransientError,
)
from janitor.model import Outcome, RunInfo
from janitor.model import summary as summaries
from janitor.model.ports import Clock
from janitor.model.summary import ABSENT, Path
from janitor.pipeline.edits import Edits
from janitor.pipeline.plan import Withdrawn
from janitor.pipeline.repair.protocols import Journal, Proposal, RepairStore, Result
from janitor.records.keys import key_of

_WRITES_END: Final = 8.0
"""Seconds after which a pass that was asked to end waits for no write any more."""
_READS_END: Final = 9.3
"""The same for reading back what was written."""
_NAMED: Final = 5
NOT_PERMITTED: Final = "not written: this login has no write permission here"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A write that the server took, not yet read back."""

    proposal: Proposal
    run: RunInfo
    """As it was read right before."""
    edits: Edits
    before: Mapping[Path, Any]
    written: Mapping[str, Any]
    """The whole summary that was sent."""
    at: datetime
    """The moment of the judgement behind it."""
    window: float | None = None
    """Seconds between the fresh read's start and the write's answer; None where none came."""

    def lacking(self, found: RunInfo) -> str | None:
        """The places where the run now differs from what was sent, by name; None for none."""
        paths = [path for path, _, _ in summaries.differences(self.written, found.summary)]
        if not paths:
            return None
        names = sorted(key_of(path, self.edits.form) for path in paths)
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        return ", ".join(names[:_NAMED]) + more

    def lost(self, found: RunInfo) -> list[str]:
        """The places of others that the server lost by this write, which it took as to our own."""
        if not self.edits.stand_in(found.summary):
            return []
        return sorted(
            key_of(path, self.edits.form)
            for path, _, now in summaries.differences(self.written, found.summary)
            if now is ABSENT or now is None
        )

    def result(self, outcome: Outcome, error: str | None = None) -> Result:
        """What became of it."""
        return Result(
            self.proposal, outcome, error, self.edits, self.before, began=True, window=self.window
        )


@dataclass(slots=True)
class Writer:
    """Carries out single proposals; safe from many threads.

    Args:
        store: Where the runs live.
        clock: Gives the time of each judgement and write.
        journal: Told before and after each write.
        stop_requested: Asked before each write; once it says yes, no new write begins.
        patience: Of so many seconds since the pass was asked to end, what is left; None where it
            was not asked.
        sleep: Waits between two attempts; given seconds.
        attempts: How often a write that may pass is begun, each time with a fresh read.

    """

    store: RepairStore
    clock: Clock
    journal: Journal
    stop_requested: Callable[[], bool]
    patience: Callable[[float], float | None]
    sleep: Callable[[float], None]
    attempts: int = 4
    halted: str | None = None
    """Why no write begins any more, whatever the pass was asked to do."""
    refusals: dict[str, str] = field(default_factory=dict)
    """Projects in which this login may not write, and what the server says there."""
    _under_way: dict[str, Attempt] = field(default_factory=dict)

    def should_stop(self) -> bool:
        """Whether no new write may begin."""
        return self.halted is not None or self.stop_requested()

    def halt(self, why: JournalError | str) -> None:
        """Begin no more writes: what they do could not be told, or is known to do harm."""
        told = f"the journal could not tell of it: {why}" if isinstance(why, JournalError) else why
        self.halted = self.halted or told

    def read(self, paths: Sequence[str]) -> Mapping[str, RunInfo | StoreError]:
        """The runs as they are now; the store's error for each where it cannot be asked at all."""
        try:
            return self.store.fetch_summaries(paths)
        except StoreError as error:
            return dict.fromkeys(paths, error)

    def write_patience(self) -> float | None:
        """How long an answer to a write may still be waited for, in seconds."""
        return self.patience(_WRITES_END)

    def read_patience(self) -> float | None:
        """How long an answer to a read may still be waited for, in seconds."""
        return self.patience(_READS_END)

    def began(self, attempt: Attempt) -> None:
        """A write is about to be sent."""
        self._under_way[attempt.proposal.path] = attempt

    def abandoned(self, proposal: Proposal) -> Result:
        """The result of a run whose answer could not be waited for."""
        attempt = self._under_way.get(proposal.path)
        if attempt is None:
            return Result(proposal, Outcome.PLANNED)
        return attempt.result(
            Outcome.FAILED, "may have been written: no answer came before the pass had to end"
        )

    def settled(self, result: Result) -> Result:
        """The result, recorded in the journal where a write had begun."""
        if result.began:
            try:
                self.journal.settle(result.proposal.path, result.outcome, result.error)
            except JournalError as error:
                self.halt(error)
        return result

    def record_return(self, path: str) -> None:
        """Record in the journal that a run which an earlier pass called over was found alive."""
        self._record(self.journal.came_back, path)

    def record_looked_after(self, path: str) -> None:
        """Record in the journal that what an earlier pass left open of a run is settled."""
        self._record(self.journal.looked_after, path)

    def _record(self, record: Callable[[str], None], path: str) -> None:
        try:
            record(path)
        except JournalError as error:
            self.halt(error)

    def carry_out(
        self, proposal: Proposal, fresh: RunInfo | StoreError | None, read_at: float
    ) -> Attempt | Result:
        """Write one run.

        Args:
            proposal: What to write.
            fresh: The run as a batch just read it; None to read it here, alone.
            read_at: When that batch was asked for, on the monotonic clock.

        """
        trial = _Trial(self, proposal)
        if isinstance(fresh, RunInfo) and not fresh.wandb_state.has_ended:
            fresh = None  # it came back: what a batch read is too old for it
        retrying = Retrying(
            stop=stop_after_attempt(self.attempts),
            wait=wait_random_exponential(multiplier=0.5, max=8),
            retry=retry_if_exception_type(TransientError),
            sleep=self.sleep,
            reraise=True,
        )
        try:
            for attempt in retrying:
                with attempt:
                    if attempt.retry_state.attempt_number > 1:
                        fresh = None
                    return trial.run(fresh, read_at)
        except NotFoundError as error:
            return trial.ended(Outcome.SUPERSEDED, str(error))
        except JournalError as error:
            self.halt(error)
            return trial.unanswered(error, "not written: ")
        except TransientError as error:
            return trial.unanswered(error)
        except PermissionDeniedError as error:
            self.refusals.setdefault(proposal.path.rpartition("/")[0], str(error))
            return Result(proposal, Outcome.FAILED, NOT_PERMITTED, began=True)
        except StoreError as error:
            return trial.ended(Outcome.FAILED, str(error))
        raise AssertionError("unreachable: tenacity re-raises")


class _Trial:
    """The attempts at one run; remembers the last write that was sent."""

    def __init__(self, writer: Writer, proposal: Proposal) -> None:
        self._writer = writer
        self._proposal = proposal
        self._sent: Attempt | None = None
        self._sent_since = 0.0

    def run(self, fresh: RunInfo | StoreError | None, read_at: float) -> Attempt | Result:
        writer, proposal = self._writer, self._proposal
        if writer.should_stop() or proposal.path.rpartition("/")[0] in writer.refusals:
            return self._stopped()
        if fresh is None:
            read_at = monotonic()
            fresh = writer.read([proposal.path])[proposal.path]
        if isinstance(fresh, NotFoundError):
            raise fresh
        if isinstance(fresh, StoreError):
            # Reads are asked again by the store itself: here their failure is final.
            raise StoreError(str(fresh)) from fresh
        if fresh.defect is not None:
            return self.ended(Outcome.SUPERSEDED, f"its summary cannot be read: {fresh.defect}")
        if (applied := self._applied(fresh)) is not None:
            return applied
        now = writer.clock.now()
        edits = proposal.edits(fresh, now)
        if isinstance(edits, Withdrawn):
            return self.ended(Outcome.SUPERSEDED, edits.reason, edits.state)
        try:
            written = edits.applied(fresh.summary)
        except ValueError as error:
            return self.ended(Outcome.FAILED, str(error))
        before = edits.before(fresh.summary)
        if self._sent is not None:
            writer.journal.settle(proposal.path, Outcome.FAILED, "not there; begun anew")
        writer.journal.intend(fresh, edits, before, now)
        self._sent = Attempt(proposal, fresh, edits, before, written, now)
        self._sent_since = read_at
        writer.began(self._sent)
        writer.store.update_run_summary(fresh, written)
        return replace(self._sent, window=monotonic() - read_at)

    def _stopped(self) -> Attempt | Result:
        if self._sent is None:
            return Result(self._proposal, Outcome.PLANNED)
        return self.unanswered(TransientError("the pass was stopped"))

    def unanswered(self, error: Exception, unsent: str = "") -> Attempt | Result:
        """No answer was had. Whether the last write was applied, a last look tells."""
        if self._sent is None:
            return Result(self._proposal, Outcome.FAILED, f"{unsent}{error}")
        path = self._proposal.path
        found = self._writer.read([path])[path]
        applied = self._applied(found) if isinstance(found, RunInfo) else None
        return applied or self.ended(Outcome.FAILED, f"may have been written: {error}")

    def ended(self, outcome: Outcome, message: str, state: str | None = None) -> Result:
        """The result of a run that is not written any more, with the write that was begun."""
        if self._sent is None:
            return Result(self._proposal, outcome, message, state=state)
        return replace(self._sent.result(outcome, message), state=state)

    def _applied(self, found: RunInfo) -> Attempt | None:
        """The last write, if it was applied and only its answer lost."""
        if self._sent is None or not self._sent.edits.stand_in(found.summary):
            return None
        return replace(self._sent, window=monotonic() - self._sent_since)
