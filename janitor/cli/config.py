"""``janitor config``: what the settings are."""

from __future__ import annotations

import click

from janitor.cli.command import Group, Lazy

COMMANDS = {
    "show": Lazy("janitor.cli.config_show", "Show each setting in effect and where it came from."),
    "schema": Lazy("janitor.cli.config_schema", "Print the JSON Schema of janitor.yaml."),
}


@click.group("config", cls=Group, lazy=COMMANDS)
def command() -> None:
    """Show the settings, and what may stand in janitor.yaml."""
