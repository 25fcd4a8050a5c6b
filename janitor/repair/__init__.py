"""Repair: read afresh, decide again, merge, write, read back.

W&B knows no compare-and-set, so the window between read and write is kept short (and measured),
and every write is held against what the server then has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import monotonic

from janitor.model import Outcome
from janitor.repair.attempt import Attempt, Writer
from janitor.repair.parts import Journal, Proposal, RepairStore, Result
from janitor.repair.readback import check

__all__ = ["Journal", "Proposal", "RepairStore", "Result", "Writer", "repair"]

BATCH = 50
"""Runs read afresh, and read back, in one request."""
WRITERS = 8
"""Writes under way at once."""


def repair(proposals: Sequence[Proposal], writer: Writer) -> Iterator[Result]:
    """Carry out the proposals, those of ended runs first; one result each, as they come."""
    ordered = sorted(
        proposals, key=lambda one: (not one.wandb_state.has_ended, one.path.rsplit("/", 1)[0])
    )
    with ThreadPoolExecutor(WRITERS, thread_name_prefix="janitor-write") as pool:
        for start in range(0, len(ordered), BATCH):
            yield from _repair_batch(ordered[start : start + BATCH], writer, pool)


def _repair_batch(
    batch: Sequence[Proposal], writer: Writer, pool: ThreadPoolExecutor
) -> Iterator[Result]:
    if writer.should_stop():
        yield from (Result(one, Outcome.PLANNED) for one in batch)
        return
    read_at = monotonic()
    ended = [one.path for one in batch if one.wandb_state.has_ended]
    fresh = writer.store.fetch_summaries(ended) if ended else {}
    tasks = [partial(writer.carry_out, one, fresh.get(one.path), read_at) for one in batch]
    attempts: list[Attempt] = []
    for done in pool.map(lambda task: task(), tasks):
        if isinstance(done, Attempt):
            attempts.append(done)
        else:
            yield writer.settled(done)
    if attempts:
        found = writer.store.fetch_summaries([attempt.proposal.path for attempt in attempts])
        for attempt in attempts:
            yield writer.settled(check(attempt, found[attempt.proposal.path], writer))
