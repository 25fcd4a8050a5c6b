"""People read in a report the words that they find in their own files."""

from __future__ import annotations

from typing import Any

import pytest

from janitor.model import SweepRunState
from janitor.model.local_words import local_word
from janitor.report.headline import headline
from janitor.report.render_terminal import render
from janitor.stores.experiments import WORDS as EXPERIMENTS
from janitor.stores.tasks import WORDS as TASKS
from tests.report.report_samples import finish, make_change, make_draft


@pytest.mark.parametrize(("scheme", "words"), [("experiments:", EXPERIMENTS), ("tasks:", TASKS)])
@pytest.mark.parametrize("state", SweepRunState)
def test_each_state_has_the_word_of_its_store(
    scheme: str, words: Any, state: SweepRunState
) -> None:
    assert local_word(f"{scheme}/home/me/states/x", state) == words.theirs[state]
    assert local_word("acme/rl/x", state) == state


def test_a_report_names_the_states_of_tasks_and_experiments_as_their_commands_do() -> None:
    draft = make_draft()
    draft.add_change(make_change("tasks:/x/state.json/t1", to="initializing"))
    draft.add_change(make_change("experiments:/x/states/e1", to="crashed"))
    report = finish(draft, 2)
    shown = render(report)
    assert "assigned -> pending" in shown
    assert "running -> interrupted" in shown
    assert "1 to pending" in headline(report)
    assert {change.to for change in report.changes} == {"initializing", "crashed"}
