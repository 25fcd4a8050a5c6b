"""The command line: parse, call, print, exit code. A file a command."""

from __future__ import annotations


def main() -> None:
    """Run the command that the process's arguments name, and exit with its code."""
    from janitor.cli.root import cli  # noqa: PLC0415 - `import janitor.cli` costs nothing

    cli.main()
