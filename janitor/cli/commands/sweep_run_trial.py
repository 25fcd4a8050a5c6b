"""``janitor sweep run-trial``: the worker of one job."""

from __future__ import annotations

import click

from janitor.cli.command import Command


@click.command("run-trial", cls=Command)
@click.argument("job_file", metavar="JOBFILE")
def command(job_file: str) -> int:
    """Run one job of a sweep: claim its attempt, run its command, and record how it ended.

    Dispatchers call this. A worker that may not run the attempt exits with 75.
    """
    from janitor.lifecycle.trial.worker import main

    return main([job_file])
