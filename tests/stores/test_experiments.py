from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from janitor.experiments import ExperimentState, ExperimentStatus, StateManager
from janitor.model import Liveness, LocalTarget, Policy, SweepRunState
from janitor.rules import judge
from janitor.runtime.processes import ProcessIdentity, this_process
from janitor.stores.experiments import WORDS, ExperimentStore
from tests.experiments.samples import NOON, dead_process, of_another_host
from tests.experiments.world import OURS, THEIRS, ExperimentWorld
from tests.stores.backends import Backend, read
from tests.stores.local_contract import LocalStoreContract, check_total
from tests.stores.local_worlds import local_backend


@pytest.fixture
def manager(tmp_path: Path) -> StateManager:
    return StateManager(tmp_path / "states", clock=lambda: NOON)


class TestExperimentStore(LocalStoreContract):
    @pytest.fixture
    def plain(self, tmp_path: Path) -> Backend:
        return local_backend(ExperimentWorld(tmp_path), odd_name="_R.1-x..y")


def test_the_words_map_totally_and_back() -> None:
    assert (WORDS.ours, WORDS.theirs) == (OURS, THEIRS)
    check_total(WORDS, ExperimentStatus)


@pytest.mark.parametrize(
    ("owner", "process", "said"),
    [
        (dead_process(), Liveness.DEAD, "Change"),
        (this_process(), Liveness.ALIVE, "Hold"),
        (of_another_host(), Liveness.UNKNOWN, "Hold"),
    ],
)
def test_a_dead_process_is_found_and_unknown_never_writes(
    manager: StateManager, owner: ProcessIdentity, process: Liveness, said: str
) -> None:
    state = ExperimentState(experiment_id="e", status=ExperimentStatus.RUNNING, owner=owner)
    manager.save(state)
    store = ExperimentStore(manager.state_dir, Policy())
    run = read(store, f"experiments:{manager.state_dir}/e")
    verdict = judge(run, Policy(), datetime.now(UTC)).verdict
    assert (run.process, type(verdict).__name__) == (process, said)


@pytest.mark.parametrize("status", sorted(set(ExperimentStatus) - {ExperimentStatus.RUNNING}))
def test_what_does_not_run_needs_no_process(
    manager: StateManager, status: ExperimentStatus
) -> None:
    owner = dead_process()
    manager.save(ExperimentState(experiment_id="e", status=status, owner=owner))
    run = read(ExperimentStore(manager.state_dir, Policy()), f"experiments:{manager.state_dir}/e")
    verdict = judge(run, Policy(), datetime(2030, 1, 1, tzinfo=UTC)).verdict
    assert type(verdict).__name__ in {"Hold", "Clean"}


def test_a_damaged_experiment_is_held_and_hides_no_other(manager: StateManager) -> None:
    for name in ("a", "b"):
        manager.create(name)
    text = manager.path("b").read_text().replace('"version": 1', '"version": 9')
    manager.path("b").write_text(text)
    store = ExperimentStore(manager.state_dir, Policy())
    page = store.fetch_runs(LocalTarget("experiments", "/x"))
    assert page.run_count == 2
    defects = {run.id: run.defect for run in page.runs}
    assert defects["a"] is None
    assert "of version 9" in str(defects["b"])


def test_a_vocabulary_is_understood_both_ways(manager: StateManager) -> None:
    policy = Policy(vocabulary={SweepRunState.CRASHED: "failed", SweepRunState.FAILURE: "failed"})
    manager.save(ExperimentState(experiment_id="e", status=ExperimentStatus.INTERRUPTED))
    store = ExperimentStore(manager.state_dir, policy)
    run = read(store, f"experiments:{manager.state_dir}/e")
    assert run.summary == {"protein.state": "failed"}
    marked = {"protein.state": "failed", "protein.janitor.state": "crashed"}
    store.update_run_summary(run, marked)
    assert manager.load("e").status is ExperimentStatus.INTERRUPTED
