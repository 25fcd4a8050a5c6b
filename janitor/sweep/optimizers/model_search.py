"""ModelOptimizer: Optuna's samplers, without a study that has to be kept.

Every suggestion builds the sampler again, from the trials of the ledger and from hashes of the
seed, the sweep's name and the trial's index. It is what the sampler would suggest if it had been
alive all the time.

- Open trials are known to the sampler, so that it looks elsewhere (TPE and GP).
- Pruned trials come with their values at the milestones; failed ones as the sweep file says.
- Parameters with ``when`` are asked for only where they exist.
- A configuration that has a trial is asked for again, and then replaced by the nearest one without.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Final, Literal

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.pruners import NopPruner
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState

from janitor.model.ledger import Ledger
from janitor.sweep.config.space import Path, Space, canonical, choose, nested
from janitor.sweep.objectives import Objective
from janitor.sweep.optimizers.attributes import CONSTRAINT, COST
from janitor.sweep.optimizers.axes import Axis, axes_of
from janitor.sweep.optimizers.grid import with_fixed
from janitor.sweep.optimizers.nearest import nearest_untried
from janitor.sweep.optimizers.observed import Point, Points
from janitor.sweep.optimizers.optuna_storage import STUDY, LedgerStorage
from janitor.sweep.optimizers.replay import Chain, Replay
from janitor.sweep.optimizers.samplers import GENERATIONAL, SamplerSettings, make_sampler
from janitor.sweep.optimizers.tried import Tried
from janitor.sweep.ports import Exhausted, Suggestion
from janitor.sweep.seeds import seed_of

_DIRECTIONS: Final = {1: StudyDirection.MAXIMIZE, -1: StudyDirection.MINIMIZE}
_MOST_ASKS: Final = 5
"""So often a configuration that has a trial is asked for again."""
_LARGEST_MEMORY: Final = 4096
"""Bytes of JSON."""


@dataclass(slots=True)
class ModelOptimizer:
    """Suggests what a model of the results so far expects to be good."""

    space: Space
    settings: SamplerSettings
    points: Sequence[Mapping[str, Any]] = ()
    """Tried before all others."""
    seed: int = 0
    goal: Literal["minimize", "maximize"] = "minimize"
    objective: Objective = field(default_factory=Objective)
    """Several objectives, and constraints."""
    failed: Literal["worst", "ignore"] = "worst"
    """A failed trial counts as much as the worst one so far, or is not known to the model."""
    _axes: tuple[Axis, ...] = field(init=False)
    _distributions: dict[str, BaseDistribution] = field(init=False)
    _seen: Points = field(init=False)
    _tried: Tried = field(init=False, default_factory=Tried)
    _frozen: dict[int, tuple[Point, FrozenTrial]] = field(init=False, default_factory=dict)
    _chain: Chain = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._axes = axes_of(self.space)
        self._distributions = {
            axis.name: distribution_of(axis) for axis in self._axes if not axis.is_single
        }
        self._seen = Points(self._axes)

    def suggest(self, ledger: Ledger, index: int) -> Suggestion | Exhausted:
        """What the model suggests for this index."""
        known = self._tried.of(ledger)
        for number, point in enumerate(self.points, 1):
            if canonical(with_fixed(point, ledger)) not in known:
                return Suggestion(with_fixed(point, ledger), f"point {number} of the file")
        elsewhere = self._tried.elsewhere(ledger)
        known = known | elsewhere if elsewhere else known
        seen, outside = self._seen.of(ledger)
        reason = self._reason(seen, outside)
        asks = 1 if self.settings.kind == "qmc" else _MOST_ASKS
        params: dict[str, Any] = {}
        for ask in range(asks):
            params, memory = self._ask(ledger, index, ask, seen)
            if canonical(params) not in known:
                again = f"; asked {ask + 1} times, because there was a trial" if ask else ""
                return Suggestion(params, reason + again, memory)
        found = nearest_untried(
            self.space, self._axes, params, known, (self.seed, ledger.name, index), ledger.fixed
        )
        if found is None:
            return Exhausted("every configuration that was found has a trial")
        how = "what it suggests has a trial, so this is the nearest configuration without one"
        return Suggestion(found, f"{reason}; {how}")

    def versions(self) -> Mapping[str, str]:
        """Of the libraries that compute the suggestions."""
        names = {"gp": ("scipy", "torch"), "cmaes": ("cmaes",), "qmc": ("scipy",)}
        return {
            name: version(name) for name in ("optuna", "numpy", *names.get(self.settings.kind, ()))
        }

    def _ask(
        self, ledger: Ledger, index: int, ask: int, seen: Sequence[Point]
    ) -> tuple[dict[str, Any], Any]:
        """The params that the sampler suggests, and what the trial must remember."""
        kind = self.settings.kind
        space = {
            name: each for name, each in self._distributions.items() if name not in ledger.fixed
        }
        shift = len(ledger.known)  # Optuna's numbers begin with 0
        directions = [_DIRECTIONS[sign] for sign in self._signs]
        storage = LedgerStorage(self._trials(seen, index, shift), index + shift, directions)
        sampler = make_sampler(
            self.settings,
            index=index,
            space=space,
            seed=seed_of(ledger.name, index, 0, f"{kind}.{self.seed}.{ask}"),
            sweep_seed=seed_of(ledger.name, 0, 0, f"{kind}.{self.seed}"),
        )
        study = Study(STUDY, storage, sampler, NopPruner())
        mark = _mark(kind, space)
        memories = {
            point.index + shift: point.memory
            for point in seen
            if isinstance(point.memory, Mapping) and point.memory.get("space") == mark
        }
        replay = Replay(study, sampler, storage, memories, shift, self._chain)
        replay.restore()
        params = self._walk(study.ask(), ledger)
        memory = replay.memory()
        if memory is not None:
            memory["space"] = mark
            if len(json.dumps(memory)) > _LARGEST_MEMORY:
                memory.pop("from", None)
        return params, memory

    def _walk(self, trial: Trial, ledger: Ledger) -> dict[str, Any]:
        """Ask for each axis that exists, in the order of the file."""
        chosen: dict[Path, Any] = {}
        for axis in self._axes:
            if not axis.exists(chosen):
                continue
            inner = axis.low
            if axis.name in ledger.fixed:
                choose(axis.parameters, [ledger.fixed[axis.name].value], chosen)
                continue
            if not axis.is_single:
                inner = trial._suggest(axis.name, self._distributions[axis.name])  # noqa: SLF001 - the same for each kind
            choose(axis.parameters, axis.outer(inner), chosen)
        return with_fixed(nested(chosen), ledger)

    # -- trials

    def _trials(self, seen: Sequence[Point], index: int, shift: int) -> list[FrozenTrial]:
        """The points as Optuna's trials."""
        good = [values for each in seen if (values := self._values(each)) is not None]
        worst = [
            min(column, key=lambda value: sign * value)
            for sign, column in zip(self._signs, zip(*good, strict=True), strict=bool(good))
        ]
        return [self._trial(point, worst, shift) for point in seen if point.index != index]

    @property
    def _signs(self) -> list[int]:
        """Of each objective: 1 to maximize, -1 to minimize."""
        if self.objective.has_front:
            return [goal.sign for goal in self.objective.goals]
        return [1 if self.goal == "maximize" else -1]

    def _values(self, point: Point) -> list[float] | None:
        """The objectives of a complete point; None if it lacks one."""
        if point.status != "complete" or point.value is None:
            return None
        values = list(point.objectives) if self.objective.has_front else [point.value]
        is_whole = len(values) == len(self._signs) and len(point.constraints) == len(
            self.objective.constraints
        )
        return values if is_whole else None

    def _trial(self, point: Point, worst: list[float], shift: int) -> FrozenTrial:
        number = point.index + shift
        known = self._frozen.get(number)
        if known is None or known[0] is not point or point.status == "failed":
            known = self._frozen[number] = point, self._made(point, worst, number)
        trial = known[1]
        if self.settings.kind in GENERATIONAL:
            for key in [key for key in trial.system_attrs if not key.startswith(CONSTRAINT)]:
                del trial.system_attrs[key]
        return trial

    def _made(self, point: Point, worst: list[float], number: int) -> FrozenTrial:
        state, values = TrialState.FAIL, None
        steps: dict[int, float] = {}
        attributes: dict[str, Any] = {}
        match point.status:
            case "open":
                state = TrialState.RUNNING
            case "complete":
                values = self._values(point)  # none of a success that a person declared
                state = TrialState.FAIL if values is None else TrialState.COMPLETE
            case "pruned" if not self.objective.has_front:
                steps = _steps(point.values)
                state = TrialState.PRUNED
            case "failed" if self.failed == "worst" and worst:
                state, values = TrialState.COMPLETE, worst
        if self.objective.constraints and state in {TrialState.COMPLETE, TrialState.PRUNED}:
            unknown = [1.0 if point.status == "failed" else 0.0] * len(self.objective.constraints)
            attributes = {
                f"{CONSTRAINT}{each.metric}": by
                for each, by in zip(
                    self.objective.constraints, point.constraints or unknown, strict=True
                )
            }
        distributions = {name: self._distributions[name] for name in point.inner}
        params = dict(point.inner)
        return FrozenTrial(
            number,
            state,
            None,
            None,
            None,
            params,
            distributions,
            {} if point.cost is None else {COST: point.cost},
            attributes,
            steps,
            number,
            values=values,
        )

    def _reason(self, seen: Sequence[Point], outside: int) -> str:
        counts = {
            word: sum(point.status == word for point in seen)
            for word in ("complete", "pruned", "failed", "open")
        }
        parts = [f"{count} {word}" for word, count in counts.items() if count]
        others = sum(point.index < 0 for point in seen)
        reason = f"{self.settings.kind}, from {', '.join(parts) or 'no'} trials"
        if others:
            reason += f" ({others} of them of other sweeps)"
        if outside:
            reason += f"; {outside} outside the search space are left out"
        return reason


def _steps(values: Sequence[tuple[float, float]]) -> dict[int, float]:
    """Values by whole steps: the milestones, or their ranks if they are not whole numbers."""
    finite = [(milestone, value) for milestone, value in values if math.isfinite(value)]
    if all(milestone.is_integer() for milestone, _ in finite):
        return {int(milestone): value for milestone, value in finite}
    return {rank: value for rank, (_, value) in enumerate(sorted(finite), 1)}


def distribution_of(axis: Axis) -> BaseDistribution:
    """The axis in Optuna's terms."""
    match axis.kind:
        case "choice":
            return CategoricalDistribution(range(int(axis.high) + 1))
        case "int":
            return IntDistribution(int(axis.low), int(axis.high), log=axis.is_log)
    return FloatDistribution(axis.low, axis.high, log=axis.is_log)


def _mark(kind: str, space: Mapping[str, BaseDistribution]) -> str:
    """What the memory of a trial is bound to: generations of another space do not count."""
    text = json.dumps([kind, {name: str(each) for name, each in space.items()}])
    return hashlib.sha256(text.encode()).hexdigest()[:8]
