"""A small sweep with every odd value, for tests of exports and imports."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

from janitor.model.jobs import Cause, Ending, JobStatus, JobTypes
from janitor.model.ledger_items import Complete, Ended, Launch, LedgerEntry, Reached, SpecAdded
from janitor.sweep.ports import SweepCatalog, SweepStore
from tests.sweep.ledgers import AT

NOW = datetime(2026, 1, 2, tzinfo=UTC)
TRAIN = JobTypes.LAUNCH_TRAINING
DOCUMENT = {
    "name": "s",
    "method": "grid",
    "command": ["true"],
    "metric": {"name": "loss"},
    "parameters": {"lr": {"values": [0.1, 1e-05]}},
}


def make(catalog: SweepCatalog, folder: Path, *, ended: bool = True) -> SweepStore:
    """A sweep of one trial."""
    store = catalog.create("s")
    launch = Launch("s-0000", 0, 1, TRAIN, Cause.FIRST, "why", 1, 7, params={"lr": 1e-05})
    first = SpecAdded(1, "digest", DOCUMENT, str(folder))
    entries = [
        LedgerEntry(1, "a", AT, "acts", (first,)),
        LedgerEntry(2, "b", AT, "decisions", (launch,), {"janitor": "1"}),
    ]
    if ended:
        facts = (
            Reached("s-0000", 1, 3.0, 3.5, math.nan),
            Ended("s-0000", 1, TRAIN, Ending.OK, "it ended", objective=math.inf),
        )
        done = Complete("s-0000", JobStatus.COMPLETED, "done", math.inf)
        entries.append(LedgerEntry(3, "c", AT, "facts", facts))
        entries.append(LedgerEntry(4, "d", AT, "decisions", (done,)))
    for entry in entries:
        assert store.append(entry)
    store.init_run(launch)
    run = store.runs()["s-0000"]
    state = {"protein.state": "success", "protein.last_update": AT, "loss": 0.25, "epoch": 3}
    store.update_run_summary(run, state)
    return store
