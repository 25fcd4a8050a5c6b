"""How a process ends, told to the managers whose runs are still open.

Hooked while at least one such manager lives: ``sys.excepthook`` (an exception that nobody caught),
``sys.exit`` (its code; wandb hooks the same), ``atexit`` and SIGTERM. Each hook calls the one that
was there before it. A forked child inherits the hooks, and they do nothing in it.
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType, TracebackType
from typing import Any, NoReturn, Protocol

logger = logging.getLogger("janitor.lifecycle")

PATIENCE = 10.0
"""Seconds that the SIGTERM handler gives the managers to write, in all."""


class Mortal(Protocol):
    """What is told how its process ends."""

    @property
    def minds_sigterm(self) -> bool:
        """Whether SIGTERM means something to it."""

    def end_by_exception(self, exception: BaseException) -> None:
        """Nobody caught this exception."""

    def end_by_signal(self, *, is_last: bool) -> None:
        """SIGTERM has come; ``is_last`` if the process dies right after this call."""

    def end_by_exit(self, code: int) -> None:
        """The process exits in good order, with this code."""


class ExitGuard:
    """The hooks of one process."""

    def __init__(self) -> None:
        self._mortals: list[Mortal] = []
        self._pid = os.getpid()
        self._code = 0
        self._previous: dict[str, Any] = {}
        self._previous_handler: Any = None
        self._has_handler = False

    def arm(self, mortal: Mortal) -> None:
        """Tell this one how the process ends."""
        if self._pid != os.getpid():
            self._forget_parent()
        if mortal in self._mortals:
            return
        self._mortals.append(mortal)
        # Handlers run last in, first out: ours has to come after wandb's, which each
        # wandb.setup() registers anew.
        atexit.unregister(self._at_exit)
        atexit.register(self._at_exit)
        self._hook("excepthook", self._excepthook)
        self._hook("exit", self._exit)
        if mortal.minds_sigterm:
            self._hook_sigterm()

    def disarm(self, mortal: Mortal) -> None:
        """Leave this one alone; with the last one, put back the hooks that are still ours."""
        if mortal in self._mortals:
            self._mortals.remove(mortal)
        if self._mortals or self._pid != os.getpid():
            return
        atexit.unregister(self._at_exit)
        for name, own in (("excepthook", self._excepthook), ("exit", self._exit)):
            if name in self._previous and getattr(sys, name) == own:
                setattr(sys, name, self._previous.pop(name))
        self._unhook_sigterm()

    def forget_exit(self) -> None:
        """The last ``sys.exit`` did not end the process."""
        self._code = 0

    def _forget_parent(self) -> None:
        """Start afresh in a forked child; the parent's hooks stay in the chain, and do nothing."""
        self._mortals, self._pid, self._code = [], os.getpid(), 0

    def _hook(self, name: str, own: Any) -> None:
        if name not in self._previous:
            self._previous[name] = getattr(sys, name)
            setattr(sys, name, own)

    def _excepthook(
        self,
        kind: type[BaseException],
        exception: BaseException,
        trace: TracebackType | None,
    ) -> None:
        previous = self._previous.get("excepthook", sys.__excepthook__)
        for mortal in self._present():
            _safely(mortal.end_by_exception, exception)
        previous(kind, exception, trace)

    def _exit(self, status: Any = None, /) -> NoReturn:
        if threading.current_thread() is threading.main_thread():
            self._code = status if isinstance(status, int) else int(status is not None)
        try:
            self._previous.get("exit", _raise_exit)(status)
        except SystemExit as leaving:
            raise _ExitError(*leaving.args) from None
        raise _ExitError(status)  # somebody's own sys.exit has returned

    def _at_exit(self) -> None:
        # What the interpreter has printed last, also where another excepthook took our place;
        # in a notebook or a prompt that was not the end.
        uncaught = None if hasattr(sys, "ps1") else getattr(sys, "last_value", None)
        for mortal in self._present():
            if uncaught is not None:
                _safely(mortal.end_by_exception, uncaught)
            else:
                _safely(mortal.end_by_exit, self._code)

    def _present(self) -> tuple[Mortal, ...]:
        """Those to tell, none in a forked child."""
        return tuple(self._mortals) if self._pid == os.getpid() else ()

    def _hook_sigterm(self) -> None:
        previous = signal.getsignal(signal.SIGTERM)
        # Ignored: SIGTERM does not end this process. None: a handler in C, which we cannot call.
        if self._has_handler or previous in (signal.SIG_IGN, None):
            return
        try:
            signal.signal(signal.SIGTERM, self._on_sigterm)
        except ValueError:
            logger.debug("signals are the main thread's: SIGTERM is not watched")
            return
        self._previous_handler, self._has_handler = previous, True

    def _unhook_sigterm(self) -> None:
        if not self._has_handler or signal.getsignal(signal.SIGTERM) != self._on_sigterm:
            return
        try:
            signal.signal(signal.SIGTERM, self._previous_handler)
        except ValueError:
            return  # not the main thread: without managers the handler only passes on
        self._has_handler = False

    def _on_sigterm(self, number: int, frame: FrameType | None) -> None:
        previous = self._previous_handler
        is_last = not callable(previous)
        mortals = [mortal for mortal in self._present() if mortal.minds_sigterm]
        if mortals:
            # In a thread of its own, and with a limit: the main thread stands still in the
            # middle of anything, perhaps with a lock of wandb's.
            thread = threading.Thread(target=_tell, args=(mortals, is_last), daemon=True)
            thread.start()
            thread.join(PATIENCE)
        if callable(previous):
            previous(number, frame)
        else:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)


def _raise_exit(status: Any) -> NoReturn:
    raise SystemExit(status)


class _ExitError(SystemExit):
    """The exit that ``sys.exit`` raises; the process goes on if somebody catches it.

    Then it is freed while Python code runs, and its code is forgotten. The one that ends the
    process is freed by the interpreter, with no code running.
    """

    def __del__(self) -> None:
        if sys._getframe().f_back is not None:  # noqa: SLF001 - public for all but its name
            GUARD.forget_exit()


_ExitError.__name__ = _ExitError.__qualname__ = "SystemExit"  # what people read in an error


def _tell(mortals: list[Mortal], is_last: bool) -> None:  # noqa: FBT001 - a thread's target
    for mortal in mortals:
        _safely(partial(mortal.end_by_signal, is_last=is_last))


def _safely(call: Callable[..., None], *args: Any) -> None:
    """Let no manager keep the others, or the hooks before ours, from being told."""
    try:
        call(*args)
    except Exception:
        logger.exception("the end of the process could not be written")


GUARD = ExitGuard()
"""This process's guard."""
