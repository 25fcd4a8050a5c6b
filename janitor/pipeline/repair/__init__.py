"""Repair: read afresh, decide again, merge, write, read back.

W&B knows no compare-and-set, so the window between read and write is kept short (and measured),
and every write is held against what the server then has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from time import monotonic

from janitor.errors import StoreError, TransientError
from janitor.model import Outcome, RunInfo
from janitor.pipeline.repair.protocols import Journal, Proposal, RepairStore, Result
from janitor.pipeline.repair.readback import check
from janitor.pipeline.repair.writer import Attempt, Writer
from janitor.runtime.threads import Unfinished, Workers

__all__ = ["Journal", "Proposal", "RepairStore", "Result", "Writer", "repair"]

WRITERS = 8
"""Writes under way at once."""
BATCH = 6 * WRITERS
"""Runs read afresh, and read back, in one request: so many that no writer idles at the end."""
READERS = 2
_NO_ANSWER = "no answer came before the pass had to end"

Summaries = Mapping[str, RunInfo | StoreError]


def repair(proposals: Sequence[Proposal], writer: Writer) -> Iterator[Result]:
    """Carry out the proposals, those of ended runs first; one result each, as they come."""
    ordered = sorted(
        proposals, key=lambda one: (not one.wandb_state.has_ended, one.path.rsplit("/", 1)[0])
    )
    writers = Workers(WRITERS, writer.write_patience)
    readers = Workers(READERS, writer.read_patience)
    try:
        for batch in _batches(ordered):
            for result in _repair_batch(batch, writer, writers, readers):
                yield writer.settled(result)
    finally:
        writers.close()
        readers.close()


def _batches(ordered: Sequence[Proposal]) -> Iterator[Sequence[Proposal]]:
    """A few runs first: where the server does harm to what is written, that ends the pass."""
    yield ordered[:WRITERS]
    for start in range(WRITERS, len(ordered), BATCH):
        yield ordered[start : start + BATCH]


def _repair_batch(
    batch: Sequence[Proposal], writer: Writer, writers: Workers, readers: Workers
) -> Iterator[Result]:
    read_at = monotonic()
    ended = [one.path for one in batch if one.wandb_state.has_ended]
    fresh = {} if writer.should_stop() else _read(ended, writer, readers)
    tasks = [partial(writer.carry_out, one, fresh.get(one.path), read_at) for one in batch]
    attempts: list[Attempt] = []
    for proposal, done in zip(batch, writers.run(tasks), strict=True):
        match done:
            case Attempt():
                attempts.append(done)
            case Result():
                yield done
            case Unfinished.NOT_BEGUN:
                yield Result(proposal, Outcome.PLANNED)
            case Unfinished.ABANDONED:
                yield writer.abandoned(proposal)
    found = _read([attempt.proposal.path for attempt in attempts], writer, readers)
    checks = [partial(check, attempt, found[attempt.proposal.path], writer) for attempt in attempts]
    for attempt, checked in zip(attempts, readers.run(checks), strict=True):
        if isinstance(checked, Result):
            yield checked
        else:
            yield attempt.result(Outcome.FAILED, f"written, but not read back: {_NO_ANSWER}")


def _read(paths: Sequence[str], writer: Writer, readers: Workers) -> Summaries:
    if not paths:
        return {}
    (found,) = readers.run([partial(writer.read, paths)])
    if isinstance(found, Unfinished):
        return dict.fromkeys(paths, TransientError(_NO_ANSWER))
    return found
