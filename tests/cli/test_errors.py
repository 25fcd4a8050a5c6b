from __future__ import annotations

import io
from collections.abc import Callable
from typing import Never

import click
import pytest

from janitor import errors
from janitor.cli.context import Session
from janitor.cli.errors import run_guarded

KEY = "0123456789abcdef0123456789abcdef01234567"
CODES = {
    errors.UsageError: 2,
    errors.ConfigError: 2,
    errors.TargetError: 2,
    errors.PlanError: 2,
    errors.NewerLedgerError: 2,
    errors.InvalidExperimentIdError: 2,
    errors.BrakeError: 3,
}


def raising(error: BaseException) -> Callable[[], Never]:
    def command() -> Never:
        raise error

    return command


def all_errors(base: type[errors.JanitorError]) -> list[type[errors.JanitorError]]:
    return [base, *(each for child in base.__subclasses__() for each in all_errors(child))]


@pytest.mark.parametrize("kind", all_errors(errors.JanitorError))
def test_an_error_of_the_janitor_is_its_sentence_and_its_exit_code(
    kind: type[errors.JanitorError], capsys: pytest.CaptureFixture[str]
) -> None:
    code = run_guarded(raising(kind("acme/rl/s1: it broke")), Session({}))
    assert code == CODES.get(kind, 1)
    assert capsys.readouterr() == ("", "janitor: acme/rl/s1: it broke\n")


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (
            KeyError("x"),
            1,
            "unexpected KeyError: 'x'; this is a bug; run with -vv for the traceback",
        ),
        (
            MemoryError(),
            1,
            "unexpected MemoryError; this is a bug; run with -vv for the traceback",
        ),
        (PermissionError(13, "Permission denied", "/x"), 1, "/x: Permission denied"),
        (OSError(28, "No space left on device"), 1, "No space left on device"),
        (click.UsageError("No such thing."), 2, "No such thing"),
        (click.BadParameter("it is odd"), 2, "Invalid value: it is odd"),
        (click.ClickException("hm"), 1, "hm"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (click.Abort(), 130, "interrupted"),
        (errors.StoreError("two\nlines\t \x1b[31mred"), 1, r"two lines \x1b[31mred"),
        (errors.StoreError(f"401 for https://api:{KEY}@host"), 1, "401 for https://***@host"),
    ],
)
def test_whatever_stops_a_command_is_one_sentence_without_a_traceback(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_guarded(raising(error), Session({})) == code
    assert capsys.readouterr() == ("", f"janitor: {said}\n")


def test_the_traceback_is_shown_at_vv_without_the_key(capsys: pytest.CaptureFixture[str]) -> None:
    session = Session({"WANDB_API_KEY": KEY}, verbosity=2)
    assert run_guarded(raising(ValueError(f"with {KEY}")), session) == 1
    said = capsys.readouterr().err
    assert said.startswith("Traceback (most recent call last):")
    assert said.endswith("traceback\n")
    assert KEY not in said


def test_a_page_of_an_error_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    run_guarded(raising(errors.StoreError("x" * 100_000)), Session({}))
    assert len(capsys.readouterr().err) < 2_100


def test_a_reader_that_leaves_is_not_reported(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert run_guarded(raising(BrokenPipeError()), Session({})) == 1
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (0, 0), (4, 4), ("text", 0)])
def test_a_command_returns_its_exit_code(returned: object, code: int) -> None:
    assert run_guarded(lambda: returned, Session({})) == code
