"""Sentences about shards: which one a pass scanned, and which are missing in a merged report.

Each shard computes brake and stand-down from its own sweeps only. A merged report names the shards
that they stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from janitor.errors import UsageError
from janitor.model.wording import all_of
from janitor.records.report import Report, ReportedShard


def missing(report: Report) -> tuple[int, ...]:
    """The numbers of the shards that are missing in a merged report."""
    if not report.merged_shards:
        return ()
    count = report.merged_shards[0].count
    there = {shard.index for shard in report.merged_shards}
    return tuple(index for index in range(1, count + 1) if index not in there)


def notices(report: Report) -> list[str]:
    """Notices about shards."""
    if report.shard:
        theirs = f"{report.shard.left_to_others} belong to other shards"
        share = f"{report.shard.sweeps} sweeps and groups belong to it, {theirs}"
        return [f"This is only {_name(report.shard)}: {share}"]
    if not report.merged_shards:
        return []
    found = []
    if absent := missing(report):
        which = "Shard" if len(absent) == 1 else "Shards"
        numbers = all_of([str(index) for index in absent])
        are = "is missing: its" if len(absent) == 1 else "are missing: their"
        count = report.merged_shards[0].count
        found.append(f"{which} {numbers} of {count} {are} sweeps are not in this report")
    found.append("Brake and stand-down are computed per shard")
    return found


def by_shard(parts: Sequence[Report], say: Callable[[Report], str | None]) -> str | None:
    """The texts of the parts of a merged report, each with the name of its shard.

    None if they are not shards, or if no part has a text.
    """
    said = [(part.shard, say(part)) for part in parts]
    return "; ".join(f"{_name(shard)}: {text}" for shard, text in said if shard and text) or None


def check(parts: Sequence[Report]) -> None:
    """Check that all reports have the same number of shards.

    Raises:
        UsageError: the numbers differ, so sweeps may be in two of the reports, or in none.

    """
    shards = [shard for part in parts for shard in (part.shard, *part.merged_shards) if shard]
    counts = sorted({shard.count for shard in shards})
    if len(counts) > 1:
        numbers = all_of([str(count) for count in counts])
        raise UsageError(
            f"these reports are of {numbers} shards: merge the reports of one pass, which all have"
            " the same number of shards"
        )


def _name(shard: ReportedShard) -> str:
    return f"shard {shard.index} of {shard.count}"
