"""``janitor experiments resume-info``: what a resumption would do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from janitor.cli.command import Command
from janitor.cli.local_options import state_dir_option

if TYPE_CHECKING:
    from janitor.experiments import ExperimentState, ProcessProgress


@click.command("resume-info", cls=Command)
@click.argument("experiment_id", metavar="ID")
@state_dir_option
def command(*, experiment_id: str, state_dir: Path) -> None:
    """Say of each process whether a resumption would skip it, wait for it, or run it."""
    from janitor.experiments import StateManager  # noqa: PLC0415 - `--help` needs no pydantic

    state = StateManager(state_dir, rescues=False).load(experiment_id)
    click.echo(f"{state.experiment_id}: {_sentence(state)}")
    for index, progress in state.process_progress.items():
        click.echo(f"  process {index}: {_fate(progress)}")


def _sentence(state: ExperimentState) -> str:
    from janitor.experiments import ExperimentStatus  # noqa: PLC0415 - as above
    from janitor.model import Liveness  # noqa: PLC0415 - as above

    if state.status is ExperimentStatus.AGGREGATED:
        return "aggregated: nothing is left to do"
    if state.status is ExperimentStatus.RUNNING and state.owner is not None:
        match state.owner.liveness():
            case Liveness.ALIVE:
                return f"cannot be resumed: it is being run by {state.owner}"
            case Liveness.UNKNOWN:
                return (
                    f"cannot be resumed from here: {state.owner} may be running it; if you know"
                    " that it is gone: janitor experiments clean --gone " + state.experiment_id
                )
            case Liveness.DEAD:
                pass
    if state.can_aggregate():
        return f"{state.status}; a resumption would aggregate the results"
    left = state.num_processes - state.processes_completed
    return f"{state.status}; {left} of {state.num_processes} processes are left"


def _fate(progress: ProcessProgress) -> str:
    from janitor.experiments import ProcessStatus  # noqa: PLC0415 - as above
    from janitor.model import Liveness  # noqa: PLC0415 - as above

    marks = f", {progress.runs_completed} runs marked as done" if progress.runs_completed else ""
    if progress.status is ProcessStatus.COMPLETED:
        return "completed: skipped"
    for identity in progress.identities():
        if identity.liveness() is not Liveness.DEAD:
            return f"at work ({identity}): waited for{marks}"
    if progress.status is ProcessStatus.FAILED:
        return f"failed ({progress.error}): run again{marks}"
    if progress.attempts:
        return f"interrupted: run again{marks}"
    return f"{progress.status}: run{marks}"
