"""``python -m janitor.emulator``: the emulator as a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from janitor.emulator.clock import parse_duration
from janitor.emulator.server import Options, serve
from janitor.emulator.settings import Settings
from janitor.errors import EmulatorError


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, help="Port; 0 takes any free one.")
@click.option("--state", type=click.Path(path_type=Path), help="SQLite file that keeps the runs.")
@click.option("--seed", type=click.Path(path_type=Path), help="YAML or JSON file of runs.")
@click.option("--crash-after", help="Silence after which a run is called crashed, such as 5m.")
@click.option("--settings", default="{}", help="Further settings, as JSON.")
def main(
    host: str,
    port: int,
    state: Path | None,
    seed: Path | None,
    crash_after: str | None,
    settings: str,
) -> None:
    """Serve a W&B-compatible server on this machine."""
    try:
        wanted = Settings.model_validate_json(settings)
        if crash_after is not None:
            wanted.crash_after = parse_duration(crash_after)
        serve(Options(host, port, state, seed, wanted))
    except (EmulatorError, ValueError) as error:
        click.echo(f"janitor emulator: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main(prog_name="python -m janitor.emulator")
