"""What a report or a plan says about one run: its change or its hold, with the evidence."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from janitor.model import Outcome
from janitor.model.local_words import local_word
from janitor.model.summary import Form
from janitor.records.base import Part, Text, Time, Values


class Sign(Part):
    """One sign of activity: its source, its value, and the time that it means."""

    source: Text
    at: Time | None = None
    """None if ``raw`` cannot be read as a time."""
    raw: Any = None
    future: bool = False
    """Whether it is too far ahead of the clock to count."""


class ReportedEvidence(Part):
    """What a judgement is based on."""

    last_alive: Time | None = None
    age_seconds: float | None = None
    """The time from the last sign of activity to the judgement."""
    signs: tuple[Sign, ...] = ()
    objective: Any = None
    """The objective, shortened if it is long; None if there was none."""
    wandb_state: Text = ""


class ReportedChange(Part):
    """One run that was changed, or should have been.

    The keys of ``before`` and ``after`` are names from :mod:`janitor.records.keys`. A key in
    ``after`` that is not in ``before`` did not exist.
    """

    run: Text
    """ENTITY/PROJECT/RUN."""
    sweep: Text | None = None
    name: Text = ""
    from_: Text = Field(alias="from")
    to: Text
    rule: Text
    reason: Text
    outcome: Outcome
    evidence: ReportedEvidence = ReportedEvidence()
    before: Values = Field(default_factory=dict)
    after: Values = Field(default_factory=dict)
    error: Text | None = None
    target: Text | None = None
    """The resolved sweep or group under which the run was judged."""
    form: Form | None = None
    wandb_state: Text | None = None
    created_at: Time | None = None
    last_alive: Time | None = None
    url: Text | None = None
    """The run's page."""
    partial: bool = False
    """Whether only some of the keys were written; ``error`` says which were not."""

    @property
    def shown_from(self) -> str:
        """The state before, in the words of the run's own store."""
        return local_word(self.run, self.from_)

    @property
    def shown_to(self) -> str:
        """The state after, in the words of the run's own store."""
        return local_word(self.run, self.to)


class ReportedHold(Part):
    """One run that was left unchanged, and why."""

    run: Text
    rule: Text
    reason: Text
    target: Text | None = None
    sweep: Text | None = None
    name: Text = ""
    state: Text | None = None
    """None if the run's state cannot be read."""
    wandb_state: Text | None = None
    last_alive: Time | None = None
    url: Text | None = None
