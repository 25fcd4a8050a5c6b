"""The attempts to write one run; remembers the last write that was sent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from janitor.errors import NotFoundError, StoreError, TransientError
from janitor.model import Outcome, RunInfo
from janitor.pipeline.plan import Withdrawn
from janitor.pipeline.repair.attempt import Attempt, Result
from janitor.pipeline.repair.proposal import Proposal

if TYPE_CHECKING:
    from janitor.pipeline.repair.writer import Writer

_READS: Final = 4
"""How often a read that is too old is replaced by a new one, in one attempt."""
WENT_ON: Final = (
    "the run's process went on from what the janitor wrote: what it had sent right before may be"
    " lost"
)


class Trial:
    """The attempts at one run.

    Args:
        writer: Reads, writes and records.
        proposal: What to write.

    """

    def __init__(self, writer: Writer, proposal: Proposal) -> None:
        self._writer = writer
        self._proposal = proposal
        self._sent: Attempt | None = None
        self._sent_since = 0.0

    def run(self, fresh: RunInfo | StoreError | None, read_at: float) -> Attempt | Result:
        """One attempt, on the given read, or on a new one where that is too old.

        Raises:
            StoreError: the run cannot be read, or the write failed.
            JournalError: the write cannot be recorded; it was not sent.

        """
        age = self._writer.read_age
        for _ in range(_READS):
            if self._writer.should_stop() or self._writer.is_refused(self._proposal.path):
                return self._stopped()
            if fresh is None or age.is_too_old(read_at):
                read_at = age.now()
                fresh = self._writer.read([self._proposal.path])[self._proposal.path]
            decided = self._decide(fresh)
            if not isinstance(decided, _Ready):
                return decided
            if self._send(decided.attempt, read_at):
                return replace(decided.attempt, window=age.since(read_at))
            fresh = None
        if self._writer.should_stop():
            return self._stopped()
        return self.ended(
            Outcome.FAILED,
            f"not written: each of {_READS} fresh reads was older than {age.limit:.3g} s when the"
            " write was to be sent; see max_read_age",
        )

    def _decide(self, fresh: RunInfo | StoreError) -> _Ready | Attempt | Result:
        """The write to send to a run as it is now, or what became of it otherwise."""
        if isinstance(fresh, NotFoundError):
            raise fresh
        if isinstance(fresh, StoreError):
            # The store itself retries reads: here their failure is final.
            raise StoreError(str(fresh)) from fresh
        if fresh.defect is not None:
            return self.ended(Outcome.SUPERSEDED, f"its summary cannot be read: {fresh.defect}")
        if (known := self._found_out(fresh)) is not None:
            return known
        now = self._writer.clock.now()
        edits = self._proposal.edits(fresh, now)
        if isinstance(edits, Withdrawn):
            return self.ended(Outcome.SUPERSEDED, edits.reason, edits.state)
        try:
            written = edits.applied(fresh.summary)
        except ValueError as error:
            return self.ended(Outcome.FAILED, str(error))
        before = edits.before(fresh.summary)
        return _Ready(Attempt(self._proposal, fresh, edits, before, written, now))

    def _send(self, attempt: Attempt, read_at: float) -> bool:
        """Record the write and send it; False where its read was too old for that.

        The age is checked on both sides of the journal entry: a slow disk may take seconds.
        """
        writer, path = self._writer, self._proposal.path
        if writer.read_age.is_too_old(read_at):
            return False
        if self._sent is not None:
            writer.journal.settle(path, Outcome.FAILED, "not there; tried again")
        writer.journal.intend(attempt.run, attempt.edits, attempt.before, attempt.at)
        if writer.read_age.is_too_old(read_at) or writer.may_not_send():
            writer.journal.settle(path, Outcome.FAILED, "not sent")
            return False
        self._sent, self._sent_since = attempt, read_at
        writer.began(attempt)
        writer.store.update_run_summary(attempt.run, attempt.written)
        return True

    def _stopped(self) -> Attempt | Result:
        if self._sent is None:
            return Result(self._proposal.path, Outcome.PLANNED)
        return self.unanswered(TransientError("the pass was stopped"))

    def unanswered(self, error: Exception, unsent: str = "") -> Attempt | Result:
        """No answer came. A last read shows whether the last write was applied."""
        if self._sent is None:
            return Result(self._proposal.path, Outcome.FAILED, f"{unsent}{error}")
        path = self._proposal.path
        found = self._writer.read([path])[path]
        known = self._found_out(found) if isinstance(found, RunInfo) else None
        return known or self.ended(Outcome.FAILED, f"may have been written: {error}")

    def ended(self, outcome: Outcome, message: str, state: str | None = None) -> Result:
        """The result of a run that is not written any more, with the write that was sent."""
        if self._sent is None:
            return Result(self._proposal.path, outcome, message, state=state)
        return replace(self._sent.result(outcome, message), state=state)

    def _found_out(self, found: RunInfo) -> Attempt | Result | None:
        """What became of the last write whose answer was lost, as far as the run shows it.

        The attempt itself where it was applied; None where nothing of it is there.
        """
        if self._sent is None:
            return None
        if self._sent.edits.stand_in(found.summary):
            return replace(self._sent, window=self._writer.read_age.since(self._sent_since))
        if self._sent.marks_in(found):
            return self.ended(Outcome.FAILED, WENT_ON)
        return None


@dataclass(frozen=True, slots=True)
class _Ready:
    """A write that may be sent."""

    attempt: Attempt
