"""HyperbandScheduler: successive halving in brackets, each round decided when it is complete.

Source: Li, Jamieson, DeSalvo, Rostamizadeh, Talwalkar, "Hyperband: A Novel Bandit-Based Approach to
Hyperparameter Optimization", JMLR 18 (2018), Algorithm 1. See ``brackets.py`` for the numbers of
trials. Trials come to brackets in the order of their numbers, the bracket with the most trials
first; after the last one they begin again.

A round is complete when each of its trials has a value at the rung or is over. Then the best
⌊n·η^-(i+1)⌋ of the n trials that began the bracket are continued, and the others are stopped.

Where the sources differ, or say nothing:

- A trial that failed is the worst of its round (as with Determined); one that is to be tried again
  is waited for. Katib gives the experiment up.
- While a round waits for its last trials, the next bracket begins, so no slot is idle (as in Syne
  Tune).
- If no more trials come, the last bracket is smaller than planned; it keeps at least one trial.
- A value that is not a finite number is never kept. Equal values rank in the order in which they
  became known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from janitor.model.jobs import JobStatus
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Decision, Launch, Stop, Wait
from janitor.model.trial import Trial
from janitor.sweep.levels import exact, levels_of
from janitor.sweep.ports import Exhausted, Scheduler, Suggest, Suggestion
from janitor.sweep.schedulers.brackets import sizes_of
from janitor.sweep.schedulers.launches import first_launch, promotion
from janitor.sweep.schedulers.progress import highest, is_waiting, not_kept
from janitor.sweep.schedulers.rungs import Board, Entry, Judged


@dataclass(frozen=True, slots=True)
class _Round:
    """A complete round of a bracket."""

    level: float
    target: float
    """The next rung."""
    rung: Sequence[Entry]
    kept: int


@dataclass(frozen=True, slots=True)
class HyperbandScheduler:
    """Trains brackets of trials in rounds."""

    most: float
    """R: the amount of the resource of a whole training."""
    least: float = 1
    eta: float = 3
    sign: int = -1
    """1 to maximize the metric, -1 to minimize it."""
    metric: str = "the objective"
    resource: str = ""
    """The metric that counts the resource; empty: the step of each report."""

    def schedule(self, ledger: Ledger, free: int, suggest: Suggest) -> Sequence[Decision]:
        """Stops; and if a slot is free, one promotion or one new trial."""
        board = self._board(ledger)
        stops, launch = self._decided(ledger, board, is_last=False)
        if free <= 0:
            return [*stops, Wait("every slot is occupied")]
        if launch is not None:
            return [*stops, launch]
        answer = suggest(ledger, ledger.indexes)
        if isinstance(answer, Suggestion):
            return [*stops, self._first(ledger, answer)]
        if isinstance(answer, Exhausted):
            stops, launch = self._decided(ledger, board, is_last=True)
            return [*stops, launch or Wait(answer.reason)]
        return [*stops, Wait(answer.reason)]

    def slots(self, max_parallel_jobs: int) -> int:
        """How many jobs may be queued or running at once."""
        return max_parallel_jobs

    @property
    def keeps_best(self) -> bool:
        """Only values at milestones count."""
        return False

    def milestones(self, trial: Trial) -> Sequence[float]:
        """The rungs of the trial's bracket."""
        return self._levels(self._place(trial.index)[1])

    def is_trained(self, trial: Trial) -> bool:
        """Whether the trial came to the top, or its newest training was launched for that."""
        top = any(one.rung == self.most for one in trial.reached)
        return top or trial.trainings[-1].launch.rung is None

    def _levels(self, bracket: int) -> tuple[float, ...]:
        return levels_of(self.least, self.most, self.eta)[bracket:]

    def _sizes(self) -> tuple[int, ...]:
        return sizes_of(len(self._levels(0)), self.eta)

    def _place(self, index: int) -> tuple[int, int]:
        """The group of the trial with this index, from 0, and which bracket that is."""
        sizes = self._sizes()
        cycle, left = divmod(index, sum(sizes))
        bracket = 0
        while left >= sizes[bracket]:
            left -= sizes[bracket]
            bracket += 1
        return cycle * len(sizes) + bracket, bracket

    def _board(self, ledger: Ledger) -> Board:
        return Board(self.sign, self.milestones, lambda trial: self._place(trial.index)[0]).read(
            ledger
        )

    # -- rounds

    def _decided(
        self, ledger: Ledger, board: Board, *, is_last: bool
    ) -> tuple[list[Stop], Launch | None]:
        """The stops of complete rounds, and the first promotion.

        Args:
            ledger: The sweep.
            board: Its rungs.
            is_last: Whether no more trials will come, so that the last bracket is full.

        """
        groups: dict[int, list[Trial]] = {}
        for trial in ledger.trials.values():
            groups.setdefault(self._place(trial.index)[0], []).append(trial)
        stops: list[Stop] = []
        launch = None
        for group, trials in groups.items():
            for one in self._rounds(ledger, board, group, trials, is_last=is_last):
                kept = {entry.run for entry in one.rung[: one.kept] if not entry.is_bad}
                for rank, entry in enumerate(one.rung):
                    trial = ledger.trials[entry.run]
                    if not self._waits_at(trial, one.level):
                        continue
                    if entry.run not in kept:
                        judged = Judged(one.level, entry.value, rank, len(one.rung), one.kept)
                        stops.append(self._stop(trial, judged))
                    elif launch is None:
                        launch = self._promotion(ledger, trial, entry, one)
            if is_last:
                stops += self._excluded(trials)
        return stops, launch

    def _rounds(
        self, ledger: Ledger, board: Board, group: int, trials: list[Trial], *, is_last: bool
    ) -> Iterator[_Round]:
        """The complete rounds of a bracket, the first one first."""
        levels = self.milestones(trials[0])
        size = self._sizes()[self._place(trials[0].index)[1]]
        if len(trials) < size and not is_last:
            return
        members = {trial.run for trial in trials}
        for number, (level, target) in enumerate(pairwise(levels), 1):
            rung = [entry for entry in board.at(group, level) if entry.run in members]
            known = {entry.run for entry in rung}
            if any(run not in known and not _is_out(ledger.trials[run]) for run in members):
                return
            kept = max(min(size, len(trials)) // exact(self.eta) ** number, 1)
            yield _Round(level, target, rung, kept)
            members = {entry.run for entry in rung[:kept] if not entry.is_bad}

    def _excluded(self, trials: list[Trial]) -> Iterator[Stop]:
        """Excluded trials that wait: they end with the sweep."""
        for trial in trials:
            if trial.is_excluded and self._waits_at(trial, highest(trial)):
                yield Stop(trial.run, JobStatus.PRUNED, "not promoted: it was excluded")

    def _waits_at(self, trial: Trial, level: float) -> bool:
        return is_waiting(trial) and not self.is_trained(trial) and highest(trial) == level

    def _stop(self, trial: Trial, judged: Judged) -> Stop:
        reason = not_kept(self.metric, self._at(judged.level), judged)
        return Stop(trial.run, JobStatus.PRUNED, f"not promoted: {reason}")

    def _promotion(self, ledger: Ledger, trial: Trial, entry: Entry, one: _Round) -> Launch:
        reason = (
            f"{self.metric} = {entry.value:.6g} is in the best {one.kept} of {len(one.rung)} at"
            f" {self._at(one.level)}; it goes on to {one.target:g}"
        )
        rung = None if one.target == self.most else one.target
        return promotion(ledger, trial, one.target, rung, reason)

    def _first(self, ledger: Ledger, suggestion: Suggestion) -> Launch:
        level = self._levels(self._place(ledger.indexes)[1])[0]
        rung = None if level == self.most else level
        return first_launch(ledger, ledger.indexes, suggestion, budget=level, rung=rung)

    def _at(self, level: float) -> str:
        return f"{self.resource or 'step'} {level:g}"


def _is_out(trial: Trial) -> bool:
    """Whether nothing more will come from a trial, or nothing of it counts."""
    return trial.is_over or trial.is_excluded


_conforms: Callable[..., Scheduler] = HyperbandScheduler
"""For the type checker."""
