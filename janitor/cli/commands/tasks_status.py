"""``janitor tasks status``: show the progress of a manager's tasks."""

from __future__ import annotations

from pathlib import Path

import click

from janitor.cli.command import Command
from janitor.cli.errors import printable
from janitor.cli.local_options import json_option, state_file_option
from janitor.cli.tasks_file import tasks_of
from janitor.model import Liveness

_MANAGER = {
    Liveness.ALIVE: "running",
    Liveness.DEAD: "not running",
    Liveness.UNKNOWN: "may be running",
}
"""The words of the text and of the JSON."""


@click.command("status", cls=Command)
@state_file_option
@json_option
def command(*, state_file: Path, as_json: bool) -> None:
    """Show the number of tasks by status, the work of each worker, and if a manager is running."""
    import json

    from janitor.storage.file_hold import holder, holder_liveness
    from janitor.tasks import TaskStatus

    index = tasks_of(state_file)
    counts = {status.value: index.count(status) for status in TaskStatus}
    figures = index.figures()
    liveness = holder_liveness(state_file)
    if as_json:
        workers = {
            name: {
                "done": found.done,
                "assigned": found.assigned,
                "mean_seconds": found.mean_time and found.mean_time.total_seconds(),
            }
            for name, found in figures.items()
        }
        state = {"tasks": len(index), **counts, "workers": workers, "manager": _MANAGER[liveness]}
        click.echo(json.dumps(state))
        return
    click.echo(index.status_line())
    for status, count in counts.items():
        click.echo(f"  {status}: {count}")
    for name, found in figures.items():
        mean = "" if found.mean_time is None else f", {found.mean_time.total_seconds():.1f} s each"
        click.echo(f"  {printable(name)}: {found.done} done{mean}, {found.assigned} assigned")
    who = "" if liveness is Liveness.DEAD else f" ({holder(state_file)})"
    click.echo(f"manager: {_MANAGER[liveness]}{who}")
