"""``janitor experiments resume-info``: show what resuming would do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from janitor.cli.command import Command
from janitor.cli.errors import printable
from janitor.cli.local_options import state_dir_option
from janitor.errors import StateFileError

if TYPE_CHECKING:
    from janitor.experiments import ExperimentState, ProcessProgress


@click.command("resume-info", cls=Command)
@click.argument("experiment_id", metavar="ID")
@state_dir_option
def command(*, experiment_id: str, state_dir: Path) -> None:
    """Show what resuming would do with each process: skip it, wait for it, or run it."""
    from janitor.experiments import StateManager

    state = StateManager(state_dir, rescues=False).load(experiment_id)
    click.echo(printable(f"{state.experiment_id}: {_sentence(state)}"))
    for index, progress in state.process_progress.items():
        click.echo("  " + printable(f"process {index}: {_fate(progress)}"))


def _sentence(state: ExperimentState) -> str:
    from janitor.experiments import (
        ExperimentStatus,
        claims,
    )

    if state.status is ExperimentStatus.AGGREGATED:
        return "aggregated: nothing left to do"
    try:
        claims.take_over(state.model_copy())
        for index, progress in state.process_progress.items():
            claims.at_work(state.experiment_id, index, progress)
    except StateFileError as error:
        return f"cannot be resumed: {error}"
    if state.can_aggregate():
        return f"{state.status}; resuming would aggregate the results"
    left = state.num_processes - state.processes_completed
    return f"{state.status}; {left} of {state.num_processes} processes left"


def _fate(progress: ProcessProgress) -> str:
    from janitor.experiments import ProcessStatus
    from janitor.model import Liveness

    marks = f", {progress.runs_completed} runs marked as done" if progress.runs_completed else ""
    if progress.status is ProcessStatus.COMPLETED:
        return "completed: skipped"
    for identity in progress.identities():
        match identity.liveness():
            case Liveness.ALIVE:
                return f"running ({identity}): resuming would wait for it{marks}"
            case Liveness.UNKNOWN:
                return f"may be running ({identity}){marks}"
            case Liveness.DEAD:
                continue
    if progress.status is ProcessStatus.FAILED:
        return f"failed ({progress.error or 'no error recorded'}): run again{marks}"
    if progress.attempts or progress.status is ProcessStatus.RUNNING:
        return f"interrupted: run again{marks}"
    return f"{progress.status}: run{marks}"
