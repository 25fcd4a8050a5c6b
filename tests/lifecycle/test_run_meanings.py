"""What the end of a command means for each of its runs."""

from __future__ import annotations

import pytest

from janitor.lifecycle.exec_command import CommandEnd, MadeRun, meaning


def states(returncode: int, *exit_codes: int | None) -> list[str | None]:
    runs = [MadeRun(f"r{n}", exit_code=code) for n, code in enumerate(exit_codes)]
    found = [meaning(run, CommandEnd(returncode, 0.0, runs)) for run in runs]
    return [each[0].value if each else None for each in found]


@pytest.mark.parametrize(
    ("returncode", "exit_code", "state"),
    [
        (0, 0, "success"),
        (0, None, "success"),  # os._exit(0)
        (0, 1, "failure"),  # the script has caught the error
        (3, 0, "failure"),
        (3, None, "failure"),
        (-15, None, "crashed"),
        (143, 0, "crashed"),
        (-2, 255, "cancelled"),
        (124, None, "timeout"),
    ],
)
def test_a_single_run_ends_as_its_command(
    returncode: int, exit_code: int | None, state: str
) -> None:
    assert states(returncode, exit_code) == [state]


@pytest.mark.parametrize(
    ("returncode", "exit_codes", "expected"),
    [
        (0, (0, 0), ["success", "success"]),
        (0, (0, 1), ["success", "failure"]),
        (1, (0, 1), ["success", "failure"]),
        (-9, (0, None), ["success", "crashed"]),
        (130, (0, 255), ["success", "cancelled"]),
        (143, (143, None), ["crashed", "crashed"]),
        # A process died on the way, and the script went on: nobody knows how.
        (0, (0, None), ["success", None]),
        # All runs ended well, and then the script failed: that is not theirs.
        (1, (0, 0), ["success", "success"]),
    ],
)
def test_each_of_several_runs_has_its_own_end(
    returncode: int, exit_codes: tuple[int | None, ...], expected: list[str | None]
) -> None:
    assert states(returncode, *exit_codes) == expected
