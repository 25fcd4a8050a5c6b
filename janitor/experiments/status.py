"""The words for where an experiment stands, and where each of its processes does."""

from __future__ import annotations

from enum import StrEnum


class ExperimentStatus(StrEnum):
    """Where an experiment stands."""

    INITIALISED = "initialised"
    """Created, not started."""
    RUNNING = "running"
    """In progress."""
    COMPLETED = "completed"
    """All processes done, their results not yet aggregated."""
    AGGREGATED = "aggregated"
    """Results aggregated."""
    FAILED = "failed"
    """Error occurred."""
    INTERRUPTED = "interrupted"
    """Ctrl+C or crash."""

    @property
    def is_incomplete(self) -> bool:
        """Whether a resumption would do work. A failed experiment is resumed only on request."""
        return self not in {ExperimentStatus.AGGREGATED, ExperimentStatus.FAILED}


class ProcessStatus(StrEnum):
    """The status of one process of an experiment."""

    PENDING = "pending"
    """Not started."""
    RUNNING = "running"
    """In progress."""
    COMPLETED = "completed"
    """Done."""
    FAILED = "failed"
    """Error."""
