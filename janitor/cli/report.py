"""``janitor report``: what past reports tell."""

from __future__ import annotations

import click

from janitor.cli.command import Group, Lazy

COMMANDS = {
    "show": Lazy("janitor.cli.report_show", "Print a report."),
    "render": Lazy("janitor.cli.report_render", "Write a report in other formats."),
    "merge": Lazy("janitor.cli.report_merge", "Make one report of those of several jobs."),
    "trend": Lazy("janitor.cli.report_trend", "Compare the passes whose reports lie in a folder."),
}


@click.group("report", cls=Group, lazy=COMMANDS)
def command() -> None:
    """Read .json reports of past passes again."""
