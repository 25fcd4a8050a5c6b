"""Questions for the first contact with a server: who are we, may we write, when was logged."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from janitor.errors import NotFoundError
from janitor.stores.wandb.api import GraphQLApi
from janitor.stores.wandb.failures import known_form
from janitor.stores.wandb.nodes import Scope
from janitor.stores.wandb.projects import Projects

_VIEWER = "query JanitorViewer { viewer { username entity } }"

_RUN_NAME = """
query JanitorRunName($entity: String!, $project: String!, $run: String!) {
  project(name: $project, entityName: $entity) { run(name: $run) { id displayName } }
}
"""

_WRITE_NOTHING = """
mutation JanitorWriteCheck($id: String!, $name: String!) {
  upsertBucket(input: {id: $id, displayName: $name}) { bucket { id } }
}
"""


@dataclass(frozen=True, slots=True)
class Viewer:
    """The user that the login belongs to."""

    username: str | None
    entity: str | None
    """The entity that is taken where a path names none."""


def fetch_viewer(door: GraphQLApi) -> Viewer:
    """The user that the login belongs to.

    Raises:
        StoreError: it does not say.

    """
    data, _ = door.execute(_VIEWER, {})
    with known_form(door.address):
        viewer: Mapping[str, Any] = data["viewer"] or {}
        return Viewer(viewer.get("username"), viewer.get("entity"))


def write_nothing(door: GraphQLApi, path: str) -> bool:
    """Write the display name that a run has, back to the run; False where it has none.

    Raises:
        PermissionDeniedError: we may not write there.
        StoreError: it was not written for another reason.

    """
    entity, project, name = path.split("/", 2)
    found, _ = Projects(door).ask(Scope(entity, project), _RUN_NAME, {"run": name})
    with known_form(door.address):
        if found["run"] is None:
            raise NotFoundError(f"run {path} no longer exists")
        storage_id, display_name = found["run"]["id"], found["run"]["displayName"]
    if not display_name:
        return False
    door.execute(_WRITE_NOTHING, {"id": storage_id, "name": display_name})
    return True


def fetch_log_times(
    door: GraphQLApi, scope: Scope, names: Sequence[str], samples: int
) -> list[list[float]]:
    """When each of these runs of a project logged, in seconds since the epoch, oldest first.

    Raises:
        StoreError: they cannot be read.

    """
    spec = json.dumps({"keys": ["_timestamp"], "samples": samples})
    declared = "".join(f", $r{index}: String!" for index in range(len(names)))
    fields = "\n".join(
        f"r{index}: run(name: $r{index}) {{ sampledHistory(specs: $specs) }}"
        for index in range(len(names))
    )
    query = f"""
query JanitorLogTimes($entity: String!, $project: String!, $specs: [JSONString!]!{declared}) {{
  project(name: $project, entityName: $entity) {{ {fields} }}
}}
"""
    variables: dict[str, Any] = {f"r{index}": name for index, name in enumerate(names)}
    project, _ = Projects(door).ask(scope, query, {"specs": [spec], **variables})
    with known_form(door.address):
        histories = [project[f"r{index}"] for index in range(len(names))]
        return [_times(history["sampledHistory"][0]) for history in histories if history]


def _times(rows: Sequence[Mapping[str, Any]]) -> list[float]:
    stamps = [row.get("_timestamp") for row in rows]
    return sorted(float(stamp) for stamp in stamps if isinstance(stamp, int | float))


def address_in_settings() -> str | None:
    """The server in wandb's settings, reachable or not; None if it is not known."""
    try:
        import wandb

        return str(wandb.setup().settings.base_url)
    except Exception:  # noqa: BLE001 - opening the API reported it
        return None
