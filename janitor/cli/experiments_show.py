"""``janitor experiments show``: one experiment's whole state."""

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
    import json  # noqa: PLC0415 - `--help` needs none of it

    from janitor import strict_json  # noqa: PLC0415 - as above
    from janitor.experiments import StateManager  # noqa: PLC0415 - as above

    state = StateManager(state_dir, rescues=False).load(experiment_id)
    text = strict_json.dumps(state.model_dump(mode="json"))
    click.echo(json.dumps(json.loads(text), indent=2))
