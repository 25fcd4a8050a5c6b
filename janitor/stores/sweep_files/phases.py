"""Where a trial is, for a pass: by its ledger, and by what its newest job's folder shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from janitor.model import Liveness
from janitor.model.jobs import AttemptView
from janitor.model.ledger import Ledger
from janitor.model.runs import TrialPhase
from janitor.model.trial import Trial, status_in_ledger

_LIVENESS: Final = {True: Liveness.ALIVE, False: Liveness.DEAD, None: Liveness.UNKNOWN}


def phase_of(
    trial: Trial, ledger: Ledger, view: AttemptView | None, *, is_started: bool = False
) -> TrialPhase:
    """The phase of a trial.

    Args:
        trial: The trial.
        ledger: The sweep.
        view: What the folder of its newest job shows; None if the folder is not here.
        is_started: Without a view: whether the job is known to have begun.

    """
    is_claimed = is_started if view is None else bool(view.claim is not None or view.damage)
    status = status_in_ledger(trial, evaluates=_evaluates(ledger), is_claimed=is_claimed)
    if trial.is_over and not trial.has_slot:
        return TrialPhase(status.value, is_open=False, is_stopping=False, job=Liveness.DEAD)
    job = Liveness.UNKNOWN
    if view is not None:
        job = Liveness.DEAD if view.exit is not None else _LIVENESS[view.is_locked]
    return TrialPhase(status.value, status.is_open, trial.is_stopping, job)


def _evaluates(ledger: Ledger) -> bool:
    """Whether the sweep's file has an evaluation."""
    ours = ledger.spec.document.get("janitor") if ledger.specs else None
    return isinstance(ours, Mapping) and bool(ours.get("evaluation"))
