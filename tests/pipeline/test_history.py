"""What earlier journals mean to a pass: what was undone is held, and foreign ones are ignored."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from janitor.model import Ignore, Policy
from janitor.pipeline.history import Past
from janitor.pipeline.undo import restorations, undo
from janitor.records.journal import journals
from janitor.records.report import Report
from tests.support.passes import PATH, Scene
from tests.support.run_samples import DAY, HOUR, MINUTE, ago, flat, make_run, nested

FORMS = [flat, nested, lambda *given, **named: flat(*given, **named) | nested(*given, **named)]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "journals")


def next_pass(scene: Scene, **more: Any) -> Report:
    past = Past(namespace=scene.policy.namespace)
    past.add_journals(journals(scene.folder))
    scene.clock.move(MINUTE)
    return scene.fix(past=past, **more)


def undone(scene: Scene) -> Report:
    """Undo the latest journal."""
    scene.clock.move(MINUTE)
    wanted, _ = restorations(journals(scene.folder)[-1])
    journal = scene.journal("undo")
    try:
        return undo(wanted, scene.work(scene.writer(journal)))
    finally:
        journal.close()


def fixed_and_undone(scene: Scene) -> None:
    """Repair a run, and undo that."""
    scene.store.add(make_run())
    next_pass(scene)
    undone(scene)


@pytest.mark.parametrize("make", FORMS)
@pytest.mark.parametrize("dry_run", [True, False])
def test_an_undone_change_is_held(
    scene: Scene, make: Callable[..., dict[str, Any]], *, dry_run: bool
) -> None:
    scene.store.add(make_run(make()))
    assert next_pass(scene).totals.written == 1
    undone(scene)
    report = next_pass(scene, dry_run=dry_run)
    assert (report.totals.held, report.totals.planned, report.totals.written) == (1, 0, 0)
    (held,) = report.held
    assert held.rule == "heartbeat-expired"
    assert held.reason == (
        "this change was undone on 2026-03-01 12:02 UTC, and the run has shown no sign of life"
        f" since; to make it again: janitor undo {journals(scene.folder)[-1]} --run r1"
    )
    scene.clock.move(20 * DAY)
    assert next_pass(scene).totals.held == 1


def test_a_run_that_moved_since_is_judged_again(scene: Scene) -> None:
    fixed_and_undone(scene)
    scene.store.change(PATH, heartbeat_at=ago(-5 * MINUTE))
    scene.clock.move(2 * HOUR)
    assert next_pass(scene).totals.written == 1


def test_our_own_write_is_not_a_sign_of_life_of_a_run_that_was_undone(scene: Scene) -> None:
    fixed_and_undone(scene)
    scene.store.change(PATH, heartbeat_at=ago(-2 * MINUTE))  # the moment of the undo's write
    scene.clock.move(2 * HOUR)
    assert next_pass(scene).totals.held == 1


def test_what_w_and_b_says_since_is_news(scene: Scene) -> None:
    fixed_and_undone(scene)
    scene.store.change(PATH, wandb_state="failed")
    assert next_pass(scene).totals.written == 1


def test_another_rule_may_speak(scene: Scene) -> None:
    fixed_and_undone(scene)
    scene.store.change(PATH, flat(objective=1), wandb_state="running")
    scene.policy = replace(scene.policy, disabled_rules=frozenset({"heartbeat-expired"}))
    report = next_pass(scene)
    assert [change.rule for change in report.changes] == ["objective-recorded"]


def test_an_undo_that_is_undone_holds_nothing(scene: Scene) -> None:
    fixed_and_undone(scene)
    undone(scene)
    assert scene.store.summary(PATH)["protein.state"] == "timeout"
    undone(scene)
    assert next_pass(scene).totals.held == 1


def test_an_undone_resurrection_is_held(scene: Scene) -> None:
    scene.store.add(make_run())
    next_pass(scene)
    scene.store.change(PATH, heartbeat_at=ago(-4 * MINUTE))
    scene.clock.move(4 * MINUTE)
    assert [change.rule for change in next_pass(scene).changes] == ["resurrected"]
    undone(scene)
    (held,) = next_pass(scene).held
    assert held.rule == "resurrected"
    assert "this change was undone on" in held.reason


def test_an_undo_under_another_namespace_holds_nothing(scene: Scene) -> None:
    fixed_and_undone(scene)
    past = Past(namespace="other")
    past.add_journals(journals(scene.folder))
    assert (past.undone, past.writes, past.unfinished.runs()) == ({}, {}, ())


# ---- journals that are only input -----------------------------------------------------------


def test_a_journal_with_a_key_of_others_is_ignored_with_a_warning(scene: Scene) -> None:
    scene.store.add(make_run())
    next_pass(scene)
    (path,) = journals(scene.folder)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[1]["before"]["loss"] = 1
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    past = Past()
    past.add_journals([path])
    assert (past.writes, past.unfinished.runs()) == ({}, ())
    (warning,) = past.warnings
    assert f"{path} names the key 'loss' of acme/rl/r1" in warning


def test_what_is_not_a_file_of_the_user_is_ignored_with_a_warning(scene: Scene) -> None:
    scene.store.add(make_run())
    next_pass(scene)
    (path,) = journals(scene.folder)
    os.mkfifo(path.with_name("janitor-1.jsonl"))
    path.with_name("janitor-2.jsonl").symlink_to(path)
    path.with_name("janitor-3.jsonl").symlink_to("/dev/zero")
    past = Past()
    past.add_journals(journals(scene.folder))
    assert set(past.writes) == {PATH}
    assert [warning.rpartition(": ")[2] for warning in past.warnings] == [
        "it is not a regular file",
        "it is a symbolic link",
        "it is a symbolic link",
    ]


@pytest.mark.parametrize(
    ("summary", "fields", "policy"),
    [
        ({"loss": 1}, {}, Policy()),
        (flat(), {"tags": ("janitor:ignore",)}, Policy()),
        (flat(), {"tags": ("mine",)}, Policy(ignore=Ignore(tags=("mine",)))),
        (flat(), {"name": "by hand"}, Policy(ignore=Ignore(names=("by *",)))),
    ],
)
def test_open_writes_to_untracked_and_ignored_runs_are_left(
    scene: Scene, summary: dict[str, Any], fields: dict[str, Any], policy: Policy
) -> None:
    scene.store.add(make_run())
    run = scene.store.run(PATH)
    (proposal,) = scene.proposals(run)
    edits = proposal.edits(run, scene.clock.now())
    scene.journal().intend(run, edits, {}, scene.clock.now())  # type: ignore[arg-type]  # not a Withdrawn
    scene.store.change(PATH, summary, wandb_state="finished", **fields)
    scene.policy = policy
    scene.clock.move(HOUR)
    next_pass(scene)
    assert scene.store.writes == []
    assert all("looked_after" not in path.read_text() for path in journals(scene.folder))
