"""What the demo shows, in order."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from janitor.demo import tuning
from janitor.demo.processes import Stage
from janitor.demo.seeds import FLAT_SWEEP, NESTED_SWEEP, PROJECT
from janitor.demo.trainings import HANGING, TRAININGS
from janitor.emulator import RunView
from janitor.emulator.handle import DEFAULT_KEY
from janitor.emulator.reach import how_to_reach
from janitor.errors import JanitorError, UsageError
from janitor.model.summary import ABSENT, read
from janitor.records.journal import journals
from janitor.runtime.extras import is_installed
from janitor.runtime.redaction import redactor_of_process

_SWEEPS: Final = tuple(f"{PROJECT}/{name}" for name in (FLAT_SWEEP, NESTED_SWEEP, tuning.SWEEP))
_REPORTS: Final = ("report.json", "report.md", "report.csv")
_PAGE: Final = "report.html"
"""Also written if its libraries are installed."""
_JOURNALS: Final = "journals"
_SETTINGS: Final = f"""\
# The settings of this demo; see `janitor config show`.
journal: {_JOURNALS}
"""


def tell(parent: Path, *, keep: bool) -> None:
    """Run the demo, and write its reports to a new folder.

    Args:
        parent: Where the new folder is made.
        keep: Whether to keep the server until a signal ends this process.

    Raises:
        UsageError: the folder cannot be made.
        JanitorError: the demo went wrong.

    """
    started = time.monotonic()
    folder = _new_folder(parent)
    with Stage.set_up() as stage:
        seeded = len(stage.emulator.run_paths())
        _say(f"A W&B-compatible server runs at {stage.emulator.url}, on localhost only.")
        _say(
            f"It holds {seeded} prepared runs of all kinds. {len(TRAININGS)} trainings start, and"
            f" {tuning.AGENTS} agents with a sweep:"
        )
        _show_trainings()
        with stage.trainings():
            before = _runs(stage)
            _show_before(before)
            janitor = _Janitor(stage, folder)
            janitor.run("fix", *_targets(), "--dry-run")
            names = (*_REPORTS, _PAGE) if is_installed("html") else _REPORTS
            reports = [word for name in names for word in ("--report", name)]
            janitor.run("fix", *_targets(), *reports)
            _show_after(before, _runs(stage))
            _check(folder)
            _say("Runs that are still open are active or on hold (see above).")
            _say(f"The reports, in {folder}: {', '.join(names)}")
            _say(f"It took {time.monotonic() - started:.0f} seconds.\n")
            if keep:
                _leave_open(stage, folder)
            else:
                _tell_what_next(folder)
            if _PAGE in names:
                _say(f"The report as a page, to open in a browser: {(folder / _PAGE).resolve()}")


def _new_folder(parent: Path) -> Path:
    """Make a new folder, so that nothing is overwritten."""
    stem = f"{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    number = 1
    while True:
        folder = parent / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir(parents=True)
            (folder / "janitor.yaml").write_text(_SETTINGS, encoding="utf-8")
        except FileExistsError:
            number += 1
        except OSError as error:
            raise UsageError(
                f"the demo cannot make its folder {folder}: {error.strerror}; choose another with"
                " --folder"
            ) from error
        else:
            return folder


class _Janitor:
    """Runs janitor commands in the demo's folder, as people type them."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self._environment = stage.environment("janitor")
        self._folder = folder

    def run(self, *words: str) -> None:
        """Show a command and its output; raises JanitorError if it fails."""
        _say(f"\n$ janitor {' '.join(words)}", "bold")
        sys.stdout.flush()
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "janitor", *words],
            env=self._environment,
            cwd=self._folder,
            check=False,
        )
        if done.returncode:
            raise JanitorError(f"janitor {words[0]} ended with exit code {done.returncode}")


def _targets() -> list[str]:
    return [word for sweep in _SWEEPS for word in ("--sweep", sweep)]


def _runs(stage: Stage) -> list[RunView]:
    return [stage.emulator.run(path) for path in stage.emulator.run_paths()]


def _state(run: RunView) -> str:
    """What ``protein.state`` says."""
    if not isinstance(run.summary, dict):
        return "(no summary)"
    state: Any = read(run.summary, "protein", "state")
    return "(none: ignored)" if state is ABSENT else str(state)


def _show_trainings() -> None:
    table = Table()
    for name in ("Training", "Sweep", "How it ends"):
        table.add_column(name)
    for training in TRAININGS:
        table.add_row(training.name, training.sweep, training.ends)
    table.add_row(
        f"{len(tuning.RATES)} of the agents",
        tuning.SWEEP,
        "use the state manager; one raises, one is killed with its agent",
    )
    _print(table)


def _show_before(runs: list[RunView]) -> None:
    table = Table(title="Before: states in the summaries, and W&B's own", title_justify="left")
    table.add_column("protein.state")
    table.add_column("Runs", justify="right")
    table.add_column("W&B's state")
    for state, number in Counter(map(_state, runs)).most_common():
        words = Counter(run.state for run in runs if _state(run) == state)
        listed = ", ".join(f"{count} {word}" for word, count in words.most_common())
        table.add_row(state, str(number), listed)
    _print(table)


def _show_after(before: list[RunView], after: list[RunView]) -> None:
    table = Table(title="After", title_justify="left")
    table.add_column("protein.state")
    table.add_column("Before", justify="right")
    table.add_column("After", justify="right")
    then, now = Counter(map(_state, before)), Counter(map(_state, after))
    for state in sorted(then | now, key=lambda state: (-now[state], state)):
        table.add_row(state, str(then[state]), str(now[state]))
    _print(table)


def _check(folder: Path) -> None:
    """Make sure that all changes were written; raises JanitorError."""
    totals = json.loads((folder / "report.json").read_text(encoding="utf-8"))["totals"]
    if totals["failed"] or totals["planned"] or not totals["written"]:
        raise JanitorError(f"the repair went wrong: {totals}")


def _tell_what_next(folder: Path) -> None:
    (journal,) = journals(folder / _JOURNALS)
    program = _program()
    _say("The server and its runs end here. What to try next:")
    _say(f"  less {folder / 'report.md'}")
    _say(f"  {program} journal show {journal}")
    _say(f"  {program} demo --keep    # keeps the server: explain a run, undo the repair")
    _say(f"  {program} fix --sweep ENTITY/PROJECT/SWEEP --dry-run    # on your own runs")


def _leave_open(stage: Stage, folder: Path) -> None:
    (journal,) = journals(folder / _JOURNALS)
    program = _program()
    _say("The server stays until Ctrl-C. In another terminal:")
    _say(f"  cd {folder.resolve()}")
    redactor_of_process().allow(DEFAULT_KEY)
    _say("\n".join(how_to_reach(stage.emulator.url).splitlines()[1:]))
    _say(f"  {program} explain {PROJECT}/{HANGING.name}    # why it is not changed")
    _say(f"  {program} fix {' '.join(_targets())}    # a second pass: nothing is written twice")
    _say(f"  {program} undo {journal.relative_to(folder)} --dry-run")
    threading.Event().wait()


def _program() -> str:
    """How to type this program in a shell."""
    script = Path(sys.argv[0]).absolute()
    if script.name != "janitor":
        return f"{sys.executable} -m janitor"
    found = shutil.which("janitor")
    return "janitor" if found and script.samefile(found) else str(script)


def _say(text: str, style: str = "") -> None:
    """Print a line without wrapping or colouring it: it may be a command to copy."""
    Console(highlight=False).print(Text(text, style), soft_wrap=True)


def _print(table: Table) -> None:
    Console().print(table)
