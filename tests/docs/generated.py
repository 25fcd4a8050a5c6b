"""The parts of the README that are made from the code; ``make readme`` writes them anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from janitor.cli.command import Group
from janitor.cli.exit_codes import PRECEDENCE
from janitor.cli.root import cli
from janitor.config import Config
from janitor.report import RENDERERS

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"

_BLOCK = re.compile(r"<!-- generated: ([a-z ]+) -->\n.*?<!-- end -->", re.DOTALL)


def commands() -> Iterator[str]:
    """Each command with its summary."""
    yield "| command | what it does |"
    yield "|---|---|"
    for name, command in _leaves(cli, "janitor"):
        yield f"| `{name}` | {command.get_short_help_str(limit=200)} |"


def _leaves(group: Group, prefix: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, Group):
            yield from _leaves(command, f"{prefix} {name}")
        elif command is not None:
            yield f"{prefix} {name}", command


def exit_codes() -> Iterator[str]:
    """Each exit code, in the order in which they count."""
    meanings = {
        130: "interrupted by SIGINT",
        143: "ended by SIGTERM",
        2: "bad usage or settings, or no target could be resolved",
        3: "the brake tripped: a limit was passed, nothing was written",
        1: "something failed, a target was unknown or could not be read whole, or the pass stood"
        " down; the rest was repaired",
        4: "changes are pending; only with `--exit-code`, on a dry run or `plan`",
        0: "otherwise",
    }
    yield "| code | meaning |"
    yield "|---|---|"
    for code in PRECEDENCE:
        yield f"| {int(code)} | {meanings[code]} |"


def report_kinds() -> Iterator[str]:
    """The endings that ``--report`` knows."""
    yield ", ".join(f"`{ending}`" for ending in RENDERERS) + "."


def settings() -> Iterator[str]:
    """Each setting with its default and meaning."""
    schema = Config.json_schema()
    yield "| setting | default | meaning |"
    yield "|---|---|---|"
    yield from _fields(schema, schema, "")


def _fields(part: dict[str, object], schema: dict[str, object], prefix: str) -> Iterator[str]:
    properties = part.get("properties")
    definitions = schema["$defs"]
    if not isinstance(properties, dict) or not isinstance(definitions, dict):
        return
    for name, field in properties.items():
        reference = field.get("$ref") or next(
            (one["$ref"] for one in field.get("anyOf", []) if "$ref" in one), None
        )
        below = definitions[reference.rsplit("/", 1)[-1]] if reference else {}
        if below.get("properties"):
            yield from _fields(below, schema, f"{prefix}{name}.")
            continue
        default = field.get("default")
        shown = "" if default in (None, [], {}, "") else f"`{default}`".replace("True", "true")
        meaning = " ".join(str(field.get("description", "")).split()).replace("|", "\\|")
        yield f"| `{prefix}{name}` | {shown} | {meaning} |"


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "commands": commands,
    "exit codes": exit_codes,
    "report kinds": report_kinds,
    "settings": settings,
}


def renewed(text: str) -> str:
    """The README with its generated parts made anew."""

    def renew(match: re.Match[str]) -> str:
        name = match.group(1)
        body = "\n".join(PARTS[name]())
        return f"<!-- generated: {name} -->\n{body}\n<!-- end -->"

    return _BLOCK.sub(renew, text)


if __name__ == "__main__":
    README.write_text(renewed(README.read_text(encoding="utf-8")), encoding="utf-8")
