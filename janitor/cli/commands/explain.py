"""``janitor explain``: show why a run is judged as it is."""

from __future__ import annotations

from typing import Any

import click

from janitor.cli.command import Command
from janitor.cli.context import Session, pass_session
from janitor.cli.errors import printable
from janitor.cli.options import config_option, policy_options
from janitor.errors import NotFoundError, StoreError, UsageError


@click.command("explain", cls=Command)
@click.argument("run", metavar="ENTITY/PROJECT/RUN")
@config_option
@policy_options
@pass_session
def command(session: Session, /, *, run: str, **flags: Any) -> None:
    """Show the evidence for a run, and for each rule whether it matches and why."""
    from janitor.pipeline.explain import account
    from janitor.rules import judge
    from janitor.rules.selection import policy_for
    from janitor.session import read_run

    found, policy, clock = read_run(run, session.load_config(flags).config)
    if isinstance(found, NotFoundError):
        raise UsageError(str(found))
    if isinstance(found, StoreError):
        raise found
    policy, now = policy_for(found, policy), clock.now()
    for line in account(found, judge(found, policy, now), policy, now):
        click.echo(printable_line(line))


def printable_line(line: str) -> str:
    """The line with its indentation, and with what a terminal would obey made visible."""
    indent = len(line) - len(line.lstrip())
    return " " * indent + printable(line)
