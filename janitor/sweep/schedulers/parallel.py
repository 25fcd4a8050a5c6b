"""ParallelScheduler: each free slot gets the next configuration. SequentialScheduler: one slot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Decision, Launch, Wait
from janitor.model.trial import Trial
from janitor.sweep.ports import Scheduler, Suggest, Suggestion
from janitor.sweep.schedulers.launches import first_launch


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

    def schedule(self, ledger: Ledger, free: int, suggest: Suggest) -> Sequence[Decision]:
        """New trials for the free slots. A Wait says why there are no more."""
        launches: list[Decision] = []
        planned = ledger
        while len(launches) < free:
            launch = self._repeat(planned) or self._first(planned, suggest)
            if isinstance(launch, Wait):
                return [*launches, launch]
            launches.append(launch)
            if len(launches) < free:
                planned = planned.fork() if planned is ledger else planned
                planned.decide(launch)
        if free <= 0:
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

    def _repeat(self, ledger: Ledger) -> Launch | None:
        """The next repeat of the newest configuration; None if it has all of them."""
        newest = [trial for trial in ledger.trials.values() if trial.index == ledger.indexes - 1]
        if not newest or len(newest) >= self.repeats:
            return None
        first = newest[0]
        repeat = 1 + max(trial.repeat for trial in newest)
        suggestion = Suggestion(first.params, f"repeat {repeat} of {first.run}")
        return first_launch(ledger, first.index, suggestion, repeat=repeat)

    def _first(self, ledger: Ledger, suggest: Suggest) -> Launch | Wait:
        answer = suggest(ledger, ledger.indexes)
        if not isinstance(answer, Suggestion):
            return Wait(answer.reason)
        return first_launch(ledger, ledger.indexes, answer)


def SequentialScheduler(repeats: int = 1) -> ParallelScheduler:  # noqa: N802 - the design document's name, and a constructor
    """One job at a time; a trial's evaluation comes before the next training."""
    return ParallelScheduler(repeats, is_sequential=True)


_conforms: Callable[[], Scheduler] = ParallelScheduler
"""For the type checker."""
