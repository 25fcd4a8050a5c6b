"""``janitor journal list``: list the saved journals."""

from __future__ import annotations

from typing import Any

import click

from janitor.cli.command import Command
from janitor.cli.context import Session, pass_session
from janitor.cli.options import config_option, journal_option


@click.command("list", cls=Command)
@config_option
@journal_option
@pass_session
def command(session: Session, /, **flags: Any) -> None:
    """List the saved journals, oldest first."""
    from janitor.records.journal import journals, read_journal
    from janitor.session import journal_folder

    for path in journals(journal_folder(session.load_config(flags).config)):
        record = read_journal(path)
        end = "" if record.ended else "  (incomplete)"
        count = len(record.writes)
        writes = "1 write" if count == 1 else f"{count:,} writes"
        click.echo(f"{path}  {record.command}  {writes}{end}")
