"""``janitor tasks recover``: update the state as a manager does when it starts."""

from __future__ import annotations

from pathlib import Path

import click

from janitor.cli.command import Command
from janitor.cli.local_options import results_option, state_file_option


@click.command("recover", cls=Command)
@state_file_option
@results_option
def command(*, state_file: Path, results_dir: Path | None) -> None:
    """Return stale tasks to the queue, record what workers completed, and save.

    Refused while a manager uses the file; the manager does the same every 50 seconds.
    """
    from janitor.cli.errors import printable
    from janitor.tasks import TaskManager

    def say(line: str) -> None:
        click.echo(printable(line))

    TaskManager(state_file, results_dir, say=say).close()
