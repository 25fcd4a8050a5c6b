"""Where settings come from: flags, ``JANITOR_*`` variables, a file. Each source is a layer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from janitor.config.targets import KINDS, parse_target
from janitor.errors import ConfigError, TargetError
from janitor.model import AnyTarget
from janitor.model.wording import did_you_mean

PREFIX = "JANITOR_"
CONFIG_VARIABLE = "JANITOR_CONFIG"
SHARDS_VARIABLE = "JANITOR_SHARDS"
"""How many shards there are; which of them this is, Kubernetes says."""
INDEX_VARIABLE = "JOB_COMPLETION_INDEX"
"""Set by Kubernetes in each pod of an Indexed Job, from 0."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from; its text goes into ``config show``."""

    kind: str
    """"flag", "environment", "file" or "default"."""
    name: str = ""
    """The flag, the variable, or the file as people call it."""
    place: str = ""
    """Where in the file, if that is not the setting's own key."""

    def __str__(self) -> str:
        match self.kind:
            case "file":
                return f"{self.name} ({self.place})" if self.place else self.name
            case "default":
                return "default"
            case _:
                return f"{self.kind} {self.name}"


DEFAULT = Origin("default")


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that can be given outside the file, too."""

    key: str
    """Its place in the file, dotted."""
    name: str
    """What the flag and the variable are made from: ``max_changes``."""
    has_flag: bool = True
    is_list: bool = False
    flag: str = ""
    """The flag, where it is not made from the name."""
    between: str = r"[,\n]"
    """What separates the items of a list in its variable, as a regular expression."""

    @property
    def flag_name(self) -> str:
        """As people type it: ``--max-changes``."""
        return self.flag or f"--{self.name.replace('_', '-')}"

    @property
    def variable(self) -> str:
        """The environment variable: ``JANITOR_MAX_CHANGES``."""
        return PREFIX + self.name.upper()


SETTINGS = (
    Setting("namespace", "namespace"),
    Setting("objective", "objective"),
    Setting("heartbeat_timeout", "heartbeat_timeout"),
    Setting("evaluation_timeout", "evaluation_timeout"),
    Setting("settle", "settle"),
    Setting("crash_grace", "crash_grace"),
    Setting("stale_after", "stale_after"),
    Setting("rules.disable", "disable_rule", is_list=True),
    Setting("ignore.tags", "ignore_tags", has_flag=False, is_list=True),
    Setting("ignore.names", "ignore_names", has_flag=False, is_list=True),
    Setting("ignore.older_than", "ignore_older_than", has_flag=False),
    Setting("active_since", "active_since"),
    Setting("limits.max_changes", "max_changes"),
    Setting("limits.max_silent_percent", "max_silent_percent"),
    Setting("stand_down.enabled", "stand_down", flag="--no-stand-down"),
    Setting("stand_down.window", "stand_down_window", has_flag=False),
    Setting("stand_down.share_percent", "stand_down_share_percent", has_flag=False),
    Setting("stand_down.min_runs", "stand_down_min_runs", has_flag=False),
    Setting("stand_down.within", "stand_down_within", has_flag=False),
    Setting("stand_down.crashed_within", "stand_down_crashed_within", has_flag=False),
    Setting("deadline", "deadline"),
    Setting("journal", "journal"),
    Setting("lock", "lock"),
    Setting("lock_timeout", "lock_timeout"),
    Setting("report", "report", is_list=True),
    Setting("junit_fixed", "junit_fixed"),
    Setting("step_summary", "step_summary", has_flag=False),
    Setting("metrics_file", "metrics_file"),
    Setting("pushgateway", "pushgateway"),
    Setting("notify", "notify", is_list=True, between=r"\n|,(?=\s*[a-zA-Z][\w+.-]*://)"),
    Setting("notify_on", "notify_on", is_list=True),
    Setting("link", "link", has_flag=False),
    Setting("shard", "shard"),
    Setting("max_read_age", "max_read_age", has_flag=False),
    Setting("timeout", "timeout", has_flag=False),
    Setting("page_size", "page_size", has_flag=False),
)
"""Besides these there are the targets, one flag and one variable for each kind; and the
vocabulary, own rules and overrides, which stand in the file alone."""

_TARGET_VARIABLES = {f"{PREFIX}{kind.upper()}": kind for kind in KINDS}

VARIABLES = (
    CONFIG_VARIABLE,
    SHARDS_VARIABLE,
    *_TARGET_VARIABLES,
    *(setting.variable for setting in SETTINGS),
)
"""Every environment variable of ours."""

_FLAGS_ALONE = ("JANITOR_DRY_RUN", "JANITOR_FORCE")
"""What somebody may take for variables: a pass would write where none was to be written."""

_FROM_KUBERNETES = re.compile(r"JANITOR_(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\w+)?)")
"""What Kubernetes sets in every container where a service is called janitor."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What one source says: dotted key → (value as it stands there, where that is)."""

    values: Mapping[str, tuple[Any, Origin]]

    def tree(self) -> dict[str, Any]:
        """The values as a file would hold them."""
        return nested({key: value for key, (value, _) in self.values.items()})

    def origin(self, path: str) -> Origin:
        """Where the setting at this path came from."""
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
    """What the command line says.

    ``flags`` holds parameters by name (``max_changes``, ``sweep``); None and empty sequences
    count as not given, and names that are no settings are not looked at. The targets keep the
    order in which their flags stand in the mapping.

    Raises:
        TargetError: a target is malformed.

    """
    given = {name: value for name, value in flags.items() if value is not None and value != ()}
    values: dict[str, tuple[Any, Origin]] = {}
    kinds = [name for name in given if name in KINDS]
    if kinds:
        targets = [parse_target(kind, text) for kind in kinds for text in given[kind]]
        values["targets"] = targets, Origin("flag", _joined(f"--{kind}" for kind in kinds))
    for setting in SETTINGS:
        if setting.has_flag and setting.name in given:
            values[setting.key] = given[setting.name], Origin("flag", setting.flag_name)
    return Layer(values)


def environment_layer(environ: Mapping[str, str]) -> Layer:
    """What the ``JANITOR_*`` variables say; empty ones count as not set.

    Lists are separated by commas or line breaks.

    Raises:
        TargetError: a target is malformed.
        ConfigError: the shards are counted, and nothing says which this is; or a variable is set
            that is a flag alone.

    """
    for name in _FLAGS_ALONE:
        if environ.get(name, "").strip():
            flag = f"--{name.removeprefix(PREFIX).lower().replace('_', '-')}"
            raise ConfigError(f"{name} is no setting: say {flag} on the command line, and unset it")
    values: dict[str, tuple[Any, Origin]] = {}
    variables = [name for name in _TARGET_VARIABLES if _items(environ.get(name, ""))]
    if variables:
        targets = [target for name in variables for target in _targets_of(name, environ[name])]
        values["targets"] = targets, Origin("environment", _joined(variables))
    for setting in SETTINGS:
        text = environ.get(setting.variable, "").strip()
        if text:
            value = _items(text, setting.between) if setting.is_list else text
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
            f"{SHARDS_VARIABLE} says how many shards there are, and {INDEX_VARIABLE} must say which"
            f" of them this is, from 0, not {index!r}: run it as an Indexed Job, or set"
            " JANITOR_SHARD=K/N instead"
        )
    return f"{int(index) + 1}/{environ[SHARDS_VARIABLE].strip()}"


def _joined(names: Iterable[str]) -> str:
    return ", ".join(names)


def _items(text: str, between: str = r"[,\n]") -> list[str]:
    return [item.strip() for item in re.split(between, text) if item.strip()]


def _targets_of(variable: str, text: str) -> Iterator[AnyTarget]:
    for item in _items(text):
        try:
            yield parse_target(_TARGET_VARIABLES[variable], item)
        except TargetError as error:
            raise TargetError(f"{variable}: {error}") from error


def unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each ``JANITOR_*`` variable that is none of ours."""
    for name in sorted(environ):
        ours = name in VARIABLES or not name.startswith(PREFIX)
        if not ours and not _FROM_KUBERNETES.fullmatch(name):
            yield f"the variable {name} is no setting of ours{did_you_mean(name, VARIABLES)}"
