"""``janitor emulator serve``: the W&B-compatible server as a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from janitor.cli.command import Command
from janitor.errors import EmulatorError, UsageError
from janitor.runtime.extras import require

if TYPE_CHECKING:
    from janitor.emulator import Options

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("serve", cls=Command)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="The port; 0 takes any free one.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on: 127.0.0.1, another of this machine's own, or ::1.",
)
@click.option("--state", metavar="FILE", type=_FILE, help="Keep the runs in this SQLite file.")
@click.option(
    "--seed", metavar="FILE", type=_FILE, help="Start with the runs of this YAML or JSON."
)
@click.option(
    "--crash-after",
    metavar="DURATION",
    help="Silence after which a run is called crashed.  [default: 5m]",
)
@click.option(
    "--latency", metavar="DURATION", help="Wait so long before each answer.  [default: 0s]"
)
def command(**flags: Any) -> None:
    """Serve a W&B-compatible server that this machine alone can reach, until Ctrl-C.

    It takes what wandb.init, wandb.log and wandb.Api send. Any API key of 40 letters and digits
    is a user of its own.
    """
    from janitor.runtime.signals import exiting_on_signals

    require("emulator", for_what="the emulator")
    with exiting_on_signals():
        from janitor.emulator.server import Service

        options = _options(**flags)
        if not options.is_local:
            raise UsageError(
                f"--host {options.host}: the emulator believes every key, so it listens on this"
                " machine alone; take 127.0.0.1, or ::1"
            )
        try:
            service = Service(options)
        except EmulatorError as error:
            raise UsageError(str(error)) from error
        with service:
            click.echo(f"janitor emulator ready at {service.url} (this machine only)")
            from janitor.emulator.reach import how_to_reach

            click.echo(how_to_reach(service.url))
            service.run()


def _options(
    *,
    host: str,
    port: int,
    state: Path | None,
    seed: Path | None,
    crash_after: str | None,
    latency: str | None,
) -> Options:
    from janitor.emulator import Options, Settings

    settings = Settings()
    if crash_after is not None:
        settings.crash_after = _seconds("--crash-after", crash_after)
    if latency is not None:
        settings.latency = _seconds("--latency", latency)
    return Options(host, port, state, seed, settings)


def _seconds(flag: str, text: str) -> float:
    from janitor.config.durations import parse_duration

    try:
        return parse_duration(text).total_seconds()
    except ValueError as error:
        raise UsageError(f"{flag} {error}") from error
