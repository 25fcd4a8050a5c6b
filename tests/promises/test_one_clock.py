"""Promise 3: ages are measured against the server's clock."""

from __future__ import annotations

import pytest

from janitor.emulator import Emulator
from tests.promises.service import House, Runs


@pytest.mark.parametrize("offset", [7200, -7200], ids=["ahead", "behind"])
def test_a_machine_with_another_time_judges_by_the_servers(
    house: House, emulator: Emulator, offset: int
) -> None:
    emulator.configure(clock_offset=offset)
    house.seed(Runs().alive("alive").silent("silent", since="-40m").done("done"))
    passed = house.fix()
    assert passed.outcomes == {"silent": "written", "done": "written"}
    clock = passed.report["clock"]
    assert clock["source"] == "server"
    assert clock["offset_seconds"] == pytest.approx(offset, abs=5)
    assert "ahead of" if offset > 0 else "behind" in clock["warning"]
    at = house.summary("done")["protein.janitor.at"]
    assert at.startswith(emulator.now().strftime("%Y-%m-%dT%H"))


def test_a_server_without_a_time_is_a_warning(house: House, emulator: Emulator) -> None:
    emulator.faults.add(action="reset", match={"path": "^/$"})
    house.seed(Runs().alive("alive").done("done"))
    passed = house.fix()
    assert passed.report["clock"]["source"] == "local"
    assert passed.report["clock"]["warning"]
    assert passed.outcomes == {"done": "written"}


def test_the_time_is_asked_for_once(house: House, emulator: Emulator) -> None:
    house.seed(Runs().done("done"))
    house.fix()
    assert [request.path for request in emulator.requests if request.kind == ""] == ["/"]
