"""The run that this process logs to, if wandb has been imported."""

from __future__ import annotations

import os
import sys
from typing import Any


def current_run() -> Any:
    """``wandb.run``, or None. This does not import wandb."""
    return getattr(sys.modules.get("wandb"), "run", None)


def is_parents_run(wandb_run: Any) -> bool:
    """Whether this is a forked child, and the run belongs to its parent, which reports for it."""
    return wandb_run is not None and wandb_run is _parents_run


_parents_run: Any = None


def _remember_parents_run() -> None:
    global _parents_run  # noqa: PLW0603 - a fact of the process
    _parents_run = current_run() or _parents_run


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_remember_parents_run)
