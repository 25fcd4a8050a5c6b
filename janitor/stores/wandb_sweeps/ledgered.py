"""LedgeredStore: W&B for a pass; trials of sweep controllers as their ledgers have them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from janitor.errors import StoreError
from janitor.model import AnyTarget, Policy, ResolvedTarget, RunInfo, RunPage, on_wandb
from janitor.model.parts import Part
from janitor.model.ports import Store
from janitor.stores.wandb.api import GraphQLApi
from janitor.stores.wandb.nodes import Scope
from janitor.stores.wandb.store import WandbStore

if TYPE_CHECKING:
    from janitor.stores.wandb_sweeps.ledger_phases import LedgerPhases

_TRIAL: Final = re.compile(r"(.+)-\d{4,}(?:-r\d+)?")
"""The id of a trial's run; see :func:`janitor.sweep.seeds.run_id`."""
_MOST_NAMES: Final = 3


class LedgeredStore:
    """The runs of W&B. A run that a ledger knows says where its trial is.

    Args:
        runs: W&B.
        door: The way to the server.
        policy: How runs are read.
        clock: The time, aware, UTC.

    """

    def __init__(
        self,
        runs: WandbStore,
        door: GraphQLApi,
        policy: Policy,
        clock: Callable[[], datetime],
    ) -> None:
        self._runs = runs
        self._door = door
        self._policy = policy
        self._clock = clock

    def fetch_sweep_metadata(self, target: AnyTarget) -> Sequence[ResolvedTarget]:
        """The sweeps and groups of the target."""
        return self._runs.fetch_sweep_metadata(target)

    def fetch_runs(self, target: AnyTarget, after: str | None = None) -> RunPage:
        """A page of the target's runs."""
        return self._with_phases(target, self._runs.fetch_runs(target, after))

    def fetch_part(self, target: AnyTarget, part: Part, after: str | None = None) -> RunPage:
        """A page of the runs of a part."""
        return self._with_phases(target, self._runs.fetch_part(target, part, after))

    def count_parts(self, target: AnyTarget, parts: Sequence[Part]) -> Sequence[int]:
        """How many runs each part has."""
        return self._runs.count_parts(target, parts)

    def _with_phases(self, target: AnyTarget, page: RunPage) -> RunPage:
        found = on_wandb(target)
        scope = Scope(found.entity or "", found.project)
        return replace(page, runs=tuple(self._with_trials(scope, page.runs)))

    def fetch_summaries(self, paths: Sequence[str]) -> Mapping[str, RunInfo | StoreError]:
        """The runs at these paths, read now, with their whole summaries."""
        found = dict(self._runs.fetch_summaries(paths))
        read = {path: run for path, run in found.items() if isinstance(run, RunInfo) and run.sweep}
        for scope in {Scope(run.entity, run.project) for run in read.values()}:
            here = {p: run for p, run in read.items() if Scope(run.entity, run.project) == scope}
            try:
                found.update(zip(here, self._with_trials(scope, here.values()), strict=True))
            except StoreError as error:
                found.update(dict.fromkeys(here, error))
        return found

    def fetch_uploaded_summary(self, path: str) -> tuple[Mapping[str, Any], Any] | None:
        """The summary that the run's own process uploaded at its end."""
        return self._runs.fetch_uploaded_summary(path)

    def fetch_last_row(self, path: str) -> Mapping[str, Any] | None:
        """The last row of the run's history."""
        return self._runs.fetch_last_row(path)

    def update_run_summary(self, run: RunInfo, summary: Mapping[str, Any]) -> None:
        """Replace the run's summary."""
        self._runs.update_run_summary(run, summary)

    def _with_trials(self, scope: Scope, runs: Iterable[RunInfo]) -> list[RunInfo]:
        """The runs, in this order, with the phases of those that are trials.

        Only a sweep whose runs are called like trials costs a request.
        """
        runs = list(runs)
        names = _names(runs)
        return self._phases.of(scope, runs, names) if names else runs

    @cached_property
    def _phases(self) -> LedgerPhases:
        """Loaded when used: most passes meet no controller's sweep."""
        from janitor.stores.wandb_sweeps.ledger_phases import LedgerPhases

        return LedgerPhases(self._door, self._policy, self._clock)


def _names(runs: Iterable[RunInfo]) -> dict[str, list[str]]:
    """W&B's id of a sweep → what its controller may call it, from the ids of its runs."""
    found: dict[str, Counter[str]] = {}
    for run in runs:
        match = _TRIAL.fullmatch(run.id)
        if run.sweep and match is not None:
            found.setdefault(run.sweep, Counter())[match[1]] += 1
    return {
        sweep: [name for name, _ in counted.most_common(_MOST_NAMES)]
        for sweep, counted in found.items()
    }


_conforms: Callable[..., Store] = LedgeredStore
"""For the type checker: it serves all of a pass."""
