"""``janitor experiments show``: print the state of an experiment."""

from __future__ import annotations

from pathlib import Path

import click

from janitor.cli.command import Command
from janitor.cli.local_options import state_dir_option


@click.command("show", cls=Command)
@click.argument("experiment_id", metavar="ID")
@state_dir_option
def command(*, experiment_id: str, state_dir: Path) -> None:
    """Print the whole state of an experiment, as JSON."""
    import json

    from janitor.experiments import StateManager
    from janitor.storage import strict_json

    state = StateManager(state_dir, rescues=False).load(experiment_id)
    text = strict_json.dumps(state.model_dump(mode="json"))
    click.echo(json.dumps(json.loads(text), indent=2))
