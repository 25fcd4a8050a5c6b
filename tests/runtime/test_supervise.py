"""Groups of child processes, with real ones."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from janitor.runtime.supervise import end_group, signal_group, start_group

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import signal, time;"
    " signal.signal(signal.SIGTERM, signal.SIG_DFL); print(0, flush=True); time.sleep(600)"],
    stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def leader() -> Iterator[subprocess.Popen[bytes]]:
    """A process that ignores SIGTERM, with a child that does not."""
    with start_group([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE) as process:
        yield process
        signal_group(process.pid, signal.SIGKILL)


def child_of(leader: subprocess.Popen[bytes]) -> psutil.Process:
    assert leader.stdout is not None
    return psutil.Process(int(leader.stdout.readline()))


def test_a_signal_reaches_all_that_a_command_started(leader: subprocess.Popen[bytes]) -> None:
    child = child_of(leader)
    assert signal_group(leader.pid, signal.SIGTERM)
    while child.status() != psutil.STATUS_ZOMBIE:  # its parent does not wait for it
        time.sleep(0.01)
    assert leader.poll() is None


def test_what_does_not_end_within_the_grace_is_killed(leader: subprocess.Popen[bytes]) -> None:
    child = child_of(leader)
    end_group(leader.pid, 0.2, lambda: leader.poll() is not None)
    assert leader.wait(30) == -signal.SIGKILL
    psutil.wait_procs([child], timeout=30)
    assert not signal_group(leader.pid, 0)


def test_a_group_that_is_gone_is_distinguished_from_one_that_exists() -> None:
    with start_group([sys.executable, "-c", ""]) as process:
        process.wait(30)
    assert not signal_group(process.pid, 0)
