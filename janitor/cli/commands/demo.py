"""``janitor demo``: the janitor at work on runs made for it, without account or network.

Where to read on: ``story`` (what is shown), ``seeds`` (the runs that are put there), ``trainings``
and ``tuning`` (those that are real), ``stage`` (what runs behind the scenes).
"""

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
    help="Where to write the reports: into a new folder there, each time.",
)
@click.option("--local", is_flag=True, help="Show experiments and tasks of this machine instead.")
@click.option("--keep", is_flag=True, help="Leave the server and its runs there until Ctrl-C.")
def command(folder: Path, *, local: bool, keep: bool) -> None:
    """Show the janitor at work on runs made for it.

    A W&B-compatible server is started on this machine and filled with runs of every kind, some of
    them real trainings; then `janitor fix` repairs them. No account, no network; half a minute.
    """
    from janitor.runtime.signals import exiting_on_signals

    if local:
        with exiting_on_signals():
            from janitor.demo.local import tell_local

            tell_local(folder)
        return
    require("emulator", for_what="the demo")
    with exiting_on_signals():
        from janitor.demo.script import tell

        tell(folder, keep=keep)
