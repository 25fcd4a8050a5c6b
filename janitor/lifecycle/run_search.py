"""Finds the place of a run on the server, where this machine knows its id only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

from janitor.lifecycle import wandb_internals
from janitor.lifecycle.exec_command import MadeRun
from janitor.model.evidence import parse_time
from janitor.model.paths import run_path

_FIND: Final = """
query JanitorFindRun($project: String!, $entity: String!, $run: String!) {
  project(name: $project, entityName: $entity) { run(name: $run) { createdAt heartbeatAt } }
}"""
_MOST_PROJECTS: Final = 200
"""Projects of an entity that are searched."""
_SKEW: Final = timedelta(minutes=10)
"""How far this machine's clock may be ahead of the server's."""

Place = tuple[str, str]
"""An entity and a project."""


class RunSearch:
    """Looks for the runs of one command.

    An id alone does not make a run: another project may have one with the same id. So only a run
    counts that was alive after the command's start, and only if there is exactly one.

    Args:
        api: a ``wandb.Api()``.
        entities: where to look, in this order.
        started_at: when the command started, in seconds since the epoch.

    """

    def __init__(self, api: Any, entities: Iterable[str], started_at: float) -> None:
        self._api = api
        self.entities = list(dict.fromkeys(filter(None, entities)))
        """Where to look, without repetitions."""
        self._since = datetime.fromtimestamp(started_at, UTC) - _SKEW

    def has(self, place: Place, run_id: str) -> bool:
        """Whether the server has the run there."""
        return self._times(place, run_id) is not None

    def place_of(self, run: MadeRun, project: str) -> Place:
        """The place of a run, first by what this machine knows, then on the whole server.

        ``project`` is the one that the command's environment names; empty if it names none.

        Raises:
            LookupError: no run was found, or several; one sentence that says where.

        """
        known = [(run.entity or entity, run.project or project) for entity in self.entities]
        for place in dict.fromkeys(known):
            is_certain = bool(run.entity and run.project)
            if place[1] and (self.has if is_certain else self._is_recent)(place, run.run_id):
                return place
        found = [place for place in self._places() if self._is_recent(place, run.run_id)]
        if len(found) == 1:
            return found[0]
        if found:
            paths = " and ".join(run_path(*place, run.run_id) for place in found)
            raise LookupError(f"there are several runs with this id, {paths}")
        raise LookupError(
            f"W&B has no run {run.run_id} of this command in the projects of"
            f" {', '.join(self.entities) or 'your entity'}"
        )

    def _places(self) -> Iterator[Place]:
        for entity in self.entities:
            for project in islice(self._api.projects(entity), _MOST_PROJECTS):
                yield entity, project.name

    def _is_recent(self, place: Place, run_id: str) -> bool:
        times = self._times(place, run_id)
        return bool(times) and max(times or ()) >= self._since

    def _times(self, place: Place, run_id: str) -> list[datetime] | None:
        """The times at which the run was alive; None if it is not there."""
        values = {"entity": place[0], "project": place[1], "run": run_id}
        answer = wandb_internals.execute_graphql(self._api, _FIND, values)
        run = (answer.get("project") or {}).get("run")
        if run is None:
            return None
        times = (parse_time(run[name]) for name in ("createdAt", "heartbeatAt"))
        return [time for time in times if time is not None]
