"""The command ``janitor`` itself, and the table of its commands."""

from __future__ import annotations

import click

from janitor.cli.command import Lazy, RootGroup

COMMANDS = {
    "config": Lazy("janitor.cli.config", "Show the settings, and what may stand in janitor.yaml."),
}
"""Each command's file and summary, in the order in which people meet them."""


@click.group(
    "janitor",
    cls=RootGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="wandb-janitor", message="janitor %(version)s")
def cli() -> None:
    """Repair the state of W&B sweep runs that say "running" for ever."""
