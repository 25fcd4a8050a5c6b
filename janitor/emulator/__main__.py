"""``python -m janitor.emulator``: the emulator as a separate process."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from pydantic import ValidationError

from janitor.emulator.clock import parse_duration
from janitor.emulator.server import Options, serve
from janitor.emulator.settings import Settings
from janitor.emulator.validation import describe
from janitor.errors import EmulatorError


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, help="Port; 0 takes a free one.")
@click.option("--state", type=click.Path(path_type=Path), help="SQLite file to keep the runs in.")
@click.option("--seed", type=click.Path(path_type=Path), help="YAML or JSON file of runs.")
@click.option("--crash-after", help="Time without a heartbeat until a run is crashed, such as 5m.")
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
        wanted = _settings(settings)
        if crash_after is not None:
            wanted.crash_after = _seconds("--crash-after", crash_after)
        serve(Options(host, port, state, seed, wanted))
    except EmulatorError as error:
        click.echo(f"janitor emulator: {error}", err=True)
        sys.exit(2)


def _settings(text: str) -> Settings:
    try:
        return Settings.model_validate_json(text)
    except ValidationError as error:
        raise EmulatorError(f"--settings: {describe(error)}") from error


def _seconds(flag: str, text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise EmulatorError(f"{flag} {error}") from error


if __name__ == "__main__":
    main(prog_name="python -m janitor.emulator")
