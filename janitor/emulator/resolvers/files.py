"""A run's files: listing them, and the addresses at which they are written and read."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ariadne import MutationType, ObjectType

from janitor.emulator.access import RefusedError
from janitor.emulator.clock import format_time
from janitor.emulator.listing import Page, cut_page
from janitor.emulator.patterns import Pattern
from janitor.emulator.records import Run, StoredFile, global_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from janitor.emulator.emulation import Context, Info


mutation = MutationType()
run_type = ObjectType("Run")
file_type = ObjectType("File")
_DEFAULT_PAGE = 50


@run_type.field("files")
def resolve_files(
    run: Run,
    info: Info,
    names: list[str | None] | None = None,
    pattern: str | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Page[Mapping[str, Any]]:
    """A page of the run's files, those of the given names or of a pattern (SQL's LIKE)."""
    matches = Pattern(_like(pattern), "s").fullmatch if pattern else None
    chosen = [
        _file_record(run, file, info.context)
        for file in run.files.values()
        if (not names or file.name in names) and (matches is None or matches(file.name))
    ]
    return cut_page(chosen, _DEFAULT_PAGE if first is None else first, after)


def _like(pattern: str) -> str:
    return "".join({"%": ".*", "_": "."}.get(char) or re.escape(char) for char in pattern)


def _file_record(run: Run, file: StoredFile, context: Context) -> dict[str, Any]:
    url = context.file_url(run, file.name)
    digest = hashlib.md5(file.content, usedforsecurity=False).digest()
    return {
        "id": global_id("File", file.name, run.name, run.project.name, run.project.entity),
        "name": file.name,
        "url": url,
        "direct_url": url,
        "size_bytes": len(file.content),
        "mimetype": file.mimetype,
        "updated_at": format_time(file.updated_at),
        "md_5": base64.b64encode(digest).decode(),
    }


@file_type.field("url")
def resolve_url(
    file: Mapping[str, Any],
    _info: Info,
    upload: bool | None = None,  # noqa: ARG001, FBT001 - one address serves both ways
) -> str:
    """The address at which the file is read, and written."""
    url: str = file["url"]
    return url


@mutation.field("createRunFiles")
def resolve_create_files(_: object, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Addresses to upload files to."""
    context = info.context
    run = context.named_run(input)
    return {
        "run_id": run.id,
        "upload_headers": [],
        "files": [
            {"name": name, "upload_url": context.file_url(run, name)} for name in input["files"]
        ],
    }


@mutation.field("markRunFilesUploaded")
def resolve_mark_uploaded(_: object, info: Info, input: dict[str, Any]) -> dict[str, bool]:
    """Do nothing: an uploaded file is available at once."""
    info.context.named_run(input)
    return {"success": True}


@mutation.field("deleteFiles")
def resolve_delete_files(_: object, info: Info, input: dict[str, Any]) -> dict[str, bool]:
    """Delete files by their ids."""
    context = info.context
    for file_id in input["files"]:
        run, name = _find_file(context, file_id)
        del run.files[name]
        context.store.changed(run)
    return {"success": True}


def _find_file(context: Context, file_id: str) -> tuple[Run, str]:
    try:
        text = base64.b64decode(file_id, validate=True).decode()
        name, run_name, project, entity = text.removeprefix("File:v1:").rsplit(":", 3)
    except (binascii.Error, ValueError):
        raise RefusedError(HTTPStatus.NOT_FOUND, f"file {file_id} not found") from None
    run = context.project(entity, project, write=True).runs.get(run_name)
    if run is None or name not in run.files:
        raise RefusedError(HTTPStatus.NOT_FOUND, f"file {file_id} not found")
    return run, name


run_type.set_field("fileCount", lambda run, _info: len(run.files))

BINDABLES = (mutation, run_type, file_type)
