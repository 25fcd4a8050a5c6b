"""A disk that is full, as the code that writes to it sees it."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path


def run_with_file_size_limit(limit: int, code: str, path: Path) -> str:
    """Run code whose files may not grow past ``limit`` bytes: what a full disk looks like."""
    limited = f"""
        import resource, sys
        from janitor.storage.atomic import write_atomically
        from janitor.storage.log import AppendOnlyLog
        from janitor.errors import JanitorError
        path = sys.argv[1]
        def limit(size):
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        limit({limit})
    """
    script = textwrap.dedent(limited) + textwrap.dedent(code)
    command = [sys.executable, "-c", script, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
