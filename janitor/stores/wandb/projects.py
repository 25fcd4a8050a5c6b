"""What a project of W&B holds: its sweeps, their configs, its groups."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from janitor.errors import NotFoundError, RejectedError
from janitor.model import ResolvedTarget, Target, TargetKind
from janitor.stores.wandb import queries
from janitor.stores.wandb.api import GraphQLApi
from janitor.stores.wandb.failures import known_form
from janitor.stores.wandb.nodes import Scope, count_of

_SWEEPS_PAGE: Final = 100


class Projects:
    """Asks for projects.

    Args:
        door: The way to the server.

    """

    def __init__(self, door: GraphQLApi) -> None:
        self._door = door

    def ask(self, scope: Scope, query: str, variables: Mapping[str, Any]) -> tuple[Any, int]:
        """The project of a query's answer, and how many bytes the answer had.

        Raises:
            NotFoundError: the project does not exist.
            StoreError: it could not be asked for.

        """
        data, size = self._door.execute(
            query, {"entity": scope.entity, "project": scope.project, **variables}
        )
        if not isinstance(data, dict) or data.get("project") is None:
            raise NotFoundError(
                f"project {scope} does not exist at {self._door.address}, or this login may not"
                " see it"
            )
        return data["project"], size

    def sweep(self, scope: Scope, name: str) -> ResolvedTarget:
        """One sweep."""
        project, _ = self.ask(scope, queries.SWEEP, {"sweep": name})
        with known_form(self._door.address):
            if project["sweep"] is None:
                raise NotFoundError(
                    f"sweep {name} does not exist in project {scope} (a run is named with --run, a"
                    " group with --group)"
                )
            return _read_sweep(project["sweep"], scope)

    def sweep_config(self, scope: Scope, name: str) -> str | None:
        """The YAML text of a sweep's config; None if the sweep does not exist."""
        project, _ = self.ask(scope, queries.SWEEP_CONFIG, {"sweep": name})
        with known_form(self._door.address):
            sweep = project["sweep"]
            return None if sweep is None else sweep["config"]

    def group(self, scope: Scope, name: str) -> ResolvedTarget:
        """One group of runs."""
        filters = json.dumps({"group": name})
        project, _ = self.ask(scope, queries.GROUP, {"filters": filters})
        with known_form(self._door.address):
            if not count_of(project["runCount"]):
                raise NotFoundError(f"no run of project {scope} is in a group {name}")
        return ResolvedTarget(Target(TargetKind.GROUP, scope.entity, scope.project, name), name)

    def run(self, scope: Scope, name: str) -> ResolvedTarget:
        """One run."""
        if self.counts(scope, [{"name": name}]) == [0]:
            raise NotFoundError(f"run {name} does not exist in project {scope}")
        return ResolvedTarget(Target(TargetKind.RUN, scope.entity, scope.project, name), name)

    def counts(self, scope: Scope, filters: Sequence[Mapping[str, Any]]) -> list[int]:
        """How many runs of a project pass each of these filters."""
        asked = {f"c{index}": json.dumps(each) for index, each in enumerate(filters)}
        project, _ = self.ask(scope, queries.counts(len(filters)), asked)
        with known_form(self._door.address):
            return [count_of(project[f"c{index}"]) for index in range(len(filters))]

    def sweeps(self, scope: Scope) -> Sequence[ResolvedTarget]:
        """Every sweep of a project."""
        found: dict[str, ResolvedTarget] = {}
        cursors: set[str | None] = set()
        after: str | None = None
        while after not in cursors:
            cursors.add(after)
            asked = {"first": _SWEEPS_PAGE, "after": after}
            project, _ = self.ask(scope, queries.SWEEPS, asked)
            with known_form(self._door.address):
                runs = project.get("runCount")
                for edge in project["sweeps"]["edges"]:
                    sweep = _read_sweep(edge["node"], scope)
                    found[sweep.path] = replace(
                        sweep, runs_of_project=runs if isinstance(runs, int) else None
                    )
                info = project["sweeps"]["pageInfo"]
                after = info["endCursor"]
                if not info["hasNextPage"] or after is None:
                    return tuple(found.values())
        raise RejectedError(
            f"W&B at {self._door.address} returns the same page of the sweeps of {scope}"
            " again and again"
        )


def _read_sweep(node: Mapping[str, Any], scope: Scope) -> ResolvedTarget:
    for name in ("name", "displayName", "state"):
        if not isinstance(node[name], str | None) or not node["name"]:
            raise TypeError(f"{name} of a sweep is {node[name]!r:.30}")
    target = Target(TargetKind.SWEEP, scope.entity, scope.project, node["name"])
    return ResolvedTarget(target, node["displayName"] or node["name"], node["state"])
