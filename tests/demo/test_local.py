from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_local_demo_shows_a_repair(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "janitor", "demo", "--local", "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stderr
    assert "1 to interrupted (dead-process), 1 to pending (stale-assignment)" in done.stdout
    assert "process 0: completed: skipped" in done.stdout
    assert "process 2: interrupted: run again" in done.stdout
