"""A sweep that begins with what other sweeps of its store know."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import pytest
import yaml

from janitor.errors import ConfigError
from janitor.model.jobs import JobStatus
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Complete, Launch, LedgerEntry
from janitor.runtime.clock import utc_now
from janitor.stores.memory_sweeps import MemoryCatalog
from janitor.stores.sweep_files import SweepFolder
from janitor.sweep.config import SweepConfig
from janitor.sweep.opening import start_sweep
from janitor.sweep.optimizers import optimizer_of
from janitor.sweep.ports import Suggestion, SweepCatalog, SweepStore
from janitor.sweep.schedulers.launches import first_launch
from tests.sweep.ledgers import AT

FILE = """\
method: custom
program: train.py
metric: {name: loss}
parameters: {x: {min: 0.0, max: 1.0}}
janitor: {optimizer: {type: tpe, n_startup: 5}}
"""


def config_of(name: str, changes: dict[str, Any] | None = None, **ours: Any) -> SweepConfig:
    document = yaml.safe_load(FILE) | {"name": name} | (changes or {})
    document["janitor"] = document["janitor"] | ours
    return SweepConfig.from_document(document, "/nowhere", name)


def append(store: SweepStore, *items: Any) -> Ledger:
    number = store.last_number() + 1
    assert store.append(LedgerEntry(number, "n", AT, "facts", items))
    return Ledger.of(store.name, store.entries())


def try_out(store: SweepStore, count: int, **changes: Any) -> None:
    """Complete so many trials of a sweep; the best x is 0.3."""
    ledger = Ledger.of(store.name, store.entries())
    optimizer = optimizer_of(config_of(store.name, **changes))
    for index in range(count):
        answer = optimizer.suggest(ledger, index)
        assert isinstance(answer, Suggestion)
        launch = first_launch(ledger, index, answer)
        append(store, launch)
        value = abs(answer.params["x"] - 0.3)
        ledger = append(store, Complete(launch.run, JobStatus.COMPLETED, "", value))


@pytest.fixture(params=["memory", "folder"])
def catalog(request: pytest.FixtureRequest, tmp_path: Path) -> SweepCatalog:
    if request.param == "memory":
        return MemoryCatalog(utc_now)
    return SweepFolder(tmp_path / ".janitor", utc_now)


@pytest.fixture
def older(catalog: SweepCatalog) -> SweepStore:
    store, _, _ = start_sweep(catalog, config_of("older"), utc_now)
    try_out(store, 20)
    return store


@pytest.mark.usefixtures("older")
def test_the_optimizer_knows_the_trials_of_the_other_sweep(catalog: SweepCatalog) -> None:
    config = config_of("newer", warm_start=["older"])
    _, ledger, _ = start_sweep(catalog, config, utc_now)

    answers = [optimizer_of(config).suggest(ledger, index) for index in range(15)]
    found = [answer for answer in answers if isinstance(answer, Suggestion)]

    assert "from 20 complete trials (20 of them of other sweeps)" in found[0].reason
    assert statistics.median(abs(each.params["x"] - 0.3) for each in found) < 0.18
    assert ledger.indexes == 0


def test_what_was_known_is_kept_when_the_other_sweep_goes_on(
    catalog: SweepCatalog, older: SweepStore
) -> None:
    config = config_of("newer", warm_start=["older"])
    start_sweep(catalog, config, utc_now)
    append(older, first_launch(Ledger.of("older", older.entries()), 20, Suggestion({"x": 0.5}, "")))
    append(older, Complete("older-0020", JobStatus.COMPLETED, "", -9.0))
    _, ledger, _ = start_sweep(catalog, config, utc_now)
    assert len(ledger.known) == 20


@pytest.mark.usefixtures("older")
@pytest.mark.parametrize("kind", ["tpe", "cmaes", "nsga2", "qmc", "random"])
def test_every_optimizer_goes_on_after_a_warm_start(catalog: SweepCatalog, kind: str) -> None:
    config = config_of("newer", warm_start=["older"], optimizer={"type": kind})
    store, _, _ = start_sweep(catalog, config, utc_now)
    changes = {"warm_start": ["older"], "optimizer": {"type": kind}}
    try_out(store, 30, **changes)
    items = [item for entry in store.entries() for item in entry.items]
    generations = [
        item.memory["generation"] for item in items if isinstance(item, Launch) and item.memory
    ]
    assert generations == sorted(generations)
    assert (max(generations, default=0) > 3) == (kind == "cmaes")


def test_a_grid_leaves_out_what_is_known_unless_the_file_names_it(catalog: SweepCatalog) -> None:
    grid = {"parameters": {"x": {"values": [0.1, 0.2, 0.3]}}, "method": "grid"}
    store, _, _ = start_sweep(catalog, config_of("older", grid, optimizer={}), utc_now)
    try_out(store, 2, changes=grid, optimizer={})
    for points, expected in (([], [0.3]), ([{"x": 0.2}], [0.2, 0.3])):
        name = f"newer{len(points)}"
        config = config_of(name, grid, optimizer={}, points=points, warm_start=["older"])
        newer, ledger, _ = start_sweep(catalog, config, utc_now)
        found: list[float] = []
        while isinstance(answer := optimizer_of(config).suggest(ledger, len(found)), Suggestion):
            found.append(answer.params["x"])
            ledger = append(newer, first_launch(ledger, len(found) - 1, answer))
        assert found == expected


@pytest.mark.parametrize(
    ("changes", "names", "said"),
    [
        ({}, ["old"], "names 'old', which is not another sweep of .*did you mean 'older'"),
        ({}, ["newer"], "names 'newer', which is not another sweep"),
        (
            {"metric": {"name": "loss", "goal": "maximize"}},
            ["older"],
            "older, which wants to minimize loss, and newer wants to maximize loss",
        ),
    ],
)
def test_a_sweep_that_cannot_be_used_is_named(
    catalog: SweepCatalog, older: SweepStore, changes: dict[str, Any], names: list[str], said: str
) -> None:
    assert older.last_number() > 0
    with pytest.raises(ConfigError, match=said):
        start_sweep(catalog, config_of("newer", changes, warm_start=names), utc_now)
