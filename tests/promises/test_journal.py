"""Promise 4: the journal tells what was written, and what may have been, whatever happened."""

from __future__ import annotations

import pytest

from janitor.emulator import Emulator
from janitor.records.journal import read_journal
from janitor.storage.log import HEADROOM
from tests.promises.service import House, Runs, path_of

RUNS = Runs().done("r1").done("r2", objective=2).add("r3", state="failed", heartbeat_at="-1h")
OPEN = {"r1": "running", "r2": "running", "r3": "running"}
DONE = {"r1": "success", "r2": "success", "r3": "failure"}


def states(house: House) -> dict[str, object]:
    return {name: house.state(name) for name in OPEN}


def test_what_stood_before_is_on_disk_before_the_write_begins(
    house: House, emulator: Emulator
) -> None:
    house.seed(RUNS)
    house.hold_write("r1")
    begun = house.begin_fix()
    house.wait_for_held()
    assert begun.journal is not None
    (write,) = [one for one in read_journal(begun.journal).writes if one.run == path_of("r1")]
    assert write.before == {"protein.state": "running"}
    assert write.after["protein.state"] == "success"
    assert write.outcome is None
    assert house.state("r1") == "running"
    emulator.faults.release()
    done = begun.end()
    assert done.ended.code == 0
    assert [write.outcome for write in done.writes("r1")] == ["written"]
    assert done.journal is not None
    assert done.journal.ended
    assert {write.run for write in done.journal.writes} == set(map(path_of, OPEN))


@pytest.mark.parametrize("applied", [False, True], ids=["not applied", "applied"])
def test_a_killed_pass_records_what_it_may_have_written(
    house: House,
    emulator: Emulator,
    applied: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    house.seed(RUNS)
    before = {name: house.summary(name) for name in OPEN}
    house.hold_write("r1", when="after" if applied else "before")
    begun = house.begin_fix()
    house.wait_for_held()
    begun.kill()
    emulator.faults.clear()
    killed = begun.journal
    assert killed is not None
    (write,) = [one for one in read_journal(killed).writes if one.run == path_of("r1")]
    assert write.outcome is None
    told = house.janitor.ends(0, "journal", "show", "--journal", "journals").out
    (line,) = [line for line in told.splitlines() if path_of("r1") in line]
    assert "may have been written" in line
    assert "the pass is incomplete" in told

    house.fix()
    assert states(house) == DONE
    if applied:  # what the killed pass wrote can be taken back by its own journal
        house.undo(killed, "--run", "r1")
        assert house.summary("r1") == before["r1"]
    everything_back(house, before)


def everything_back(house: House, before: dict[str, dict[str, object]]) -> None:
    """Undo what all journals tell, the latest first."""
    for journal in reversed(house.journals):
        if read_journal(journal).command == "fix":
            house.janitor.run("undo", str(journal), "--journal", "undone")
    assert {name: house.summary(name) for name in OPEN} == before


def test_a_full_disk_stops_the_pass_before_the_write(house: House, emulator: Emulator) -> None:
    house.seed(RUNS)
    done = house.fix_with_small_files(1024)
    assert done.returncode == 1, done
    assert emulator.counts.mutations == 0
    assert states(house) == OPEN
    assert "journal" in done.stderr


def test_a_disk_that_fills_up_stops_the_pass_and_the_report_shows_what_was_done(
    house: House, emulator: Emulator
) -> None:
    runs = Runs()
    for number in range(150):
        summary = {"protein.state": "running", "protein.objective": 1}
        runs.done(f"r{number}", summary={**summary, "protein.janitor.reason": "x" * 5_000})
    house.seed(runs)
    done = house.fix_with_small_files(2 * HEADROOM + 1_000)
    assert done.returncode == 1, done
    (journal,) = house.journals
    record = read_journal(journal)
    written = {write.run for write in record.writes if write.outcome == "written"}
    changed = {
        path for path in emulator.run_paths() if "protein.janitor.at" in emulator.run(path).summary
    }
    assert changed == written
    assert 0 < len(written) < 150


def test_a_journal_that_cannot_be_made_stops_the_pass(house: House, emulator: Emulator) -> None:
    house.seed(RUNS)
    (house.janitor.folder / "journals").write_text("a file in the way")
    done = house.begin_fix().end()
    assert done.ended.code in {1, 2}
    assert "journals" in done.ended.err
    assert emulator.counts.mutations == 0


def test_a_dry_run_leaves_no_journal(house: House) -> None:
    house.seed(RUNS)
    house.fix("--dry-run")
    assert house.journals == []


def test_the_files_are_for_their_owner_alone(house: House) -> None:
    house.seed(RUNS)
    done = house.fix("--report", "other.csv", "--report", "other.md")
    assert done.report["journal"]
    folder = house.janitor.folder
    for file in [*house.journals, *folder.glob("report*.json"), *folder.glob("other.*")]:
        assert file.stat().st_mode & 0o777 == 0o600, file
    assert (folder / "journals").stat().st_mode & 0o077 == 0
