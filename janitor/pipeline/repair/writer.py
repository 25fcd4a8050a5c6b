"""Writes single runs: fresh read, decision, journal, write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from janitor.errors import (
    CredentialsError,
    JournalError,
    NotFoundError,
    PermissionDeniedError,
    StoreError,
    TransientError,
)
from janitor.model import Outcome, RunInfo
from janitor.model.ports import Clock, Store
from janitor.pipeline.journal_writer import PassJournal
from janitor.pipeline.repair.attempt import Attempt, Result
from janitor.pipeline.repair.heartbeats import Heartbeats
from janitor.pipeline.repair.proposal import Proposal
from janitor.pipeline.repair.read_age import ReadAge
from janitor.pipeline.repair.trial import Trial
from janitor.records.report import ReportedOutage

_WRITES_END: Final = 8.0
"""Seconds after a request to end the pass; then no answer to a write is waited for."""
_READS_END: Final = 9.3
"""The same for reading back what was written."""
_OWN_WAIT: Final = wait_random_exponential(multiplier=0.5, max=8)
_LONGEST_WAIT: Final = 60.0
"""Seconds that a server is given that asks to be tried again later."""
MOST_ALTERED: Final = 3
NOT_PERMITTED: Final = "not written: this login has no write permission here"


@dataclass(slots=True)
class Writer:
    """Carries out single proposals; safe from many threads.

    Args:
        store: Where the runs live.
        clock: Gives the time of each judgement and write.
        journal: Records each write before and after.
        stop_requested: Asked before each write; once it says yes, no new write begins.
        patience: What is left of so many seconds since the pass was asked to end; None if it was
            not asked.
        sleep: Waits between two attempts; given seconds.
        attempts: How often a write that may pass is tried, each time with a fresh read.
        read_age: Says which reads are too old for a write.

    """

    store: Store
    clock: Clock
    journal: PassJournal
    stop_requested: Callable[[], bool]
    patience: Callable[[float], float | None]
    sleep: Callable[[float], None]
    attempts: int = 4
    read_age: ReadAge = field(default_factory=ReadAge)
    heartbeats: Heartbeats = field(default_factory=Heartbeats)
    """Whether the server takes a write for a heartbeat, as far as this pass knows."""
    altered: int = 0
    """How many writes in a row came back with other values."""
    halted: str | None = None
    """Why no write begins any more, whatever the pass was asked to do."""
    refusals: dict[str, str] = field(default_factory=dict)
    """Projects in which this login may not write, and what the server says there."""
    _under_way: dict[str, Attempt] = field(default_factory=dict)

    def is_refused(self, path: str) -> bool:
        """Whether this login may not write the runs of this one's project."""
        return path.rpartition("/")[0] in self.refusals

    def should_stop(self) -> bool:
        """Whether no new write may begin."""
        return self.halted is not None or self.stop_requested()

    def may_not_send(self) -> bool:
        """Whether not even a write that is recorded may be sent: its answer is not waited for."""
        return self.halted is not None or self.write_patience() == 0

    def came_back(self, *, as_written: bool, path: str) -> None:
        """Note whether a write came back as it was written; halt after some in a row that did not.

        One may be overwritten by somebody else. Several in a row show a server that does not store
        what it is sent.
        """
        self.altered = 0 if as_written else self.altered + 1
        if self.altered >= MOST_ALTERED:
            self.halt(
                f"the server does not keep what the janitor writes: {self.altered} writes in a row"
                f" came back with other values, the last one of {path}"
            )

    def halt(self, why: JournalError | str) -> None:
        """Begin no more writes: they cannot be recorded, or they are known to do harm."""
        said = f"the journal cannot be kept: {why}" if isinstance(why, JournalError) else why
        self.halted = self.halted or said

    def read(self, paths: Sequence[str]) -> Mapping[str, RunInfo | StoreError]:
        """The runs as they are now; for each that cannot be read, the error that says why.

        An answer that names another run than the one asked for is such an error.
        """
        began = self.read_age.now()
        try:
            found = self.store.fetch_summaries(paths)
        except StoreError as error:
            return dict.fromkeys(paths, error)
        if any(isinstance(run, RunInfo) for run in found.values()):
            self.read_age.answered(began)
        return {path: _checked(path, found[path]) for path in paths}

    def write_patience(self) -> float | None:
        """How long an answer to a write may still be waited for, in seconds."""
        return self.patience(_WRITES_END)

    def read_patience(self) -> float | None:
        """How long an answer to a read may still be waited for, in seconds."""
        return self.patience(_READS_END)

    def began(self, attempt: Attempt) -> None:
        """A write is about to be sent."""
        self._under_way[attempt.run.path] = attempt

    def abandoned(self, path: str) -> Result:
        """The result of a run whose answer could not be waited for."""
        attempt = self._under_way.get(path)
        if attempt is None:
            return Result(path, Outcome.PLANNED)
        return attempt.result(
            Outcome.FAILED, "may have been written: no answer came before the pass had to end"
        )

    def settled(self, result: Result) -> Result:
        """The result, recorded in the journal if a write had begun."""
        if result.attempt is not None:
            try:
                self.journal.settle(result.path, result.outcome, result.error)
            except JournalError as error:
                self.halt(error)
        return result

    def record_return(self, path: str) -> None:
        """Record in the journal that a run which an earlier pass marked as ended is alive."""
        self._record(self.journal.came_back, path)

    def record_looked_after(self, path: str) -> None:
        """Record in the journal that what an earlier pass left open of a run is settled."""
        self._record(self.journal.looked_after, path)

    def record_outage(self, outage: ReportedOutage) -> None:
        """Record in the journal that an outage began or ended."""
        try:
            self.journal.outage(outage)
        except JournalError as error:
            self.halt(error)

    def conclude(self, interrupted: str | None) -> None:
        """Record in the journal that the pass has ended; ``halted`` says if that fails."""
        try:
            self.journal.close(interrupted)
        except JournalError as error:
            self.halt(error)

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
            read_at: When that batch was asked for, by the clock of :attr:`read_age`.

        """
        trial = Trial(self, proposal)
        if isinstance(fresh, RunInfo) and not fresh.wandb_state.has_ended:
            fresh = None  # it came back: what a batch read is too old for it
        retrying = Retrying(
            stop=stop_after_attempt(self.attempts),
            wait=_wait,
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
        except (CredentialsError, PermissionDeniedError) as error:
            self.refusals.setdefault(proposal.path.rpartition("/")[0], str(error))
            return trial.ended(Outcome.FAILED, NOT_PERMITTED)
        except StoreError as error:
            return trial.ended(Outcome.FAILED, str(error))
        raise AssertionError("unreachable: tenacity re-raises")


def _wait(state: RetryCallState) -> float:
    """Seconds until a write is tried again, with a new read: at least what the server asks for."""
    error = None if state.outcome is None else state.outcome.exception()
    asked = error.retry_after if isinstance(error, TransientError) else 0.0
    return max(_OWN_WAIT(state), min(asked, _LONGEST_WAIT))


def _checked(path: str, found: RunInfo | StoreError) -> RunInfo | StoreError:
    if isinstance(found, RunInfo) and found.path != path:
        return StoreError(f"the server answered with the run {found.path} instead of {path}")
    return found
