"""Rungs: at which amounts of the resource trials are compared, and how they rank there. Pure.

A rung holds the first value that each trial reported at or past its milestone, in the order of the
ledger. A value that is not a finite number ranks below every other one, and a trial that failed
before it came to a rung ranks below those (as in Determined's ASHA). Equal values rank in the order
in which they became known.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from janitor.model.jobs import JobStatus
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import (
    Complete,
    Deleted,
    Event,
    Excluded,
    Included,
    Overruled,
    Reached,
)
from janitor.model.trial import Trial
from janitor.sweep.levels import exact

Keep = Literal["floor", "wandb", "syne-tune"]
"""How many trials of a rung go on; see :func:`kept`."""
_FAILED = frozenset({JobStatus.FAILED, JobStatus.STALE})


def kept(count: int, eta: float, keep: Keep) -> int:
    """How many of so many trials at a rung are kept.

    ``floor`` is the papers' ⌊n/η⌋. ``wandb`` and ``syne-tune`` are one rule with two names: the
    trials whose rank, from 0, is at most n/η, so one more: 2 of 3 where η is 3.
    """
    floor = count // exact(eta)
    return floor if keep == "floor" else floor + 1


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """A trial at a rung. Entries sort from the best to the worst."""

    is_lost: bool
    """Whether the trial failed before it came here."""
    is_bad: bool
    """Whether its value is not a finite number."""
    cost: float
    """The value; the smaller the better."""
    position: int
    """In the order of the ledger."""
    run: str = field(compare=False)
    value: float = field(compare=False)


@dataclass(frozen=True, slots=True)
class Judged:
    """How a trial ranked at a rung when its value became known there."""

    level: float
    value: float
    rank: int
    """From 0."""
    count: int
    """How many trials the rung had, this one included."""
    kept: int
    """How many of them go on."""


Judge = Callable[[float, Sequence[Entry], Entry], Judged | None]
"""From a milestone, its rung and its new entry to why the trial stops there; None if it goes on."""


@dataclass(slots=True)
class Board:
    """All rungs of a sweep, filled in the order of the ledger.

    Args:
        sign: 1 if high values are good, -1 if low ones are.
        levels: The rungs of a trial.
        bracket: The bracket of a trial. Brackets do not see each other.
        judge: What decides about a trial as soon as its value at a rung is known. Values of a trial
            that does not go on are ignored at higher rungs, whenever they were reported.

    """

    sign: int
    levels: Callable[[Trial], Sequence[float]]
    bracket: Callable[[Trial], int]
    judge: Judge | None = None
    stopped: dict[str, Judged] = field(default_factory=dict)
    """The trials that do not go on, by run."""
    _rungs: dict[tuple[int, float], list[Entry]] = field(default_factory=dict)
    _places: dict[str, list[tuple[tuple[int, float], Entry]]] = field(default_factory=dict)
    _hidden: set[str] = field(default_factory=set)

    def read(self, ledger: Ledger, after: int = 0) -> Board:
        """Fill the rungs from a ledger, without the first so many events, which are known.

        Excluded and deleted trials are left out.
        """
        for position in range(after, len(ledger.events)):
            self._take(ledger, ledger.events[position], position)
        return self

    def at(self, bracket: int, level: float) -> Sequence[Entry]:
        """The trials at a rung, the best first."""
        return self._rungs.get((bracket, level), ())

    def reached(self, run: str) -> list[float]:
        """The rungs at which a visible trial has a value, ascending."""
        places = self._places.get(run, [])
        return sorted(level for (_, level), entry in places if not entry.is_lost)

    def rank(self, bracket: int, level: float, run: str) -> int | None:
        """The rank of a trial at a rung, from 0; None if it is not there."""
        rung = self.at(bracket, level)
        entry = next((one for at, one in self._places.get(run, ()) if at == (bracket, level)), None)
        rank = len(rung) if entry is None else bisect_left(rung, entry)
        return rank if rank < len(rung) and rung[rank] is entry else None

    def _take(self, ledger: Ledger, event: Event, position: int) -> None:
        match event:
            case Reached():
                self._reach(ledger, event, position)
            case Complete() | Overruled() if event.status in _FAILED:
                self._lose(ledger, event.run, position)
            case Excluded() | Deleted():
                self._hide(event.run)
            case Included():
                trial = ledger.trials.get(event.name)
                if trial is not None and not trial.is_deleted:
                    self._show(event.name)

    def _reach(self, ledger: Ledger, event: Reached, position: int) -> None:
        trial = ledger.trials[event.run]
        if event.run in self.stopped or event.rung not in self.levels(trial):
            return
        is_bad = not math.isfinite(event.value)
        cost = 0.0 if is_bad else -self.sign * event.value
        entry = Entry(
            is_lost=False,
            is_bad=is_bad,
            cost=cost,
            position=position,
            run=event.run,
            value=event.value,
        )
        rung = self._add(trial, event.rung, entry)
        if self.judge is None or event.run in self._hidden or event.rung == self.levels(trial)[-1]:
            return
        judged = self.judge(event.rung, rung, entry)
        if judged is not None:
            self.stopped[event.run] = judged

    def _lose(self, ledger: Ledger, run: str, position: int) -> None:
        """A trial that failed is the worst at the rung to which it did not come."""
        trial = ledger.trials[run]
        missing = [level for level in self.levels(trial) if level not in self.reached(run)]
        if run in self.stopped or not missing:
            return
        entry = Entry(
            is_lost=True, is_bad=True, cost=0.0, position=position, run=run, value=math.nan
        )
        self._add(trial, missing[0], entry)

    def _add(self, trial: Trial, level: float, entry: Entry) -> list[Entry]:
        place = (self.bracket(trial), level)
        self._places.setdefault(entry.run, []).append((place, entry))
        rung = self._rungs.setdefault(place, [])
        if entry.run not in self._hidden:
            insort(rung, entry)
        return rung

    def _hide(self, run: str) -> None:
        if run in self._hidden:
            return
        self._hidden.add(run)
        for rung, entry in self._entries(run):
            del rung[bisect_left(rung, entry)]

    def _show(self, run: str) -> None:
        if run in self._hidden:
            self._hidden.remove(run)
            for rung, entry in self._entries(run):
                insort(rung, entry)

    def _entries(self, run: str) -> Iterator[tuple[list[Entry], Entry]]:
        for place, entry in self._places.get(run, []):
            yield self._rungs[place], entry


@dataclass(slots=True)
class BoardKeeper:
    """Reads on from the last ledger, if the next one begins with the same events.

    Filling a board again for each decision takes time that grows with the sweep.
    """

    make: Callable[[], Board]
    _board: Board | None = None
    _events: list[Event] = field(default_factory=list)
    """Of the last ledger; the first ``_count`` of them were read."""
    _count: int = 0

    def of(self, ledger: Ledger) -> Board:
        """The board of a ledger."""
        count, events = self._count, ledger.events
        # A deletion changes how an inclusion before it is read.
        if not self._goes_on(events) or any(isinstance(event, Deleted) for event in events[count:]):
            self._board, count = None, 0
        self._board = (self._board or self.make()).read(ledger, count)
        self._events, self._count = events, len(events)
        return self._board

    def _goes_on(self, events: list[Event]) -> bool:
        """Whether these events begin with those that were read."""
        count, known = self._count, self._events
        if len(events) < count:
            return False
        # The events of a ledger are only ever appended: one object at the same place says enough.
        if events is known or not count or events[count - 1] is known[count - 1]:
            return True
        return events[:count] == known[:count]
