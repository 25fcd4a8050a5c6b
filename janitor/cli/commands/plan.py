"""``janitor plan``: write the changes that a pass would make to a file, for review."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from janitor.cli.command import Command
from janitor.cli.context import Session, pass_session
from janitor.cli.exit_codes import ExitCode
from janitor.cli.options import (
    deadline_option,
    limit_options,
    policy_options,
    previous_option,
    report_options,
    shard_option,
    stand_down_option,
    target_options,
)


@click.command("plan", cls=Command)
@target_options
@policy_options
@report_options
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the plan to this file, for `janitor apply`.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 4 if there are changes.")
@previous_option
@limit_options
@stand_down_option
@deadline_option
@shard_option
@pass_session
def command(
    session: Session,
    /,
    *,
    out: Path | None,
    exit_code: bool,
    previous: tuple[Path, ...],
    **flags: Any,
) -> ExitCode:
    """Show what a pass would change; no changes are made.

    \b
    Example:
      janitor plan --project acme/rl --out plan.json
      janitor apply plan.json
    """
    from janitor import delivery
    from janitor.cli.finish import conclude
    from janitor.cli.open_pass import open_pass
    from janitor.pipeline.fix import fix
    from janitor.records.plan import write_plan
    from janitor.session import check_targets, recall
    from janitor.storage.atomic import check_writable

    config = session.load_config(flags).config
    check_targets(config.targets)
    delivery.check(config)
    if out is not None:
        check_writable(out)
    past = recall(config, previous)
    reach = [str(target) for target in config.targets]
    with open_pass(
        config, config.policy, command="plan", dry_run=True, past=past, reach=reach
    ) as work:
        report = fix(config.targets, work, "plan")
    if out is not None and report.targets:
        write_plan(report, work.policy, out)
    return conclude(report, config, tell_pending=exit_code)
