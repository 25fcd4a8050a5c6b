"""The parts of README and manual that are made from the code; ``make docs`` writes them."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any

import click
from prometheus_client import CollectorRegistry

from janitor.cli import exit_codes as exit_codes_module
from janitor.cli.exit_codes import PRECEDENCE, ExitCode
from janitor.cli.root import cli
from janitor.config import Config
from janitor.config.table import OUTSIDE_THE_FILE
from janitor.report import RENDERERS
from janitor.report.render_metrics import registry_of
from tests.docs.pages import GENERATED, README, manual
from tests.lifecycle.test_life_of_a_run import ENDS
from tests.report.report_samples import finish, make_draft

_SHARED = {"verbose", "log_format", "help"}
"""Options that every command has; they are described once."""


def commands() -> Iterator[str]:
    """Every command with its summary."""
    yield "| command | what it does |"
    yield "|---|---|"
    for name, command in _leaves(cli, "janitor"):
        anchor = name.replace(" ", "-")
        yield f"| [`{name}`](#{anchor}) | {command.get_short_help_str(limit=200)} |"


def _leaves(group: click.Group, prefix: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _leaves(command, f"{prefix} {name}")
        elif command is not None:
            yield f"{prefix} {name}", command


def command_reference() -> Iterator[str]:
    """A section for each command: its help text, its arguments, its options."""
    for name, command in _leaves(cli, "janitor"):
        context = click.Context(command, info_name=name)
        usage = " ".join(command.collect_usage_pieces(context))
        yield f"### {name}"
        yield ""
        yield from _paragraphs(command.help or "")
        yield f"Usage: `{name} {usage}`"
        yield ""
        own = [option for option in command.params if option.name not in _SHARED]
        yield from _option_table(own, context)


def shared_options() -> Iterator[str]:
    """The options that every command has."""
    context = click.Context(cli, **cli.context_settings)
    yield from _option_table([p for p in cli.get_params(context) if p.name in _SHARED], context)


def _paragraphs(help_text: str) -> Iterator[str]:
    for paragraph in inspect.cleandoc(help_text).replace("\\b", "\b").split("\n\n"):
        if "\b" in paragraph:  # click's mark: the lines stay as they are
            lines = textwrap.dedent(paragraph.replace("\b", "")).strip().splitlines()
            yield from ("```text", *lines, "```", "")
        else:
            yield from (_in_a_cell(paragraph), "")


def _option_table(options: Iterable[click.Parameter], context: click.Context) -> Iterator[str]:
    records = [option.get_help_record(context) for option in options]
    rows = [record for record in records if record]
    if not rows:
        return
    yield "| option | meaning |"
    yield "|---|---|"
    for names, meaning in rows:
        yield f"| `{_in_a_cell(names)}` | {_in_a_cell(meaning)} |"
    yield ""


def _in_a_cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(text.split()))


def exit_codes() -> Iterator[str]:
    """Each exit code, in the order in which they count."""
    yield "| code | meaning |"
    yield "|---|---|"
    meanings = _meanings_of_exit_codes()
    for code in PRECEDENCE:
        yield f"| {int(code)} | {meanings[code]} |"


def _meanings_of_exit_codes() -> dict[ExitCode, str]:
    """The docstring below each member of `ExitCode`: they are kept nowhere at run time."""
    tree = ast.parse(inspect.getsource(exit_codes_module))
    (members,) = [
        node.body
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == "ExitCode"
    ]
    found: dict[ExitCode, str] = {}
    for member, below in pairwise(members):
        match member, below:
            case (
                ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(meaning))),
            ):
                found[ExitCode[name]] = _in_a_cell(meaning.replace("``", "`"))
    return found


def report_kinds() -> Iterator[str]:
    """The file extensions that ``--report`` knows."""
    yield ", ".join(f"`{ending}`" for ending in RENDERERS) + "."


def settings() -> Iterator[str]:
    """Each setting with its default, its meaning, and its names outside the file."""
    schema = Config.json_schema()
    yield "| setting | default | flag, variable | meaning |"
    yield "|---|---|---|---|"
    yield from _fields(schema, schema, "")


def _names_outside_the_file() -> dict[str, str]:
    """Dotted key -> flag and environment variable, as Markdown."""
    return {
        setting.key: ", ".join(
            f"`{name}`"
            for name in (setting.flag_name if setting.group else "", setting.variable)
            if name
        )
        for setting in OUTSIDE_THE_FILE.values()
    }


def _fields(part: dict[str, Any], schema: dict[str, Any], prefix: str) -> Iterator[str]:
    names = _names_outside_the_file()
    for name, field in part["properties"].items():
        key = f"{prefix}{name}"
        below = _section_of(field, schema)
        if below is not None:
            yield from _fields(below, schema, f"{key}.")
            continue
        meaning = _in_a_cell(str(field.get("description", "")))
        outside = names.get(key, "")
        yield f"| `{key}` | {_default(field.get('default'))} | {outside} | {meaning} |"


def _section_of(field: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any] | None:
    """The section that a field holds; None for a plain value."""
    references = [part["$ref"] for part in (field, *field.get("anyOf", ())) if "$ref" in part]
    if not references:
        return None
    section: dict[str, Any] = schema["$defs"][references[0].rsplit("/", 1)[-1]]
    return section if section.get("properties") else None


def _default(value: Any) -> str:
    match value:
        case None | "" | [] | {}:
            return ""
        case bool():
            return f"`{str(value).lower()}`"
        case list():
            return ", ".join(f"`{item}`" for item in value)
        case _:
            return f"`{value}`"


def metrics() -> Iterator[str]:
    """Each metric with its labels and meaning, as a pass without runs writes them."""
    registry: CollectorRegistry = registry_of(finish(make_draft(), 0), succeeded=True)
    yield "| metric | labels | meaning |"
    yield "|---|---|---|"
    for family in registry.collect():
        labels = dict.fromkeys(label for sample in family.samples for label in sample.labels)
        shown = ", ".join(f"`{label}`" for label in labels)
        yield f"| `{family.name}` | {shown} | {_in_a_cell(family.documentation)} |"


def exit_scenarios() -> Iterator[str]:
    """How a training process ends, and what its run says then; `ENDS` is held against reality."""
    yield "| how the process ends | its run says | an hour later, after the janitor |"
    yield "|---|---|---|"
    for end in ENDS:
        said = f"{end.state}: `{end.error}`" if end.error else end.state
        yield f"| {end.name} | {said} | {end.after or end.state} |"


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "commands": commands,
    "command reference": command_reference,
    "shared options": shared_options,
    "exit codes": exit_codes,
    "report kinds": report_kinds,
    "settings": settings,
    "metrics": metrics,
    "exit scenarios": exit_scenarios,
}


def renewed(text: str) -> str:
    """The page with its generated parts as the code has them now."""

    def renew(match: re.Match[str]) -> str:
        name = match.group(1)
        body = "\n".join(PARTS[name]()).strip()
        return f"<!-- generated: {name} -->\n{body}\n<!-- end -->"

    return GENERATED.sub(renew, text)


if __name__ == "__main__":
    for page in (README, *manual()):
        page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")
