"""One run's write: fresh read, decision, journal, write; begun anew where it may pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Event
from time import monotonic
from typing import Any, Final

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from janitor.edits import Edits
from janitor.errors import JournalError, NotFoundError, StoreError, TransientError
from janitor.model import Outcome, RunInfo
from janitor.plan import Withdrawn
from janitor.ports import Clock
from janitor.repair.parts import Journal, Proposal, RepairStore, Result
from janitor.summary import Path

_WRITES_END: Final = 8.0
"""Seconds after which a pass that was asked to end waits for no write any more."""
_READS_END: Final = 9.3
"""The same for reading back what was written."""


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
    window: float
    at: datetime
    """The moment of the judgement behind it."""

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
    _halted: Event = field(default_factory=Event)
    _under_way: dict[str, Attempt] = field(default_factory=dict)

    def should_stop(self) -> bool:
        """Whether no new write may begin."""
        return self._halted.is_set() or self.stop_requested()

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
            except JournalError:
                self._halted.set()
        return result

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
            return Result(proposal, Outcome.SUPERSEDED, str(error))
        except JournalError as error:
            self._halted.set()
            return Result(proposal, Outcome.FAILED, f"not written: {error}")
        except TransientError as error:
            return trial.unanswered(error)
        except StoreError as error:
            return trial.failed(str(error))
        raise AssertionError("unreachable: tenacity re-raises")


class _Trial:
    """The attempts at one run; remembers the last write that was sent."""

    def __init__(self, writer: Writer, proposal: Proposal) -> None:
        self._writer = writer
        self._proposal = proposal
        self._sent: Attempt | None = None

    def run(self, fresh: RunInfo | StoreError | None, read_at: float) -> Attempt | Result:
        writer, proposal = self._writer, self._proposal
        if writer.should_stop():
            return self._stopped()
        if fresh is None:
            read_at = monotonic()
            fresh = writer.store.fetch_summaries([proposal.path])[proposal.path]
        if isinstance(fresh, NotFoundError):
            raise fresh
        if isinstance(fresh, StoreError):
            # Reads are asked again by the store itself: here their failure is final.
            raise StoreError(str(fresh)) from fresh
        if self._sent is not None and self._sent.edits.stand_in(fresh.summary):
            return self._sent  # the write was applied and its answer lost
        now = writer.clock.now()
        edits = proposal.edits(fresh, now)
        if isinstance(edits, Withdrawn):
            return Result(proposal, Outcome.SUPERSEDED, edits.reason, state=edits.state)
        try:
            written = edits.applied(fresh.summary)
        except ValueError as error:
            return Result(proposal, Outcome.FAILED, str(error))
        before = edits.before(fresh.summary)
        writer.journal.intend(fresh, edits, before, now)
        self._sent = Attempt(proposal, fresh, edits, before, written, 0.0, now)
        writer.began(self._sent)
        writer.store.update_run_summary(fresh, written)
        return replace(self._sent, window=monotonic() - read_at)

    def _stopped(self) -> Attempt | Result:
        if self._sent is None:
            return Result(self._proposal, Outcome.PLANNED)
        return self.unanswered(TransientError("the pass was stopped"))

    def unanswered(self, error: TransientError) -> Attempt | Result:
        """No answer was had. Whether the last write was applied, a last look tells."""
        if self._sent is None:
            return Result(self._proposal, Outcome.FAILED, str(error))
        path = self._proposal.path
        found = self._writer.store.fetch_summaries([path])[path]
        if isinstance(found, RunInfo) and self._sent.edits.stand_in(found.summary):
            return self._sent
        return self.failed(f"may have been written: {error}")

    def failed(self, message: str) -> Result:
        """The result of a failure, with the write that was begun."""
        if self._sent is None:
            return Result(self._proposal, Outcome.FAILED, message)
        return self._sent.result(Outcome.FAILED, message)
