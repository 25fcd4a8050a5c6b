"""Reports how the process ends to the managers whose runs are still open.

While there is such a manager, these are hooked: ``sys.excepthook`` (an uncaught exception),
``sys.exit`` (its code; wandb hooks the same), ``atexit`` and SIGTERM. Each hook calls the one that
was there before it. A forked child inherits the hooks, where they do nothing.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType, TracebackType
from typing import Any, NoReturn, Protocol

from janitor.lifecycle.messages import logger

PATIENCE = 10.0
"""Seconds that the SIGTERM handler gives all managers together to write."""


class ExitListener(Protocol):
    """Learns how its process ends. A protocol, so that the tracker may import this module."""

    @property
    def handles_sigterm(self) -> bool:
        """Whether SIGTERM means a state to it."""

    def end_by_exception(self, exception: BaseException) -> None:
        """Nobody caught this exception."""

    def end_by_signal(self, *, is_last: bool) -> None:
        """SIGTERM has come; ``is_last`` if the process dies right after this call."""

    def end_by_exit(self, code: int) -> None:
        """The process exits by itself, with this code."""


class ExitGuard:
    """The hooks of one process."""

    def __init__(self) -> None:
        self.has_survived_sigterm = False
        """Whether SIGTERM came and the process went on: its own handler decides when to end."""
        self._listeners: list[ExitListener] = []
        self._pid = os.getpid()
        self._code = 0
        self._previous: dict[str, Any] = {}
        self._previous_handler: Any = None
        self._has_handler = False

    def add(self, listener: ExitListener) -> None:
        """Report to this listener from now on how the process ends."""
        if self._pid != os.getpid():
            self._forget_parent()
        if listener in self._listeners:
            return
        self._listeners.append(listener)
        # Handlers run last in, first out: ours must be registered after wandb's, which every
        # wandb.setup() registers again.
        atexit.unregister(self._at_exit)
        atexit.register(self._at_exit)
        self._hook("excepthook", self._excepthook)
        self._hook("exit", self._exit)
        if listener.handles_sigterm:
            self._hook_sigterm()

    def remove(self, listener: ExitListener) -> None:
        """Report to this listener no more. After the last one, restore the previous hooks."""
        if listener in self._listeners:
            self._listeners.remove(listener)
        if self._listeners or self._pid != os.getpid():
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
        """Start empty in a forked child; the parent's hooks stay in the chain and do nothing."""
        self._listeners, self._pid, self._code = [], os.getpid(), 0
        self.has_survived_sigterm = False

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
        for listener in self._present():
            _safely(listener.end_by_exception, exception)
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
        # The exception that the interpreter printed last, also if another excepthook replaced
        # ours; in a notebook or at a prompt it did not end the process.
        uncaught = None if hasattr(sys, "ps1") else getattr(sys, "last_value", None)
        for listener in self._present():
            if uncaught is not None:
                _safely(listener.end_by_exception, uncaught)
            else:
                _safely(listener.end_by_exit, self._code)

    def _present(self) -> tuple[ExitListener, ...]:
        """The listeners; none in a forked child."""
        return tuple(self._listeners) if self._pid == os.getpid() else ()

    def _hook_sigterm(self) -> None:
        previous = signal.getsignal(signal.SIGTERM)
        # Ignored: SIGTERM does not end this process. None: a handler in C; Python cannot call it.
        if self._has_handler or previous in (signal.SIG_IGN, None):
            return
        try:
            signal.signal(signal.SIGTERM, self._on_sigterm)
        except ValueError:
            logger.debug("SIGTERM is not watched: only the main thread can do that")
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
        # The kernel ignores the default action of SIGTERM for the first process of a container.
        is_last = not callable(previous) and os.getpid() != 1
        listeners = [each for each in self._present() if each.handles_sigterm]
        if listeners:
            # In a thread of its own, and with a limit: the main thread was interrupted anywhere,
            # and may hold a lock of wandb's.
            thread = threading.Thread(target=_report, args=(listeners, is_last), daemon=True)
            thread.start()
            thread.join(PATIENCE)
        self.has_survived_sigterm = not is_last and self._pid == os.getpid()
        if callable(previous):
            previous(number, frame)
        elif is_last:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)


def _raise_exit(status: Any) -> NoReturn:
    raise SystemExit(status)


class _ExitError(SystemExit):
    """The exit that ``sys.exit`` raises; the process goes on if somebody catches it.

    In that case it is freed while Python code runs, and its code is forgotten. The exit that ends
    the process is freed by the interpreter, while no code runs.
    """

    def __del__(self) -> None:
        if sys._getframe().f_back is not None:  # noqa: SLF001 - public for all but its name
            GUARD.forget_exit()


_ExitError.__name__ = _ExitError.__qualname__ = "SystemExit"  # what people read in an error


def _report(listeners: list[ExitListener], is_last: bool) -> None:  # noqa: FBT001 - a thread's target
    for listener in listeners:
        _safely(partial(listener.end_by_signal, is_last=is_last))


def _safely(call: Callable[..., None], *args: Any) -> None:
    """Call a listener; if it fails, the other listeners and the previous hooks still run."""
    try:
        call(*args)
    except Exception:
        logger.exception("the end of the process could not be written")


GUARD = ExitGuard()
"""This process's guard."""
