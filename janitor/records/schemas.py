"""The JSON Schemas of the files that the janitor writes, for programs that read them."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from janitor.records import changes, journal, plan, policy, report

Kind = Literal["report", "plan", "journal"]

_NUMBERS: Final = (
    'Values of summaries are JSON, except that a number which is not finite is {"$number":'
    ' "Infinity"}, "-Infinity" or "NaN", and that an object with $number or $literal as its only'
    ' key is wrapped as {"$literal": {…}}.'
)
_ABOUT: Final[dict[str, tuple[str, Any, str]]] = {
    "report": (report.SCHEMA, report.Report, "The report of one pass."),
    "plan": (plan.SCHEMA, plan.PlanFile, "A plan, as `janitor plan` writes it."),
    "journal": (
        journal.SCHEMA,
        journal.Record,
        "One line of a journal, which is a file of JSON lines. The first line has the event pass.",
    ),
}


class _FileSchema(GenerateJsonSchema):
    """Names as in the file; no made-up titles."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the signature is pydantic's
        """Never: the key itself is the name."""
        return False

    def timedelta_schema(self, schema: Any) -> JsonSchemaValue:  # noqa: ARG002 - the signature is pydantic's
        """Durations are numbers of seconds in files."""
        return {"type": "number", "minimum": 0}


def json_schema(kind: Kind) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a kind of file.

    Within one version fields are only ever added, so a file may have fields that the schema of an
    earlier janitor does not name: objects are open.
    """
    name, model, about = _ABOUT[kind]
    adapter: TypeAdapter[Any] = TypeAdapter(model)
    schema = adapter.json_schema(by_alias=True, schema_generator=_FileSchema)
    for title, fields in _docstrings().items():
        part = schema if title == getattr(model, "__name__", "") else schema["$defs"].get(title, {})
        for field, text in fields.items():
            part.get("properties", {}).get(field, {})["description"] = text
    body = _opened(schema)
    return {
        "$schema": _FileSchema.schema_dialect,
        **body,
        "title": name,
        "description": f"{about} {_NUMBERS}",
    }


def _docstrings() -> dict[str, dict[str, str]]:
    """By model and field, the string below the field in the source.

    pydantic can do this as it makes the models, which costs each start of the janitor time.
    """
    found: dict[str, dict[str, str]] = {}
    for module in (report, changes, plan, journal, policy):
        for node in ast.parse(inspect.getsource(module)).body:
            if isinstance(node, ast.ClassDef):
                found[node.name] = dict(_described(node))
    return found


def _described(model: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, after in pairwise(model.body):
        match field, after:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield {"schema_": "schema", "from_": "from"}.get(name, name), text


def _opened(schema: Any) -> Any:
    """The schema without what forbids further fields, each description on one line."""
    if isinstance(schema, list):
        return [_opened(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    opened: JsonSchemaValue = {
        key: _opened(part)
        for key, part in schema.items()
        if not (key == "additionalProperties" and part is False)
    }
    if isinstance(opened.get("description"), str):
        opened["description"] = " ".join(opened["description"].split())
    return opened
