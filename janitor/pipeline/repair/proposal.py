"""Proposal: what a repair is given for each run."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from janitor.model import RunInfo, WandbState
from janitor.pipeline.edits import Edits
from janitor.pipeline.plan import Withdrawn


class Proposal(Protocol):
    """A run that is to be written, and what to write once it is read again.

    A protocol, because an undo proposes writes too, from a layer above this one.
    """

    @property
    def path(self) -> str:
        """ENTITY/PROJECT/RUN."""

    @property
    def wandb_state(self) -> WandbState:
        """W&B's word for the run when it was planned."""

    def edits(self, fresh: RunInfo, now: datetime) -> Edits | Withdrawn:
        """What to write into the run as it is now, or why it is left alone."""
