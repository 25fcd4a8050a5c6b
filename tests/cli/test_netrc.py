"""A netrc file that is not text."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_a_netrc_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_bytes(b"\xff\xfe\x00machine localhost login user password x\n")
    (tmp_path / ".netrc").chmod(0o600)
    environment = {name: value for name, value in os.environ.items() if "WANDB" not in name}
    environment |= {"HOME": str(tmp_path), "WANDB_BASE_URL": "http://127.0.0.1:9"}

    done = subprocess.run(
        [sys.executable, "-m", "janitor", "fix", "--sweep", "acme/rl/s1", "--dry-run"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "the netrc file is not text in UTF-8" in done.stderr
    assert "Traceback" not in done.stderr
