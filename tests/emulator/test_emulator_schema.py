"""The schema as the list of what the clients rely on, and the emulator's independence."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

import janitor.emulator
from janitor.emulator.graphql_service import SDL

SCHEMA = build_schema(SDL)
FOLDER = Path(janitor.emulator.__file__).parent
ARTIFACTS = [
    "ADD_ALIASES_GQL",
    "ARTIFACT_BY_ID_GQL",
    "ARTIFACT_COLLECTION_ALIASES_GQL",
    "ARTIFACT_CREATED_BY_GQL",
    "ARTIFACT_MEMBERSHIP_BY_NAME_GQL",
    "ARTIFACT_MEMBERSHIP_FILES_GQL",
    "ARTIFACT_TYPE_ARTIFACT_COLLECTIONS_GQL",
    "ARTIFACT_TYPE_GQL",
    "ARTIFACT_USED_BY_GQL",
    "DELETE_ALIASES_GQL",
    "DELETE_ARTIFACT_GQL",
    "FETCH_ARTIFACT_MANIFEST_GQL",
    "FETCH_LINKED_ARTIFACTS_GQL",
    "PROJECT_ARTIFACTS_GQL",
    "PROJECT_ARTIFACT_COLLECTIONS_GQL",
    "PROJECT_ARTIFACT_COLLECTION_GQL",
    "PROJECT_ARTIFACT_TYPES_GQL",
    "PROJECT_ARTIFACT_TYPE_GQL",
    "RUN_INPUT_ARTIFACTS_GQL",
    "RUN_OUTPUT_ARTIFACTS_GQL",
    "UPDATE_ARTIFACT_GQL",
]
PUBLIC = ["GET_SWEEP_GQL", "GET_SWEEPS_GQL", "GET_SWEEP_AGENT_GQL", "GET_SWEEP_AGENTS_GQL"]


@pytest.mark.parametrize(
    ("module", "name"),
    [("wandb.sdk.artifacts._generated.operations", name) for name in ARTIFACTS]
    + [("wandb.apis._generated.operations", name) for name in PUBLIC],
)
def test_a_query_of_the_installed_client_is_valid(module: str, name: str) -> None:
    text = getattr(importlib.import_module(module), name)
    assert validate(SCHEMA, parse(text)) == []


def test_every_type_of_the_schema_can_be_reached() -> None:
    reached: set[str] = set()
    waiting = ["Query", "Mutation"]
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        kind = SCHEMA.type_map[name]
        fields = getattr(kind, "fields", {})
        for field in fields.values():
            waiting.append(str(field.type).strip("[]!"))
            waiting += [str(arg.type).strip("[]!") for arg in getattr(field, "args", {}).values()]
        waiting += [str(other) for other in getattr(kind, "types", ())]
        waiting += [str(other) for other in SCHEMA.type_map if _implements(other, name)]
    own = {name for name in SCHEMA.type_map if not name.startswith("__")}
    assert own - reached <= {"Boolean", "Float", "ID", "Int", "String"}


def _implements(name: str, interface: str) -> bool:
    interfaces = getattr(SCHEMA.type_map[name], "interfaces", ())
    return any(str(each) == interface for each in interfaces)


@pytest.mark.parametrize(
    "file", sorted(FOLDER.rglob("*.py")), ids=lambda file: str(file.relative_to(FOLDER))
)
def test_the_emulator_imports_nothing_of_the_janitor_but_errors(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imported = {
        name
        for node in ast.walk(tree)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }
    own = {name for name in imported if name.partition(".")[0] == "janitor"}
    assert {
        name for name in own if name != "janitor.errors" and not name.startswith("janitor.emulator")
    } == set()
    assert not any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(tree))
