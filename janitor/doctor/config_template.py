"""A first janitor.yaml: what was seen as comments, everything else at its default."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from itertools import chain

from janitor.doctor.survey import Found, Gaps, Survey
from janitor.model import OVERRIDABLE, THRESHOLDS
from janitor.model.vocabulary import meanings_of
from janitor.model.wording import counted, format_age, format_duration
from janitor.report.sanitize import visible

_MOST_LISTED = 20
_REST = """\
# Settings for some runs only are given with a target:
#   - {sweep: ENTITY/PROJECT/SWEEP, heartbeat_timeout: 6h}

# Runs that are always held, like every run with the tag janitor:ignore.
# ignore: {tags: [debug], names: ["test-*"], older_than: 90d}

# Do not read runs that have been silent for longer than this.
# active_since: 30d

# The brake: beyond either limit nothing is written, and the exit code is 3.
# limits: {max_changes: 500, max_silent_percent: 50}

# Rules that are not used, and your own rules (in CEL; needs wandb-janitor[cel]).
# rules:
#   disable: [wandb-killed]
#   own:
#     - id: stale-setup
#       when: run.state == "initializing" && run.age > duration("20m")
#       becomes: failure
#       reason: it never finished its setup

# Write a report of each pass. The file extensions select the formats.
# report: [report.json, report.md]
"""


def draft(seen: Survey, today: date) -> str:
    """The text of a janitor.yaml for what was seen."""
    parts = (
        _head(seen, today),
        _state(seen),
        _timeout(seen.gaps),
        _thresholds(),
        _vocabulary(seen),
    )
    return "\n".join([*chain(*parts), _REST])


def _head(seen: Survey, today: date) -> Iterator[str]:
    yield f"# janitor configuration, written by `janitor init` on {today}."
    yield "# All settings: `janitor config schema`. Settings in effect: `janitor config show`."
    yield "# Try it: `janitor fix --dry-run`"
    yield ""
    runs = sum(found.runs or 0 for found in seen.found)
    yield f"# What to scan. Seen: {counted(len(seen.found), 'sweep or group', 'sweeps or groups')},"
    of = f". In a sample of {seen.census.runs:,}:" if seen.is_sample else ", of which"
    yield f"# {counted(runs, 'run')}{of} {seen.census.open:,} open."
    yield from map(_sweep, seen.found[:_MOST_LISTED])
    if len(seen.found) > _MOST_LISTED:
        yield f"#   and {len(seen.found) - _MOST_LISTED:,} more"
    yield "targets:"
    for target in seen.targets:
        yield f"  - {target.kind}: {json.dumps(str(target), ensure_ascii=False)}"
    yield ""


def _sweep(found: Found) -> str:
    its_id = found.sweep.path.rsplit("/", 1)[-1]
    name = (
        ""
        if found.sweep.name in {its_id, getattr(found.sweep.target, "name", its_id)}
        else f" ({found.sweep.name})"
    )
    state = f", {found.sweep.state}" if found.sweep.state else ""
    runs = "not looked at" if found.runs is None else counted(found.runs, "run")
    return visible(f"#   {found.sweep.path}{name}{state}: {runs}")


def _state(seen: Survey) -> Iterator[str]:
    """Where the runs keep their state, and what to do if they keep none."""
    census, found = seen.census, seen.proposals
    tracked, namespace = census.runs - census.untracked, census.policy.namespace
    other = found.namespace if not tracked else None
    yield "# Prefix of the summary keys: the state of a run is NAMESPACE.state."
    if other is not None:
        runs = counted(found.namespaces[other], "run")
        seen_in = f"{runs} of {found.looked_at}, {namespace}.state in none"
        yield visible(f"# Seen: {other}.state in {seen_in}.")
        yield f"namespace: {json.dumps(other, ensure_ascii=False)}"
    else:
        yield f"# Seen: {tracked:,} of {counted(census.runs, 'run')} have {namespace}.state."
        yield f"# namespace: {namespace}"
    yield ""
    yield "# Also judge runs without a state, by what W&B knows of them. Off by default: these runs"
    yield "# then get keys in their summary. Try it first: `janitor fix --adopt --dry-run`."
    yield "# adopt: true"
    yield ""
    yield "# The summary key of the objective; auto: the metric that the sweep's own config names."
    for metric, count in found.metrics.most_common(3):
        where = f"in {count} of {found.looked_at} runs"
        yield visible(f"# Seen: {metric}, the metric of a sweep, {where}.")
    yield "# objective: auto"
    yield ""


def _timeout(gaps: Gaps) -> Iterator[str]:
    yield f"# {OVERRIDABLE['heartbeat_timeout'].help}"
    if gaps.usual is not None:
        runs = counted(gaps.runs, "run")
        yield f"# Seen in {runs} that finished: of {len(gaps.seconds):,}"
        yield f"# gaps between log entries, 99.9 % are within {format_age(gaps.usual)}."
    elif gaps.error is not None:
        yield visible(f"# The gaps between log entries could not be read: {gaps.error:.200}")
    else:
        yield "# No finished run shows the gaps between log entries, so this is the default."
    yield f"heartbeat_timeout: {format_duration(gaps.suggested_timeout)}"


def _thresholds() -> Iterator[str]:
    """The other thresholds of runs, each as a comment with its default."""
    for name, setting in OVERRIDABLE.items():
        if name in THRESHOLDS and name != "heartbeat_timeout":
            default = "2h" if setting.default is None else format_duration(setting.default)
            yield f"# {f'{name}: {default}':27} # {setting.help}"


def _vocabulary(seen: Survey) -> Iterator[str]:
    yield ""
    yield "# State -> the name that other readers of the sweep use. A reader that knows only"
    yield "# success and failure takes timeout and crashed for successes: map both to its failure."
    if seen.census.words:
        said = ", ".join(
            f"{word!r:.40} {count}" for word, count in seen.census.words.most_common(9)
        )
        yield visible(f"# Seen: {said}.")
    for word in seen.census.words:
        if not meanings_of(word, seen.census.policy.vocabulary):
            yield visible(f"# Unknown state, so such runs are held: {word!r:.60}")
    yield "# vocabulary: {timeout: failure, crashed: failure}"
    yield ""
