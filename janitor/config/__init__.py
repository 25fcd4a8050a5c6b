"""The configuration: janitor.yaml, ``JANITOR_*`` variables and flags → one frozen Config.

The environment is read here alone, and YAML too.
"""

from __future__ import annotations

from janitor.config.durations import format_duration, parse_duration
from janitor.config.layers import Origin
from janitor.config.loading import DEFAULT_FILE, LoadedConfig, load
from janitor.config.settings import Config, Limits, RuleSettings, StandDown
from janitor.config.targets import parse_target, run_path

__all__ = [
    "DEFAULT_FILE",
    "Config",
    "Limits",
    "LoadedConfig",
    "Origin",
    "RuleSettings",
    "StandDown",
    "format_duration",
    "load",
    "parse_duration",
    "parse_target",
    "run_path",
]
