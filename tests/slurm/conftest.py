"""One real Slurm for all tests of a process, and each test begins with an empty queue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.slurm.cluster import NODES, SlurmCluster, why_not


@pytest.fixture(scope="session")
def running_slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmCluster]:
    """A cluster; stopped when the tests are over, also when it did not start."""
    if (why := why_not()) is not None:
        pytest.skip(f"no Slurm: {why}")
    cluster = SlurmCluster(tmp_path_factory.mktemp("slurm"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def slurm(running_slurm: SlurmCluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlurmCluster]:
    """The cluster, named in the environment; no job is left when the test is over."""
    for name, value in running_slurm.environment.items():
        monkeypatch.setenv(name, value)
    running_slurm.begin()
    yield running_slurm
    running_slurm.run("scancel", "--user=root", check=False)
    running_slurm.heal(NODES)


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder that all nodes share."""
    return tmp_path
