"""Dispatchers run jobs. One per file; they know no store."""

from __future__ import annotations

from pathlib import Path

from janitor.sweep.config import SweepConfig
from janitor.sweep.dispatchers.local import LocalDispatcher
from janitor.sweep.dispatchers.slurm import SlurmDispatcher
from janitor.sweep.ports import Dispatcher

__all__ = ["LocalDispatcher", "SlurmDispatcher", "dispatcher_of"]


def dispatcher_of(config: SweepConfig, root: Path) -> Dispatcher:
    """The dispatcher that a sweep file names.

    Args:
        config: The sweep file.
        root: The folder of the store; the locks of GPUs are in it.

    """
    dispatch = config.janitor.dispatch
    if dispatch.slurm is not None:
        return SlurmDispatcher(dispatch.slurm)
    gpus = dispatch.local.gpus if dispatch.local is not None else None
    return LocalDispatcher(root, gpus=gpus or 0)
