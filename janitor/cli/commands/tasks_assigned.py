"""``janitor tasks assigned``: list the assigned tasks."""

from __future__ import annotations

from pathlib import Path

import click

from janitor.cli.command import Command
from janitor.cli.errors import printable
from janitor.cli.local_options import json_option, state_file_option
from janitor.cli.tasks_file import tasks_of


@click.command("assigned", cls=Command)
@state_file_option
@json_option
def command(*, state_file: Path, as_json: bool) -> None:
    """List the assigned tasks with their workers, and how long ago they were assigned."""
    from janitor.model.wording import format_age
    from janitor.runtime.clock import utc_now
    from janitor.storage import strict_json
    from janitor.tasks import TaskStatus

    tasks = [task for task in tasks_of(state_file).tasks if task.status is TaskStatus.ASSIGNED]
    if as_json:
        click.echo(strict_json.dumps([task.document() for task in tasks]))
        return
    now = utc_now()
    for task in tasks:
        age = "?" if task.assigned_at is None else format_age(now - task.assigned_at)
        cells = (task.task_id, str(task.assigned_to), f"{age} ago")
        click.echo("  ".join(map(printable, cells)))
