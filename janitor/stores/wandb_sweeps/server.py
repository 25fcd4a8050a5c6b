"""What a sweep needs of a W&B server, beside the reads and writes of a pass."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from janitor.errors import NotFoundError, RejectedError
from janitor.stores.wandb.api import GraphQLApi
from janitor.stores.wandb.failures import known_form
from janitor.stores.wandb.nodes import Scope
from janitor.stores.wandb.projects import Projects
from janitor.stores.wandb_sweeps import queries

CONTROLLER: Final = "janitor-controller"
"""The job type of the run that stands for a sweep's controller; its files are the ledger."""
TERM: Final = "janitor-term"
"""The job type of the runs that are terms of a controller."""
OURS: Final = "_janitor"
"""The key of the janitor's facts in a run's config. Keys with ``_`` are hidden from scripts."""
_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class OwnRun:
    """A run that the janitor created."""

    storage_id: str
    name: str
    display_name: str
    facts: Mapping[str, Any]
    """What its config has under ``_janitor``; empty if there is nothing."""


@dataclass(frozen=True, slots=True)
class TrialRun(OwnRun):
    """The run of a trial."""

    sweep: str | None
    is_started: bool
    """Whether a process may have logged to it."""


class SweepServer:
    """One project of a W&B server.

    Args:
        door: The way to the server.
        scope: The project.

    """

    def __init__(self, door: GraphQLApi, scope: Scope) -> None:
        self.door = door
        self.scope = scope
        self._projects = Projects(door)

    def controller_id(self, sweep: str) -> str:
        """The id of the run of a sweep's controller: the same on every machine."""
        text = f"{self.scope.entity}\x1f{self.scope.project}\x1f{sweep}"
        return f"janitor-{hashlib.sha256(text.encode()).hexdigest()[:16]}"

    def path(self, run: str) -> str:
        """The path of a run of the project."""
        return f"{self.scope}/{run}"

    def create_run(self, name: str) -> tuple[str, bool]:
        """Create a run, unless it exists; its storage id, and whether this call created it.

        Raises:
            StoreError: it is not known whether it exists.

        """
        return self._create(queries.CREATE_RUN, {"name": name})

    def create_controller(self, controller: str, sweep: str) -> tuple[str, bool]:
        """The same for the run of a sweep's controller, which shows the sweep's name."""
        given = {"name": controller, "group": controller, "job": CONTROLLER, "shown": sweep}
        return self._create(queries.CREATE_OWN_RUN, given)

    def create_term(self, controller: str, name: str) -> tuple[str, bool]:
        """The same for a run that is a term."""
        given = {"name": name, "group": controller, "job": TERM, "shown": name}
        return self._create(queries.CREATE_OWN_RUN, given)

    def describe(self, storage_id: str, facts: Mapping[str, Any]) -> None:
        """Replace the config of one of the controller's own runs."""
        config = json.dumps({OURS: {"value": dict(facts)}})
        self.door.execute(queries.DESCRIBE_RUN, {"id": storage_id, "config": config})

    def describe_trial(
        self,
        storage_id: str,
        sweep: str,
        config: Mapping[str, Any],
        summary: Mapping[str, Any],
    ) -> None:
        """Put a trial's run into its sweep, with its config and first summary."""
        wrapped = json.dumps({name: {"value": value} for name, value in config.items()})
        self.door.execute(
            queries.DESCRIBE_TRIAL,
            {
                "id": storage_id,
                "sweep": sweep,
                "config": wrapped,
                "summary": json.dumps(summary),
            },
        )

    def run(self, name: str) -> TrialRun | None:
        """A run; None if it does not exist."""
        try:
            project, _ = self._projects.ask(self.scope, queries.RUN, {"name": name})
        except NotFoundError:
            return None
        with known_form(self.door.address):
            node = project["run"]
            if node is None:
                return None
            is_started = bool(node["historyLineCount"]) or node["state"] != "pending"
            own = own_run(node)
            return TrialRun(
                own.storage_id,
                own.name,
                own.display_name,
                own.facts,
                node["sweepName"],
                is_started,
            )

    def history(self, name: str, first: int, end: int) -> tuple[list[str], int]:
        """The rows of these steps as JSON texts, without ``end``, and the run's last step.

        A run that does not exist, or has logged nothing, has no rows and the last step -1.
        """
        asked = {"name": name, "first": first, "end": end, "samples": end - first}
        try:
            project, _ = self._projects.ask(self.scope, queries.HISTORY, asked)
        except NotFoundError:
            return [], -1
        with known_form(self.door.address):
            node = project["run"]
            if node is None or node["historyKeys"] is None:
                return [], -1
            return list(node["history"] or []), int(node["historyKeys"].get("lastStep", -1))

    def own_runs(self, filters: Mapping[str, Any]) -> Iterator[list[OwnRun]]:
        """Pages of runs of the controller, the newest first."""
        after: str | None = None
        while True:
            asked = {"filters": json.dumps(filters), "first": _PAGE, "after": after}
            try:
                project, _ = self._projects.ask(self.scope, queries.OWN_RUNS, asked)
            except NotFoundError:
                return  # a project comes into being with its first run
            with known_form(self.door.address):
                edges, info = project["runs"]["edges"], project["runs"]["pageInfo"]
                page = [edge["node"] for edge in edges]
                found = [own_run(node) for node in page]
                after = info["endCursor"] if info["hasNextPage"] else None
            yield found
            if after is None:
                return

    def controllers(self) -> list[OwnRun]:
        """The runs of the project's controllers."""
        return [run for page in self.own_runs({"jobType": CONTROLLER}) for run in page]

    def create_sweep(self, config: str) -> str:
        """Create a sweep with this YAML; its id."""
        data, _ = self.door.execute(
            queries.CREATE_SWEEP,
            {
                "entity": self.scope.entity,
                "project": self.scope.project,
                "config": config,
                "controller": json.dumps({"type": "local"}),
            },
        )
        with known_form(self.door.address):
            return str(data["upsertSweep"]["sweep"]["name"])

    def _create(self, query: str, variables: Mapping[str, Any]) -> tuple[str, bool]:
        data, _ = self.door.execute(
            query,
            {"entity": self.scope.entity, "project": self.scope.project, **variables},
        )
        with known_form(self.door.address):
            answer = data["upsertBucket"]
            if answer["bucket"]["name"] != variables["name"]:
                raise RejectedError(f"W&B at {self.door.address} created another run")
            return answer["bucket"]["id"], answer["inserted"] is True


def own_run(node: Mapping[str, Any]) -> OwnRun:
    """A run that the janitor created, from its node."""
    return OwnRun(node["id"], node["name"], node["displayName"] or node["name"], _facts(node))


def _facts(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a run's config has under ``_janitor``."""
    try:
        config = json.loads(node["config"] or "{}")
        value = config.get(OURS, {})
        facts = value.get("value", value) if isinstance(value, dict) else {}
    except (ValueError, AttributeError):
        return {}
    return facts if isinstance(facts, dict) else {}
