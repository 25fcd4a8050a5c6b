"""``janitor journal list``: list the saved journals."""

from __future__ import annotations

from typing import Any

import click

from janitor.cli.command import Command
from janitor.cli.context import Session, pass_session
from janitor.cli.errors import printable
from janitor.cli.options import config_option, journal_option
from janitor.errors import JournalError


@click.command("list", cls=Command)
@config_option
@journal_option
@pass_session
def command(session: Session, /, **flags: Any) -> None:
    """List the saved journals, oldest first."""
    from janitor.model.wording import counted
    from janitor.records.journal import journals, read_journal
    from janitor.storage.journal_folder import journal_folder

    for path in journals(journal_folder(session.load_config(flags).config.journal)):
        try:
            record = read_journal(path, found=True)
        except JournalError as error:
            click.echo(printable(f"{path}  ({error})"))
            continue
        end = "" if record.ended else "  (incomplete)"
        writes = counted(len(record.writes), "write")
        click.echo(printable(f"{path}  {record.command}  {writes}{end}"))
