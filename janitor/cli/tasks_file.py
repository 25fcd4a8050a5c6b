"""Reads the state file of tasks for the commands that show it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from janitor.cli.errors import printable

if TYPE_CHECKING:
    from janitor.tasks.state import TaskIndex


def tasks_of(state_file: Path) -> TaskIndex:
    """The tasks of the file. Damage that a backup repairs is reported on stderr."""
    from janitor.tasks.files import ManagerFiles
    from janitor.tasks.state import TaskIndex

    loaded = ManagerFiles(state_file).load()
    for problem in loaded.problems:
        click.echo(printable(problem), err=True)
    return TaskIndex(loaded.tasks.values())
