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
from janitor.sweep.optimizers.axes import Axis, axes_of
from janitor.sweep.optimizers.grid import with_fixed
from janitor.sweep.optimizers.nearest import nearest_untried
from janitor.sweep.optimizers.observed import Point, Points
from janitor.sweep.optimizers.optuna_storage import STUDY, LedgerStorage
from janitor.sweep.optimizers.samplers import (
    GENERATIONAL,
    Chain,
    Replay,
    SamplerSettings,
    make_sampler,
)
from janitor.sweep.optimizers.tried import Tried
from janitor.sweep.ports import Exhausted, Suggestion
from janitor.sweep.seeds import seed_of

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
            axis.name: _distribution(axis) for axis in self._axes if not axis.is_single
        }
        self._seen = Points(self._axes)

    def suggest(self, ledger: Ledger, index: int) -> Suggestion | Exhausted:
        """What the model suggests for this index."""
        known = self._tried.of(ledger)
        for number, point in enumerate(self.points, 1):
            if canonical(with_fixed(point, ledger)) not in known:
                return Suggestion(with_fixed(point, ledger), f"point {number} of the file")
        known = known | self._tried.elsewhere(ledger)
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
        maximizes = self.goal == "maximize"
        direction = StudyDirection.MAXIMIZE if maximizes else StudyDirection.MINIMIZE
        space = {
            name: each for name, each in self._distributions.items() if name not in ledger.fixed
        }
        shift = len(ledger.known)  # Optuna's numbers begin with 0
        storage = LedgerStorage(self._trials(seen, index, shift), index + shift, [direction])
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
        sign = 1 if self.goal == "maximize" else -1
        good = [each.value for each in seen if each.status == "complete" and each.value is not None]
        worst = min(good, key=lambda value: sign * value, default=None)
        return [self._trial(point, worst, shift) for point in seen if point.index != index]

    def _trial(self, point: Point, worst: float | None, shift: int) -> FrozenTrial:
        number = point.index + shift
        known = self._frozen.get(number)
        if known is None or known[0] is not point or point.status == "failed":
            known = self._frozen[number] = point, self._made(point, worst, number)
        trial = known[1]
        if self.settings.kind in GENERATIONAL:
            trial.system_attrs.clear()
        return trial

    def _made(self, point: Point, worst: float | None, number: int) -> FrozenTrial:
        state, value = TrialState.FAIL, None
        values: dict[int, float] = {}
        match point.status:
            case "open":
                state = TrialState.RUNNING
            case "complete":
                state, value = TrialState.COMPLETE, point.value
            case "pruned":
                values = _steps(point.values)
                state = TrialState.PRUNED
            case "failed" if self.failed == "worst" and worst is not None:
                state, value = TrialState.COMPLETE, worst
        distributions = {name: self._distributions[name] for name in point.inner}
        params = dict(point.inner)
        return FrozenTrial(
            number, state, value, None, None, params, distributions, {}, {}, values, number
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


def _distribution(axis: Axis) -> BaseDistribution:
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
