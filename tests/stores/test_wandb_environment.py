"""The environment in which wandb is set up, and what is left of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from janitor.emulator import Emulator
from janitor.stores.wandb import GraphQLApi
from janitor.stores.wandb.environment import named_in, quiet_environment

FOLDER = Path("/quiet")


def test_wandb_is_quiet_during_the_block_and_the_environment_is_as_before_after_it() -> None:
    environ = {"WANDB_DIR": "/mine", "WANDB_SERVICE": "left over", "PATH": "/bin"}
    before = dict(environ)
    with quiet_environment(FOLDER, environ):
        assert environ["WANDB_DIR"] == str(FOLDER)
        assert environ["WANDB_SILENT"] == "true"
        assert "WANDB_SERVICE" not in environ
        environ["WANDB_SERVICE"] = "3-4-5"  # as wandb does for child processes
    assert environ == before


@pytest.mark.parametrize("name", ["WANDB_PROJECT", "WANDB_RUN_ID", "WANDB_RUN_GROUP"])
def test_variables_of_a_training_run_do_not_reach_wandb(name: str) -> None:
    environ = {name: "a/b"}
    with quiet_environment(FOLDER, environ):
        assert name not in environ
    assert environ == {name: "a/b"}


def test_an_empty_variable_counts_as_not_set_and_blanks_are_stripped() -> None:
    environ = {"WANDB_API_KEY": " key\n", "WANDB_ENTITY": "", "WANDB_HTTP_TIMEOUT": " \t"}
    with quiet_environment(FOLDER, environ):
        assert environ["WANDB_API_KEY"] == "key"
        assert not {"WANDB_ENTITY", "WANDB_HTTP_TIMEOUT"} & environ.keys()


def test_an_empty_address_is_left_for_wandb_to_refuse() -> None:
    """Without it the key of a private server would be sent to W&B's own."""
    environ = {"WANDB_BASE_URL": ""}
    with quiet_environment(FOLDER, environ):
        assert environ["WANDB_BASE_URL"] == ""


def test_opening_a_connection_leaves_the_environment_as_it_was(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in emulator.environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    door = GraphQLApi()
    try:
        assert dict(os.environ) == before
    finally:
        door.close()


def test_the_variable_that_a_message_quotes_is_named() -> None:
    environ = {"WANDB_HTTP_TIMEOUT": "soon", "OTHER": "x"}
    assert named_in("invalid literal: 'soon'", environ) == "WANDB_HTTP_TIMEOUT"
    assert named_in("invalid literal: 'x'", environ) is None
