"""The formats of seeds, faults, changes and settings as text, for ``GET /emulator/formats``.

The text consists of the docstrings of the code, so that it cannot differ from the code.
"""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

from janitor.emulator import faults, seeding
from janitor.emulator.changes import RunChange
from janitor.emulator.settings import Settings

if TYPE_CHECKING:
    from types import ModuleType

    from pydantic import BaseModel


def formats_text() -> str:
    """All formats, one section each."""
    sections = {
        "SEEDS: --seed FILE, POST /emulator/seed": _docstring(seeding),
        "FAULTS: POST /faults": _docstring(faults),
        "CHANGES: PATCH /emulator/runs/ENTITY/PROJECT/RUN, and the fault action change": _fields(
            RunChange
        ),
        "SETTINGS: PATCH /emulator/settings, python -m janitor.emulator --settings": _fields(
            Settings
        ),
    }
    return "\n\n".join(f"{title}\n{'=' * len(title)}\n\n{text}" for title, text in sections.items())


def _docstring(module: ModuleType) -> str:
    return inspect.cleandoc(module.__doc__ or "")


def _fields(model: type[BaseModel]) -> str:
    schema = model.model_json_schema()
    fields = schema["properties"].items()
    lines = [_field(name, field, schema.get("$defs", {})) for name, field in fields]
    return "\n\n".join([inspect.cleandoc(model.__doc__ or ""), *lines])


def _field(name: str, field: dict[str, Any], definitions: dict[str, Any]) -> str:
    default = json.dumps(field.get("default"))
    meaning = field.get("description", "").replace("\n", "\n    ")
    head = f"{name}: {_kind(field, definitions)} (default: {default})"
    return f"{head}\n    {meaning}" if meaning else head


def _kind(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    """The type of a field in words, from its JSON schema."""
    if "$ref" in field:
        return _kind(definitions[field["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in field:
        return " or ".join(_kind(choice, definitions) for choice in field["anyOf"])
    if "enum" in field:
        return " or ".join(json.dumps(choice) for choice in field["enum"])
    return str(field["type"])
