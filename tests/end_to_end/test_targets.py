"""What is scanned, and where that is said."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from janitor.emulator import Emulator
from tests.end_to_end.janitor_process import Ended, Janitor, Runs


def runs_of_everywhere() -> list[dict[str, Any]]:
    return (
        Runs()
        .done("in-s1")
        .done("in-s2", sweep="s2", group="night 1/2")
        .done("in-group", sweep=None, group="night 1/2")
        .done("elsewhere", project="acme/vision", sweep="v1")
        .seeds
    )


def repaired(emulator: Emulator) -> set[str]:
    return {path.rpartition("/")[2] for path in emulator.counts.edits}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--project", "acme/rl"], {"in-s1", "in-s2"}),
        (["--group", "acme/rl/night 1/2"], {"in-s2", "in-group"}),
        (["--sweep", "acme/rl/s2", "--sweep", "acme/vision/v1"], {"in-s2", "elsewhere"}),
    ],
)
def test_sweeps_projects_and_groups_can_be_named(
    words: list[str], expected: set[str], emulator: Emulator, janitor: Janitor
) -> None:
    emulator.seed(runs_of_everywhere())
    janitor.ends(0, "fix", *words)
    assert repaired(emulator) == expected


def test_a_run_under_two_targets_is_reported_once_under_the_first(
    emulator: Emulator, janitor: Janitor
) -> None:
    emulator.seed(runs_of_everywhere())
    words = ["--group", "acme/rl/night 1/2", "--sweep", "acme/rl/s2", "--report", "r.json"]
    janitor.ends(0, "fix", *words)
    report = json.loads((janitor.folder / "r.json").read_text())
    assert report["totals"]["runs"] == 2
    told = [change["run"] for change in report["changes"]]
    assert sorted(told) == ["acme/rl/in-group", "acme/rl/in-s2"]
    assert emulator.counts.edits == {"acme/rl/in-group": 1, "acme/rl/in-s2": 1}


def test_the_entity_may_be_left_out_where_wandb_has_a_default(
    emulator: Emulator, janitor: Janitor
) -> None:
    emulator.configure(users={janitor.environment["WANDB_API_KEY"]: "acme"})
    emulator.seed(runs_of_everywhere())
    janitor.ends(0, "fix", "--sweep", "rl/s1")
    assert repaired(emulator) == {"in-s1"}
    janitor.ends(0, "fix", "--sweep", "vision/v1", WANDB_ENTITY="acme")
    assert repaired(emulator) == {"in-s1", "elsewhere"}


def test_targets_come_from_the_file_the_environment_and_flags_the_last_wins(
    emulator: Emulator, janitor: Janitor
) -> None:
    emulator.seed(runs_of_everywhere())
    (janitor.folder / "janitor.yaml").write_text(
        "targets:\n  - sweep: acme/rl/s1\nreport: from-the-file.json\n"
    )

    def scanned(*words: str, **environ: str) -> list[str]:
        janitor.ends(0, "fix", "--dry-run", *words, **environ)
        report = json.loads((janitor.folder / "from-the-file.json").read_text())
        return [target["target"] for target in report["targets"]]

    assert scanned() == ["acme/rl/s1"]
    assert scanned(JANITOR_SWEEP="acme/rl/s2") == ["acme/rl/s2"]
    assert scanned("--sweep", "acme/vision/v1", JANITOR_SWEEP="acme/rl/s2") == ["acme/vision/v1"]


def test_thresholds_come_from_the_environment(emulator: Emulator, janitor: Janitor) -> None:
    emulator.seed(Runs().silent("silent", since="-20m").seeds)
    janitor.fix()
    assert repaired(emulator) == set()
    janitor.fix(JANITOR_HEARTBEAT_TIMEOUT="10m")
    assert repaired(emulator) == {"silent"}


def test_sweeps_are_scanned_side_by_side_at_most_8_at_once(
    emulator: Emulator, janitor: Janitor
) -> None:
    runs = Runs()
    for number in range(10):
        runs.done(f"r{number}", sweep=f"s{number}")
    emulator.seed(runs.seeds)
    emulator.faults.add(action="hold", match={"field": "project.runs"}, times=10)
    ended: list[Ended] = []
    words = ("fix", "--project", "acme/rl", "--dry-run")
    process = threading.Thread(target=lambda: ended.append(janitor.run(*words)))
    process.start()
    most = _waiting_once_quiet(emulator)
    while process.is_alive():
        emulator.faults.release()
        process.join(0.05)
    assert most == 8
    assert "10 of 10 runs need a change" in ended[0].out


def _waiting_once_quiet(emulator: Emulator) -> int:
    """How many requests are held, once there are 8 and half a second has brought no more."""
    until = time.monotonic() + 30
    while emulator.faults.waiting < 8:
        assert time.monotonic() < until
        time.sleep(0.02)
    time.sleep(0.5)
    return emulator.faults.waiting
