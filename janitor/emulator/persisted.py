"""The records of the state file: what is written of each, and how it is read back.

Reading validates, so that a damaged file is reported instead of breaking requests later. New fields
have defaults, so that files of earlier versions can be read.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from janitor.emulator.artifacts import Artifact, Collection, Manifest
from janitor.emulator.records import Agent, Project, Run, Sweep

if TYPE_CHECKING:
    from janitor.emulator.store import Store

Key = tuple[str, str, str]
"""Entity, project, and name of a record."""


class Body(BaseModel):
    """The JSON body of a record."""

    model_config = ConfigDict(strict=True, from_attributes=True)


class ProjectBody(Body):
    """A project."""

    created_at: datetime
    deleted_runs: dict[str, datetime] = Field(default_factory=dict)


class SweepBody(Body):
    """A sweep."""

    created_at: datetime
    updated_at: datetime
    config_text: str
    display_name: str | None
    description: str | None
    state: str
    controller: str | None
    scheduler: str | None
    suggested: int
    prior_runs_filters: str | None = None
    queue: list[str] = Field(default_factory=list)


class RunBody(Body):
    """A run, without its lines and files."""

    created_at: datetime
    heartbeat_at: datetime | None
    display_name: str | None
    state: str
    watched: bool
    group: str | None
    job_type: str | None
    tags: list[str]
    description: str | None
    notes: str | None
    host: str | None
    program: str | None
    commit: str | None
    user: str
    config_text: str
    summary_text: str | None
    client_summary_text: str | None
    created_at_text: str | None
    heartbeat_at_text: str | None
    exit_code: int | None
    stopped: bool
    seeded_history_lines: int
    sweep: str | None


class AgentBody(Body):
    """An agent of a sweep."""

    sweep: str
    host: str
    created_at: datetime
    heartbeat_at: datetime
    run_names: list[str]
    done: bool


class CollectionBody(Body):
    """A collection; ``versions`` and ``aliases`` hold numbers of artifacts."""

    type_name: str
    created_at: datetime
    updated_at: datetime
    description: str | None
    tags: list[str]
    versions: list[int]
    aliases: dict[str, int]


class ManifestBody(Body):
    """A manifest of an artifact."""

    name: str
    kind: str
    base: int | None
    text: str | None


class ArtifactBody(Body):
    """A version of a collection."""

    collection: str
    digest: str
    created_at: datetime
    updated_at: datetime
    state: str
    version_index: int | None
    description: str | None
    metadata: str | None
    ttl_seconds: int | None
    history_step: int | None
    client_id: str
    created_by: str | None
    used_by: list[str]
    tags: list[str]
    wanted_aliases: list[str]
    manifests: list[ManifestBody]


def body_of(record: object) -> tuple[str, Key, int, Body]:
    """The kind, key, number and body of a record."""
    match record:
        case Project():
            key = (record.entity, record.name, "")
            return "project", key, record.number, _body(ProjectBody, record)
        case Sweep():
            return "sweep", _key(record.project, record.name), 0, _body(SweepBody, record)
        case Agent():
            key = _key(record.sweep.project, record.name)
            return "agent", key, record.number, _body(AgentBody, record, sweep=record.sweep.name)
        case Run():
            sweep = record.sweep.name if record.sweep else None
            key = _key(record.project, record.name)
            return "run", key, record.number, _body(RunBody, record, sweep=sweep)
        case Collection():
            numbers = {alias: artifact.number for alias, artifact in record.aliases.items()}
            versions = [artifact.number for artifact in record.versions]
            body = _body(CollectionBody, record, aliases=numbers, versions=versions)
            return "collection", _key(record.project, record.name), record.number, body
        case Artifact():
            key = _key(record.collection.project, str(record.number))
            body = _body(ArtifactBody, record, collection=record.collection.name)
            return "artifact", key, record.number, body
    raise AssertionError(f"unknown record {record!r}")


def _key(project: Project, name: str) -> Key:
    return project.entity, project.name, name


def _body(kind: type[Body], record: object, **values: Any) -> Body:
    fields = {name: getattr(record, name) for name in kind.model_fields if name not in values}
    return kind.model_validate(fields | values, strict=False)


def restore_project(store: Store, key: Key, number: int, text: str) -> None:
    """Read a project."""
    body = ProjectBody.model_validate_json(text)
    store.reserve_numbers(number - 1)
    project = store.ensure_project(key[0], key[1], body.created_at)
    project.deleted_runs = body.deleted_runs


def restore_sweep(store: Store, key: Key, _number: int, text: str) -> None:
    """Read a sweep."""
    body = SweepBody.model_validate_json(text)
    project = store.ensure_project(key[0], key[1], body.created_at)
    _copy(body, store.ensure_sweep(project, key[2], body.created_at))


def restore_run(store: Store, key: Key, number: int, text: str) -> None:
    """Read a run."""
    body = RunBody.model_validate_json(text)
    project = store.ensure_project(key[0], key[1], body.created_at)
    store.reserve_numbers(number - 1)
    deleted_at = project.deleted_runs.get(key[2])
    run = store.add_run(project, key[2], body.created_at)
    if deleted_at is not None:
        project.deleted_runs[key[2]] = deleted_at
    _copy(body, run, without={"sweep"})
    if body.sweep is not None:
        store.put_in_sweep(run, store.ensure_sweep(project, body.sweep, body.created_at))


def restore_agent(store: Store, key: Key, number: int, text: str) -> None:
    """Read an agent; its sweep is there already."""
    body = AgentBody.model_validate_json(text)
    project = store.project(key[0], key[1])
    sweep = project.sweeps.get(body.sweep) if project else None
    if sweep is None:
        raise ValueError(f"the sweep {body.sweep} is missing")
    agent = Agent(number, key[2], sweep, body.host, body.created_at, body.heartbeat_at)
    agent.run_names = body.run_names
    agent.done = body.done
    store.restore_agent(agent)


def restore_artifact(store: Store, key: Key, number: int, text: str) -> None:
    """Read a version; its collection is there already."""
    body = ArtifactBody.model_validate_json(text)
    project = store.ensure_project(key[0], key[1], body.created_at)
    collection = project.collections.get(body.collection)
    if collection is None:
        raise ValueError(f"the collection {body.collection} is missing")
    artifact = Artifact(number, collection, body.digest, body.created_at, body.updated_at)
    _copy(body, artifact, without={"collection", "manifests"})
    artifact.manifests = [
        Manifest(manifest.name, manifest.kind, manifest.base, manifest.text)
        for manifest in body.manifests
    ]
    store.add_artifact(artifact)


def restore_collection(store: Store, key: Key, number: int, text: str) -> None:
    """Read a collection, without its versions."""
    body = CollectionBody.model_validate_json(text)
    project = store.ensure_project(key[0], key[1], body.created_at)
    collection = Collection(
        number, project, key[2], body.type_name, body.created_at, body.updated_at
    )
    _copy(body, collection, without={"versions", "aliases"})
    project.collections[key[2]] = collection


def restore_versions(store: Store, key: Key, _number: int, text: str) -> None:
    """Read the versions and aliases of a collection; they are there already."""
    body = CollectionBody.model_validate_json(text)
    project = store.ensure_project(key[0], key[1], body.created_at)
    collection = project.collections[key[2]]
    collection.versions = [_artifact(store, number) for number in body.versions]
    collection.aliases = {alias: _artifact(store, n) for alias, n in body.aliases.items()}


def _artifact(store: Store, number: int) -> Artifact:
    artifact = store.artifact(number)
    if artifact is None:
        raise ValueError(f"the artifact {number} is missing")
    return artifact


def _copy(body: Body, record: object, without: set[str] | None = None) -> None:
    for name in type(body).model_fields:
        if name not in (without or ()):
            setattr(record, name, getattr(body, name))
