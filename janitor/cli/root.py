"""The command ``janitor`` itself, and the table of its commands."""

from __future__ import annotations

import click

from janitor.cli.command import Lazy, RootGroup

COMMANDS = {
    "fix": Lazy("janitor.cli.fix", "Repair the state of every run that needs it."),
    "plan": Lazy("janitor.cli.plan", "Say what a pass would change, to be reviewed."),
    "apply": Lazy("janitor.cli.apply", "Carry out a plan that was reviewed."),
    "undo": Lazy("janitor.cli.undo", "Put back what stood before."),
    "explain": Lazy("janitor.cli.explain", "Show why a run is judged as it is."),
    "init": Lazy("janitor.cli.init", "Look at a project and write a janitor.yaml for it."),
    "doctor": Lazy("janitor.cli.doctor", "Check login, server and targets; say what to do."),
    "completion": Lazy("janitor.cli.completion", "Print the completion script for a shell."),
    "exec": Lazy("janitor.cli.exec", "Run a command, and write what its end means into its run."),
    "experiments": Lazy("janitor.cli.experiments", "Look after experiments of this machine."),
    "tasks": Lazy("janitor.cli.tasks", "Look after the tasks of a manager's state file."),
    "journal": Lazy("janitor.cli.journal", "Show what past passes wrote."),
    "report": Lazy("janitor.cli.report", "Show, render, merge and compare past reports."),
    "demo": Lazy("janitor.cli.demo", "Show the janitor at work on runs made for it."),
    "emulator": Lazy("janitor.cli.emulator", "Run a W&B-compatible server on this machine."),
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
