"""The file of an exported sweep: JSON lines in gzip. It opens no file itself.

The first line is a header. The entries of the ledger follow in order, then the runs in the order
of their names, then an end line that proves that the file is whole. The same sweep gives the same
bytes.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, BinaryIO, Final

from janitor.errors import StateFileError, UsageError
from janitor.model.ledger_items import LedgerEntry
from janitor.records.sweep import dump_entry, entry_schema, parse_entry
from janitor.storage import strict_json
from janitor.storage.migrations import Migrations

EXPORT: Final = Migrations("this export of a sweep", (lambda document: document,))
_LONGEST_LINE: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Header:
    """The first line."""

    sweep: str
    """Its name."""


@dataclass(frozen=True, slots=True)
class ExportedRun:
    """The run of a trial."""

    run: str
    summary: Mapping[str, Any]
    """All of it, with the state."""


Line = Header | LedgerEntry | ExportedRun


def write_export(file: BinaryIO, lines: Iterable[Line]) -> None:
    """Write the lines of an export, one at a time.

    Raises:
        ValueError: a value cannot be written as JSON.

    """
    digest, count = sha256(), 0
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        for line in lines:
            data = f"{_dump(line)}\n".encode()
            digest.update(data)
            count += 1
            packed.write(data)
        end = {"kind": "end", "lines": count, "sha256": digest.hexdigest()}
        packed.write(f"{strict_json.dumps(end)}\n".encode())


def _dump(line: Line) -> str:
    match line:
        case Header():
            return strict_json.dumps(
                {"kind": "header", "version": EXPORT.latest, "sweep": line.sweep}
            )
        case LedgerEntry():
            return f'{{"kind": "entry", "entry": {dump_entry(line).strip()}}}'
        case ExportedRun():
            return strict_json.dumps({"kind": "run", "run": line.run, "summary": line.summary})


def read_export(file: BinaryIO, path: str) -> Iterator[Line]:
    """The lines of an export, one at a time. Nothing is known to be whole before the last one.

    Args:
        file: The file, at its beginning.
        path: Its name, for sentences.

    Raises:
        UsageError: it is not an export, it is damaged, or its end is missing.
        StateFileError: it is of a newer version.

    """
    digest, count = sha256(), 0
    try:
        with gzip.GzipFile(fileobj=file, mode="rb") as packed:
            while data := packed.readline(_LONGEST_LINE):
                document = strict_json.loads(data)
                if not isinstance(document, dict):
                    raise ValueError(f"line {count + 1} holds no object")  # noqa: TRY004, TRY301 - a malformed file
                if document.get("kind") == "end":
                    _check_end(document, count, digest.hexdigest(), packed.read(1))
                    return
                yield _parse(document, is_first=count == 0)
                digest.update(data)
                count += 1
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, StateFileError):
            raise
        raise UsageError(f"{path} is not a whole export of a sweep: {error}") from error
    raise UsageError(f"{path} is not a whole export of a sweep: its last line is missing")


def _check_end(document: Mapping[str, Any], count: int, digest: str, rest: bytes) -> None:
    if document.get("lines") != count or document.get("sha256") != digest or rest:
        raise ValueError("its lines are not those that were written")


def _parse(document: dict[str, Any], *, is_first: bool) -> Line:
    kind = document.get("kind")
    if is_first != (kind == "header"):
        raise ValueError("its first line, and only that, is a header")
    if kind == "header":
        known = EXPORT.forward(document, document["version"])
        return Header(str(known["sweep"]))
    if kind == "entry":
        entry = parse_entry(strict_json.dumps(document["entry"]).encode())
        if entry.is_altered:
            raise ValueError(f"entry {entry.number} was altered after it was written")
        return entry
    if kind == "run" and isinstance(document["summary"], dict):
        return ExportedRun(str(document["run"]), document["summary"])
    raise ValueError(f"a line is of an unknown kind: {kind!r:.40}")


def export_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one line of an export."""
    entry = entry_schema()
    definitions = entry.pop("$defs", {})
    text, count = {"type": "string"}, {"type": "integer"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "janitor.sweep.export/1",
        "description": (
            "One line of an export of a sweep: a header, then the ledger's entries, the runs, and"
            ' an end. A number that is not finite is {"$number": "NaN"}.'
        ),
        "oneOf": [
            _object("header", version={"const": EXPORT.latest}, sweep=text),
            _object("entry", entry=entry),
            _object("run", run=text, summary={"type": "object"}),
            _object("end", lines=count, sha256=text),
        ],
        "$defs": definitions,
    }


def _object(kind: str, **properties: Any) -> dict[str, Any]:
    known = {"kind": {"const": kind}, **properties}
    return {"type": "object", "properties": known, "required": list(known)}
