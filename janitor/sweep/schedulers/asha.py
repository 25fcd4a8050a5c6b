"""ASHAScheduler: asynchronous successive halving.

Source: Li, Jamieson, Rostamizadeh, Gonina, Ben-tzur, Hardt, Recht, Talwalkar, "A System for
Massively Parallel Hyperparameter Tuning", MLSys 2020, Algorithm 2. Rungs are at r·η^k below R, and
at R.

``promote`` is the paper's rule. A job ends at its rung. If a slot is free, the rungs are scanned
from the top, and the best trial that waits at one is promoted if it is among the best ⌊n/η⌋ of the
n trials there; otherwise a new trial begins. It needs training code that saves and loads
checkpoints.

``stop`` is the variant without checkpoints (as in Determined and Optuna): every job goes on to R,
and is stopped at a rung if it is not among the best max(⌊n/η⌋, 1) of the n trials known there,
itself included. A report is judged once, against those that precede it in the ledger, so it does
not matter how often a step looks.

Where the sources differ, or say nothing:

- The value at a rung is the first one at or past it. A report that skips rungs counts at all of
  them.
- A job that ends well below its rung has reached it with its last value: the training had nothing
  more to do, or counts from 0.
- Equal values rank in the order in which they became known. Optuna keeps all of them, and
  Determined prefers the newest.
- A value that is not a finite number ranks last and is never kept, not even as the only one.
- Trials that failed count in n, below all others, at the rung to which they did not come
  (Determined). Excluded and deleted ones do not count, from the moment of their exclusion on.
- ``brackets``: bracket s has no rung below r·η^s. A trial's bracket is drawn by a hash, with
  Hyperband's numbers of trials as weights, as in Optuna.
- When no trial will come any more, those that wait are stopped: "not promoted".
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from janitor.model.jobs import JobStatus
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Decision, Launch, Stop, Wait
from janitor.model.trial import Trial
from janitor.sweep.levels import levels_of
from janitor.sweep.ports import Exhausted, Scheduler, Suggest, Suggestion
from janitor.sweep.schedulers.brackets import bracket_of
from janitor.sweep.schedulers.launches import first_launch, promotion
from janitor.sweep.schedulers.progress import highest, is_in_training, is_waiting, not_kept
from janitor.sweep.schedulers.rungs import (
    Board,
    BoardKeeper,
    Entry,
    Judged,
    Keep,
    kept,
)


@dataclass(frozen=True, slots=True)
class ASHAScheduler:
    """Trains all trials a little, and the best ones further."""

    most: float
    """R: the amount of the resource of a whole training."""
    least: float = 1
    """r: the lowest rung."""
    eta: float = 3
    """One of so many trials of a rung comes to the next one."""
    mode: Literal["promote", "stop"] = "promote"
    sign: int = -1
    """1 to maximize the metric, -1 to minimize it."""
    metric: str = "the objective"
    resource: str = ""
    """The metric that counts the resource; empty: the step of each report."""
    brackets: int = 1
    keep: Keep = "floor"
    _keeper: list[BoardKeeper] = field(default_factory=list, init=False, repr=False, compare=False)

    def schedule(self, ledger: Ledger, free: int, suggest: Suggest) -> Sequence[Decision]:
        """Stops; and if a slot is free, one promotion or one new trial."""
        if free <= 0 and self.mode == "promote":
            return [Wait("every slot is occupied")]
        board = self.board(ledger)
        stops: list[Decision] = [
            Stop(trial.run, JobStatus.PRUNED, self._why_stopped(board.stopped[trial.run]))
            for trial in (ledger.active() if board.stopped else ())
            if trial.run in board.stopped and is_in_training(trial)
        ]
        if free <= 0:
            return [*stops, Wait("every slot is occupied")]
        launch = self._promotion(ledger, board)
        if launch is not None:
            return [*stops, launch]
        answer = suggest(ledger, ledger.indexes)
        if isinstance(answer, Suggestion):
            return [*stops, self._first(ledger, answer)]
        if isinstance(answer, Exhausted) and self._is_over(ledger):
            return [*stops, *self._not_promoted(ledger, board)] or [Wait(answer.reason)]
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
        return self.levels(self._bracket(trial))

    def is_trained(self, trial: Trial) -> bool:
        """Whether the trial came to the top, or its newest training was launched for that."""
        top = any(one.rung == self.most for one in trial.reached)
        return top or trial.trainings[-1].launch.rung is None

    def levels(self, bracket: int) -> tuple[float, ...]:
        """The rungs of a bracket; the last one is the whole training."""
        return levels_of(self.least, self.most, self.eta)[bracket:]

    def board(self, ledger: Ledger) -> Board:
        """All rungs, and in mode ``stop`` who does not go on."""
        if not self._keeper:
            self._keeper.append(BoardKeeper(self._empty_board))
        return self._keeper[0].of(ledger)

    def _empty_board(self) -> Board:
        tables = [self.levels(bracket) for bracket in range(self.brackets)]
        return Board(
            self.sign,
            lambda trial: tables[self._bracket(trial)],
            self._bracket,
            self._judged if self.mode == "stop" else None,
        )

    def _bracket(self, trial: Trial) -> int:
        return bracket_of(trial.run, self.brackets, len(self.levels(0)), self.eta)

    # -- mode stop

    def _judged(self, level: float, rung: Sequence[Entry], entry: Entry) -> Judged | None:
        """How a trial ranks at a rung if it does not go on; None if it does."""
        first = entry
        if self.keep != "floor":  # W&B and Syne Tune keep all that are as good as the last one kept
            first = replace(entry, position=-1)
        rank, count = bisect_left(rung, first), len(rung)
        most = max(kept(count, self.eta, self.keep), 1)
        if rank < most and not entry.is_bad:
            return None
        return Judged(level, entry.value, rank, count, most)

    def _why_stopped(self, judged: Judged) -> str:
        return not_kept(self.metric, self._at(judged.level), judged)

    # -- mode promote

    def _promotion(self, ledger: Ledger, board: Board) -> Launch | None:
        """The best trial that may go on, at the highest rung that has one."""
        if self.mode == "stop":
            return None
        waiting = ledger.parked
        for level, bracket in self._from_the_top():
            rung = board.at(bracket, level)
            most = self._promotable(len(rung))
            for entry in rung[:most]:
                if waiting.get(entry.run) != level:  # nearly all: they went on before
                    continue
                trial = ledger.trials[entry.run]
                if entry.is_bad or not self._waits_at(trial, level):
                    continue
                levels = self.levels(bracket)
                target = levels[levels.index(level) + 1]
                reason = (
                    f"{self.metric} = {entry.value:.6g} is in the best {most} of {len(rung)} at"
                    f" {self._at(level)}; it goes on to {target:g}"
                )
                return promotion(
                    ledger, trial, target, None if target == self.most else target, reason
                )
        return None

    def _from_the_top(self) -> Iterator[tuple[float, int]]:
        """The rungs below the top, as (milestone, bracket), the highest first."""
        places = [
            (level, bracket)
            for bracket in range(self.brackets)
            for level in self.levels(bracket)[:-1]
        ]
        yield from sorted(places, key=lambda place: (-place[0], place[1]))

    def _promotable(self, count: int) -> int:
        """How many of so many trials at a rung are promoted; none before there are η."""
        return kept(count, self.eta, self.keep) if count >= self.eta else 0

    def _waits_at(self, trial: Trial, level: float) -> bool:
        """Whether a trial waits for its promotion from a rung."""
        return is_waiting(trial) and not self.is_trained(trial) and level == highest(trial)

    def _not_promoted(self, ledger: Ledger, board: Board) -> Iterator[Stop]:
        for trial in ledger.trials.values():
            if not is_waiting(trial) or self.is_trained(trial):
                continue
            level, bracket = highest(trial), self._bracket(trial)
            rung = board.at(bracket, level)
            most = self._promotable(len(rung))
            rank = board.rank(bracket, level, trial.run)
            reason = "not promoted, and no more trials will come"
            if rank is not None:
                judged = Judged(level, rung[rank].value, rank, len(rung), most)
                why = not_kept(self.metric, self._at(level), judged)
                reason = f"not promoted: {why}, and no more trials will come"
            yield Stop(trial.run, JobStatus.PRUNED, reason)

    def _is_over(self, ledger: Ledger) -> bool:
        """Whether every trial is over or waits at a rung."""
        return all(
            (trial.is_over and not trial.has_slot)
            or (is_waiting(trial) and not self.is_trained(trial))
            for trial in ledger.active()
        )

    # -- both

    def _first(self, ledger: Ledger, suggestion: Suggestion) -> Launch:
        launch = first_launch(ledger, ledger.indexes, suggestion)
        bracket = bracket_of(launch.run, self.brackets, len(self.levels(0)), self.eta)
        level = self.most if self.mode == "stop" else self.levels(bracket)[0]
        rung = None if level == self.most else level
        return first_launch(ledger, launch.index, suggestion, budget=level, rung=rung)

    def _at(self, level: float) -> str:
        return f"{self.resource or 'step'} {level:g}"


_conforms: Callable[..., Scheduler] = ASHAScheduler
"""For the type checker."""
