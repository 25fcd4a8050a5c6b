"""Waiting for what other processes and threads do."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from time import monotonic

PATIENCE = 60.0
"""Seconds after which something will not happen any more, on a slow machine too."""


def wait_until(
    condition: Callable[[], object], *, patience: float = PATIENCE, every: float = 0.02
) -> None:
    """Return as soon as the condition holds.

    Args:
        condition: Is looked at again and again.
        patience: Seconds to wait.
        every: Seconds between two looks.

    Raises:
        AssertionError: it did not hold in time.

    """
    end = monotonic() + patience
    while not condition():
        assert monotonic() < end, f"it did not happen within {patience:g} s"
        Event().wait(every)
