"""What no undo writes, whatever its file says: keys of others, untracked and ignored runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from janitor import report as reports
from janitor.errors import JournalError, ReportError
from janitor.model import IGNORE_TAG, Ignore, Outcome, Policy
from janitor.model.summary import ABSENT, Form
from janitor.pipeline.undo import restorations
from tests.pipeline.undoing import Undoing
from tests.support.passes import PATH
from tests.support.run_samples import flat

UNTOUCHABLE: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"tags": (IGNORE_TAG,)}, f"it is tagged {IGNORE_TAG}"),
    ({}, {"tags": ("mine",)}, "ignored: its tag mine matches m* of ignore.tags"),
    ({}, {"name": "by hand"}, "ignored: its name matches by * of ignore.names"),
    ({"protein.state": ABSENT}, {}, "it is untracked: it has no protein.state"),
]


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(("changed", "fields", "told"), UNTOUCHABLE)
def test_untracked_and_ignored_runs_are_never_written(
    undoing: Undoing,
    changed: dict[str, Any],
    fields: dict[str, Any],
    told: str,
    *,
    dry_run: bool,
) -> None:
    _, journal = undoing.fix(flat())
    left = undoing.summary() | changed
    left = {key: value for key, value in left.items() if value is not ABSENT}
    undoing.scene.store.change(PATH, left, **fields)
    undoing.scene.policy = Policy(ignore=Ignore(("m*",), ("by *",)))
    writes = len(undoing.scene.store.writes)
    (change,) = undoing.undo(journal, dry_run=dry_run).changes
    assert change.outcome is Outcome.SUPERSEDED
    assert change.error == f"not restored: {told}"
    assert len(undoing.scene.store.writes) == writes


FOREIGN: list[tuple[dict[str, Any], str]] = [
    ({"loss": 1}, "flat"),
    ({"protein.objective": 1}, "flat"),
    ({"protein.janitor": 1}, "flat"),
    ({"proteinx.state": 1}, "flat"),
    ({"protein": 1}, "flat"),
    ({"/protein/last_update": 1}, "both"),
    ({"/loss": 1}, "both"),
    ({"/protein/objective": 1}, "both"),
    ({"/protein": 1}, "both"),
    ({"loss": 1}, "nested"),
    ({"protein.objective": 1}, "nested"),
    ({"protein.state.x": 1}, "nested"),
    ({"/protein/state": 1}, "nested"),
]


@pytest.mark.parametrize(("values", "form"), FOREIGN)
@pytest.mark.parametrize("side", ["before", "after"])
def test_a_file_that_names_a_key_of_others_is_refused(
    undoing: Undoing, tmp_path: Path, values: dict[str, Any], form: str, side: str
) -> None:
    report, journal = undoing.fix(flat())
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    (intent,) = [line for line in lines if line["event"] == "intent"]
    intent |= {"form": form, "before": {}, "after": {}} | {side: values}
    journal.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    with pytest.raises(JournalError, match="of acme/rl/r1, which the janitor never writes"):
        restorations(journal)
    crafted = {"form": Form(form), "before": {}, "after": {}} | {side: values}
    changes = (report.changes[0].model_copy(update=crafted),)
    reports.write(report.model_copy(update={"changes": changes}), tmp_path / "r.json")
    with pytest.raises(ReportError, match="of acme/rl/r1, which the janitor never writes"):
        restorations(tmp_path / "r.json")
