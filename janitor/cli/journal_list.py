"""``janitor journal list``: the journals that are kept."""

from __future__ import annotations

from typing import Any

import click

from janitor.cli.command import Command
from janitor.cli.options import config_option, journal_option
from janitor.cli.session import Session, pass_session


@click.command("list", cls=Command)
@config_option
@journal_option
@pass_session
def command(session: Session, /, **flags: Any) -> None:
    """List the journals that are kept, oldest first."""
    from janitor.cli.assembly import journal_folder  # noqa: PLC0415 - `--help` needs none of it
    from janitor.journal import journals, read_journal  # noqa: PLC0415 - as above

    for path in journals(journal_folder(session.load_config(flags).config)):
        record = read_journal(path)
        end = "" if record.ended else "  (did not come to its end)"
        click.echo(f"{path}  {record.command}  {len(record.writes)} writes{end}")
