"""``janitor tasks reset``: tasks that are assigned or failed wait again."""

from __future__ import annotations

from pathlib import Path

import click

from janitor.cli.command import Command
from janitor.cli.failures import printable
from janitor.cli.local_options import state_file_option
from janitor.errors import UsageError


@click.command("reset", cls=Command)
@click.argument("task_ids", metavar="[TASK]...", nargs=-1)
@state_file_option
@click.option("--failed", is_flag=True, help="All that were given up.")
@click.option("--assigned", is_flag=True, help="All that are assigned.")
def command(*, task_ids: tuple[str, ...], state_file: Path, failed: bool, assigned: bool) -> None:
    """Let tasks that are assigned or failed wait again, with all their retries.

    Refused while a manager is at work on the file. To start completely fresh, remove the file.
    """
    from janitor.tasks import TaskManager, TaskStatus  # noqa: PLC0415 - `--help` needs none of it

    if not task_ids and not failed and not assigned:
        raise UsageError("nothing to reset: name tasks, or give --failed or --assigned")
    wanted = {TaskStatus.FAILED} if failed else set()
    wanted |= {TaskStatus.ASSIGNED} if assigned else set()
    with TaskManager(state_file, say=lambda _: None) as manager:
        names = [task.task_id for task in manager.tasks if task.status in wanted]
        for task in manager.reset(dict.fromkeys([*task_ids, *names])):
            click.echo(f"{printable(task.task_id)}  pending")
