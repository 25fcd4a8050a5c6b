"""The report as strict JSON, for other programs, and back.

Numbers that are not finite and objects that look like them: see :mod:`janitor.storage.strict_json`.
Times are ISO 8601 in UTC and end in ``Z``. Each change and each held run stands on a line of its
own, so that the file can be searched and compared by lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from janitor.errors import ReportError
from janitor.records.base import FROM_FILE
from janitor.records.report import SCHEMA, Report
from janitor.storage import strict_json
from janitor.storage.invalid import first_mistake


def pretty(model: BaseModel, **instead: Any) -> str:
    """A model's JSON text: one line per field, and one per item of a field that is a list.

    ``instead`` holds fields that are already in the form of JSON.

    Raises:
        ReportError: a value is nested too deeply to be written.

    """
    try:
        values = _fields(model) | instead
        fields = [f" {_dumps(key)}: {_block(value)}" for key, value in values.items()]
    except ValueError as error:
        raise ReportError(f"it cannot be written as JSON: {error}") from error
    return "{\n" + ",\n".join(fields) + "\n}\n"


def parse(text: str | bytes) -> Report:
    """The report that :func:`pretty` wrote, or a later version of it under the same schema.

    Raises:
        ReportError: the text is not a report, or of another schema version.

    """
    try:
        data = strict_json.loads(text)
    except ValueError as error:
        raise ReportError(f"it is not valid JSON ({error})") from error
    schema = data.get("schema") if isinstance(data, dict) else None
    if schema != SCHEMA:
        said = "it names no schema" if schema is None else f"its schema is {schema!r:.60}"
        raise ReportError(f"{said}, and this janitor reads {SCHEMA!r}")
    try:
        return Report.model_validate(data, context=FROM_FILE)
    except ValidationError as error:
        raise ReportError(f"it is malformed at {first_mistake(error)}") from error


def format_time(time: datetime) -> str:
    """ISO 8601 in UTC, ending in ``Z``. The time must be in UTC, as the schema makes all times."""
    return time.replace(tzinfo=None).isoformat() + "Z"


def _block(value: Any) -> str:
    """A value on one line, or a list with a line an item."""
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        return _dumps(value)
    return "[\n" + ",\n".join(f"  {_dumps(item)}" for item in value) + "\n ]"


def _dumps(value: Any) -> str:
    return strict_json.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return _fields(value)
    if isinstance(value, datetime):
        return format_time(value)
    raise ValueError(f"JSON has no word for a {type(value).__name__}")


def _fields(model: BaseModel) -> dict[str, Any]:
    """The fields under their names in the file.

    By hand, for pydantic's own way refuses values that are nested 255 levels deep.
    """
    return {
        field.alias or name: getattr(model, name)
        for name, field in type(model).model_fields.items()
    }


def load_report(path: str | Path) -> Report:
    """Read a ``.json`` report.

    Raises:
        ReportError: there is no such file, it is not a report, or of another schema version.

    """
    try:
        return parse(Path(path).read_bytes())
    except OSError as error:
        raise ReportError(f"cannot read the report {path}: {error.strerror}") from error
    except ReportError as error:
        raise ReportError(f"cannot read the report {path}: {error}") from error
