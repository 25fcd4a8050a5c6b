"""What one step of a sweep controller did, as data: ``janitor.sweep.step/1``."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field

from janitor.records.base import Part, Text, Time

SCHEMA: Final = "janitor.sweep.step/1"

SweepState = Literal["running", "paused", "stopping", "done", "braked"]


class StepItem(Part):
    """One fact, decision or write, as a sentence, and its values."""

    kind: Text
    run: Text | None = None
    reason: Text
    values: dict[str, Any] = Field(default_factory=dict)


class StepRepair(Part):
    """What the janitor's own pass over the sweep's runs did."""

    written: int = 0
    held: int = 0
    failed: int = 0
    held_back: Text | None = None
    """Why nothing was written at all, and so nothing is launched: brake or stand-down."""
    journal: Text | None = None


class StepReport(Part):
    """One step."""

    schema_: Literal["janitor.sweep.step/1"] = Field(default=SCHEMA, alias="schema")
    sweep: Text
    store: Text
    started_at: Time
    finished_at: Time
    dry_run: bool = False
    ledger: int
    """The number of the last entry after the step."""
    state: SweepState
    spec_version: int
    facts: tuple[StepItem, ...] = ()
    decisions: tuple[StepItem, ...] = ()
    dispatched: tuple[Text, ...] = ()
    """Jobs that were submitted, by name."""
    settled: tuple[StepItem, ...] = ()
    """Summaries that were written."""
    waits: tuple[Text, ...] = ()
    """Why nothing more was launched."""
    unknown: tuple[Text, ...] = ()
    """Jobs about which nothing is known."""
    errors: tuple[Text, ...] = ()
    repair: StepRepair | None = None
