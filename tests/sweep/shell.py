"""A folder in which the sweep commands are typed, and a trial that waits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parents[2] / "examples"
SLOW = """\
method: grid
command:
  - sh
  - -c
  - "echo $$ > pid.$JANITOR_TRIAL_ATTEMPT; until [ -e go ]; do sleep 0.05; done; echo loss=1"
metric: {name: loss}
parameters: {x: {values: [1]}}
janitor: {collect: stdout, grace: 1}
"""


class Shell:
    """A folder in which janitor is typed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "HOME": str(folder), "XDG_STATE_HOME": str(folder / "st")}

    def janitor(self, *words: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "janitor", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, (words, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def status(self, sweep: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.janitor("sweep", "status", sweep, "--json"))
        return document

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "janitor", "sweep", *words],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def slow(shell: Shell, **changes: str) -> Path:
    text = SLOW
    for old, new in changes.items():
        text = text.replace(f"{old}:", f"{old}: {new} #", 1)
    (shell.folder / "slow.yaml").write_text(text)
    return shell.folder / ".janitor" / "sweeps" / "slow" / "runs" / "slow-0000"
