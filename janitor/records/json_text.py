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
from janitor.records.base import FROM_FILE, fields_of
from janitor.records.report import SCHEMA, Report
from janitor.storage import strict_json
from janitor.storage.invalid import first_mistake
from janitor.storage.untrusted import read_untrusted


def pretty(model: BaseModel, **instead: Any) -> str:
    """A model's JSON text: one line per field, and one per item of a field that is a list.

    ``instead`` holds fields that are already in the form of JSON.

    Raises:
        ReportError: a value is nested too deeply to be written.

    """
    try:
        values = fields_of(model) | instead
        fields = [f" {_dumps(key)}: {_block(value)}" for key, value in values.items()]
    except ValueError as error:
        raise ReportError(f"it cannot be written as JSON: {error}") from error
    return "{\n" + ",\n".join(fields) + "\n}\n"


def parse(text: str | bytes) -> Report:
    """The report that :func:`pretty` wrote, or a later version of it under the same schema.

    Raises:
        ReportError: the text is not a report, or is of another schema version.

    """
    try:
        data = strict_json.loads(text)
    except ValueError as error:
        raise ReportError(f"it is not valid JSON ({error})") from error
    schema = data.get("schema") if isinstance(data, dict) else None
    if schema != SCHEMA:
        said = "it has no schema" if schema is None else f"its schema is {schema!r:.60}"
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
        return fields_of(value)
    if isinstance(value, datetime):
        return format_time(value)
    raise ValueError(f"JSON cannot hold a {type(value).__name__}")


def load_report(path: str | Path, *, found: bool = False) -> Report:
    """Read a ``.json`` report.

    Args:
        path: The file.
        found: Whether it was found in a folder, and not named by the user. Then it must not be a
            symbolic link.

    Raises:
        ReportError: it cannot be read, is not a report, or is of another schema version.

    """
    data = read_untrusted(path, follow=not found, error=_unread)
    try:
        return parse(data)
    except ReportError as error:
        raise ReportError(f"cannot read the report {path}: {error}") from error


def _unread(why: str) -> ReportError:
    return ReportError(why.replace("cannot read", "cannot read the report", 1))
