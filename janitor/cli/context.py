"""What all commands of a process share: environment, log settings and secrets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from janitor.runtime.log import Logger
from janitor.runtime.redaction import Redactor, redactor_of_process

if TYPE_CHECKING:
    from janitor.config import LoadedConfig


@dataclass
class Session:
    """One run of the command line."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    verbosity: int = 0
    """How often ``-v`` was given."""
    log_format: str = "console"

    @cached_property
    def redact(self) -> Redactor:
        """Masks secrets in a text."""
        if self.environ is os.environ:
            return redactor_of_process()
        return Redactor(self.environ)

    def start_logging(self) -> None:
        """Set up the logs; call it when the flags are known."""
        from janitor.cli.logs import configure_logging

        configure_logging(self.verbosity, self.log_format, self.redact, self.environ)

    def load_config(self, flags: Mapping[str, Any]) -> LoadedConfig:
        """The settings for a command with these parameters; warnings go to the log.

        Raises:
            ConfigError: a setting cannot be used.
            TargetError: a target is malformed.

        """
        from janitor.config import load

        self.redact.learn_messengers(str(address) for address in flags.get("notify") or ())
        loaded = load(flags, self.environ, Path.cwd())
        config = loaded.config
        self.redact.learn_messengers(address.get_secret_value() for address in config.notify)
        self.redact.learn_logins(filter(None, [config.pushgateway, config.link]))
        log = Logger("janitor.config")
        for warning in loaded.warnings:
            log.warning(warning)
        return loaded


def current_redactor() -> Redactor:
    """The redactor of the running command, which masks secrets."""
    context = click.get_current_context(silent=True)
    session = None if context is None else context.find_object(Session)
    return (session or Session()).redact


pass_session = click.make_pass_decorator(Session, ensure=True)
"""Passes the session to a command as its first argument."""
