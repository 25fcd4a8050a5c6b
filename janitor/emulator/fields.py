"""The fields of a run that filters and orders may name, such as ``config.lr.value``.

A dotted path may name one top-level key with a dot in it (``protein.state``) or a place in a
nested object. The longest name that exists is taken, key by key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from janitor.emulator.records import MISSING, Run, Sweep, read_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

TIME_FIELDS = frozenset({"created_at", "createdAt", "heartbeat_at", "heartbeatAt", "updated_at"})
_CONFIG = "config."
_SUMMARIES = ("summary_metrics.", "summaryMetrics.")


class UnknownFieldError(ValueError):
    """A filter or an order names a field that a run does not have."""


def _or_missing(value: Any) -> Any:
    return MISSING if value is None else value


_PLAIN: dict[str, Callable[[Run], Any]] = {
    "name": lambda run: run.name,
    "display_name": lambda run: _or_missing(run.display_name),
    "sweep": lambda run: run.sweep.name if run.sweep else MISSING,
    "group": lambda run: _or_missing(run.group),
    "job_type": lambda run: _or_missing(run.job_type),
    "tags": lambda run: run.tags,
    "host": lambda run: _or_missing(run.host),
    "username": lambda run: run.user,
    "created_at": lambda run: run.created_at,
    "heartbeat_at": lambda run: _or_missing(run.heartbeat_at),
    "duration": lambda run: run.duration,
    "entity": lambda run: run.project.entity,
    "project": lambda run: run.project.name,
    "description": lambda run: _or_missing(run.description),
    "notes": lambda run: _or_missing(run.notes),
    "stopped": lambda run: run.stopped,
    "exit_code": lambda run: _or_missing(run.exit_code),
    "history_line_count": lambda run: run.history_line_count,
}
_OTHER_NAMES = {
    "displayName": "display_name",
    "sweepName": "sweep",
    "sweep_name": "sweep",
    "sweep.name": "sweep",
    "groupName": "group",
    "jobType": "job_type",
    "createdAt": "created_at",
    "heartbeatAt": "heartbeat_at",
    "updated_at": "heartbeat_at",
    "user": "username",
    "entityName": "entity",
    "entity_name": "entity",
    "project.entity.name": "entity",
    "user.username": "username",
    "exitcode": "exit_code",
    "historyLineCount": "history_line_count",
}
_SWEEP: dict[str, Callable[[Sweep], Any]] = {
    "name": lambda sweep: sweep.name,
    "display_name": lambda sweep: _or_missing(sweep.display_name),
    "displayName": lambda sweep: _or_missing(sweep.display_name),
    "state": lambda sweep: sweep.state,
    "created_at": lambda sweep: sweep.created_at,
    "createdAt": lambda sweep: sweep.created_at,
}


def sweep_field(name: str) -> Callable[[Sweep], Any]:
    """The getter of a sweep's field; raises UnknownFieldError."""
    try:
        return _SWEEP[name]
    except KeyError:
        raise UnknownFieldError(f"unknown field {name!r}") from None


class RunFields:
    """Finds the getter of a named field, at a moment: a run's state depends on the time."""

    def __init__(self, now: datetime, crash_after: float, *, nested_only: bool = False) -> None:
        self.now = now
        self.crash_after = crash_after
        self.nested_only = nested_only
        """Whether a dotted summary path never names a single key with a dot in it."""
        self.depends_on_time = False
        """Whether a requested getter's answer changes with time."""

    def getter(self, name: str) -> Callable[[Run], Any]:
        """The getter of a field; raises UnknownFieldError."""
        if name == "state":
            self.depends_on_time = True
            now, crash_after = self.now, self.crash_after
            return lambda run: run.state_at(now, crash_after)
        if name.startswith(_CONFIG):
            return _config_getter(name.removeprefix(_CONFIG))
        for prefix in _SUMMARIES:
            if name.startswith(prefix):
                return self._summary_getter(name.removeprefix(prefix))
        getter = _PLAIN.get(_OTHER_NAMES.get(name, name))
        if getter is None:
            raise UnknownFieldError(f"unknown field {name!r}")
        return getter

    def _summary_getter(self, path: str) -> Callable[[Run], Any]:
        parts = path.split(".")
        find = find_nested if self.nested_only else find_key

        def summary_value(run: Run) -> Any:
            return find(read_json(run.summary_text), parts)

        return summary_value


def _config_getter(path: str) -> Callable[[Run], Any]:
    parts = path.split(".")

    def config_value(run: Run) -> Any:
        config = read_json(run.config_text)
        if not isinstance(config, dict):
            return MISSING
        for length in range(len(parts), 0, -1):
            entry = config.get(".".join(parts[:length]), MISSING)
            if entry is not MISSING:
                rest = parts[length:]
                return find_key(_unwrapped(entry), rest[1:] if rest[:1] == ["value"] else rest)
        return MISSING

    return config_value


def _unwrapped(entry: Any) -> Any:
    """W&B keeps ``{key: {"value": …}}``."""
    return entry.get("value", MISSING) if isinstance(entry, dict) else entry


def find_key(value: Any, parts: list[str]) -> Any:
    """Follow a dotted path, trying names with dots in them first; MISSING if nothing is there."""
    if not parts:
        return value
    if not isinstance(value, dict):
        return MISSING
    for length in range(len(parts), 0, -1):
        key = ".".join(parts[:length])
        if key in value:
            found = find_key(value[key], parts[length:])
            if found is not MISSING:
                return found
    return MISSING


def find_nested(value: Any, parts: list[str]) -> Any:
    """Follow a dotted path through nested objects only."""
    for part in parts:
        if not isinstance(value, dict) or part not in value:
            return MISSING
        value = value[part]
    return value
