"""Options of the commands for experiments and tasks."""

from __future__ import annotations

from pathlib import Path

import click

state_dir_option = click.option(
    "--state-dir",
    metavar="DIR",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    default=".experiment_state",
    show_default=True,
    help="The folder with the states of the experiments.",
)

state_file_option = click.option(
    "--state",
    "state_file",
    metavar="FILE",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    default="manager_state.json",
    show_default=True,
    help="The manager's state file.",
)

results_option = click.option(
    "--results",
    "results_dir",
    metavar="DIR",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="The folder with the CSV files of the workers.  [default: results_* beside the state"
    " file]",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
