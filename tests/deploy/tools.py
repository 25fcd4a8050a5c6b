"""Programs that the deployment is checked with; a test whose program is missing says so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CRON = ROOT / "cron"
K8S = ROOT / "k8s"
BIN = Path(sys.executable).parent
"""Where the janitor is, and the programs that PyPI has."""
_HINT = "`.ci/install-test-tools` installs it on Debian, as root"


def tool(name: str) -> str:
    """The program's path; without it the test is skipped, with this as the reason."""
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    found = shutil.which(name, path=path)
    if found is None:
        pytest.skip(f"{name} is not here: {_HINT}")
    return found


def only_root() -> None:
    """Skip the test for anybody else."""
    if os.geteuid() != 0:
        pytest.skip("it must be root: it starts a daemon that changes users")


def run(
    command: Sequence[str | Path],
    *,
    code: int = 0,
    environment: Mapping[str, str] | None = None,
    folder: Path = ROOT,
    stdin: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; it must end with this code."""
    done = subprocess.run(
        command,
        env=environment,
        cwd=folder,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done


def sandbox(*options: str | Path) -> list[str | Path]:
    """The beginning of a command that runs below bubblewrap; skips where it cannot be had.

    All of this machine can be read there, nothing can be written that the options do not name,
    and everything in it ends with it.
    """
    bwrap = tool("bwrap")
    beginning: list[str | Path] = [bwrap, "--ro-bind", "/", "/", "--dev", "/dev"]
    beginning += ["--proc", "/proc", "--unshare-pid", "--unshare-ipc", "--die-with-parent"]
    probe = subprocess.run([*beginning, "true"], capture_output=True, text=True, check=False)
    if probe.returncode:
        pytest.skip(f"bubblewrap may not make a sandbox here: {probe.stderr.strip()}")
    return [*beginning, *options]
