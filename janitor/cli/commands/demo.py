"""``janitor demo``: the janitor at work on prepared runs, without account or network."""

from __future__ import annotations

from pathlib import Path

import click

from janitor.cli.command import Command
from janitor.runtime.extras import require


@click.command("demo", cls=Command)
@click.option(
    "--folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    default="janitor-demo",
    show_default=True,
    help="Where to make a new folder for the reports.",
)
@click.option("--local", is_flag=True, help="Show local experiments and tasks instead.")
@click.option("--sweep", is_flag=True, help="Show a sweep that survives kills instead.")
@click.option("--keep", is_flag=True, help="Keep the server and its runs until Ctrl-C.")
def command(folder: Path, *, local: bool, sweep: bool, keep: bool) -> None:
    """Show the janitor at work on prepared runs.

    Starts a W&B-compatible server on this machine, fills it with runs of every kind, some of them
    real trainings, and repairs them with `janitor fix`. Needs no account and no network, and takes
    half a minute.
    """
    from janitor.runtime.signals import exiting_on_signals

    if sweep:
        with exiting_on_signals():
            from janitor.demo.sweep import tell_sweep

            tell_sweep(folder)
        return
    if local:
        with exiting_on_signals():
            from janitor.demo.local import tell_local

            tell_local(folder)
        return
    require("emulator", for_what="the demo")
    with exiting_on_signals():
        from janitor.demo.script import tell

        tell(folder, keep=keep)
