"""The files of a sweep's store: ledger entries, runs and summaries; and the worker's, as read.

Each has a version. Unknown fields of a known version come from a later janitor and are skipped. A
file of a newer version is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter, ValidationError

from janitor.errors import NewerLedgerError, StateFileError
from janitor.model.ledger_items import Item, LedgerEntry
from janitor.storage import strict_json
from janitor.storage.migrations import Migrations

ENTRY: Final = Migrations("this ledger entry", (lambda document: document,))
RUN: Final = Migrations("this run", (lambda document: document,))
SUMMARY: Final = Migrations("this summary", (lambda document: document,))
JOB_FILE: Final = Migrations("this file of a job", (lambda document: document,))

_DIGEST: Final = ', "digest": "'
_END: Final = '"}'

_item = TypeAdapter[Item](Annotated[Item, Field(discriminator="item")])


def dump_entry(entry: LedgerEntry) -> str:
    """The text of a ledger entry.

    Raises:
        ValueError: a value cannot be written as JSON.

    """
    values = asdict(entry)
    values.pop("is_altered")
    text = strict_json.dumps({"version": ENTRY.latest, **values})
    return f"{text[:-1]}{_DIGEST}{_digest(text.encode())}{_END}\n"


def _digest(text: bytes) -> str:
    return sha256(text).hexdigest()


def _is_altered(data: bytes) -> bool:
    """Whether an entry's text is not the one that its digest was made of."""
    head, mark, tail = data.rpartition(_DIGEST.encode())
    return not mark or tail.strip().decode(errors="replace") != f"{_digest(head + b'}')}{_END}"


def parse_entry(data: bytes) -> LedgerEntry:
    """A ledger entry from its text. One that was altered is marked; see ``sweep verify``.

    Raises:
        ValueError: it is not one.
        NewerLedgerError: it is of a newer version.

    """
    try:
        document = _object(data, ENTRY)
    except StateFileError as error:
        raise NewerLedgerError(str(error)) from error
    is_altered = document.pop("digest", None) is not None and _is_altered(data)
    try:
        return replace(_ledger_entry(document), is_altered=is_altered)
    except (KeyError, TypeError) as error:
        raise ValueError(f"it lacks {error}") from error


def _ledger_entry(document: Mapping[str, Any]) -> LedgerEntry:
    try:
        items = tuple(_item.validate_python(item) for item in document["items"])
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"an item is damaged: {place}: {first['msg']}") from error
    number, nonce, at, role = (document[name] for name in ("number", "nonce", "at", "role"))
    if not isinstance(number, int) or role not in {"facts", "decisions", "acts"}:
        raise ValueError("its number or role is damaged")
    if datetime.fromisoformat(str(at)).tzinfo is None:
        raise ValueError("its time has no zone")
    versions, site = dict(document.get("versions") or {}), str(document.get("site") or "")
    return LedgerEntry(number, str(nonce), str(at), role, items, versions, site)


@dataclass(frozen=True, slots=True)
class StoredSummary:
    """A run's summary, and how often it was written."""

    revision: int
    summary: Mapping[str, Any]


def dump_summary(stored: StoredSummary) -> str:
    """The text of a run's summary file."""
    return strict_json.dumps({"version": SUMMARY.latest, **asdict(stored)}) + "\n"


def parse_summary(data: bytes) -> StoredSummary:
    """A run's summary from its file.

    Raises:
        ValueError: it is not one.
        StateFileError: it is of a newer version.

    """
    document = _object(data, SUMMARY)
    revision, summary = document.get("revision"), document.get("summary")
    if not isinstance(revision, int) or not isinstance(summary, dict):
        raise ValueError("it lacks a revision or a summary")  # noqa: TRY004 - a malformed file
    return StoredSummary(revision, summary)


def dump_run(values: Mapping[str, Any]) -> str:
    """The text of a run's file, which is written once."""
    return strict_json.dumps({"version": RUN.latest, **values}) + "\n"


def parse_run(data: bytes) -> Mapping[str, Any]:
    """A run's file.

    Raises:
        ValueError: it is not one.
        StateFileError: it is of a newer version.

    """
    return _object(data, RUN)


def parse_job_file(data: bytes) -> Mapping[str, Any]:
    """A claim, an exit marker or a state of a worker.

    Raises:
        ValueError: it is not one.
        StateFileError: it is of a newer version.

    """
    return _object(data, JOB_FILE)


def _object(data: bytes, migrations: Migrations) -> dict[str, Any]:
    document = strict_json.loads(data)
    if not isinstance(document, dict):
        raise ValueError("it holds no object")  # noqa: TRY004 - a malformed file
    return migrations.forward(document, document.pop("version", None))


def entry_schema() -> dict[str, Any]:
    """The JSON Schema of a ledger entry."""
    schema = TypeAdapter(LedgerEntry).json_schema()
    schema["properties"].pop("is_altered")
    schema["properties"]["version"] = {"const": ENTRY.latest}
    schema["properties"]["digest"] = {"type": "string"}
    return schema
