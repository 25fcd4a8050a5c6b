"""How summaries are brought in line with the ledger."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from janitor.model.ledger_items import Launch
from janitor.runtime.clock import utc_now
from janitor.stores.sweep_files import SweepFolder
from janitor.sweep.settle import settle
from tests.sweep.ledgers import AT, Building

GUESS = {
    "state": "crashed",
    "error": "crashed: silent",
    "failure_time": AT,
    "janitor": {"state": "crashed", "rule": "wandb-crashed"},
}


@pytest.mark.parametrize("is_flat", [True, False])
def test_nothing_of_a_wrong_guess_stays_in_the_summary_of_a_success(
    tmp_path: Path,
    is_flat: bool,  # noqa: FBT001 - a parameter of a test
) -> None:
    building = Building().launch(0, {"x": 1}).end(0).complete(0)
    store = SweepFolder(tmp_path, utc_now).create("s")
    launch = building.ledger.trials["s-0000"].newest.launch
    assert isinstance(launch, Launch)
    store.init_run(launch)
    run = store.run("s-0000")
    flat: dict[str, Any] = {f"protein.{name}": value for name, value in GUESS.items()}
    marks = flat.pop("protein.janitor")
    flat |= {f"protein.janitor.{name}": value for name, value in marks.items()}
    store.update_run_summary(run, {"loss": 1, **(flat if is_flat else {"protein": GUESS})})

    runs = store.runs()
    (done,) = settle(building.ledger, runs, [], store, "protein", datetime.fromisoformat(AT))

    assert done.is_written
    after = store.run("s-0000").summary
    names = {"state": "success", "last_update": AT, "objective": 1.0}
    wanted = {f"protein.{name}": each for name, each in names.items()}
    assert after == {"loss": 1, **(wanted if is_flat else {"protein": names})}
