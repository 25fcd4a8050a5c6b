"""Making versions of artifacts: creating, deduplicating, committing, aliases."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from janitor.emulator.access import RefusedError
from janitor.emulator.artifacts.records import Artifact, Collection, Manifest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from janitor.emulator.records import Project
    from janitor.emulator.store import Store

LATEST = "latest"


def ensure_collection(
    store: Store, project: Project, name: str, type_name: str, now: datetime
) -> Collection:
    """The project's collection; it is created if it does not exist. Raises RefusedError (400)."""
    collection = project.collections.get(name)
    if collection is None:
        collection = Collection(store.next_number(), project, name, type_name, now, now)
        project.collections[name] = collection
        store.changed(collection)
    elif collection.type_name != type_name:
        message = f"artifact {name} already exists with type {collection.type_name!r}"
        raise RefusedError(HTTPStatus.BAD_REQUEST, f"{message}, cannot create it as {type_name!r}")
    return collection


def create(
    store: Store, collection: Collection, values: Mapping[str, Any], now: datetime
) -> Artifact:
    """A new pending version; with deduplication, the latest one if it has the same digest."""
    aliases = [alias["alias"] for alias in values.get("aliases") or ()]
    ready = collection.ready
    if values.get("enable_digest_deduplication") and ready:
        latest = ready[-1]
        if latest.digest == values["digest"]:
            _set_aliases(collection, latest, aliases)
            store.changed(collection)
            return latest
    artifact = Artifact(store.next_number(), collection, values["digest"], now, now)
    artifact.description = values.get("description")
    artifact.metadata = values.get("metadata")
    artifact.ttl_seconds = values.get("ttl_duration_seconds")
    artifact.history_step = values.get("history_step")
    artifact.client_id = values.get("client_id") or ""
    artifact.created_by = values.get("run_name")
    artifact.tags = [tag["tag_name"] for tag in values.get("tags") or ()]
    artifact.wanted_aliases = aliases
    store.add_artifact(artifact)
    return artifact


def commit(store: Store, artifact: Artifact, now: datetime) -> None:
    """Make a pending version the collection's latest. Raises RefusedError (400)."""
    if artifact.state != "PENDING":
        return
    if not artifact.manifests or any(manifest.text is None for manifest in artifact.manifests):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "the artifact's manifest was not uploaded")
    _merge_manifests(store, artifact)
    collection = artifact.collection
    artifact.state = "COMMITTED"
    artifact.version_index = len(collection.versions)
    artifact.updated_at = collection.updated_at = now
    collection.versions.append(artifact)
    _set_aliases(collection, artifact, [*artifact.wanted_aliases, LATEST])
    store.changed(artifact)
    store.changed(collection)


def _merge_manifests(store: Store, artifact: Artifact) -> None:
    """Replace several manifests, or one that adds to another artifact's, by a whole one."""
    first = artifact.manifests[0]
    if len(artifact.manifests) == 1 and first.kind == "FULL":
        return
    contents: dict[str, Any] = {}
    base = store.artifact(first.base) if first.base is not None else None
    if base is not None and first.kind == "INCREMENTAL":
        contents |= contents_of(base)
    for manifest in artifact.manifests:
        contents |= manifest.contents
    whole = json.loads(first.text or "{}") | {"contents": contents}
    artifact.manifests = [Manifest("wandb_manifest.json", text=json.dumps(whole))]


def delete(store: Store, artifact: Artifact, *, with_aliases: bool) -> None:
    """Delete a version. Raises RefusedError (400) if aliases still name it."""
    if artifact.aliases and not with_aliases:
        message = "cannot delete an artifact version that has aliases; delete the aliases first"
        raise RefusedError(HTTPStatus.BAD_REQUEST, message)
    collection = artifact.collection
    was_latest = collection.aliases.get(LATEST) is artifact
    for alias in artifact.aliases:
        del collection.aliases[alias]
    artifact.state = "DELETED"
    if was_latest and collection.ready:
        collection.aliases[LATEST] = collection.ready[-1]
    store.changed(artifact)
    store.changed(collection)


def add_aliases(store: Store, artifact: Artifact, aliases: list[str], now: datetime) -> None:
    """Let aliases name this version, and no other of its collection."""
    _set_aliases(artifact.collection, artifact, aliases)
    artifact.updated_at = now
    store.changed(artifact)
    store.changed(artifact.collection)


def remove_aliases(store: Store, artifact: Artifact, aliases: list[str], now: datetime) -> None:
    """Remove those of the aliases that name this version."""
    for alias in aliases:
        if artifact.collection.aliases.get(alias) is artifact:
            del artifact.collection.aliases[alias]
    artifact.updated_at = now
    store.changed(artifact)
    store.changed(artifact.collection)


def _set_aliases(collection: Collection, artifact: Artifact, aliases: list[str]) -> None:
    collection.aliases |= dict.fromkeys(aliases, artifact)


def contents_of(artifact: Artifact) -> dict[str, dict[str, Any]]:
    """The entries of an artifact's manifest by the files' paths."""
    return artifact.manifests[0].contents if artifact.manifests else {}


def find(project: Project, name: str) -> Artifact | None:
    """The version that ``collection:alias`` names (``latest`` without an alias), or None."""
    collection_name, _, alias = name.partition(":")
    collection = project.collections.get(collection_name)
    return collection.find(alias or LATEST) if collection else None
