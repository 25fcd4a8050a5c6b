"""Gives an Optuna sampler that was made again what it had kept between two trials.

What each sampler keeps, and where it comes from here, is said in
:mod:`janitor.sweep.optimizers.samplers`.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from importlib import import_module
from types import SimpleNamespace
from typing import Any, Final

from optuna._transform import _SearchSpaceTransform
from optuna.samplers import (
    BaseSampler,
    CmaEsSampler,
    GPSampler,
    NSGAIIISampler,
    NSGAIISampler,
)
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from janitor.sweep.optimizers.optuna_storage import LedgerStorage

_GENERATION: Final = "cma:generation"
_STATE: Final = "cma:optimizer:0"

Chain = list[tuple[object, bytes]]
"""For each generation of CMA-ES: what made the next one, and the optimizer after that."""


class Replay:
    """Gives a sampler back what it kept, and reads what the next trial must remember.

    Args:
        study: Over a :class:`LedgerStorage`.
        sampler: Of the study.
        storage: Of the study.
        memories: What trials remember, by number; only of trials in the study's space.
        shift: What a trial's number is above its index; memories hold indexes.
        chain: The generations of CMA-ES that an earlier replay computed; it is brought up to date.

    """

    def __init__(
        self,
        study: Study,
        sampler: BaseSampler,
        storage: LedgerStorage,
        memories: Mapping[int, Mapping[str, Any]],
        shift: int = 0,
        chain: Chain | None = None,
    ) -> None:
        self._study, self._sampler, self._storage = study, sampler, storage
        self._shift, self._chain = shift, [] if chain is None else chain
        self._sources: dict[int, list[int]] = {}
        self._generations: dict[int, int] = {}
        self._members: dict[int, dict[int, FrozenTrial]] = {}
        self._size = 0
        self._kernel: list[float] | None = None
        for number in sorted(memories):
            memory = memories[number]
            self._kernel = memory.get("kernel", self._kernel)
            generation = memory.get("generation")
            if not isinstance(generation, int):
                continue
            self._generations[number] = generation
            if isinstance(memory.get("from"), list):
                self._sources.setdefault(generation, [index + shift for index in memory["from"]])

    def restore(self) -> None:
        """Before the trial is asked for."""
        if isinstance(self._sampler, CmaEsSampler):
            self._restore_cmaes(self._sampler)
        elif isinstance(self._sampler, NSGAIISampler | NSGAIIISampler):
            self._restore_parents(self._sampler)
        elif isinstance(self._sampler, GPSampler) and self._kernel is not None:
            self._sampler._gprs_cache_list = [_kernel(self._kernel)]  # noqa: SLF001 - Optuna has no other way

    def memory(self) -> dict[str, Any] | None:
        """After it was asked for."""
        if isinstance(self._sampler, CmaEsSampler):
            generation = self._storage.asked.system_attrs.get(_GENERATION)
            if generation is None:
                return None
            sources = [trial.number for trial in self._told(generation - 1)]
        elif isinstance(self._sampler, NSGAIISampler | NSGAIIISampler):
            generation = self._storage.asked.system_attrs.get(self._sampler._get_generation_key())  # noqa: SLF001 - Optuna has no other way
            if generation is None:
                return None
            prefix = self._sampler._get_parent_cache_key_prefix()  # noqa: SLF001 - Optuna has no other way
            sources = self._storage.attributes.get(f"{prefix}{generation}", [])
        elif isinstance(self._sampler, GPSampler):
            fits = self._sampler._gprs_cache_list  # noqa: SLF001 - Optuna has no other way
            # Of several objectives each fit starts from nothing.
            return {"kernel": _numbers(fits[0])} if fits and len(fits) == 1 else None
        else:
            return None
        if generation == 0 or generation in self._sources:
            return {"generation": generation}
        return {
            "generation": generation,
            "from": sorted(number - self._shift for number in sources),
        }

    # -- NSGA-II and NSGA-III

    def _restore_parents(self, sampler: NSGAIISampler | NSGAIIISampler) -> None:
        key = sampler._get_generation_key()  # noqa: SLF001 - Optuna has no other way
        prefix = sampler._get_parent_cache_key_prefix()  # noqa: SLF001 - Optuna has no other way
        complete = set()
        for trial in self._finished(TrialState.COMPLETE):
            complete.add(trial.number)
            if trial.number in self._generations:
                trial.system_attrs[key] = self._generations[trial.number]
        for generation, sources in self._sources.items():
            known = [number for number in sources if number in complete]
            if len(known) == len(sources):
                self._storage.attributes[f"{prefix}{generation}"] = known

    # -- CMA-ES

    def _restore_cmaes(self, sampler: CmaEsSampler) -> None:
        """Tell the optimizer each closed generation again, and put it where Optuna looks for it."""
        finished = self._finished(TrialState.COMPLETE, TrialState.PRUNED)
        for trial in finished:
            if trial.number in self._generations:
                trial.system_attrs[_GENERATION] = self._generations[trial.number]
        for trial in sampler._get_trials(self._study):  # noqa: SLF001 - Optuna has no other way
            if trial.number in self._generations:
                generation = self._generations[trial.number]
                self._members.setdefault(generation, {})[trial.number] = trial
        space = sampler.infer_relative_search_space(self._study, self._storage.asked)
        if not space or not self._generations:
            return
        transform = _SearchSpaceTransform(space, transform_0_1=True)
        random = sampler._cma_rng.rng  # noqa: SLF001 - Optuna has no other way
        before = random.get_state()
        optimizer = sampler._init_optimizer(transform, self._study.direction)  # noqa: SLF001 - Optuna has no other way
        random.set_state(before)
        self._size = size = optimizer.population_size
        sign = 1 if self._study.direction == StudyDirection.MINIMIZE else -1
        state, closed = pickle.dumps(optimizer), 0
        for generation in range(max(self._generations.values())):
            told = self._told(generation)
            if len(told) < size:
                break
            key = str(space), [(each.number, _value(each), each.params) for each in told]
            if generation == len(self._chain) or self._chain[generation][0] != key:
                del self._chain[generation:]
                # As Optuna does: what is stored is rounded a little.
                optimizer = pickle.loads(state)  # noqa: S301 - our own object
                optimizer.tell(
                    [(transform.transform(trial.params), sign * _value(trial)) for trial in told]
                )
                self._chain.append((key, pickle.dumps(optimizer)))
            state = self._chain[generation][1]
            closed = generation + 1
        if closed:
            finished[-1].system_attrs[_STATE] = state.hex()

    def _told(self, generation: int) -> list[FrozenTrial]:
        """The trials of a generation that made the next one: those recorded, or the first ones."""
        members = self._members.get(generation, {})
        recorded = [each for each in self._sources.get(generation + 1, []) if each in members]
        others = [number for number in members if number not in set(recorded)]
        return [members[number] for number in [*recorded, *others][: self._size]]

    def _finished(self, *states: TrialState) -> list[FrozenTrial]:
        return self._storage.get_all_trials(0, deepcopy=False, states=states)


def _kernel(numbers: list[float]) -> Any:
    """The part of a fitted Gaussian process from which the next fit starts."""
    torch = import_module("torch")
    *lengths, scale, noise = (torch.tensor(each, dtype=torch.float64) for each in numbers)
    return SimpleNamespace(
        inverse_squared_lengthscales=torch.stack(lengths), kernel_scale=scale, noise_var=noise
    )


def _numbers(fit: Any) -> list[float]:
    """The same as numbers."""
    lengths: list[float] = fit.inverse_squared_lengthscales.tolist()
    return [*lengths, fit.kernel_scale.item(), fit.noise_var.item()]


def _value(trial: FrozenTrial) -> float:
    value = trial.value
    if value is None:
        raise ValueError(f"trial {trial.number} has no value")
    return value
