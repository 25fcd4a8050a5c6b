"""Every setting of the janitor, declared once: its type, default, meaning, flag and variable.

To add a setting, declare it here; to add one by which runs are judged, in
:class:`janitor.model.PolicySettings`. Everything else is derived, see :mod:`janitor.model.setting`.
The standard library is enough for this file, so ``--help`` can import it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal

from janitor.model import AnyTarget, PolicySettings
from janitor.model.setting import (
    DURATION,
    POSITIVE_DURATION,
    Kind,
    Setting,
    setting,
    settings_of,
    table,
)
from janitor.model.shards import Shard

COUNT: Final = Kind("count", "N")
WHOLE_NUMBER: Final = Kind("whole number", "N")
PERCENT: Final = Kind("percent", "N")
SWITCH: Final = Kind("switch")
FILE: Final = Kind("file", "FILE")
FOLDER: Final = Kind("folder", "DIR")
FILES: Final = Kind("files", "PATH", is_list=True)
URL: Final = Kind("URL", "URL")
MESSENGERS: Final = Kind(
    "messengers", "URL", is_list=True, separator=r"\n|,(?=\s*[a-zA-Z][\w+.-]*://)"
)
OCCASIONS: Final = Kind("occasions", "changes|brake|failure|always", is_list=True)
JUNIT_WORD: Final = Kind("JUnit word", "failure|pass")
RULE_IDS: Final = Kind("rule IDs", "ID", is_list=True)
SHARD: Final = Kind("shard", "K/N")
TARGETS: Final = Kind("targets", is_in_file_only=True)
OWN_RULES: Final = Kind("own rules", is_in_file_only=True)
OVERRIDES: Final = Kind("overrides", is_in_file_only=True)


@dataclass(frozen=True)
class RuleSettings:
    """Which rules are used."""

    disable: tuple[str, ...] = setting(
        (),
        RULE_IDS,
        "IDs of rules that are not used. Flags and the environment add to this list.",
        name="disable_rule",
        group="policy",
        flag_help="Disable this rule, in addition to those that the file disables.",
    )
    own: tuple[Any, ...] = setting(
        (), OWN_RULES, "Your own rules. They are asked in this order, after all built-in rules."
    )


@dataclass(frozen=True, slots=True)
class BrakeLimits:
    """The brake: beyond either limit, nothing is written and the exit code is 3."""

    max_changes: int = setting(
        500,
        WHOLE_NUMBER,
        "Write nothing if more than this many changes are due. 0: no change is allowed.",
        group="limits",
    )
    max_silent_percent: float = setting(
        50,
        PERCENT,
        "Write nothing if more than this percentage of the open runs that W&B calls active would"
        " be marked as ended for their silence (rule heartbeat-expired). 0: none is allowed."
        " Counts if there are at least 20 such runs.",
        group="limits",
    )


@dataclass(frozen=True, slots=True)
class StandDownLimits:
    """When a silence is taken for an outage of W&B or the network, not of the runs."""

    enabled: bool = setting(
        True,  # noqa: FBT003 - the default of a declared field
        SWITCH,
        "Whether to look for an outage.",
        name="stand_down",
        group="stand_down",
        flag="--no-stand-down",
        flag_help="Disable the outage guard: judge as usual even if W&B or the network seems to"
        " have been down.",
    )
    window: timedelta = setting(
        timedelta(minutes=10),
        POSITIVE_DURATION,
        "Runs that went silent within this time of each other went silent together.",
        name="stand_down_window",
    )
    share_percent: float = setting(
        50,
        PERCENT,
        "It is an outage if more than this percentage of the open runs that W&B calls active or"
        " crashed went silent together.",
        name="stand_down_share_percent",
    )
    min_runs: int = setting(
        5,
        COUNT,
        "With fewer such runs than this, nothing is taken for an outage.",
        name="stand_down_min_runs",
    )
    within: timedelta = setting(
        timedelta(days=1),
        POSITIVE_DURATION,
        "How long ago runs may have gone silent to be counted.",
        name="stand_down_within",
    )
    crashed_within: timedelta = setting(
        timedelta(hours=1),
        POSITIVE_DURATION,
        "The same for runs that W&B calls crashed.",
        name="stand_down_crashed_within",
    )


@dataclass(frozen=True)
class Settings(PolicySettings):
    """Every setting with its value in effect."""

    targets: tuple[AnyTarget, ...] = setting(
        (),
        TARGETS,
        "What to scan: sweeps, projects (all sweeps of each) and groups. Targets on the command"
        " line or in the environment replace these.",
    )
    rules: RuleSettings = table(
        RuleSettings, "Which rules are used, options of single rules, and your own rules."
    )
    overrides: tuple[Any, ...] = setting(
        (),
        OVERRIDES,
        "Settings for the runs of one sweep, project or group. They can also be given with a"
        " target, as in '- {sweep: acme/rl/s1, heartbeat_timeout: 2h}'.",
    )
    active_since: timedelta | None = setting(
        None,
        POSITIVE_DURATION,
        "Do not read runs that have been silent for longer than this, such as 30d; the report"
        " counts them. Must be longer than every timeout, otherwise runs would never time out.",
        group="targets",
    )
    incremental: bool = setting(
        True,  # noqa: FBT003 - the default of a declared field
        SWITCH,
        "Whether to read only the runs that may have changed since the last pass. Needs the folder"
        " of the journals to be kept.",
        group="targets",
        flag="--full",
        flag_help="Read every run, also those that earlier passes found to have ended.",
    )
    full_every: timedelta = setting(
        timedelta(days=1),
        POSITIVE_DURATION,
        "How often every run is read even so. Edits by people, which show no sign of life, are"
        " found at the latest then.",
    )
    limits: BrakeLimits = table(BrakeLimits, "The brake: beyond either limit, nothing is written.")
    stand_down: StandDownLimits = table(
        StandDownLimits,
        "The outage guard: if most runs went silent together, changes that rest on their silence"
        " are held.",
    )
    deadline: timedelta | None = setting(
        None,
        POSITIVE_DURATION,
        "Stop after this time; the rest is reported as planned.",
        group="deadline",
    )
    journal: Path | None = setting(
        None,
        FOLDER,
        "The folder for the journals. Not set: one in the user's state directory.",
        group="journal",
    )
    journal_max_age: timedelta = setting(
        timedelta(days=30),
        POSITIVE_DURATION,
        "How long a journal is kept. A journal with unconfirmed writes is kept longer.",
    )
    journal_max_megabytes: int = setting(
        500,
        COUNT,
        "How many megabytes of journals are kept; the oldest are removed first. A journal with"
        " unconfirmed writes is kept.",
    )
    lock: Path | None = setting(None, FILE, "Lock file; prevents concurrent passes.", group="lock")
    lock_timeout: timedelta = setting(
        timedelta(0),
        DURATION,
        "How long to wait for the lock. 0: fail immediately.",
        group="lock",
    )
    report: tuple[Path, ...] = setting(
        (),
        FILES,
        "Write the report to this file. The extension selects the format.",
        group="report",
    )
    junit_fixed: Literal["failure", "pass"] = setting(
        "failure",
        JUNIT_WORD,
        "How repaired runs appear in a JUnit report (.xml): failure or pass.",
        group="junit",
    )
    step_summary: Path | None = setting(
        None,
        FILE,
        "Append the report to this file, in Markdown, 1 MiB at most. Not set: in GitHub Actions"
        " the summary of the step.",
    )
    metrics_file: Path | None = setting(
        None,
        FILE,
        "Write metrics for Prometheus's node_exporter to this file. node_exporter reads *.prom.",
        group="report",
    )
    pushgateway: str | None = setting(
        None,
        URL,
        "Send the metrics to this Prometheus Pushgateway. /metrics/job/NAME at the end of the URL"
        " sets the job.",
        group="report",
    )
    notify: tuple[Any, ...] = setting(
        (),
        MESSENGERS,
        "Send a notification to this Apprise URL, such as slack://… or mailto://….",
        group="report",
        flag_help="Send a notification to this Apprise URL, such as slack://… or mailto://…. If"
        " other users can see the process list, use the variable JANITOR_NOTIFY.",
    )
    notify_on: tuple[str, ...] = setting(
        ("changes", "brake", "failure"), OCCASIONS, "When to notify.", group="report"
    )
    link: str | None = setting(
        None,
        URL,
        "Where the report can be seen, for the notification. Not set: in GitHub and GitLab the"
        " page of the job.",
    )
    max_read_age: timedelta = setting(
        timedelta(seconds=2),
        POSITIVE_DURATION,
        "How old the read of a run may be when the run is written; an older one is read again. A"
        " server that is slower than this is given two round trips.",
    )
    timeout: timedelta = setting(
        timedelta(seconds=10), POSITIVE_DURATION, "How long a single request to W&B may take."
    )
    shard: Shard | None = setting(
        None,
        SHARD,
        "Process only shard K of N. Every sweep belongs to exactly one shard. In an Indexed Job"
        " of Kubernetes, set JANITOR_SHARDS to N instead.",
        group="shard",
    )
    page_size: int = setting(1000, COUNT, "How many runs to request at a time.")


SETTINGS: Final[tuple[Setting, ...]] = tuple(settings_of(Settings))
"""All of them, in the order of ``config show``."""

OUTSIDE_THE_FILE: Final = {one.name: one for one in SETTINGS if not one.kind.is_in_file_only}
"""Those that have a variable and perhaps a flag, by the name of these."""


def flags_of(group: str) -> Iterator[Setting]:
    """The settings that have a flag in this group."""
    return (one for one in OUTSIDE_THE_FILE.values() if one.group == group)
