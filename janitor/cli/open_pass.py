"""A pass as a command runs it: progress on stderr, signal handling, failures reported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from rich.console import Console

from janitor import session
from janitor.cli.finish import telling_of_failure
from janitor.cli.progress import observe
from janitor.config import Config
from janitor.model import Policy
from janitor.pipeline.context import Pass
from janitor.records.report import Command
from janitor.runtime.interrupt import Interrupter
from janitor.runtime.signals import heeding_signals


@contextmanager
def open_pass(
    config: Config, policy: Policy, *, command: Command, **options: Any
) -> Iterator[Pass]:
    """:func:`janitor.session.open_pass` for a command; the options are the same.

    Raises:
        JanitorError: as there; people are notified of it first.

    """
    interrupter = Interrupter(config.deadline)
    with ExitStack() as stack:
        stack.enter_context(telling_of_failure(command, config))
        stack.enter_context(heeding_signals(interrupter))
        observer = stack.enter_context(observe(Console(stderr=True)))
        opened = session.open_pass(
            config, policy, interrupter, command=command, observer=observer, **options
        )
        yield stack.enter_context(opened)
