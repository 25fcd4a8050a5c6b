"""``janitor tasks``: a task manager's state file."""

from __future__ import annotations

import click

from janitor.cli.command import Group, Lazy

COMMANDS = {
    "status": Lazy("janitor.cli.tasks_status", "Count the tasks, and tell what each worker did."),
    "assigned": Lazy("janitor.cli.tasks_assigned", "List the tasks that are assigned."),
    "reset": Lazy("janitor.cli.tasks_reset", "Let tasks wait again that are assigned or failed."),
    "recover": Lazy("janitor.cli.tasks_recover", "Bring the state up to date, without a manager."),
}


@click.group("tasks", cls=Group, lazy=COMMANDS)
def command() -> None:
    """Look after the tasks of a manager's state file, manager_state.json."""
