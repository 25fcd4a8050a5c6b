"""ParallelScheduler: each free slot gets the next configuration. SequentialScheduler: one slot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from janitor.model.jobs import JobStatus
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Decision, Launch, Stop, Wait
from janitor.model.trial import Trial
from janitor.sweep.ports import Scheduler, Suggest, Suggestion
from janitor.sweep.schedulers.launches import first_launch
from janitor.sweep.schedulers.racing import dropped


@dataclass(frozen=True, slots=True)
class ParallelScheduler:
    """Launches new trials in the order of their numbers, as many as there are free slots.

    Every training runs to its end. With ``repeats``, the repeats of a configuration follow each
    other before the next configuration begins.
    """

    repeats: int = 1
    """How often each configuration is trained, each time with another seed."""
    is_sequential: bool = False
    """Whether there is one slot, whatever ``max_parallel_jobs`` says."""
    racing: float | None = None
    """The confidence with which configurations are dropped; see :mod:`.racing`. None: never."""
    sign: int = -1
    """1 to maximize the objective, -1 to minimize it; for racing."""

    batch: int | None = None
    """So many configurations are begun together, when all of the batch before are over."""

    def schedule(self, ledger: Ledger, free: int, suggest: Suggest) -> Sequence[Decision]:
        """New trials for the free slots, and stops of dropped repeats. A Wait says why no more."""
        dropped = {} if self.racing is None else self._dropped(ledger, self.racing)
        launches: list[Decision] = [
            Stop(trial.run, JobStatus.PRUNED, f"dropped: {dropped[trial.index]}")
            for trial in ledger.unfinished()
            if trial.index in dropped and not trial.is_over
        ]
        free += len(launches)  # what follows is counted below
        planned = ledger
        while len(launches) < free:
            launch = self._repeat(planned, dropped) or self._first(planned, suggest, dropped)
            if isinstance(launch, Wait):
                return [*launches, launch]
            launches.append(launch)
            if len(launches) < free:
                planned = planned.fork() if planned is ledger else planned
                planned.decide(launch)
        if not launches:
            return [Wait("every slot is occupied")]
        return launches

    def slots(self, max_parallel_jobs: int) -> int:
        """How many jobs may be queued or running at once."""
        return 1 if self.is_sequential else max_parallel_jobs

    @property
    def resource(self) -> str:
        """The step of each report; nothing depends on it."""
        return ""

    @property
    def keeps_best(self) -> bool:
        """Only values at milestones count."""
        return False

    def milestones(self, trial: Trial) -> Sequence[float]:  # noqa: ARG002 - the port's signature
        """None: what a training reports on the way does not matter."""
        return ()

    def is_trained(self, trial: Trial) -> bool:  # noqa: ARG002 - the port's signature
        """Always: there is one training per trial."""
        return True

    def _dropped(self, ledger: Ledger, confidence: float) -> dict[int, str]:
        return dropped(ledger, self.repeats, self.sign, confidence)

    def _repeat(self, ledger: Ledger, dropped: Mapping[int, str]) -> Launch | None:
        """The next repeat of the newest configuration; None if it gets no more."""
        newest = [trial for trial in ledger.trials.values() if trial.index == ledger.indexes - 1]
        if not newest or len(newest) >= self.repeats or ledger.indexes - 1 in dropped:
            return None
        first = newest[0]
        repeat = 1 + max(trial.repeat for trial in newest)
        suggestion = Suggestion(first.params, f"repeat {repeat} of {first.run}")
        return first_launch(ledger, first.index, suggestion, repeat=repeat)

    def _first(self, ledger: Ledger, suggest: Suggest, dropped: Mapping[int, str]) -> Launch | Wait:
        index = ledger.indexes
        if self.batch and index and index % self.batch == 0 and ledger.unfinished():
            return Wait(f"the batch of configurations {index - self.batch} to {index - 1} goes on")
        answer = suggest(ledger, index)
        if not isinstance(answer, Suggestion):
            return Wait(answer.reason)
        if (why := dropped.get(ledger.indexes - 1)) is not None:
            said = f"{answer.reason}; the configuration before was dropped: {why}"
            answer = replace(answer, reason=said)
        return first_launch(ledger, ledger.indexes, answer)


def SequentialScheduler(repeats: int = 1) -> ParallelScheduler:  # noqa: N802 - the design document's name, and a constructor
    """One job at a time; a trial's evaluation comes before the next training."""
    return ParallelScheduler(repeats, is_sequential=True)


_conforms: Callable[[], Scheduler] = ParallelScheduler
"""For the type checker."""
