"""The sources of settings: flags, ``JANITOR_*`` variables, a file. Each source is a layer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from janitor.config.table import OUTSIDE_THE_FILE
from janitor.config.targets import KINDS, parse_any_target, parse_target
from janitor.config.targets_setting import narrowed
from janitor.errors import ConfigError, TargetError
from janitor.model import AnyTarget
from janitor.model.wording import did_you_mean

PREFIX = "JANITOR_"
CONFIG_VARIABLE = "JANITOR_CONFIG"
SHARDS_VARIABLE = "JANITOR_SHARDS"
"""The number of shards; Kubernetes sets the index of this one."""
INDEX_VARIABLE = "JOB_COMPLETION_INDEX"
"""Set by Kubernetes in each pod of an Indexed Job, counted from 0."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from; ``config show`` shows it as text."""

    kind: str
    """"flag", "environment", "file" or "default"."""
    name: str = ""
    """The flag, the variable, or the file as the user named it."""
    place: str = ""
    """The place in the file, if it is not the setting's own key."""

    def __str__(self) -> str:
        match self.kind:
            case "file":
                return f"{self.name} ({self.place})" if self.place else self.name
            case "default":
                return "default"
            case _:
                return f"{self.kind} {self.name}"


DEFAULT = Origin("default")


_TARGET_VARIABLES = {f"{PREFIX}{kind.upper()}": kind for kind in KINDS}

VARIABLES = (
    CONFIG_VARIABLE,
    SHARDS_VARIABLE,
    *_TARGET_VARIABLES,
    *(setting.variable for setting in OUTSIDE_THE_FILE.values()),
)
"""Every environment variable that the janitor reads."""

_FLAGS_ALONE = ("JANITOR_DRY_RUN", "JANITOR_FORCE")
"""Flags that have no variable. If one were ignored, a pass would write against the user's will."""

OF_TRIALS: Final = "JANITOR_TRIAL_"
"""Variables that a sweep sets for its trials; never settings."""
_FROM_KUBERNETES = re.compile(r"JANITOR_(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\w+)?)")
"""Set by Kubernetes in every container if a service is called janitor."""


@dataclass(frozen=True, slots=True)
class Layer:
    """The settings of one source: dotted key → (value as it was given, where)."""

    values: Mapping[str, tuple[Any, Origin]]

    def tree(self) -> dict[str, Any]:
        """The values in the form of a file."""
        return nested({key: value for key, (value, _) in self.values.items()})

    def origin(self, path: str) -> Origin:
        """Where the setting at this path comes from."""
        for key, (_, origin) in self.values.items():
            if path == key or path.startswith((f"{key}.", f"{key}[")):
                return origin
        return DEFAULT


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted keys as nested mappings."""
    tree: dict[str, Any] = {}
    for key, value in values.items():
        *sections, last = key.split(".")
        level = tree
        for section in sections:
            level = level.setdefault(section, {})
        level[last] = value
    return tree


def flag_layer(flags: Mapping[str, Any]) -> Layer:
    """The settings from the command line.

    ``flags`` holds parameters by name (``max_changes``, ``sweep``); None and empty sequences
    count as not given, and names that are not settings are ignored. The targets keep the order of
    their flags in the mapping.

    Raises:
        TargetError: a target is malformed.

    """
    given = {name: value for name, value in flags.items() if value is not None and value != ()}
    values: dict[str, tuple[Any, Origin]] = {}
    kinds = [name for name in given if name in KINDS]
    targets = [parse_any_target(text) for text in given.get("target", ())]
    targets += [parse_target(kind, text) for kind in kinds for text in given[kind]]
    narrowing = [name for name in ("include", "filter") if name in given]
    if narrowing:
        if not targets:
            raise TargetError(f"--{narrowing[0]} is for a project: add --project ENTITY/PROJECT")
        include, by = given.get("include"), given.get("filter")
        targets = [narrowed(each, include=include, by=by) for each in targets]
    if targets:
        named = [f"--{name}" for name in (*kinds, *narrowing)]
        if "target" in given:
            named.insert(0, "TARGET")
        values["targets"] = targets, Origin("flag", _joined(named))
    for setting in OUTSIDE_THE_FILE.values():
        if setting.group and setting.name in given:
            values[setting.key] = given[setting.name], Origin("flag", setting.flag_name)
    return Layer(values)


def environment_layer(environ: Mapping[str, str]) -> Layer:
    """The settings from the ``JANITOR_*`` variables; empty ones count as not set.

    Lists are separated by commas or line breaks.

    Raises:
        TargetError: a target is malformed.
        ConfigError: the number of shards is set without the index of this one; or a variable is
            set for something that is only a flag.

    """
    for name in _FLAGS_ALONE:
        if environ.get(name, "").strip():
            flag = f"--{name.removeprefix(PREFIX).lower().replace('_', '-')}"
            raise ConfigError(f"{name} is not a setting: unset it and use the flag {flag}")
    values: dict[str, tuple[Any, Origin]] = {}
    variables = [name for name in _TARGET_VARIABLES if _items(environ.get(name, ""))]
    if variables:
        targets = [target for name in variables for target in _targets_of(name, environ[name])]
        values["targets"] = targets, Origin("environment", _joined(variables))
    for setting in OUTSIDE_THE_FILE.values():
        text = environ.get(setting.variable, "").strip()
        if text:
            value = _items(text, setting.kind.separator) if setting.kind.is_list else text
            values[setting.key] = value, Origin("environment", setting.variable)
    if "shard" not in values and environ.get(SHARDS_VARIABLE, "").strip():
        origin = Origin("environment", _joined((INDEX_VARIABLE, SHARDS_VARIABLE)))
        values["shard"] = _shard_of_job(environ), origin
    return Layer(values)


def _shard_of_job(environ: Mapping[str, str]) -> str:
    """K/N for a pod of an Indexed Job."""
    index = environ.get(INDEX_VARIABLE, "").strip()
    if not index.isdecimal():
        raise ConfigError(
            f"{SHARDS_VARIABLE} is the number of shards, so {INDEX_VARIABLE} must be the index of"
            f" this one, from 0, not {index!r}: run it as an Indexed Job, or set JANITOR_SHARD=K/N"
            " instead"
        )
    return f"{int(index) + 1}/{environ[SHARDS_VARIABLE].strip()}"


def _joined(names: Iterable[str]) -> str:
    return ", ".join(names)


def _items(text: str, separator: str = r"[,\n]") -> list[str]:
    return [item.strip() for item in re.split(separator, text) if item.strip()]


def _targets_of(variable: str, text: str) -> Iterator[AnyTarget]:
    for item in _items(text):
        try:
            yield parse_target(_TARGET_VARIABLES[variable], item)
        except TargetError as error:
            raise TargetError(f"{variable}: {error}") from error


def unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each unknown ``JANITOR_*`` variable."""
    for name in sorted(environ):
        ours = name in VARIABLES or not name.startswith(PREFIX) or name.startswith(OF_TRIALS)
        if not ours and not _FROM_KUBERNETES.fullmatch(name):
            yield f"unknown environment variable {name}{did_you_mean(name, VARIABLES)}"
