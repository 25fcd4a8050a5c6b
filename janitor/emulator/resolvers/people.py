"""The viewer, entities, and the description of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ariadne import ObjectType, QueryType

from janitor.emulator.records import global_id

if TYPE_CHECKING:
    from janitor.emulator.emulation import Info

SERVER_VERSION = "0.80.0"
FEATURES = (
    "ARTIFACT_COLLECTION_MEMBERSHIP_FILES",
    "ARTIFACT_TAGS",
    "CLIENT_IDS",
    "TOTAL_COUNT_IN_FILE_CONNECTION",
    "USE_ARTIFACT_WITH_ENTITY_AND_PROJECT_INFORMATION",
    "PROJECT_ARTIFACT_COLLECTION_MEMBERSHIP",
    "FILESTREAM_GZIP",
    "MARK_RUN_FILES_UPLOADED",
    "SWEEPS_LOCAL_SCHEDULER",
    "SWEEPS_QUERY_FILTERING",
    "UPDATE_RUN_STATE",
)

query = QueryType()
organization_type = ObjectType("Organization")


def user_record(name: str) -> dict[str, Any]:
    """A user as GraphQL answers it."""
    return {
        "id": global_id("User", name),
        "name": name,
        "username": name,
        "email": f"{name}@example.invalid",
        "admin": False,
        "flags": "{}",
        "entity": name,
        "deleted_at": None,
        "api_keys": {"edges": []},
        "teams": {"edges": [{"node": entity_record(name)}]},
    }


def entity_record(name: str) -> dict[str, Any]:
    """An entity as GraphQL answers it."""
    return {
        "id": global_id("Entity", name),
        "name": name,
        "is_team": False,
        "organization": None,
        "xxhash_digests_enabled": False,
    }


@query.field("viewer")
def resolve_viewer(_: object, info: Info) -> dict[str, Any]:
    """The user of the credentials."""
    return user_record(info.context.user.name)


@query.field("entity")
def resolve_entity(_: object, info: Info, name: str) -> dict[str, Any]:
    """An entity; every name is an entity."""
    context = info.context
    context.emulation.doorkeeper.require(context.user, name)
    return entity_record(name)


@query.field("organization")
def resolve_organization(_: object, _info: Info, name: str) -> dict[str, Any]:
    """An organization without any flags."""
    return {"name": name, "core_weave_organization_id": None, "org_entity": None}


@query.field("serverInfo")
def resolve_server_info(_: object, _info: Info) -> dict[str, Any]:
    """The version and the features that the emulator claims."""
    return {
        "cli_version_info": {"max_cli_version": "99.0.0"},
        "latest_local_version_info": {
            "out_of_date": False,
            "latest_version_string": SERVER_VERSION,
            "version_on_this_instance_string": SERVER_VERSION,
        },
        "features": [{"name": name, "is_enabled": True} for name in FEATURES],
    }


@organization_type.field("featureFlags")
def resolve_feature_flags(_: object, _info: Info, **_arguments: str) -> list[dict[str, Any]]:
    """No flags."""
    return []


BINDABLES = (query, organization_type)
