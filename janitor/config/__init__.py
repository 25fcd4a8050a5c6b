"""The configuration: janitor.yaml, ``JANITOR_*`` variables and flags → one frozen Config.

Only this room reads the environment and YAML. The names are loaded on first use: ``--help`` needs
the table of settings, but not pydantic.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from janitor.config.durations import parse_duration as parse_duration
    from janitor.config.layers import Origin as Origin
    from janitor.config.loading import DEFAULT_FILE as DEFAULT_FILE
    from janitor.config.loading import LoadedConfig as LoadedConfig
    from janitor.config.loading import load as load
    from janitor.config.settings import Config as Config
    from janitor.config.targets import parse_run_path as parse_run_path
    from janitor.config.targets import parse_target as parse_target
    from janitor.model.wording import format_duration as format_duration

_HOMES = {
    "DEFAULT_FILE": "janitor.config.loading",
    "Config": "janitor.config.settings",
    "LoadedConfig": "janitor.config.loading",
    "Origin": "janitor.config.layers",
    "format_duration": "janitor.model.wording",
    "load": "janitor.config.loading",
    "parse_duration": "janitor.config.durations",
    "parse_target": "janitor.config.targets",
    "parse_run_path": "janitor.config.targets",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
