"""Repair: read the run again, decide again, write, read back.

W&B has no compare-and-set, so the time between read and write is kept to about one round trip
(and measured), and every write is compared with what the server then has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self

from janitor.errors import StoreError, TransientError
from janitor.model import Outcome, RunInfo
from janitor.pipeline.repair.attempt import Attempt, Result
from janitor.pipeline.repair.heartbeats import worked
from janitor.pipeline.repair.proposal import Proposal
from janitor.pipeline.repair.readback import check
from janitor.pipeline.repair.writer import Writer
from janitor.runtime.threads import Unfinished, Workers

__all__ = ["Proposal", "Result", "Writer", "repair"]

FIRST_BATCH = 8
"""Runs of the first batch, which shows whether the server keeps what it is sent."""
WRITERS = 16
"""Writes under way at once, and runs of a later batch: each write begins right after its read."""
READERS = 2
_NO_ANSWER = "no answer came before the pass had to end"

Summaries = Mapping[str, RunInfo | StoreError]


def repair(proposals: Sequence[Proposal], writer: Writer) -> Iterator[Result]:
    """Carry out the proposals, those of ended runs first; one result each, as they come."""
    ordered = sorted(
        proposals, key=lambda one: (not one.wandb_state.has_ended, one.path.rsplit("/", 1)[0])
    )
    with _Batches(writer) as batches:
        batch, later = ordered[:FIRST_BATCH], ordered[FIRST_BATCH:]
        while batch:
            yield from map(writer.settled, batches.carry_out(batch))
            batch, later = later[:WRITERS], later[WRITERS:]
        yield from map(writer.settled, batches.carry_out(()))


@dataclass(slots=True)
class _Read:
    """Runs that were read in one request, and when that began."""

    runs: Summaries
    began: float


class _Batches:
    """Writes batch after batch.

    The request that reads a batch also reads the one before it back, so that damage which the
    server did to that one stops the pass before the next write.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._writers = Workers(WRITERS, writer.write_patience)
        self._readers = Workers(READERS, writer.read_patience)
        self._unchecked: Sequence[Attempt] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._writers.close()
        self._readers.close()

    def carry_out(self, batch: Sequence[Proposal]) -> Sequence[Result]:
        """Check the batch before, then write this one; the results that are known by then."""
        ended = [] if self._writer.should_stop() else _ended(batch)
        written = [attempt.run.path for attempt in self._unchecked]
        read = self._read([*written, *ended])
        raced = self._raced(read.runs)
        checked = self._check(read.runs)
        if raced:
            read.runs = {}  # putting keys back took time: each run is read again, alone
        return [*checked, *self._write(batch, read)]

    def _raced(self, found: Summaries) -> bool:
        """Learn from what was read back; whether some run's process worked meanwhile."""
        raced = False
        for attempt in self._unchecked:
            run = found[attempt.run.path]
            if isinstance(run, RunInfo):
                self._writer.heartbeats.observe(attempt.run, run)
                raced |= worked(attempt.run, run)
        return raced

    def _check(self, found: Summaries) -> Sequence[Result]:
        attempts, self._unchecked = self._unchecked, ()
        checks = [partial(check, one, found[one.run.path], self._writer) for one in attempts]
        return [
            result
            if isinstance(result, Result)
            else attempt.result(Outcome.FAILED, f"written, but not read back: {_NO_ANSWER}")
            for attempt, result in zip(attempts, self._readers.run(checks), strict=True)
        ]

    def _write(self, batch: Sequence[Proposal], read: _Read) -> Sequence[Result]:
        """Write a batch; what the server took is checked with the next one."""
        carry_out = self._writer.carry_out
        tasks = [partial(carry_out, one, read.runs.get(one.path), read.began) for one in batch]
        attempts, results = [], []
        for proposal, done in zip(batch, self._writers.run(tasks), strict=True):
            match done:
                case Attempt():
                    attempts.append(done)
                case Result():
                    results.append(done)
                case Unfinished.NOT_BEGUN:
                    results.append(Result(proposal.path, Outcome.PLANNED))
                case Unfinished.ABANDONED:
                    results.append(self._writer.abandoned(proposal.path))
        self._unchecked = attempts
        return results

    def _read(self, paths: Sequence[str]) -> _Read:
        began = self._writer.read_age.now()
        if not paths:
            return _Read({}, began)
        (found,) = self._readers.run([partial(self._writer.read, paths)])
        if isinstance(found, Unfinished):
            return _Read(dict.fromkeys(paths, TransientError(_NO_ANSWER)), began)
        return _Read(found, began)


def _ended(batch: Sequence[Proposal]) -> list[str]:
    return [one.path for one in batch if one.wandb_state.has_ended]
