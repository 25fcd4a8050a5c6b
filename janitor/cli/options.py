"""Options that several commands share, as decorators.

Each parameter carries the name under which :func:`janitor.config.load` knows it, and is None or
an empty tuple where it is not given; the values are read and refused there, not here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

_Function = TypeVar("_Function", bound=Callable[..., Any])
_Decorator = Callable[[_Function], _Function]

_FILE = click.Path(dir_okay=False)
_FOLDER = click.Path(file_okay=False)


def _together(*options: Callable[[Any], Any]) -> Callable[[_Function], _Function]:
    """One decorator that adds the options, in this order."""

    def decorate(function: _Function) -> _Function:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


config_option = click.option(
    "--config",
    metavar="FILE",
    type=click.Path(),
    help="The file of settings.  [default: ./janitor.yaml, if there is one]",
)

target_options = _together(
    click.option(
        "--sweep",
        metavar="ENTITY/PROJECT/SWEEP",
        multiple=True,
        help="A sweep to scan; repeatable. Targets given here replace those of the file.",
    ),
    click.option(
        "--project",
        metavar="ENTITY/PROJECT",
        multiple=True,
        help="A project whose sweeps to scan, all of them; repeatable.",
    ),
    click.option(
        "--group",
        metavar="ENTITY/PROJECT/GROUP",
        multiple=True,
        help="A group of runs to scan; repeatable.",
    ),
    click.option(
        "--store",
        metavar="KIND:PATH",
        multiple=True,
        help="State of this machine: experiments:DIR, tasks:FILE or file:DIR; repeatable.",
    ),
    click.option(
        "--active-since",
        metavar="DURATION",
        help="Leave out runs that have been silent for longer than this, such as 30d.",
    ),
    config_option,
)
"""What to scan, and the file of settings."""

policy_options = _together(
    click.option(
        "--heartbeat-timeout",
        metavar="DURATION",
        help="How long a run may be silent before it is given up.  [default: 30m]",
    ),
    click.option(
        "--evaluation-timeout",
        metavar="DURATION",
        help="The same for evaluating runs.  [default: as --heartbeat-timeout]",
    ),
    click.option(
        "--settle",
        metavar="DURATION",
        help="How long a run with an objective may take to set its own state.  [default: 5m]",
    ),
    click.option(
        "--crash-grace",
        metavar="DURATION",
        help="How long a run that W&B calls crashed, failed or killed may take to come back."
        "  [default: 15m]",
    ),
    click.option(
        "--queue-timeout",
        metavar="DURATION",
        help="How long a run may wait in a queue.  [default: no limit while W&B says pending, else"
        " 24h]",
    ),
    click.option(
        "--finish-timeout",
        metavar="DURATION",
        help="How long, beyond --settle, the end of a run with an objective may hang.  [default:"
        " 2h]",
    ),
    click.option(
        "--stale-after",
        metavar="DURATION",
        help="How long a task may be assigned before it waits again.  [default: 2h]",
    ),
    click.option(
        "--namespace",
        metavar="NAME",
        help="The first part of our keys in a run's summary.  [default: protein]",
    ),
    click.option(
        "--objective",
        metavar="KEY",
        help="The objective's key in a run's summary; auto for the metric that the sweep's config"
        " names.  [default: NAMESPACE.objective]",
    ),
    click.option(
        "--disable-rule",
        metavar="ID",
        multiple=True,
        help="A rule not to ask, besides those that the file disables; repeatable.",
    ),
)
"""How to judge."""

previous_option = click.option(
    "--previous",
    metavar="REPORT",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    help="A .json report of an earlier pass, where no journal is kept: tells which runs that it"
    " called over came back; repeatable.",
)
"""What earlier passes wrote, besides the journals; a parameter of the command."""

junit_option = click.option(
    "--junit-fixed",
    metavar="failure|pass",
    help="What a repaired run counts as in a report that ends in .xml.  [default: failure]",
)
"""How JUnit is to take a repair."""

to_option = click.option(
    "--to",
    metavar="PATH",
    multiple=True,
    type=click.Path(dir_okay=False),
    help="Write it there, in the format that the ending names; repeatable. A format alone, such"
    " as md, prints it.",
)
"""Where `janitor report` writes."""

report_options = _together(
    click.option(
        "--report",
        metavar="PATH",
        type=_FILE,
        multiple=True,
        help="Write the report there, in the format that its ending names; repeatable.",
    ),
    junit_option,
    click.option(
        "--metrics-file",
        metavar="FILE",
        type=_FILE,
        help="Write metrics there for Prometheus's node_exporter, which reads *.prom.",
    ),
    click.option(
        "--pushgateway", metavar="URL", help="Send the metrics to this Prometheus Pushgateway."
    ),
    click.option(
        "--notify",
        metavar="URL",
        multiple=True,
        help="Send a message there (slack://…, mailto://…, as apprise knows them); repeatable."
        " Where other users may see the process list, use the variable JANITOR_NOTIFY.",
    ),
    click.option(
        "--notify-on",
        metavar="changes|brake|failure|always",
        multiple=True,
        help="On what to send it; repeatable.  [default: changes, brake, failure]",
    ),
)
"""Where the report goes, and who is told."""

limit_options = _together(
    click.option(
        "--max-changes",
        metavar="N",
        help="Write nothing if more changes than this are due; 0 for none at all.  [default: 500]",
    ),
    click.option(
        "--max-silent-percent",
        metavar="N",
        help="Write nothing if more than this share of the active runs would be given up for"
        " their silence.  [default: 50]",
    ),
)
"""The brake."""

force_option = click.option(
    "--force", is_flag=True, help="Write even where a limit is passed: somebody has looked."
)
"""For the one who has looked; a parameter of the command, never a setting."""

stand_down_option = click.option(
    "--no-stand-down",
    "stand_down",
    flag_value=False,
    default=None,
    type=bool,
    help="Judge as usual even where it looks as if W&B or the network was down.",
)
"""Overrules the stand-down."""

deadline_option = click.option(
    "--deadline",
    metavar="DURATION",
    help="Begin no new write after this time; what is left is reported as planned.",
)
"""How long a pass may take."""

shard_option = click.option(
    "--shard",
    metavar="K/N",
    help="Scan only the sweeps that are dealt to the K-th of N janitors.  [default: in an Indexed"
    " Job, JOB_COMPLETION_INDEX of JANITOR_SHARDS]",
)
"""Several janitors share the sweeps."""

journal_option = click.option(
    "--journal",
    metavar="DIR",
    type=_FOLDER,
    help="The folder of the journals.  [default: in the user's state directory]",
)
"""Where the journals are."""

lock_options = _together(
    click.option(
        "--lock",
        metavar="FILE",
        type=_FILE,
        help="Let only one janitor at a time hold this file.",
    ),
    click.option(
        "--lock-timeout",
        metavar="DURATION",
        help="How long to wait for the lock; 0 to leave at once.  [default: 0s]",
    ),
)
"""One janitor at a time."""
