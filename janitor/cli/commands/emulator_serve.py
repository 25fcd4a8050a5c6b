"""``janitor emulator serve``: the W&B-compatible server as a separate process."""

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
    help="The port; 0 takes a free one.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The loopback address to listen on, such as 127.0.0.1 or ::1.",
)
@click.option("--state", metavar="FILE", type=_FILE, help="Keep the runs in this SQLite file.")
@click.option(
    "--seed", metavar="FILE", type=_FILE, help="Start with the runs of this YAML or JSON file."
)
@click.option(
    "--crash-after",
    metavar="DURATION",
    help="Mark a run as crashed after this long without a heartbeat.  [default: 5m]",
)
@click.option(
    "--latency", metavar="DURATION", help="Delay before each response, such as 20ms.  [default: 0s]"
)
def command(**flags: Any) -> None:
    """Serve a W&B-compatible server on localhost only, until Ctrl-C.

    It accepts what wandb.init, wandb.log and wandb.Api send. Each API key of 40 letters and digits
    is a separate user. The address /emulator/formats of the running server describes the formats of
    seed files and of fault injection (POST /faults).
    """
    from janitor.runtime.signals import exiting_on_signals

    require("emulator", for_what="the emulator")
    with exiting_on_signals():
        from janitor.emulator.handle import DEFAULT_KEY
        from janitor.emulator.reach import how_to_reach
        from janitor.emulator.server import Service
        from janitor.runtime.redaction import redactor_of_process

        options = _options(**flags)
        if not options.is_local:
            raise UsageError(
                f"--host {options.host}: the emulator accepts every key, so it listens on localhost"
                " only; use 127.0.0.1 or ::1"
            )
        try:
            service = Service(options)
        except EmulatorError as error:
            raise UsageError(str(error)) from error
        with service:
            click.echo(f"janitor emulator ready at {service.url} (this machine only)")
            redactor_of_process().allow(DEFAULT_KEY)
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
    from janitor.emulator.clock import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{flag} {error}") from error
