"""Changes to a run that no client sends: what a live process does, what a test sets up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from janitor.emulator.clock import parse_time
from janitor.emulator.records import Run, StoredFile, read_json

if TYPE_CHECKING:
    from datetime import datetime

    from janitor.emulator.emulation import Emulation

SUMMARY_FILE = "wandb-summary.json"


class RunChange(BaseModel):
    """What happens to a run. The parts are applied in this order."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    heartbeat: bool = False
    """The process sends a heartbeat."""
    log: dict[str, Any] | None = None
    """The process logs these keys: its own whole summary, with these keys, replaces the server's,
    so that what others wrote is gone. Sends a heartbeat and adds a history line."""
    finish: int | None = None
    """The process ends with this exit code: it posts its own whole summary once more, and uploads
    it as wandb-summary.json."""
    state: str | None = None
    """The run's W&B state."""
    summary: dict[str, Any] | None = None
    """Replaces the whole summary, as another writer would."""
    summary_text: str | None = None
    """The same as raw text."""
    summary_update: dict[str, Any] | None = None
    """Merged into the server's summary, as another writer would; the process does not see it."""
    upload: dict[str, str] = Field(default_factory=dict)
    """Files to upload: their text by name."""
    config: dict[str, Any] | None = None
    display_name: str | None = None
    tags: list[str] | None = None
    group: str | None = None
    sweep: str | None = None
    stopped: bool | None = None
    watched: bool | None = None
    """Whether silence makes the run crashed."""
    created_at: str | None = None
    heartbeat_at: str | None = None
    """ISO 8601, or relative to now such as -2h; any other text is answered as it is."""
    history_lines: int | None = None


def apply_change(emulation: Emulation, run: Run, change: RunChange) -> None:
    """Apply a change to a run."""
    now = emulation.clock.now()
    if change.heartbeat or change.log is not None:
        _beat(run, now)
    if change.log is not None:
        _post_own_summary(run, change.log)
        run.history.append(json.dumps(change.log))
    if change.finish is not None:
        _finish(run, change.finish, now)
    _set_summary(run, change)
    for name, text in change.upload.items():
        run.files[name] = StoredFile(name, text.encode(), "text/plain", now)
    if change.sweep is not None:
        sweep = emulation.store.ensure_sweep(run.project, change.sweep, now)
        emulation.store.put_in_sweep(run, sweep)
    _set_fields(run, change, now)
    emulation.store.changed(run)


def _beat(run: Run, now: datetime) -> None:
    run.heartbeat_at = now
    run.heartbeat_at_text = None
    run.state = "running"
    run.exit_code = None


def _post_own_summary(run: Run, keys: dict[str, Any]) -> None:
    own = read_json(run.client_summary_text)
    text = json.dumps((own if isinstance(own, dict) else {}) | keys)
    run.client_summary_text = text
    run.set_summary(text)


def _finish(run: Run, exit_code: int, now: datetime) -> None:
    _beat(run, now)
    _post_own_summary(run, {})
    run.exit_code = exit_code
    run.state = "failed" if exit_code else "finished"
    content = (run.summary_text or "{}").encode()
    run.files[SUMMARY_FILE] = StoredFile(SUMMARY_FILE, content, "application/json", now)


def _set_summary(run: Run, change: RunChange) -> None:
    if change.summary is not None:
        run.set_summary(json.dumps(change.summary))
    if change.summary_text is not None:
        run.set_summary(change.summary_text)
    if change.summary_update is not None:
        old = read_json(run.summary_text)
        run.set_summary(json.dumps((old if isinstance(old, dict) else {}) | change.summary_update))


def _set_fields(run: Run, change: RunChange, now: datetime) -> None:
    for name in ("state", "display_name", "tags", "group", "stopped", "watched"):
        value = getattr(change, name)
        if value is not None:
            setattr(run, name, value)
    if change.config is not None:
        run.config_text = config_text(change.config)
    if change.history_lines is not None:
        run.seeded_history_lines = change.history_lines
    if change.created_at is not None:
        moment, run.created_at_text = read_moment(change.created_at, now)
        run.created_at = moment or run.created_at
    if change.heartbeat_at is not None:
        run.heartbeat_at, run.heartbeat_at_text = read_moment(change.heartbeat_at, now)


def config_text(config: dict[str, Any]) -> str:
    """A config in W&B's form, ``{key: {"value": …}}``, unless it has that form already."""
    wrapped = {
        key: value if isinstance(value, dict) and "value" in value else {"value": value}
        for key, value in config.items()
    }
    return json.dumps(wrapped)


def read_moment(text: str, now: datetime) -> tuple[datetime | None, str | None]:
    """A time, and the text to answer instead of it: the text itself if it is not a time.

    An ISO time is answered as it was written, so that clients see all its forms; a relative time is
    answered in W&B's usual form.
    """
    try:
        moment = parse_time(text, now)
    except ValueError:
        return None, text
    return moment, text if text[:1].isdigit() and "T" in text else None
