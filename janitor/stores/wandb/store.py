"""WandbStore: the runs of W&B's sweeps, projects and groups."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from janitor.errors import (
    RejectedError,
    StoreError,
    TargetError,
    TooLargeError,
    TransientError,
)
from janitor.model import (
    AnyTarget,
    Policy,
    ResolvedTarget,
    RunInfo,
    RunPage,
    Target,
    TargetKind,
    on_wandb,
)
from janitor.model import summary as summaries
from janitor.model.parts import Part
from janitor.model.ports import PartReader, Store
from janitor.rules.objective import is_object
from janitor.rules.selection import policy_for
from janitor.stores.wandb import queries
from janitor.stores.wandb.activity import Activity
from janitor.stores.wandb.api import GraphQLApi
from janitor.stores.wandb.batches import Batches
from janitor.stores.wandb.failures import known_form
from janitor.stores.wandb.nodes import (
    Scope,
    count_of,
    last_row,
    optional_count_of,
    read_node,
)
from janitor.stores.wandb.part_filters import filters_of_part, filters_of_target
from janitor.stores.wandb.projects import Projects
from janitor.stores.wandb.run_files import uploaded_file
from janitor.stores.wandb.sweep_metrics import SweepMetrics, are_asked_for

_SMALLEST_PAGE: Final = 25
_SAMPLE: Final = 5


class WandbStore:
    """The runs that a W&B server holds, read slim and written whole.

    Args:
        door: The way to the server.
        policy: Tells which keys of a summary a scan has to bring.
        page_size: How many runs to ask for at once; halved where the server cannot.
        active_since: Runs without a sign of life since then are not read; None to read all.

    """

    def __init__(
        self,
        door: GraphQLApi,
        policy: Policy,
        page_size: int = 1000,
        active_since: datetime | None = None,
    ) -> None:
        self._door = door
        self._projects = Projects(door)
        self._activity = Activity(active_since)
        self._takes_metrics = are_asked_for(policy)
        self._metrics = SweepMetrics(self._projects.sweep_config)
        self._keys = queries.summary_keys(policy)
        self._policy = policy
        self._page_size = page_size
        self._batches = Batches(door, self._projects, partial(self._read, exact=True))
        self._sliced = True
        self._flat_keys_are_shown = False

    @property
    def page_size(self) -> int:
        """The number of runs per page, according to what is known about the server."""
        return self._page_size

    @property
    def reads_slices(self) -> bool:
        """Whether the server hands out single keys of summaries, as far as is known."""
        return self._sliced

    # -- SweepReader

    def fetch_sweep_metadata(self, target: AnyTarget) -> Sequence[ResolvedTarget]:
        """The sweeps and groups of the target: one sweep, one group, or all sweeps of a project."""
        target = on_wandb(target)
        entity = target.entity or self._door.default_entity()
        if entity is None:
            raise TargetError(
                f"{target}: wandb has no default entity; write the {target.kind} as ENTITY/{target}"
            )
        scope = Scope(entity, target.project)
        match target.kind:
            case TargetKind.SWEEP:
                return (self._projects.sweep(scope, target.name),)
            case TargetKind.GROUP:
                return (self._projects.group(scope, target.name),)
            case TargetKind.RUN:
                return (self._projects.run(scope, target.name),)
            case TargetKind.FILTER:
                return (ResolvedTarget(replace(target, entity=entity), target.name),)
            case TargetKind.PROJECT:
                return self._sweeps(scope)
            case _:
                raise TargetError(f"{target} is not a target that W&B knows")

    def _sweeps(self, scope: Scope) -> Sequence[ResolvedTarget]:
        """Every sweep of a project; it is noted in which of them no run is active."""
        sweeps = self._projects.sweeps(scope)
        targets = [on_wandb(sweep.target) for sweep in sweeps]
        self._activity.find_quiet(targets, partial(self._projects.counts, scope))
        return sweeps

    def fetch_runs(self, target: AnyTarget, after: str | None = None) -> RunPage:
        """A page of runs; asked for again, smaller, where it fails for its size or time."""
        target = on_wandb(target)
        quiet = self._activity.silent_runs_of(target)
        if quiet is not None:
            return RunPage((), 0, None, left_out=quiet)
        return self._fetch_runs(target, after)

    # -- PartReader

    def fetch_part(self, target: AnyTarget, part: Part, after: str | None = None) -> RunPage:
        """A page of the runs of a part."""
        return self._fetch_runs(on_wandb(target), after, part)

    def count_parts(self, target: AnyTarget, parts: Sequence[Part]) -> Sequence[int]:
        """How many runs each part has, counted in one request."""
        target = on_wandb(target)
        given = [filters_of_part(part, target, self._activity) for part in parts]
        asked = [each for each in given if each is not None]
        counted = iter(self._projects.counts(Scope(target.entity or "", target.project), asked))
        return [0 if each is None else next(counted) for each in given]

    def _fetch_runs(self, target: Target, after: str | None, part: Part | None = None) -> RunPage:
        while True:
            size, sliced = self._page_size, self._sliced
            try:
                page = self._page(target, after, size, part, sliced=sliced)
            except (TooLargeError, TransientError) as error:
                if size <= _SMALLEST_PAGE or (isinstance(error, TransientError) and not error.slow):
                    raise
                self._page_size = min(self._page_size, max(_SMALLEST_PAGE, size // 2))
            except RejectedError as error:
                if sliced and "keys" in str(error):
                    self._sliced = False
                elif part is None and self._activity.is_limited(target):
                    self._activity.read_whole(target, str(error))
                else:
                    raise
            else:
                if page is None:
                    continue
                if after is None and sliced and self._keys_are_lost(page):
                    self._sliced = False
                    continue
                return page

    def _page(
        self, target: Target, after: str | None, size: int, part: Part | None, *, sliced: bool
    ) -> RunPage | None:
        """A page of runs; None where it turns out that the target must be read otherwise."""
        scope = Scope(target.entity or "", target.project)
        base = filters_of_target(target)
        sliced = sliced and not (self._takes_metrics and target.kind is not TargetKind.SWEEP)
        counted = after is None and part is None and self._activity.is_limited(target)
        asked = self._activity.active(target, base)
        if part is not None:
            asked = filters_of_part(part, target, self._activity) or asked
        variables: dict[str, Any] = {
            "filters": json.dumps(asked),
            "first": size,
            "after": after,
        }
        if sliced:
            variables["keys"] = self._keys_of(scope, target)
        if counted:
            variables["all"] = json.dumps(base)
            variables["silent"] = json.dumps(self._activity.silent(base))
        query = queries.runs(sliced=sliced, counted=counted)
        project, _ = self._projects.ask(scope, query, variables)
        with known_form(self._door.address):
            count = optional_count_of(project["runCount"])
            if counted and not self._activity.adds_up(
                target,
                active=count or 0,
                silent=count_of(project["silent"]),
                total=count_of(project["total"]),
            ):
                return None
            edges, info = project["runs"]["edges"], project["runs"]["pageInfo"]
            return RunPage(
                runs=tuple(  # a hole is a run that the count will miss
                    self._read(edge["node"], scope) for edge in edges if edge and edge["node"]
                ),
                run_count=count,
                after=info["endCursor"] if info["hasNextPage"] else None,
                left_out=project["silent"] if counted else 0,
            )

    def _keys_of(self, scope: Scope, target: Target) -> list[str]:
        """The keys of a summary to request: those of the policy and that of the metric."""
        metric = self._metrics.of(scope, target.name) if self._takes_metrics else None
        return self._keys if metric is None else queries.with_keys(self._keys, metric)

    def _read(self, node: Mapping[str, Any], scope: Scope, *, exact: bool = False) -> RunInfo:
        run = read_node(node, scope, exact=exact)
        if self._takes_metrics:
            run = replace(run, sweep_metric=self._metrics.of(scope, run.sweep))
        if is_object(run, policy_for(run, self._policy)):
            run = replace(run, sweep_goal=self._metrics.goal(scope, run.sweep))
        return run

    def _keys_are_lost(self, page: RunPage) -> bool:
        """Whether whole runs of a first page have the janitor's keys, which the page does not show.

        Such a server resolves ``summaryMetrics(keys:)`` in a way that we do not know. One flat key
        that is shown proves, once for all, that it takes dotted names as they stand.
        """
        namespace = self._policy.namespace
        if self._flat_keys_are_shown or any(_shows_flat(run, namespace) for run in page.runs):
            self._flat_keys_are_shown = True
            return False
        strangers = [run.path for run in page.runs if not _is_ours(run, self._policy)]
        step = max(1, len(strangers) // _SAMPLE)
        sample = self.fetch_summaries(strangers[::step][:_SAMPLE])
        return any(
            isinstance(run, RunInfo) and _is_ours(run, self._policy) for run in sample.values()
        )

    # -- SummaryReader

    def fetch_summaries(self, paths: Sequence[str]) -> Mapping[str, RunInfo | StoreError]:
        """The runs at these paths, whole, up to 50 a request."""
        return self._batches.fetch(paths)

    def fetch_uploaded_summary(self, path: str) -> tuple[Mapping[str, Any], Any] | None:
        """The summary that the run's process uploaded as a file at its end, and when it did."""
        found = uploaded_file(self._door, path, "wandb-summary.json")
        if found is None:
            return None
        try:
            return summaries.parse(found[0]), found[1]
        except ValueError as error:
            raise RejectedError(
                f"the wandb-summary.json of {path} cannot be read: {error}"
            ) from error

    def fetch_last_row(self, path: str) -> Mapping[str, Any] | None:
        """The last row of the run's history, where the server has one and hands it out."""
        place, name = path.rsplit("/", 1)
        scope = Scope(*place.split("/", 1))
        project, _ = self._projects.ask(scope, queries.LAST_ROW, {"run": name})
        return last_row((project.get("run") or {}).get("historyTail"))

    # -- SummaryWriter

    def update_run_summary(self, run: RunInfo, summary: Mapping[str, Any]) -> None:
        """Replace the run's summary."""
        self._door.execute(
            queries.WRITE_SUMMARY, {"id": run.storage_id, "summary": summaries.dump(summary)}
        )


def _shows_flat(run: RunInfo, namespace: str) -> bool:
    """Whether the run's summary has the state as a flat key, and only so."""
    return summaries.form_of(run.summary, namespace) is summaries.Form.FLAT


def _is_ours(run: RunInfo, policy: Policy) -> bool:
    return run.defect is not None or summaries.form_of(run.summary, policy.namespace) is not None


_conforms: Callable[[GraphQLApi, Policy], Store] = WandbStore
"""For the type checker: a WandbStore serves all of a pass."""
_conforms_to_parts: Callable[[GraphQLApi, Policy], PartReader] = WandbStore
