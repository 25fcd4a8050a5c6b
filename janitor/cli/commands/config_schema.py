"""``janitor config schema``: print a JSON Schema with which editors check janitor.yaml."""

from __future__ import annotations

import json

import click

from janitor.cli.command import Command


@click.command("schema", cls=Command)
@click.option("--sweep", is_flag=True, help="The schema of sweep files instead.")
def command(*, sweep: bool) -> None:
    """Print the JSON Schema of janitor.yaml, or of sweep files."""
    from janitor.config import Config

    schema = Config.json_schema()
    if sweep:
        from janitor.sweep.config import sweep_schema

        schema = sweep_schema()
    click.echo(json.dumps(schema, indent=2, ensure_ascii=False))
