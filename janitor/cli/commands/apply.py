"""``janitor apply``: make the changes of a reviewed plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from janitor.cli.command import Command
from janitor.cli.context import Session, pass_session
from janitor.cli.exit_codes import ExitCode
from janitor.cli.options import (
    config_option,
    deadline_option,
    force_option,
    journal_option,
    limit_options,
    lock_options,
    report_options,
)


@click.command("apply", cls=Command)
@click.argument("plan", metavar="PLAN", type=click.Path(path_type=Path))
@config_option
@report_options
@click.option("--dry-run", is_flag=True, help="Show the plan's changes; no changes are made.")
@limit_options
@force_option
@deadline_option
@journal_option
@lock_options
@pass_session
def command(
    session: Session, /, *, plan: Path, dry_run: bool, force: bool, **flags: Any
) -> ExitCode:
    """Apply a saved plan using the rules, thresholds and state names stored in it.

    Each run is read and judged again. A run that has changed since the plan was made is skipped.

    \b
    Example:
      janitor apply plan.json
    """
    from janitor import delivery
    from janitor.cli.finish import conclude
    from janitor.cli.open_pass import open_pass
    from janitor.pipeline.fix import apply
    from janitor.records.plan import read_plan

    planned = read_plan(plan)
    config = session.load_config(flags).config
    delivery.check(config)
    reach = [change.run for change in planned.changes]
    with open_pass(
        config, planned.policy, command="apply", dry_run=dry_run, force=force, reach=reach
    ) as work:
        report = apply(planned.changes, planned.brake, work)
    return conclude(report, config)
