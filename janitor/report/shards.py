"""What reports say of shards: which share a pass took, which are missing where shares are merged.

Each shard reckons brake and stand-down from its own sweeps: it knows of no others. A merged report
names the shards that they stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from janitor.errors import UsageError
from janitor.records.report import Report, ReportedShard


def missing(report: Report) -> tuple[int, ...]:
    """The shards, by number, of which a merged report holds nothing."""
    if not report.merged_shards:
        return ()
    count = report.merged_shards[0].count
    there = {shard.index for shard in report.merged_shards}
    return tuple(index for index in range(1, count + 1) if index not in there)


def notices(report: Report) -> list[str]:
    """What whoever reads the report must know of shards."""
    if report.shard:
        theirs = f"{report.shard.left_to_others} are left to the others"
        dealt = f"{report.shard.sweeps} sweeps and groups are dealt to it, {theirs}"
        return [f"This is {_name(report.shard)} alone: {dealt}"]
    if not report.merged_shards:
        return []
    found = []
    if absent := missing(report):
        which = "Shard" if len(absent) == 1 else "Shards"
        numbers = _listed([str(index) for index in absent])
        are = "is missing: its" if len(absent) == 1 else "are missing: their"
        count = report.merged_shards[0].count
        found.append(f"{which} {numbers} of {count} {are} sweeps are not in this report")
    found.append("Brake and stand-down are reckoned by each shard, of its own sweeps alone")
    return found


def by_shard(parts: Sequence[Report], say: Callable[[Report], str | None]) -> str | None:
    """What parts of a merged report have to say, each under its shard's name.

    None where they are no shards, or where none says anything.
    """
    said = [(part.shard, say(part)) for part in parts]
    return "; ".join(f"{_name(shard)}: {text}" for shard, text in said if shard and text) or None


def check(parts: Sequence[Report]) -> None:
    """Make sure that shards were dealt by the same number.

    Raises:
        UsageError: they were not, so that sweeps may be in two of them, or in none.

    """
    shards = [shard for part in parts for shard in (part.shard, *part.merged_shards) if shard]
    counts = sorted({shard.count for shard in shards})
    if len(counts) > 1:
        numbers = _listed([str(count) for count in counts])
        raise UsageError(
            f"these reports are of {numbers} shards: merge those of one pass, which were dealt by"
            " one number"
        )


def _name(shard: ReportedShard) -> str:
    return f"shard {shard.index} of {shard.count}"


def _listed(words: Sequence[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last
