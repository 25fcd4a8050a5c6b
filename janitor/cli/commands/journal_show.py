"""``janitor journal show``: show what a pass wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from janitor.cli.command import Command
from janitor.cli.context import Session, pass_session
from janitor.cli.errors import printable
from janitor.cli.options import config_option, journal_option
from janitor.errors import UsageError

if TYPE_CHECKING:
    from janitor.records.journal import JournaledWrite


@click.command("show", cls=Command)
@click.argument("file", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@config_option
@journal_option
@pass_session
def command(session: Session, /, *, file: Path | None, **flags: Any) -> None:
    """Show what a pass wrote, and what it may have written if it was killed.

    Without FILE: the latest journal.
    """
    from janitor.records.journal import journals, read_journal
    from janitor.storage.journal_folder import journal_folder

    if file is None:
        folder = journal_folder(session.load_config(flags).config.journal)
        kept = journals(folder)
        if not kept:
            raise UsageError(f"no journal exists in {folder}")
        file = kept[-1]
    record = read_journal(file)
    about = f"{file}: janitor {record.version} {record.command}, started {record.started_at}"
    click.echo(printable(about))
    if not record.ended:
        click.echo("the pass is incomplete: it did not end normally")
    for write in record.writes:
        click.echo(_line(write))


def _line(write: JournaledWrite) -> str:
    outcome = write.outcome or "may have been written"
    keys = [*dict.fromkeys([*write.before, *write.after])]
    changes = ", ".join(
        f"{key}: {_value(write.before, key)} -> {_value(write.after, key)}" for key in keys
    )
    error = f" ({write.error})" if write.error else ""
    return printable(f"{write.at}  {write.run}  {outcome}{error}  {changes}")


def _value(values: Any, key: str) -> str:
    return json.dumps(values[key]) if key in values else "(nothing)"
