"""``janitor config show``: show the settings in effect."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from janitor.cli.command import Command
from janitor.cli.context import Session, pass_session
from janitor.cli.errors import printable
from janitor.cli.options import (
    deadline_option,
    journal_option,
    limit_options,
    lock_options,
    policy_options,
    report_options,
    shard_option,
    stand_down_option,
    target_options,
)

if TYPE_CHECKING:
    from janitor.config import LoadedConfig


@click.command("show", cls=Command)
@target_options
@policy_options
@report_options
@limit_options
@stand_down_option
@deadline_option
@shard_option
@journal_option
@lock_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
@pass_session
def command(session: Session, /, *, as_json: bool, **flags: Any) -> None:
    """Show each setting in effect and where it came from.

    Flags win over the environment, the environment wins over janitor.yaml.
    """
    loaded = session.load_config(flags)
    click.echo(_as_json(loaded) if as_json else "\n".join(_as_table(loaded)))


def _as_json(loaded: LoadedConfig) -> str:
    settings = {
        key: {"value": value, "from": came_from} for key, value, came_from in loaded.settings()
    }
    file = str(loaded.file) if loaded.file else None
    return json.dumps({"file": file, "settings": settings}, indent=2, ensure_ascii=False)


def _as_table(loaded: LoadedConfig) -> Iterator[str]:
    rows = [("SETTING", "VALUE", "FROM")]
    rows += [
        (key, printable(_in_words(value)), came_from) for key, value, came_from in loaded.settings()
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for key, value, came_from in rows:
        yield f"{key:{widths[0]}}  {value:{widths[1]}}  {came_from}"


def _in_words(value: Any) -> str:
    match value:
        case None:
            return "(not set)"
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:g}"
        case dict():
            return ", ".join(f"{key}: {_in_words(each)}" for key, each in value.items()) or "(none)"
        case list():
            return _listed(value)
        case _:
            return str(value)


def _listed(values: Sequence[Any]) -> str:
    has_parts = any(isinstance(value, dict) and len(value) > 1 for value in values)
    return ("; " if has_parts else ", ").join(_in_words(value) for value in values) or "(none)"
