"""``janitor experiments``: the experiments of a folder."""

from __future__ import annotations

import click

from janitor.cli.command import Group, Lazy

COMMANDS = {
    "list": Lazy("janitor.cli.experiments_list", "List the experiments and where they stand."),
    "show": Lazy("janitor.cli.experiments_show", "Show the whole state of an experiment."),
    "resume-info": Lazy(
        "janitor.cli.experiments_resume_info", "Say what a resumption would do, and what not."
    ),
    "clean": Lazy("janitor.cli.experiments_clean", "Mark what died while it ran as interrupted."),
}


@click.group("experiments", cls=Group, lazy=COMMANDS)
def command() -> None:
    """Look after the experiments whose states are in a folder of this machine."""
