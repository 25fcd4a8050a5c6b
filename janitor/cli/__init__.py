"""The command line: parse, call, print, exit code. A file a command."""

from __future__ import annotations

import sys

_TURN = 0.0005
"""Seconds that a thread keeps the interpreter from others. Python's own 5 ms would let the request
for the next page wait, at each of its steps, for the judging of the last."""


def main() -> None:
    """Run the command that the process's arguments name, and exit with its code."""
    from janitor.cli.root import cli

    sys.setswitchinterval(_TURN)
    try:
        cli.main()
    except SystemExit as end:
        if "wandb" in sys.modules:
            from janitor.cli.errors import bound_goodbye

            bound_goodbye(end.code if isinstance(end.code, int) else int(end.code is not None))
        raise
