"""``janitor tasks status``: how far a manager's tasks are."""

from __future__ import annotations

from pathlib import Path

import click

from janitor.cli.command import Command
from janitor.cli.errors import printable
from janitor.cli.local_options import json_option, state_file_option


@click.command("status", cls=Command)
@state_file_option
@json_option
def command(*, state_file: Path, as_json: bool) -> None:
    """Count the tasks by status; tell what each worker did, and whether a manager is at work."""
    import json

    from janitor.storage.locks import holder, holder_liveness
    from janitor.tasks import TaskStatus
    from janitor.tasks.files import ManagerFiles
    from janitor.tasks.state import TaskIndex

    loaded = ManagerFiles(state_file).load()
    for problem in loaded.problems:
        click.echo(printable(problem), err=True)
    book = TaskIndex(loaded.tasks.values())
    counts = {status.value: book.count(status) for status in TaskStatus}
    figures = book.figures()
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
        state = {"tasks": len(book), **counts, "workers": workers, "manager": liveness.value}
        click.echo(json.dumps(state))
        return
    done = counts[TaskStatus.COMPLETED]
    click.echo(f"{done}/{len(book)} ({100 * done / len(book) if len(book) else 0:.1f}%)")
    for status, count in counts.items():
        click.echo(f"  {status}: {count}")
    for name, found in figures.items():
        mean = "" if found.mean_time is None else f", {found.mean_time.total_seconds():.1f} s each"
        click.echo(f"  {printable(name)}: {found.done} done{mean}, {found.assigned} assigned")
    said = {"alive": f"at work: {holder(state_file)}", "dead": "none is at work"}
    click.echo(f"manager: {said.get(liveness, f'may be at work: {holder(state_file)}')}")
