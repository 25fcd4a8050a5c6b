"""The command line: parse, call, print, exit code. A file a command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command that the process's arguments name, and exit with its code."""
    from janitor.cli.root import cli  # noqa: PLC0415 - `import janitor.cli` costs nothing

    try:
        cli.main()
    except SystemExit as end:
        if "wandb" in sys.modules:
            from janitor.cli.failures import bound_goodbye  # noqa: PLC0415 - as above

            bound_goodbye(end.code if isinstance(end.code, int) else int(end.code is not None))
        raise
