"""``janitor emulator``: a W&B-compatible server on this machine."""

from __future__ import annotations

import click

from janitor.cli.command import Group, Lazy

COMMANDS = {
    "serve": Lazy("janitor.cli.emulator_serve", "Serve it on localhost."),
}


@click.group("emulator", cls=Group, lazy=COMMANDS)
def command() -> None:
    """Run a W&B-compatible server on this machine."""
