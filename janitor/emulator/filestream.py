"""The filestream: what a training process posts while it runs, and its heartbeat."""

from __future__ import annotations

import gzip
import io
import zlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, ValidationError

from janitor.emulator.access import RefusedError
from janitor.emulator.records import Run
from janitor.emulator.validation import describe, read_json_bytes

if TYPE_CHECKING:
    from datetime import datetime

    from janitor.emulator.store import Store

_SUMMARY = "wandb-summary.json"
_HISTORY = "wandb-history.jsonl"
_LARGEST_POST = 256 * 1024 * 1024
"""Bytes of a post once it is decompressed."""


class Lines(BaseModel):
    """Lines to put into a file, from a line number on."""

    offset: int = Field(default=0, ge=0)
    content: list[str] = Field(default_factory=list)


class Post(BaseModel):
    """A post; an empty one is a heartbeat."""

    files: dict[str, Lines] = Field(default_factory=dict)
    uploaded: list[str] = Field(default_factory=list)
    preempting: bool = False
    complete: bool = False
    exitcode: int | None = None


def read_post(raw: bytes, encoding: str) -> Post:
    """Read a post's body; raises RefusedError (400)."""
    try:
        return Post.model_validate(read_json_bytes(_decompressed(raw, encoding)))
    except ValidationError as error:
        message = f"the post is malformed: {describe(error)}"
        raise RefusedError(HTTPStatus.BAD_REQUEST, message) from error
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise RefusedError(HTTPStatus.BAD_REQUEST, f"the post cannot be read: {error}") from error


def _decompressed(raw: bytes, encoding: str) -> bytes:
    if encoding != "gzip":
        return raw
    with gzip.GzipFile(fileobj=io.BytesIO(raw)) as file:
        content = file.read(_LARGEST_POST + 1)
    if len(content) > _LARGEST_POST:
        raise ValueError(f"it has more than {_LARGEST_POST} bytes")
    return content


def receive(store: Store, run: Run, post: Post, now: datetime) -> dict[str, Any]:
    """Apply a post to its run, and answer it.

    Any post makes a crashed or ended run live again; ``complete`` ends the run. Lines are put at
    their offsets, so that a repeated post changes nothing.
    """
    run.heartbeat_at = now
    run.heartbeat_at_text = None
    run.watched = True
    for name, lines in post.files.items():
        _put_lines(run, name, lines)
    preempting = post.preempting or (run.state == "preempting" and run.exit_code is None)
    if post.complete:
        run.exit_code = post.exitcode
        run.state = _ended(run, preempting=preempting)
    elif preempting:
        run.state = "preempting"
    else:
        run.state = "running"
        run.exit_code = None
    store.changed(run)
    return {"exitcode": run.exit_code, "limits": {}, "stopped": run.stopped}


def _ended(run: Run, *, preempting: bool) -> str:
    if not run.exit_code:
        return "finished"
    if preempting:
        return "preempted"
    return "killed" if run.stopped else "failed"


def _put_lines(run: Run, name: str, lines: Lines) -> None:
    if name == _SUMMARY:
        if lines.content:
            run.set_summary(lines.content[-1])
            run.client_summary_text = run.summary_text
        return
    target, skipped = _target(run, name)
    if target is None:
        return
    start = max(0, lines.offset - skipped)
    target[start : start + len(lines.content)] = lines.content


def _target(run: Run, name: str) -> tuple[list[str] | None, int]:
    """The list that a file's lines go to, and the number of seeded lines before it."""
    if name == _HISTORY:
        run.history_keys = None
        return run.history, run.seeded_history_lines
    if name == "wandb-events.jsonl":
        return run.events, 0
    if name == "output.log":
        return run.log_lines, 0
    return None, 0
