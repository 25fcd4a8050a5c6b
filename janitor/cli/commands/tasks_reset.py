"""``janitor tasks reset``: return assigned or failed tasks to the queue."""

from __future__ import annotations

from pathlib import Path

import click

from janitor.cli.command import Command
from janitor.cli.errors import printable
from janitor.cli.local_options import results_option, state_file_option
from janitor.errors import UsageError


@click.command("reset", cls=Command)
@click.argument("task_ids", metavar="[TASK]...", nargs=-1)
@state_file_option
@results_option
@click.option("--failed", is_flag=True, help="All failed tasks.")
@click.option("--assigned", is_flag=True, help="All assigned tasks.")
def command(
    *,
    task_ids: tuple[str, ...],
    state_file: Path,
    results_dir: Path | None,
    failed: bool,
    assigned: bool,
) -> None:
    """Return assigned or failed tasks to the queue, with all their retries.

    Results of workers are recorded first, and completed tasks stay completed. Refused while a
    manager uses the file. To start from the beginning, remove the file.
    """
    from janitor.tasks import TaskManager, TaskStatus
    from janitor.tasks.files import ManagerFiles

    if not task_ids and not failed and not assigned:
        raise UsageError("nothing to reset: name tasks, or give --failed or --assigned")
    known = ManagerFiles(state_file).load().tasks
    for name in task_ids:
        if name not in known:
            raise UsageError(f"task {name} does not exist in {state_file}; nothing was reset")
    wanted = {TaskStatus.FAILED} if failed else set()
    wanted |= {TaskStatus.ASSIGNED} if assigned else set()
    names = [name for name, task in known.items() if task.status in wanted]
    with TaskManager(state_file, results_dir, say=_say) as manager:
        done = {task.task_id for task in manager.tasks if task.status is TaskStatus.COMPLETED}
        names = [name for name in names if name not in done]
        reset = manager.reset(dict.fromkeys([*task_ids, *names]))
        for task in reset:
            click.echo(f"{printable(task.task_id)}  pending")
        if not reset:
            click.echo("nothing to reset")


def _say(line: str) -> None:
    """What the manager found when it started, beside what was asked for."""
    click.echo(printable(line), err=True)
