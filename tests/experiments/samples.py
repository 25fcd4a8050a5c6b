from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

from janitor.runtime.processes import ProcessIdentity, this_process

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


def dead_process() -> ProcessIdentity:
    """A process that was, on this machine."""
    child = subprocess.Popen(["sleep", "60"])
    identity = ProcessIdentity.of(child.pid)
    child.kill()
    child.wait()
    return identity


def of_another_host() -> ProcessIdentity:
    return this_process().model_copy(update={"host": "elsewhere"})


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:40])


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, byte for byte."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
