"""``janitor config schema``: print a JSON Schema with which editors check janitor.yaml."""

from __future__ import annotations

import json

import click

from janitor.cli.command import Command


@click.command("schema", cls=Command)
def command() -> None:
    """Print the JSON Schema of janitor.yaml."""
    from janitor.config import Config

    click.echo(json.dumps(Config.json_schema(), indent=2, ensure_ascii=False))
