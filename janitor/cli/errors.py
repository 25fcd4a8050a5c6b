"""Turns an error that stops a command into one sentence on stderr and an exit code."""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

import click

from janitor.cli.exit_codes import ExitCode
from janitor.errors import (
    BrakeError,
    EndedEarlyError,
    JanitorError,
    NewerLedgerError,
    UsageError,
)

if TYPE_CHECKING:
    from janitor.cli.context import Session

_MAX_SENTENCE = 2_000
"""Characters of a sentence: a server's answer may be a whole page."""
_EXIT_SECONDS = 3.0
"""How long the exit may take."""


def run_guarded(command: Callable[[], object], session: Session) -> int:
    """Run a command and return its exit code. Every exception except SystemExit is handled."""
    try:
        result = command()
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return ExitCode.USAGE
    except BrokenPipeError:
        _close_stdout()
        return ExitCode.FAILED
    except (click.Abort, KeyboardInterrupt):
        _print_error("interrupted", session)
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - every failure becomes a sentence here
        if session.verbosity >= 2:
            click.echo(session.redact(traceback.format_exc()), err=True, nl=False)
        _print_error(sentence(error), session)
        return exit_code(error)
    return result if isinstance(result, int) else ExitCode.DONE


def leave(code: int) -> NoReturn:
    """End the process without waiting for threads that a hanging server blocks."""
    if any(thread.name.startswith("janitor") for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def bound_goodbye(code: int) -> None:
    """Make sure that this process ends within a few seconds.

    The exit handler of wandb waits for wandb-core, which waits for a server that may hang.
    """
    forced_exit = threading.Timer(_EXIT_SECONDS, os._exit, (code,))
    forced_exit.daemon = True
    forced_exit.start()


def sentence(error: Exception) -> str:
    """What happened, in one sentence for the user."""
    match error:
        case JanitorError():
            return str(error)
        case click.UsageError():
            hint = f" (see '{error.ctx.command_path} --help')" if error.ctx else ""
            return f"{error.format_message().rstrip('.')}{hint}"
        case click.ClickException():
            return error.format_message()
        case OSError(strerror=str() as reason):
            return f"{error.filename}: {reason}" if error.filename else reason
        case _:
            kind = type(error).__name__
            what = f"{kind}: {error}" if str(error) else kind
            return f"unexpected {what}; this is a bug; run with -vv for the traceback"


def exit_code(error: Exception) -> ExitCode:
    """The exit code for an error that stopped a command."""
    match error:
        case UsageError() | click.UsageError() | NewerLedgerError():
            return ExitCode.USAGE
        case BrakeError():
            return ExitCode.BRAKE
        case EndedEarlyError(reason="SIGINT"):
            return ExitCode.INTERRUPTED
        case EndedEarlyError(reason="SIGTERM"):
            return ExitCode.TERMINATED
        case _:
            return ExitCode.FAILED


def printable(text: str) -> str:
    """The text on one line, with control characters made visible."""
    line = " ".join(text.split())
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)


def _print_error(text: str, session: Session) -> None:
    line = printable(session.redact(text))
    if len(line) > _MAX_SENTENCE:
        line = f"{line[:_MAX_SENTENCE]}…"
    click.echo(f"janitor: {line}", err=True)


def _close_stdout() -> None:
    """Nothing reads stdout any more: avoid another error when it is flushed at the end."""
    sys.stdout = open("/dev/null", "w", encoding="utf-8")  # noqa: PTH123, SIM115 - for the rest of the process
