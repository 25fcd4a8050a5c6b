"""``janitor fix``: scan the targets once and repair their runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from janitor.cli.command import Command
from janitor.cli.context import Session, pass_session
from janitor.cli.exit_codes import ExitCode
from janitor.cli.options import (
    deadline_option,
    force_option,
    journal_option,
    limit_options,
    lock_options,
    policy_options,
    previous_option,
    report_options,
    shard_option,
    stand_down_option,
    target_options,
)


@click.command("fix", cls=Command)
@target_options
@policy_options
@report_options
@click.option("--dry-run", is_flag=True, help="Preview; no changes are made.")
@click.option("--exit-code", is_flag=True, help="With --dry-run: exit with 4 if there are changes.")
@previous_option
@limit_options
@force_option
@stand_down_option
@deadline_option
@shard_option
@journal_option
@lock_options
@pass_session
def command(
    session: Session,
    /,
    *,
    dry_run: bool,
    exit_code: bool,
    force: bool,
    previous: tuple[Path, ...],
    **flags: Any,
) -> ExitCode:
    """Scan the runs of the targets and repair the state of those that need it.

    Run it with --dry-run first. `janitor undo` restores the previous values.

    \b
    Examples:
      janitor fix --project acme/rl --dry-run
      janitor fix --sweep acme/rl/s1 --report report.html
    """
    from janitor import delivery
    from janitor.cli.finish import conclude
    from janitor.cli.open_pass import open_pass
    from janitor.pipeline.fix import fix
    from janitor.session import check_targets, recall

    config = session.load_config(flags).config
    check_targets(config.targets)
    delivery.check(config)
    past = recall(config, previous)
    with open_pass(
        config,
        config.policy,
        command="fix",
        dry_run=dry_run,
        force=force,
        past=past,
        reach=[str(target) for target in config.targets],
    ) as work:
        report = fix(config.targets, work)
    return conclude(report, config, tell_pending=exit_code and dry_run)
