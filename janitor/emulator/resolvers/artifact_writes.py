"""Logging and using artifacts.

The SDK logs an artifact in these steps: ``createArtifact``, ``createArtifactManifest`` (without an
address), ``createArtifactFiles`` and the uploads of files that the server lacks,
``createArtifactManifest`` and the manifest's upload, ``commitArtifact``.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ariadne import MutationType

from janitor.emulator.access import RefusedError
from janitor.emulator.artifacts import Blob, Manifest, versions
from janitor.emulator.artifacts.records import hex_digest
from janitor.emulator.listing import Page, cut_page

if TYPE_CHECKING:
    from janitor.emulator.artifacts import Artifact
    from janitor.emulator.emulation import Context, Info

mutation = MutationType()

Input = dict[str, Any]


@mutation.field("createArtifact")
def resolve_create(_: object, info: Info, input: Input) -> Input:
    """A pending version of an artifact, or the latest version if it has the same digest."""
    context = info.context
    entity = input["entity_name"]
    context.emulation.doorkeeper.require(context.user, entity, write=True)
    project = context.store.ensure_project(entity, input["project_name"], context.now)
    names = input.get("artifact_collection_names") or [""]
    name = input.get("artifact_collection_name") or names[0]
    if not name:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "the artifact has no name")
    collection = versions.ensure_collection(
        context.store, project, name, input["artifact_type_name"], context.now
    )
    return {"artifact": versions.create(context.store, collection, input, context.now)}


@mutation.field("createArtifactManifest")
def resolve_manifest(_: object, info: Info, input: Input) -> Input:
    """Add a manifest to a version, or find it by its name."""
    context = info.context
    artifact = context.artifact(input["artifact_id"], write=True)
    if artifact.state != "PENDING":
        raise RefusedError(HTTPStatus.BAD_REQUEST, "the artifact is not pending")
    index = next((n for n, m in enumerate(artifact.manifests) if m.name == input["name"]), None)
    if index is None:
        base = input.get("base_artifact_id")
        number = context.artifact(base).number if base else None
        artifact.manifests.append(Manifest(input["name"], input["type"], number))
        index = len(artifact.manifests) - 1
        context.store.changed(artifact)
    return {"artifact_manifest": context.manifest_record(artifact, index)}


@mutation.field("updateArtifactManifest")
def resolve_update_manifest(
    _: object,
    info: Info,
    input: Input,
) -> Input:
    """The address to upload a manifest to again."""
    context = info.context
    artifact_id, _, number = input["artifact_manifest_id"].rpartition("/")
    artifact = context.artifact(artifact_id, write=True)
    if not number.isdigit() or int(number) >= len(artifact.manifests):
        raise RefusedError(HTTPStatus.NOT_FOUND, "manifest not found")
    return {"artifact_manifest": context.manifest_record(artifact, int(number))}


@mutation.field("createArtifactFiles")
def resolve_files(_: object, info: Info, input: Input) -> dict[str, Page[Input]]:
    """Addresses to upload files to; null for those whose content the server has."""
    context = info.context
    return {
        "files": cut_page([_file(context, spec) for spec in input["artifact_files"]], None, None)
    }


def _file(context: Context, spec: Input) -> Input:
    artifact = context.artifact(spec["artifact_id"], write=True)
    digest = hex_digest(spec["md_5"])
    if digest is None:
        raise RefusedError(HTTPStatus.BAD_REQUEST, f"{spec['name']}: the digest is not base64")
    project = artifact.collection.project
    blob = project.blobs.setdefault(digest, Blob(digest, artifact.number))
    birth = context.store.artifact(blob.birth) or artifact
    return {
        "name": spec["name"],
        "display_name": spec["name"],
        "storage_path": f"wandb_artifacts/{project.entity}/{digest}",
        "upload_url": None if blob.content is not None else context.blob_url(project, digest),
        "upload_headers": [],
        "upload_multipart_urls": None,
        "artifact": birth,
        "url": None,
        "size_bytes": len(blob.content or b""),
    }


@mutation.field("commitArtifact")
def resolve_commit(_: object, info: Info, input: Input) -> Input:
    """Give a pending version its index and aliases."""
    context = info.context
    artifact = context.artifact(input["artifact_id"], write=True)
    versions.commit(context.store, artifact, context.now)
    return {"artifact": artifact}


@mutation.field("useArtifact")
def resolve_use(_: object, info: Info, input: Input) -> Input:
    """Note that a run uses a version."""
    context = info.context
    artifact = context.artifact(input["artifact_id"])
    project = context.project(input["entity_name"], input["project_name"], write=True)
    run = project.runs.get(input["run_name"])
    if run is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, f"run {input['run_name']} not found")
    if run.path not in artifact.used_by:
        artifact.used_by.append(run.path)
        context.store.changed(artifact)
    return {"artifact": artifact}


@mutation.field("updateArtifact")
def resolve_update(_: object, info: Info, input: Input) -> Input:
    """Change a version's description, metadata, time to live, tags or aliases."""
    context = info.context
    artifact = context.artifact(input["artifact_id"], write=True)
    for name, target in _CHANGEABLE.items():
        if input.get(name) is not None:
            setattr(artifact, target, input[name])
    added = [tag["tag_name"] for tag in input.get("tags_to_add") or ()]
    removed = [tag["tag_name"] for tag in input.get("tags_to_delete") or ()]
    kept = [tag for tag in artifact.tags if tag not in removed]
    artifact.tags = [*kept, *(tag for tag in added if tag not in kept)]
    if input.get("aliases") is not None:
        wanted = [alias["alias"] for alias in input["aliases"]]
        gone = [alias for alias in artifact.aliases if alias not in wanted]
        versions.remove_aliases(context.store, artifact, gone, context.now)
        versions.add_aliases(context.store, artifact, wanted, context.now)
    artifact.updated_at = context.now
    context.store.changed(artifact)
    return {"artifact": artifact}


_CHANGEABLE = {
    "description": "description",
    "metadata": "metadata",
    "ttl_duration_seconds": "ttl_seconds",
}


@mutation.field("addAliases")
def resolve_add_aliases(_: object, info: Info, input: Input) -> Input:
    """Add aliases to a version."""
    artifact, aliases = _aliases(info.context, input)
    versions.add_aliases(info.context.store, artifact, aliases, info.context.now)
    return {"success": True}


@mutation.field("deleteAliases")
def resolve_delete_aliases(_: object, info: Info, input: Input) -> Input:
    """Remove aliases from a version."""
    artifact, aliases = _aliases(info.context, input)
    versions.remove_aliases(info.context.store, artifact, aliases, info.context.now)
    return {"success": True}


def _aliases(context: Context, values: Input) -> tuple[Artifact, list[str]]:
    artifact = context.artifact(values["artifact_id"], write=True)
    return artifact, [alias["alias"] for alias in values["aliases"]]


@mutation.field("deleteArtifact")
def resolve_delete(_: object, info: Info, input: Input) -> Input:
    """Delete a version."""
    context = info.context
    artifact = context.artifact(input["artifact_id"], write=True)
    with_aliases = bool(input.get("delete_aliases"))
    versions.delete(context.store, artifact, with_aliases=with_aliases)
    return {"artifact": artifact}


BINDABLES = (mutation,)
