"""``janitor tasks recover``: what a manager does when it starts, without one."""

from __future__ import annotations

from pathlib import Path

import click

from janitor.cli.command import Command
from janitor.cli.local_options import results_option, state_file_option


@click.command("recover", cls=Command)
@state_file_option
@results_option
def command(*, state_file: Path, results_dir: Path | None) -> None:
    """Reassign stale tasks, take in what workers completed, and save.

    Refused while a manager is at work on the file, which does the same every 50 s.
    """
    from janitor.cli.errors import printable
    from janitor.tasks import TaskManager

    def say(line: str) -> None:
        click.echo(printable(line))

    TaskManager(state_file, results_dir, say=say).close()
