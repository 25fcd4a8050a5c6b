"""Where journals are kept: in a folder of the user's own, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from janitor.config import Config
from janitor.errors import UsageError
from janitor.session import recall
from janitor.storage.journal_folder import journal_folder
from tests.support.passes import Scene
from tests.support.run_samples import flat, make_run


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's state directory; temporary files are beside it."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def temporary(state: Path) -> Path:
    return state.with_name("tmp") / f"janitor-{os.geteuid()}"


def test_they_are_in_the_users_state_directory(state: Path) -> None:
    assert journal_folder(None) == state / "janitor" / "journals"
    assert not state.exists()


def test_a_folder_that_is_named_is_used(tmp_path: Path) -> None:
    assert journal_folder(tmp_path) == tmp_path


@pytest.mark.usefixtures("state")
def test_a_folder_that_others_may_write_is_refused_and_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(UsageError, match="other users may write to it"):
        journal_folder(tmp_path / "open")


def test_a_state_directory_that_others_may_write_is_refused_and_not_replaced(state: Path) -> None:
    (state / "janitor" / "journals").mkdir(parents=True)
    (state / "janitor" / "journals").chmod(0o777)
    with pytest.raises(UsageError, match="other users may write to it"):
        journal_folder(None)
    with pytest.raises(UsageError, match="other users may write to it"):
        recall(Config(), [])


def test_without_a_state_directory_they_are_in_a_private_temporary_folder(
    state: Path,
) -> None:
    state.write_text("a file in the way")
    assert journal_folder(None) == temporary(state)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_state_directory_that_cannot_be_written_counts_as_none(state: Path) -> None:
    state.mkdir(mode=0o500)
    assert journal_folder(None) == temporary(state)


def test_what_somebody_else_put_in_its_place_is_refused(state: Path) -> None:
    state.write_text("a file in the way")
    (state.parent / "other").mkdir()
    temporary(state).symlink_to(state.parent / "other")
    with pytest.raises(UsageError, match="name another with --journal"):
        journal_folder(None)


def test_a_pass_recalls_what_the_journals_in_a_temporary_folder_say(state: Path) -> None:
    state.write_text("a file in the way")
    scene = Scene(temporary(state))
    scene.store.add(make_run(flat()))
    scene.fix()
    assert set(recall(Config(), []).writes) == {"acme/rl/r1"}
