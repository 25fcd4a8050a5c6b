"""Runs in no sweep are reached: by name, by filter, with their whole project."""

from __future__ import annotations

from janitor.emulator import Emulator
from tests.end_to_end.janitor_process import Janitor, Runs
from tests.end_to_end.test_policies import repaired


def seed(emulator: Emulator) -> None:
    runs = Runs().silent("a", sweep=None, tags=["night"], display_name="quiet-owl-1")
    emulator.seed(runs.silent("b", sweep=None).silent("c").seeds)


def test_runs_outside_sweeps_are_reached(emulator: Emulator, janitor: Janitor) -> None:
    seed(emulator)
    janitor.ends(0, "fix", "--run", "acme/rl/a")
    assert repaired(emulator) == {"a"}
    out = janitor.ends(0, "fix", "acme/rl", "--include", "all", "--no-stand-down").out
    assert "2 of 3 runs were repaired" in " ".join(out.split())
    assert repaired(emulator) == {"a", "b", "c"}


def test_a_filter_and_active_since_hold_together(emulator: Emulator, janitor: Janitor) -> None:
    seed(emulator)
    words = ("--filter", '{"$or": [{"tags": "night"}]}', "--active-since", "2d")
    janitor.ends(0, "fix", "--project", "acme/rl", *words)
    assert repaired(emulator) == {"a"}


def test_a_project_without_sweeps_does_not_end_as_if_all_was_well(
    emulator: Emulator, janitor: Janitor
) -> None:
    emulator.seed(Runs().silent("a", sweep=None).seeds)
    out = " ".join(janitor.ends(0, "fix", "--project", "acme/rl").out.split())
    assert "No run was found" in out
    assert "--include all" in out


def test_a_run_is_explained_by_its_display_name(emulator: Emulator, janitor: Janitor) -> None:
    seed(emulator)
    assert "acme/rl/a" in janitor.ends(0, "explain", "acme/rl/quiet-owl-1").out
    assert "does not exist" in janitor.ends(2, "fix", "--run", "acme/rl/none", "--dry-run").err
