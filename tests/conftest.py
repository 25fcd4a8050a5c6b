"""For all tests: Hypothesis, quick, and in CI with the same examples every time; and a server."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from janitor.emulator import Emulator
    from tests.support.passes import Scene

for number, action in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(number) is signal.SIG_IGN:  # in the background, or under nohup
        signal.signal(number, action)  # or the processes that tests start would ignore it, too

settings.register_profile(
    "janitor",
    max_examples=40,
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.register_profile("thorough", settings.get_profile("janitor"), max_examples=2000)
settings.load_profile("janitor")


@pytest.fixture(scope="module")
def one_emulator() -> Iterator[Emulator]:
    """A server for the tests of a file: what another file's processes left cannot reach it."""
    from janitor.emulator import Emulator  # noqa: PLC0415 - many tests need no server

    with Emulator() as running:
        yield running


@pytest.fixture
def emulator(one_emulator: Emulator) -> Emulator:
    """A server without runs, faults or a history."""
    one_emulator.reset()
    return one_emulator


@pytest.fixture
def api(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A ``wandb.Api()`` of this process, whose server is the emulator."""
    for name, value in emulator.environment(tmp_path / "api").items():
        monkeypatch.setenv(name, value)
    import wandb  # noqa: PLC0415 - its environment comes first

    wandb.teardown()
    yield wandb.Api()
    wandb.teardown()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """Passes over a store in memory; the folder of their journals is not there yet."""
    from tests.support.passes import Scene  # noqa: PLC0415 - many tests make no pass

    return Scene(tmp_path / "state" / "journals")
