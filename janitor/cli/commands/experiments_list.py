"""``janitor experiments list``: list the experiments and their status."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from janitor.cli.command import Command
from janitor.cli.local_options import json_option, state_dir_option

if TYPE_CHECKING:
    from janitor.experiments import ExperimentState


@click.command("list", cls=Command)
@state_dir_option
@click.option("--incomplete", is_flag=True, help="Only experiments with work left.")
@json_option
def command(*, state_dir: Path, incomplete: bool, as_json: bool) -> None:
    """List the experiments, oldest first: status, completed processes, and if one is running."""
    from janitor.experiments import StateManager
    from janitor.storage import strict_json

    manager = StateManager(state_dir, rescues=False)
    states = manager.find_incomplete() if incomplete else manager.list()
    rows = [_row(state) for state in states]
    if as_json:
        click.echo(strict_json.dumps(rows))
        return
    for row in rows:
        done = f"{row['processes_completed']}/{row['num_processes']} done"
        failed = f", {row['processes_failed']} failed" if row["processes_failed"] else ""
        process = f", process {row['process']}" if row["process"] else ""
        click.echo(f"{row['experiment_id']}  {row['status']}  {done}{failed}{process}")


def _row(state: ExperimentState) -> dict[str, Any]:
    runs = state.status == "running" or state.is_subprocess_running()
    return {
        "experiment_id": state.experiment_id,
        "status": state.status.value,
        "num_processes": state.num_processes,
        "processes_completed": state.processes_completed,
        "processes_failed": state.processes_failed,
        "process": state.liveness().value if runs else None,
        "config_hash": state.config_hash,
        "updated_at": state.updated_at and state.updated_at.isoformat(),
    }
