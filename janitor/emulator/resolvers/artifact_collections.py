"""Reading artifact types and collections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ariadne import InterfaceType, ObjectType, QueryType

from janitor.emulator.clock import format_time
from janitor.emulator.listing import Page, cut_page
from janitor.emulator.records import global_id

if TYPE_CHECKING:
    from janitor.emulator.artifacts import Artifact, Collection
    from janitor.emulator.emulation import Info
    from janitor.emulator.records import Project

query = QueryType()
project_type = ObjectType("Project")
type_type = ObjectType("ArtifactType")
sequence_type = ObjectType("ArtifactSequence")
collection_type = InterfaceType("ArtifactCollection", lambda *_: "ArtifactSequence")

Record = dict[str, Any]


@query.field("artifactCollection")
def resolve_collection(_: object, info: Info, id: str) -> Collection | None:
    """A collection by its storage id, or null."""
    context = info.context
    for project in context.store.projects():
        for collection in project.collections.values():
            if collection.id == id:
                context.emulation.doorkeeper.require(context.user, project.entity)
                return collection
    return None


@project_type.field("artifactCollection")
def resolve_named_collection(project: Project, _info: Info, name: str) -> Collection | None:
    """A collection by its name, or null."""
    return project.collections.get(name)


@project_type.field("artifactCollections")
def resolve_collections(
    project: Project,
    _info: Info,
    first: int | None = None,
    after: str | None = None,
    **_others: object,
) -> Page[Collection]:
    """A page of the project's collections."""
    return cut_page(list(project.collections.values()), first, after)


@project_type.field("artifactTypes")
def resolve_types(
    project: Project,
    _info: Info,
    first: int | None = None,
    after: str | None = None,
    **_others: object,
) -> Page[Record]:
    """A page of the project's artifact types."""
    names = dict.fromkeys(each.type_name for each in project.collections.values())
    return cut_page([type_record(project, name) for name in names], first, after)


@project_type.field("artifactType")
def resolve_type(project: Project, _info: Info, name: str) -> Record | None:
    """An artifact type, or null if the project has no artifact of it."""
    known = any(each.type_name == name for each in project.collections.values())
    return type_record(project, name) if known else None


@type_type.field("artifactCollection")
def resolve_collection_of_type(kind: Record, _info: Info, name: str) -> Collection | None:
    """A collection of the type, or null."""
    collection: Collection | None = kind["project"].collections.get(name)
    return collection if collection and collection.type_name == kind["name"] else None


@type_type.field("artifactCollections")
def resolve_collections_of_type(
    kind: Record,
    _info: Info,
    first: int | None = None,
    after: str | None = None,
    **_others: object,
) -> Page[Collection]:
    """A page of the type's collections."""
    found = [
        each for each in kind["project"].collections.values() if each.type_name == kind["name"]
    ]
    return cut_page(found, first, after)


@sequence_type.field("artifacts")
def resolve_versions(
    collection: Collection,
    _info: Info,
    first: int | None = None,
    after: str | None = None,
    order: str | None = None,
    **_others: object,
) -> Page[Artifact]:
    """A page of the collection's versions, the newest first unless the order is ascending."""
    descending = order is None or order.startswith("-")
    ready = collection.ready
    return cut_page(ready[::-1] if descending else ready, first, after)


@sequence_type.field("artifactMembership")
def resolve_member(collection: Collection, _info: Info, alias_name: str) -> Artifact | None:
    """The version of an alias, or null."""
    return collection.find(alias_name)


@sequence_type.field("aliases")
def resolve_collection_aliases(
    collection: Collection, _info: Info, first: int | None = None, after: str | None = None
) -> Page[Record]:
    """A page of the aliases of all versions."""
    found = [alias_record(artifact, alias) for alias, artifact in collection.aliases.items()]
    return cut_page(found, first, after)


def type_record(project: Project, name: str) -> Record:
    """An artifact type as GraphQL answers it."""
    return {
        "id": global_id("ArtifactType", name, project.name, project.entity),
        "name": name,
        "description": None,
        "created_at": format_time(project.created_at),
        "project": project,
    }


def alias_record(artifact: Artifact, alias: str) -> Record:
    """An alias as GraphQL answers it."""
    collection = artifact.collection
    identifier = global_id("ArtifactAlias", alias, str(collection.number))
    return {"id": identifier, "alias": alias, "artifact_collection": collection}


def tag_records(names: list[str]) -> list[Record]:
    """Tags as GraphQL answers them."""
    return [{"id": global_id("Tag", name), "name": name} for name in names]


for name, read in {
    "state": lambda _collection: "READY",
    "createdAt": lambda collection: format_time(collection.created_at),
    "updatedAt": lambda collection: format_time(collection.updated_at),
    "defaultArtifactType": lambda collection: type_record(collection.project, collection.type_name),
    "tags": lambda collection: cut_page(tag_records(collection.tags), None, None),
    "latestArtifact": lambda collection: collection.ready[-1] if collection.ready else None,
    "digestAlgorithm": lambda _collection: "MANIFEST_MD5",
}.items():
    sequence_type.set_field(name, lambda collection, _info, read=read: read(collection))
_connections = [
    ObjectType(f"{kind}Connection")
    for kind in ("Artifact", "ArtifactType", "ArtifactCollection", "ArtifactAlias", "Tag")
]
for connection in _connections:
    connection.set_field("pageInfo", lambda page, _info: page)
    connection.set_field("totalCount", lambda page, _info: page.total)

BINDABLES = (query, project_type, type_type, collection_type, sequence_type, *_connections)
