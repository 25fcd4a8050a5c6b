"""A janitor.yaml for people to start from: what was seen as comments, all else at its default."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

from janitor.config import format_duration
from janitor.doctor.survey import Found, Gaps, Survey
from janitor.model.vocabulary import meanings_of
from janitor.model.wording import format_age
from janitor.report.sanitize import visible

_MOST_LISTED = 20
_REST = """\
# evaluation_timeout: 2h      # the same for evaluating runs
# settle: 5m                  # a run with an objective may take so long to set its own state
# crash_grace: 15m            # a run that W&B calls crashed may take so long to come back

# The summary key of the objective; auto: the metric that the sweep's own config names.
# objective: auto

# Settings for some runs alone stand beside a target:
#   - {sweep: ENTITY/PROJECT/SWEEP, heartbeat_timeout: 6h}

# Runs that are held whatever the rules say; so is every run tagged janitor:ignore.
# ignore: {tags: [debug], names: ["test-*"], older_than: 90d}

# Runs that have been silent for longer than this are not read again at every pass.
# active_since: 30d

# Over either limit nothing is written, and the exit code is 3.
# limits: {max_changes: 500, max_silent_percent: 50}

# Rules: which are not asked, and your own (in CEL; needs wandb-janitor[cel]).
# rules:
#   disable: [wandb-killed]
#   own:
#     - id: stale-setup
#       when: run.state == "initializing" && run.age > duration("20m")
#       becomes: failure
#       reason: it never got beyond its setup

# A report of each pass; the endings say the format.
# report: [report.json, report.md]
"""


def draft(seen: Survey, today: date) -> str:
    """The text of a janitor.yaml for what was seen."""
    return "\n".join([*_head(seen, today), *_timeout(seen.gaps), *_vocabulary(seen), _REST])


def _head(seen: Survey, today: date) -> Iterator[str]:
    yield f"# What the janitor of W&B sweep runs does. Written by `janitor init` on {today}."
    yield "# All settings: `janitor config schema`. Those in effect: `janitor config show`."
    yield "# Try it: `janitor fix --dry-run`"
    yield ""
    runs = sum(found.runs or 0 for found in seen.found)
    yield f"# What to scan. Seen: {_count(len(seen.found), 'sweep or group', 'sweeps or groups')},"
    yield f"# {_count(runs, 'run', 'runs')}, of which {seen.census.open:,} open."
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
    runs = "not looked at" if found.runs is None else _count(found.runs, "run", "runs")
    return visible(f"#   {found.sweep.path}{name}{state}: {runs}")


def _timeout(gaps: Gaps) -> Iterator[str]:
    yield "# How long a run may be silent before it is given up."
    if gaps.usual is not None:
        runs = _count(gaps.runs, "run", "runs")
        yield f"# Seen in {runs} that finished: of {len(gaps.seconds):,}"
        yield f"# gaps between log entries, 99.9 % are within {format_age(gaps.usual)}."
    elif gaps.error is not None:
        yield visible(f"# The gaps between log entries could not be read: {gaps.error:.200}")
    else:
        yield "# No finished run tells how far apart log entries are: this is the default."
    yield f"heartbeat_timeout: {format_duration(gaps.suggested_timeout)}"


def _vocabulary(seen: Survey) -> Iterator[str]:
    yield ""
    yield "# Our state -> the word that another reader of the sweep knows. A reader that knows only"
    yield "# success and failure takes timeout and crashed for successes: map both to its failure."
    if seen.census.words:
        said = ", ".join(
            f"{word!r:.40} {count}" for word, count in seen.census.words.most_common(9)
        )
        yield visible(f"# Seen: {said}.")
    for word in seen.census.words:
        if not meanings_of(word, seen.census.policy.vocabulary):
            yield visible(f"# In no vocabulary, so such runs are held: {word!r:.60}")
    yield "# vocabulary: {timeout: failure, crashed: failure}"
    yield ""


def _count(number: int, one: str, many: str) -> str:
    return f"1 {one}" if number == 1 else f"{number:,} {many}"
