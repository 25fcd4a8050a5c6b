"""The state of a sweep: the fold of its ledger. Decisions are made from it alone.

Pure. The same entries give the same state, on any machine, at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from janitor.errors import LedgerError
from janitor.model import ledger_items as items
from janitor.model.jobs import JobStatus, JobTypes
from janitor.model.ledger_items import Ended, Item, Launch, LedgerEntry, Reached, SpecAdded
from janitor.model.trial import Attempt, Observation, Trial, observation_of


@dataclass(slots=True)
class Ledger:
    """A sweep as its ledger has it."""

    name: str
    number: int = 0
    """Of the last entry."""
    at: str = ""
    """The time of the last entry."""
    specs: list[SpecAdded] = field(default_factory=list)
    trials: dict[str, Trial] = field(default_factory=dict)
    """By run, in the order of creation."""
    paused: items.Paused | None = None
    stopping: items.Stopping | None = None
    held: items.RepairHeld | None = None
    """Why nothing may be launched in this step; None if the last repair was not held."""
    excluded: dict[str, str] = field(default_factory=dict)
    """Runs, with reasons."""
    fixed: dict[str, items.Fix] = field(default_factory=dict)
    """Parameters."""
    released: set[str] = field(default_factory=set)
    """Parameters that a person freed; they are not fixed again."""
    refusals: int = 0
    """How many jobs were refused in a row."""
    started_at: str = ""
    """The time of the first entry."""
    outcomes: list[JobStatus] = field(default_factory=list)
    """How trials ended, in this order, since the sweep was last resumed; the brake counts them."""
    events: list[items.Event] = field(default_factory=list)
    """What ranks trials against each other at their milestones, in the order of the ledger."""
    indexes: int = 0
    """How many trial indexes are spent; the next one has this number."""
    _unfinished: dict[str, None] = field(default_factory=dict, repr=False)
    """The runs of trials that are not over, or have a slot."""
    _active: dict[str, None] = field(default_factory=dict, repr=False)
    """The runs of those among them that do not wait at a milestone."""
    _parked: dict[str, float] = field(default_factory=dict, repr=False)
    """Those that wait, with the milestone."""
    _own: set[str] | None = field(default=None, repr=False, compare=False)
    """The runs whose trials no other ledger shares; None: all of them. See :meth:`fork`."""

    @classmethod
    def of(cls, name: str, entries: Iterable[LedgerEntry]) -> Ledger:
        """The fold of these entries, which begin with number 1."""
        ledger = cls(name)
        for entry in entries:
            ledger.add(entry)
        return ledger

    def add(self, entry: LedgerEntry) -> None:
        """Take in the next entry.

        Raises:
            LedgerError: its number is not the next one, or it names an unknown trial.

        """
        if entry.number != self.number + 1:
            raise LedgerError(
                f"entry {entry.number} of the ledger of {self.name} follows entry {self.number}"
            )
        self.number, self.at = entry.number, entry.at
        self.started_at = self.started_at or entry.at
        for item in entry.items:
            self.take(item, entry)

    def fork(self) -> Ledger:
        """A copy that can be changed on its own: for decisions that are not written yet.

        The two share their trials; from now on each of them copies one before it changes it.
        """
        self._own = set()
        return replace(
            self,
            specs=list(self.specs),
            trials=dict(self.trials),
            excluded=dict(self.excluded),
            fixed=dict(self.fixed),
            released=set(self.released),
            outcomes=list(self.outcomes),
            events=list(self.events),
            _unfinished=dict(self._unfinished),
            _active=dict(self._active),
            _parked=dict(self._parked),
            _own=set(),
        )

    def decide(self, item: Item) -> None:
        """Take in a decision that is not written yet; see :meth:`fork`."""
        self.take(item, LedgerEntry(self.number + 1, "", self.at, "decisions", ()))

    # -- readings

    @property
    def spec(self) -> SpecAdded:
        """The newest version of the sweep file.

        Raises:
            LookupError: the ledger has none yet.

        """
        return self.specs[-1]

    @property
    def known(self) -> Sequence[items.Known]:
        """What the newest version of the file knows from other sweeps."""
        return self.specs[-1].known if self.specs else ()

    @property
    def occupied(self) -> int:
        """How many slots are occupied."""
        return sum(trial.has_slot for trial in self.active())

    def unfinished(self) -> list[Trial]:
        """The trials that are not over, or whose job occupies a slot, in the order of creation."""
        return [self.trials[run] for run in self._unfinished]

    def active(self) -> list[Trial]:
        """The unfinished trials but those that wait at a milestone, of which there may be many."""
        found = [self.trials[run] for run in self._active]
        return sorted(found, key=lambda trial: (trial.index, trial.repeat))

    @property
    def parked(self) -> Mapping[str, float]:
        """The trials that wait at a milestone, with it; see :attr:`Trial.is_parked`."""
        return self._parked

    @property
    def has_unfinished(self) -> bool:
        """Whether any trial is not over, or has a job that occupies a slot."""
        return bool(self._unfinished)

    def open_jobs(self) -> Iterator[tuple[Trial, Attempt]]:
        """The jobs that did not end, as far as the ledger knows."""
        for trial in self.active():
            if trial.has_slot:
                yield trial, trial.newest

    def visible(self) -> list[Trial]:
        """The trials that were not excluded or deleted."""
        return [
            trial for trial in self.trials.values() if not (trial.is_excluded or trial.is_deleted)
        ]

    def observations(self) -> list[Observation]:
        """What is known about every visible trial, in the order of creation."""
        return [observation_of(trial) for trial in self.visible()]

    # -- the fold

    def take(self, item: Item, entry: LedgerEntry) -> None:
        """Take in one item of an entry."""
        if isinstance(item, items.Event) and not self._is_known(item):
            self.events.append(item)
        self._fold(item, entry)
        run = getattr(item, "run", None)
        if run in self.trials:
            self._note_end(self.trials[run])

    def _note_end(self, trial: Trial) -> None:
        """Keep the indexes of unfinished and of waiting trials."""
        if not trial.is_over or trial.has_slot:
            self._unfinished.setdefault(trial.run)
        else:
            self._unfinished.pop(trial.run, None)
        is_parked = trial.is_parked
        if is_parked:
            self._parked[trial.run] = max((one.rung for one in trial.reached), default=0.0)
        else:
            self._parked.pop(trial.run, None)
        if trial.run in self._unfinished and not is_parked:
            self._active.setdefault(trial.run)
        else:
            self._active.pop(trial.run, None)

    def _fold(self, item: Item, entry: LedgerEntry) -> None:  # noqa: C901, PLR0912 - one case per kind of item
        match item:
            case SpecAdded():
                self.specs.append(item)
            case Launch():
                self._launch(item, entry)
            case Ended():
                self._end(item)
            case Reached():
                self._reach(item)
            case items.Refused():
                self._refuse(item)
            case items.Stop():
                self._trial(item.run).stop = item
                self.outcomes.append(item.status)
            case items.Complete():
                self._trial(item.run).end = item
                self.outcomes.append(item.status)
            case items.Overruled():
                self._trial(item.run).overruled = item
            case items.Deleted():
                self._trial(item.run).is_deleted = True
            case items.RepairHeld():
                self.held = item if item.is_held else None
            case items.Paused():
                self.paused = item
            case items.Resumed():
                self.paused, self.refusals, self.outcomes = None, 0, []
            case items.Stopping():
                self.stopping = item
            case items.Excluded():
                self.excluded[item.run] = item.reason
                if item.run in self.trials:
                    self._trial(item.run).is_excluded = True
            case items.Included():
                self._include(item.name)
            case items.Fix():
                self.fixed[item.parameter] = item

    def _trial(self, run: str) -> Trial:
        """A trial that may be changed."""
        try:
            trial = self.trials[run]
        except KeyError:
            raise LedgerError(
                f"the ledger of {self.name} names the run {run}, which it never launched: restore"
                " it from a backup"
            ) from None
        if self._own is not None and run not in self._own:
            trial = self.trials[run] = trial.copy()
            self._own.add(run)
        return trial

    def _launch(self, launch: Launch, entry: LedgerEntry) -> None:
        if launch.run not in self.trials:
            self.trials[launch.run] = Trial(
                launch.run, launch.index, launch.repeat, launch.params, launch.spec, launch.memory
            )
            self.trials[launch.run].is_excluded = launch.run in self.excluded
            self.indexes = max(self.indexes, launch.index + 1)
        trial = self._trial(launch.run)
        is_training = launch.kind is JobTypes.LAUNCH_TRAINING
        jobs = trial.trainings if is_training else trial.evaluations
        jobs.append(Attempt(launch, entry.number, entry.nonce, entry.at, site=entry.site))

    def _attempt(self, run: str, number: int, kind: JobTypes) -> Attempt | None:
        trial = self._trial(run)
        jobs = trial.trainings if kind is JobTypes.LAUNCH_TRAINING else trial.evaluations
        return next((job for job in jobs if job.launch.attempt == number), None)

    def _end(self, ended: Ended) -> None:
        attempt = self._attempt(ended.run, ended.attempt, ended.kind)
        if attempt is not None and attempt.ended is None:
            attempt.ended = ended
            self.refusals = 0

    def _is_known(self, event: items.Event) -> bool:
        """Whether it is a second value at a milestone; only the first one counts."""
        return (
            isinstance(event, Reached)
            and event.run in self.trials
            and any(one.rung == event.rung for one in self.trials[event.run].reached)
        )

    def _reach(self, reached: Reached) -> None:
        trial = self._trial(reached.run)
        for number, one in enumerate(trial.reached):
            if one.rung == reached.rung:
                trial.reached[number] = replace(one, best=reached.best)
                return
        trial.reached.append(reached)

    def _refuse(self, refused: items.Refused) -> None:
        attempt = self._attempt(refused.run, refused.attempt, refused.kind)
        if attempt is not None:
            attempt.refusals += 1
            attempt.refused_because = refused.reason
            self.refusals += 1

    def _include(self, name: str) -> None:
        self.excluded.pop(name, None)
        if self.fixed.pop(name, None) is not None:
            self.released.add(name)
        if name in self.trials:
            self._trial(name).is_excluded = False
