"""``janitor report schema``: for programs that read the janitor's files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from janitor.cli.command import Command

if TYPE_CHECKING:
    from janitor.records.schemas import Kind


@click.command("schema", cls=Command)
@click.argument(
    "kind",
    metavar="[report|plan|journal]",
    default="report",
    type=click.Choice(["report", "plan", "journal"]),
)
def command(kind: Kind) -> None:
    """Print the JSON Schema of reports, plans or the lines of journals.

    Numbers that are not finite are written as {"$number": "Infinity"}; the schema's description
    has the details.
    """
    from janitor.records.schemas import json_schema

    click.echo(json.dumps(json_schema(kind), indent=2, ensure_ascii=False))
