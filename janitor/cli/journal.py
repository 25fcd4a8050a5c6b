"""``janitor journal``: what the journals tell."""

from __future__ import annotations

import click

from janitor.cli.command import Group, Lazy

COMMANDS = {
    "list": Lazy("janitor.cli.journal_list", "List the journals that are kept, oldest first."),
    "show": Lazy("janitor.cli.journal_show", "Show what a pass wrote, and what it may have."),
}


@click.group("journal", cls=Group, lazy=COMMANDS)
def command() -> None:
    """Show what past passes wrote, from the journals that they kept."""
