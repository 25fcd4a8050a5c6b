"""``janitor undo``: restore the values from before a pass."""

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
    journal_option,
    lock_options,
    report_options,
)
from janitor.errors import UsageError


@click.command("undo", cls=Command)
@click.argument("file", metavar="JOURNAL|REPORT", type=click.Path(path_type=Path))
@click.option("--run", "runs", metavar="RUN", multiple=True, help="Only this run. Repeatable.")
@click.option("--dry-run", is_flag=True, help="Preview; no changes are made.")
@config_option
@report_options
@deadline_option
@journal_option
@lock_options
@pass_session
def command(
    session: Session, /, *, file: Path, runs: tuple[str, ...], dry_run: bool, **flags: Any
) -> ExitCode:
    """Restore the values from before the writes recorded in a journal (.jsonl) or report (.json).

    A key is restored only if its value is still the one that the janitor wrote. Untracked and
    ignored runs are left alone. Exits with 1 if a run could not be restored, or only in part. The
    undo has a journal of its own and can be undone.

    \b
    Examples:
      janitor undo report.json --dry-run
      janitor undo report.json --run acme/rl/r1
    """
    from janitor import delivery
    from janitor.cli.finish import conclude
    from janitor.cli.open_pass import open_pass
    from janitor.pipeline.undo import restorations, undo

    wanted, namespace = restorations(file, runs)
    config = session.load_config(flags).config
    if namespace != config.namespace:
        raise UsageError(
            f"{file} is about the namespace {namespace!r}, and the settings say"
            f" {config.namespace!r}: name it in janitor.yaml or in JANITOR_NAMESPACE"
        )
    delivery.check(config)
    if not wanted:
        click.echo(f"{file} records no change: there is nothing to restore.")
        return ExitCode.DONE
    policy = config.policy
    reach = [one.path for one in wanted]
    with open_pass(config, policy, command="undo", dry_run=dry_run, reach=reach) as work:
        report = undo(wanted, work)
    return conclude(report, config)
