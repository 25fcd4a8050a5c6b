"""Reading versions of artifacts and their files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ariadne import ObjectType, QueryType, UnionType

from janitor.emulator.artifacts import versions
from janitor.emulator.artifacts.records import hex_digest
from janitor.emulator.clock import format_time
from janitor.emulator.listing import Page, cut_page
from janitor.emulator.records import global_id
from janitor.emulator.resolvers.artifact_collections import alias_record, tag_records, type_record

if TYPE_CHECKING:
    from janitor.emulator.artifacts import Artifact
    from janitor.emulator.emulation import Context, Info
    from janitor.emulator.records import Project, Run

query = QueryType()
project_type = ObjectType("Project")
run_type = ObjectType("Run")
artifact_type = ObjectType("Artifact")
membership_type = ObjectType("ArtifactCollectionMembership")
creator_type = UnionType("ArtifactCreator", lambda *_: "Run")

Record = dict[str, Any]


@query.field("artifact")
def resolve_artifact(_: object, info: Info, id: str) -> Artifact:
    """A version by its storage id."""
    return info.context.artifact(id)


@query.field("clientIDMapping")
def resolve_client_id(_: object, info: Info, client_id: str) -> dict[str, str] | None:
    """The storage id of the version that a client made under its own id, or null."""
    artifact = info.context.store.artifact_of_client(client_id)
    return {"server_id": artifact.id} if artifact else None


@project_type.field("artifact")
def resolve_named(project: Project, _info: Info, name: str) -> Artifact | None:
    """A version by ``collection:alias``, or null."""
    return versions.find(project, name)


@project_type.field("artifactCollectionMembership")
def resolve_membership(project: Project, _info: Info, name: str) -> Artifact | None:
    """The same, as a member of its collection."""
    return versions.find(project, name)


@artifact_type.field("aliases")
@membership_type.field("aliases")
def resolve_aliases(artifact: Artifact, _info: Info) -> list[Record]:
    """The aliases that name the version."""
    return [alias_record(artifact, alias) for alias in artifact.aliases]


@artifact_type.field("files")
@membership_type.field("files")
def resolve_files(
    artifact: Artifact,
    info: Info,
    names: list[str] | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Page[Record]:
    """A page of the version's files, or of those of the given names."""
    entries = versions.contents_of(artifact).items()
    found = [
        _file(info.context, artifact, name, entry)
        for name, entry in entries
        if names is None or name in names
    ]
    return cut_page(found, first, after)


@artifact_type.field("filesByManifestEntries")
def resolve_files_by_entries(
    artifact: Artifact,
    info: Info,
    entries: list[Record] | None = None,
    **_others: object,
) -> Page[Record]:
    """The addresses of the files of these manifest entries."""
    found = [
        _file(info.context, artifact, entry["name"], {"digest": entry["digest"]})
        for entry in entries or ()
    ]
    return cut_page(found, None, None)


def _file(context: Context, artifact: Artifact, name: str, entry: Record) -> Record:
    project = artifact.collection.project
    digest = hex_digest(str(entry.get("digest")))
    has_content = digest is not None and "ref" not in entry
    url = context.blob_url(project, digest) if digest is not None and has_content else None
    return {
        "id": global_id("ArtifactFile", name, str(artifact.number)),
        "name": name,
        "display_name": name,
        "url": url,
        "direct_url": url or entry.get("ref"),
        "size_bytes": entry.get("size", 0),
        "storage_path": f"wandb_artifacts/{project.entity}/{digest}",
        "mimetype": "",
        "updated_at": format_time(artifact.updated_at),
        "md_5": entry.get("digest"),
        "digest": entry.get("digest"),
        "artifact": artifact,
    }


@artifact_type.field("currentManifest")
def resolve_manifest(artifact: Artifact, info: Info) -> Record | None:
    """The version's manifest, or null before it is uploaded."""
    return info.context.manifest_record(artifact, 0) if artifact.manifests else None


@artifact_type.field("usedBy")
def resolve_used_by(artifact: Artifact, info: Info) -> Page[Run]:
    """The runs that used the version."""
    runs = [info.context.store.run(path) for path in artifact.used_by]
    return cut_page([run for run in runs if run is not None], None, None)


@artifact_type.field("createdBy")
def resolve_created_by(artifact: Artifact, _info: Info) -> Run | None:
    """The run that logged the version, or null."""
    return artifact.collection.project.runs.get(artifact.created_by or "")


@artifact_type.field("artifactMemberships")
def resolve_memberships(artifact: Artifact, _info: Info) -> Page[Artifact]:
    """The version as a member of its only collection."""
    return cut_page([artifact], None, None)


@run_type.field("outputArtifacts")
def resolve_outputs(
    run: Run, _info: Info, first: int | None = None, after: str | None = None
) -> Page[Artifact]:
    """A page of the versions that the run logged."""
    found = [
        artifact
        for collection in run.project.collections.values()
        for artifact in collection.ready
        if artifact.created_by == run.name
    ]
    return cut_page(sorted(found, key=lambda artifact: artifact.number), first, after)


@run_type.field("inputArtifacts")
def resolve_inputs(
    run: Run, info: Info, first: int | None = None, after: str | None = None
) -> Page[Artifact]:
    """A page of the versions that the run used."""
    used = [artifact for artifact in info.context.store.artifacts() if run.path in artifact.used_by]
    return cut_page(used, first, after)


def _size(artifact: Artifact) -> int:
    return sum(int(entry.get("size", 0)) for entry in versions.contents_of(artifact).values())


for name, read in {
    "artifactSequence": lambda artifact: artifact.collection,
    "artifactType": lambda artifact: type_record(
        artifact.collection.project, artifact.collection.type_name
    ),
    "ttlDurationSeconds": lambda artifact: (
        -2 if artifact.ttl_seconds is None else artifact.ttl_seconds
    ),
    "ttlIsInherited": lambda artifact: artifact.ttl_seconds is None,
    "tags": lambda artifact: tag_records(artifact.tags),
    "size": _size,
    "digestAlgorithm": lambda _artifact: "MANIFEST_MD5",
    "commitHash": lambda artifact: artifact.digest if artifact.state == "COMMITTED" else None,
    "fileCount": lambda artifact: len(versions.contents_of(artifact)),
    "createdAt": lambda artifact: format_time(artifact.created_at),
    "updatedAt": lambda artifact: format_time(artifact.updated_at),
    "metadata": lambda artifact: artifact.metadata or json.dumps({}),
}.items():
    artifact_type.set_field(name, lambda artifact, _info, read=read: read(artifact))
for name, read in {
    "id": lambda artifact: global_id("ArtifactCollectionMembership", str(artifact.number)),
    "versionIndex": lambda artifact: artifact.version_index,
    "createdAt": lambda artifact: format_time(artifact.created_at),
    "artifactCollection": lambda artifact: artifact.collection,
    "artifact": lambda artifact: artifact,
}.items():
    membership_type.set_field(name, lambda artifact, _info, read=read: read(artifact))

version_edge = ObjectType("ArtifactEdge")
version_edge.set_field("version", lambda edge, _info: f"v{edge.node.version_index}")
file_connection = ObjectType("FileConnection")
file_connection.set_field("totalCount", lambda page, _info: page.total)

BINDABLES = (
    query,
    project_type,
    run_type,
    artifact_type,
    membership_type,
    creator_type,
    version_edge,
    file_connection,
)
