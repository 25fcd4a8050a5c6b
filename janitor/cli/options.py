"""Options that several commands share, as decorators.

The flags of settings are made from :mod:`janitor.config.table`. Each parameter carries the name
under which :func:`janitor.config.load` knows it, and is None or an empty tuple if it is not given;
values are read and refused there, not here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from janitor.config.table import FILE, FILES, FOLDER, OUTSIDE_THE_FILE, SWITCH, flags_of
from janitor.model.setting import OPT_IN, Setting
from janitor.model.wording import format_duration

_Function = TypeVar("_Function", bound=Callable[..., Any])
_Decorator = Callable[[Any], Any]

_PATHS = {
    FILE: click.Path(dir_okay=False),
    FILES: click.Path(dir_okay=False),
    FOLDER: click.Path(file_okay=False),
}


_SECTIONS = {
    "targets": "Targets",
    "shard": "Targets",
    "policy": "Rules and thresholds",
    "report": "Output",
    "junit": "Output",
    "limits": "Safety",
    "stand_down": "Safety",
    "deadline": "Safety",
    "journal": "Safety",
    "lock": "Safety",
}
"""Group of settings → the section of ``--help`` that lists its flags."""


def section_of(name: str) -> str:
    """The section of ``--help`` that lists the parameter with this name."""
    if name in {"target", "sweep", "project", "group", "run", "include", "filter", "store"}:
        return "Targets"
    if name == "force":
        return "Safety"
    setting = OUTSIDE_THE_FILE.get(name)
    return _SECTIONS[setting.group] if setting is not None else "Options"


def _together(*options: _Decorator) -> Callable[[_Function], _Function]:
    """One decorator that adds the options, in this order."""

    def decorate(function: _Function) -> _Function:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _flags(group: str) -> Callable[[_Function], _Function]:
    """The flags of a group of settings."""
    return _together(*map(_flag, flags_of(group)))


def _flag(setting: Setting) -> _Decorator:
    said = setting.flag_help or setting.help
    if setting.kind is OPT_IN:
        return click.option(
            setting.flag_name, setting.name, flag_value=True, default=None, type=bool, help=said
        )
    if setting.kind is SWITCH:  # such a flag switches the setting off
        return click.option(
            setting.flag_name, setting.name, flag_value=False, default=None, type=bool, help=said
        )
    said += " Repeatable." if setting.kind.is_list else ""
    said += f"  [default: {default}]" if (default := _shown(setting.default)) else ""
    return click.option(
        setting.flag_name,
        setting.name,
        metavar=setting.kind.metavar,
        type=_PATHS.get(setting.kind),
        multiple=setting.kind.is_list,
        help=said,
    )


def _shown(default: Any) -> str:
    match default:
        case None | ():
            return ""
        case timedelta():
            return format_duration(default)
        case tuple():
            return ", ".join(default)
        case _:
            return str(default)


config_option = click.option(
    "--config",
    metavar="FILE",
    type=click.Path(),
    help="The settings file.  [default: ./janitor.yaml, if it exists]",
)

target_options = _together(
    click.argument("target", nargs=-1, metavar="[TARGET]..."),
    click.option(
        "--sweep",
        metavar="ENTITY/PROJECT/SWEEP",
        multiple=True,
        help="Scan this sweep. Repeatable. Targets given here replace those of the file.",
    ),
    click.option(
        "--project",
        metavar="ENTITY/PROJECT",
        multiple=True,
        help="Scan all sweeps of this project. Repeatable.",
    ),
    click.option(
        "--group",
        metavar="ENTITY/PROJECT/GROUP",
        multiple=True,
        help="Scan this group of runs. Repeatable.",
    ),
    click.option(
        "--run",
        metavar="ENTITY/PROJECT/RUN",
        multiple=True,
        help="Scan this run. Repeatable.",
    ),
    click.option(
        "--include",
        metavar="all|sweeps",
        help="With --project: all its runs, also those in no sweep.  [default: sweeps]",
    ),
    click.option(
        "--filter",
        metavar="JSON",
        help="""With --project: the runs that pass this filter, such as '{"tags": "night"}'.""",
    ),
    click.option(
        "--store",
        metavar="KIND:PATH",
        multiple=True,
        help="Scan local state: experiments:DIR, tasks:FILE or file:DIR. Repeatable.",
    ),
    _flags("targets"),
    config_option,
)
"""What to scan, and the settings file."""

policy_options = _flags("policy")
"""How to judge."""

previous_option = click.option(
    "--previous",
    metavar="REPORT",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    help="A .json report of an earlier pass, if no journal is kept. It shows which of the runs"
    " that it marked as ended are alive. Repeatable.",
)
"""What earlier passes wrote, besides the journals; a parameter of the command."""

junit_option = _flags("junit")
"""How a repair appears in JUnit XML."""

to_option = click.option(
    "--to",
    metavar="PATH",
    multiple=True,
    type=click.Path(dir_okay=False),
    help="Write to this file, in the format of its extension. Repeatable. A format alone, such as"
    " md, prints it.",
)
"""Where `janitor report` writes."""

report_options = _together(_flags("report"), junit_option)
"""Where the report goes, and who is notified."""

limit_options = _flags("limits")
"""The brake."""

force_option = click.option(
    "--force", is_flag=True, help="Ignore the brake. Use it after reviewing a dry run."
)
"""Overrules the brake; a parameter of the command, never a setting."""

stand_down_option = _flags("stand_down")
"""Overrules the stand-down."""

deadline_option = _flags("deadline")
"""How long a pass may take."""

shard_option = _flags("shard")
"""Several janitors share the sweeps."""

journal_option = _flags("journal")
"""Where the journals are."""

lock_options = _flags("lock")
"""One janitor at a time."""
