"""What ``janitor demo --sweep`` shows: a sweep whose controller and trials are killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from janitor.errors import JanitorError, UsageError

_TRAINING: Final = """\
import sys, time
values = dict(word.lstrip("-").split("=") for word in sys.argv[1:])
for epoch in range(1, 9):
    loss = abs(float(values["lr"]) - 0.01) + 1 / (epoch + int(values["layers"]))
    print(f"epoch={epoch} loss={loss:.4f}", flush=True)
    time.sleep(0.15)
"""
_SWEEP: Final = """\
name: demo
method: grid
program: train.py
command: [{python}, "${{program}}", "${{args}}"]
metric: {{name: loss, goal: minimize}}
parameters:
  lr: {{values: [0.1, 0.01, 0.001]}}
  layers: {{values: [2, 3]}}
janitor: {{max_parallel_jobs: 2, collect: stdout}}
"""
_PATIENCE: Final = 60.0


def tell_sweep(parent: Path) -> None:
    """Run the demo in a new folder.

    Raises:
        UsageError: the folder cannot be made.
        JanitorError: the demo went wrong.

    """
    started = time.monotonic()
    folder = parent / f"sweep-{datetime.now().astimezone():%Y%m%d-%H%M%S}-{os.getpid()}"
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise UsageError(f"the demo cannot make its folder {folder}: {error.strerror}") from error
    (folder / "train.py").write_text(_TRAINING, encoding="utf-8")
    text = _SWEEP.format(python=json.dumps(sys.executable))
    (folder / "sweep.yaml").write_text(text, encoding="utf-8")
    runs = folder / ".janitor" / "sweeps" / "demo" / "runs"

    click.echo(f"A sweep of six trials, two at a time, in {folder}.")
    click.echo("\n$ janitor sweep start sweep.yaml")
    loop = subprocess.Popen([*_program(), "sweep", "start", "sweep.yaml"], cwd=folder)  # noqa: S603 - our own module
    _wait(lambda: _claims(runs, 2), "the first trials")
    time.sleep(0.5)
    loop.kill()
    loop.wait()
    click.echo("The controller was killed (SIGKILL). Its trials go on without it.")
    for claim in _claims(runs, 2)[:2]:
        os.killpg(claim["pid"], signal.SIGKILL)
        _kill_command(runs, claim)
    click.echo("Two trials were killed, with their workers. Another controller takes over:")
    _run(folder, ["sweep", "start", "sweep.yaml"])
    _run(folder, ["sweep", "status", "demo"])
    _run(folder, ["sweep", "explain", "demo", "demo-0000"])
    _run(folder, ["sweep", "verify", "demo"])
    click.echo(
        f"\nNothing was lost, and no attempt was trained twice. It took"
        f" {time.monotonic() - started:.0f} seconds."
    )
    click.echo(
        f"What to try next:\n  cd {folder}\n  {' '.join(_program())} sweep logs demo demo-0000"
    )


def _claims(runs: Path, wanted: int) -> list[dict[str, Any]]:
    """The claims of the trials that run, once there are so many; before that none."""
    found = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(runs.glob("*/a1/claim.json"))
        if not (path.parent / "exit.json").exists()
    ]
    return found if len(found) >= wanted else []


def _kill_command(runs: Path, claim: dict[str, Any]) -> None:
    """Kill the command of a trial; its worker wrote down which process it is."""
    place = runs / claim["run"] / "a1" / "state.json"
    child = json.loads(place.read_text(encoding="utf-8")).get("child")
    if isinstance(child, int):
        os.killpg(child, signal.SIGKILL)


def _wait(is_there: Callable[[], object], what: str) -> None:
    until = time.monotonic() + _PATIENCE
    while not is_there():
        if time.monotonic() > until:
            raise JanitorError(f"the demo waited for {what}, and they did not start")
        time.sleep(0.05)


def _run(folder: Path, words: Sequence[str]) -> None:
    """Show a command and its output; raises JanitorError if it fails."""
    click.echo(f"\n$ janitor {' '.join(words)}")
    done = subprocess.run([*_program(), *words], cwd=folder, check=False)  # noqa: S603 - our own module
    if done.returncode:
        raise JanitorError(f"janitor {' '.join(words)} ended with exit code {done.returncode}")


def _program() -> list[str]:
    return [sys.executable, "-m", "janitor"]
