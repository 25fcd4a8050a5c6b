"""The janitor as a process of its own, as people start it; every one is checked for manners."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from janitor.emulator import DEFAULT_KEY, Handle

PATIENCE = 60
AT_MOST = 15
"""Seconds within which bad input is told."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended."""

    code: int
    out: str
    err: str
    seconds: float

    def complaint(self) -> str:
        """The one sentence of a process that refused, which must have printed nothing else."""
        assert self.out == "", self
        assert self.err.startswith("janitor: "), self
        assert self.err.count("\n") == 1, self
        return self.err.removeprefix("janitor: ").rstrip("\n")


@dataclass(frozen=True, slots=True)
class Janitor:
    """The command line, with folders and an environment of its own."""

    folder: Path
    """The working directory."""
    environment: dict[str, str]

    def run(self, *words: str, **changes: str | None) -> Ended:
        """Run a command to its end; None takes a variable away."""
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "janitor", *words],
            env=self.changed(changes),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        seconds = time.monotonic() - begun
        ended = Ended(done.returncode, done.stdout, done.stderr, seconds)
        return checked(ended, may_trace="-vv" in words)

    def changed(self, changes: Mapping[str, str | None]) -> dict[str, str]:
        """The environment with some changes; None takes a variable away."""
        variables = {**self.environment, **changes}
        return {name: value for name, value in variables.items() if value is not None}

    def fix(self, *words: str, code: int = 0, **changes: str | None) -> Ended:
        """Run ``janitor fix`` on the sweep ``acme/rl/s1``, which must end with this code."""
        return self.ends(code, "fix", "--sweep", "acme/rl/s1", *words, **changes)

    def ends(self, code: int, *words: str, **changes: str | None) -> Ended:
        """Run a command, which must end with this code."""
        ended = self.run(*words, **changes)
        assert ended.code == code, ended
        return ended

    def files(self) -> list[str]:
        """What lies in the working directory."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*"))


def checked(ended: Ended, *, may_trace: bool = False) -> Ended:
    """Nobody gets to see the key, nor a traceback who did not ask for it with ``-vv``."""
    assert DEFAULT_KEY not in ended.out + ended.err
    assert may_trace or "Traceback" not in ended.out + ended.err, ended.err
    return ended


def at_a_terminal(janitor: Janitor, *words: str, **changes: str | None) -> Ended:
    """Run a command whose stdin, stdout and stderr are a terminal of its own."""
    ours, theirs = pty.openpty()
    launcher = "import os, sys; os.login_tty(0); os.execv(sys.executable, sys.argv[1:])"
    command = [sys.executable, "-c", launcher, sys.executable, "-m", "janitor", *words]
    begun = time.monotonic()
    process = subprocess.Popen(
        command, env=janitor.changed(changes), cwd=janitor.folder, stdin=theirs
    )
    os.close(theirs)
    said = b""
    try:
        while chunk := os.read(ours, 4096):
            said += chunk
    except OSError:  # the terminal has nobody any more
        pass
    finally:
        os.close(ours)
    code = process.wait(timeout=60)
    return checked(Ended(code, said.decode(), "", time.monotonic() - begun))


def janitor_of(emulator: Handle, folder: Path) -> Janitor:
    """A command line whose server is the emulator."""
    work, temporary = folder / "work", folder / "tmp"
    work.mkdir(parents=True)
    temporary.mkdir()
    environment = emulator.environment(folder)
    for name in os.environ:
        if name.startswith("XDG_") or name.lower().endswith("_proxy") or name == "NO_COLOR":
            environment.pop(name, None)
    return Janitor(work, environment | {"TMPDIR": str(temporary)})


@dataclass(slots=True)
class Runs:
    """Runs of one sweep, to be seeded."""

    seeds: list[dict[str, Any]] = field(default_factory=list)

    def add(self, name: str, **seed: Any) -> Runs:
        """Add a run of ``acme/rl/s1`` that says "running" in its summary."""
        self.seeds.append(
            {
                "project": "acme/rl",
                "sweep": "s1",
                "name": name,
                "state": "running",
                "created_at": "-5h",
                "summary": {"protein.state": "running"},
                **seed,
            }
        )
        return self

    def done(self, name: str, objective: object = 0.5, **seed: Any) -> Runs:
        """Add a run that finished with an objective, and never set its state."""
        summary = {"protein.state": "running", "protein.objective": objective}
        return self.add(
            name, **{"state": "finished", "heartbeat_at": "-2h", "summary": summary, **seed}
        )

    def silent(self, name: str, since: str = "-2h", **seed: Any) -> Runs:
        """Add a run that W&B calls running, and whose heart has stopped."""
        return self.add(name, heartbeat_at=since, **seed)

    def alive(self, name: str, **seed: Any) -> Runs:
        """Add a run that trains."""
        return self.add(name, heartbeat_at="-10s", **seed)
