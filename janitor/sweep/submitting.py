"""Submits the jobs that a ledger has launched, and stops those that it has stopped. Idempotent."""

from __future__ import annotations

from collections.abc import Collection

from janitor.errors import DispatchError, JobRefusedError, StoreError
from janitor.model.jobs import AttemptView, JobTypes
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Fact, Refused
from janitor.model.trial import Attempt, Trial
from janitor.sweep.crash_points import CrashPoint, reach
from janitor.sweep.jobs import JobMaker
from janitor.sweep.ports import Dispatcher, SweepStore
from janitor.sweep.step_log import log
from janitor.sweep.step_report import StepDraft


class Submitter:
    """Brings the jobs at their backend in line with a ledger.

    Args:
        store: The sweep.
        dispatcher: The backend.
        draft: Gets what was done, and what went wrong.

    """

    def __init__(self, store: SweepStore, dispatcher: Dispatcher, draft: StepDraft) -> None:
        self._store, self._dispatcher, self._draft = store, dispatcher, draft
        self._maker = JobMaker(store)

    def submit(self, ledger: Ledger, held: Collection[str] = ()) -> list[Fact]:
        """Submit what was launched and is not there; stop what was stopped.

        Of the runs that are held, nothing is started.
        Returns the jobs that a backend refused for good.
        """
        jobs = [each for each in ledger.open_jobs() if self._store.is_here(each[1].site)]
        handles = [
            self._store.handle(job.launch.run, job.launch.attempt, job.launch.kind)
            for _, job in jobs
        ]
        views = self._store.attempts(handles)
        refused: list[Fact] = []
        waiting = [
            handle
            for (trial, _), handle in zip(jobs, handles, strict=True)
            if trial.stop is not None or not _is_there(views[handle.name])
        ]
        if not waiting or not self._store.confirm():
            return []  # or another step changed the ledger, and acts on it
        deleted = self._store.deleted()
        for (trial, job), handle in zip(jobs, handles, strict=True):
            if trial.run in deleted:
                continue
            if trial.stop is not None:
                self._stop(trial, job)
            elif not (trial.is_over or trial.run in held or _is_there(views[handle.name])):
                refused += self._start(ledger, trial, job)
        return refused

    def _start(self, ledger: Ledger, trial: Trial, job: Attempt) -> list[Fact]:
        """Create the run and submit its job. Both are idempotent."""
        launch = job.launch
        try:
            reach(CrashPoint.BEFORE_RUN)
            if launch.kind is JobTypes.LAUNCH_TRAINING and launch.attempt == 1:
                self._store.init_run(launch)
            reach(CrashPoint.AFTER_RUN)
            made = self._maker.job(ledger, trial, job)
            reach(CrashPoint.BEFORE_DISPATCH)
            is_new = self._dispatcher.dispatch(made)
            reach(CrashPoint.AFTER_DISPATCH)
        except JobRefusedError as error:
            self._draft.error(f"{launch.run} attempt {launch.attempt}: {error}")
            return [Refused(launch.run, launch.attempt, launch.kind, str(error))]
        except (DispatchError, StoreError) as error:
            self._draft.error(f"{launch.run} attempt {launch.attempt}: {error}")
            return []
        if is_new:
            self._draft.dispatched(made.name)
            log("job.submitted", run=launch.run, job=made.name, cause=launch.cause)
        return []

    def _stop(self, trial: Trial, job: Attempt) -> None:
        launch = job.launch
        handle = self._store.handle(launch.run, launch.attempt, launch.kind)
        try:
            reach(CrashPoint.BEFORE_CANCEL)
            reason = trial.stop.reason if trial.stop is not None else "it was stopped"
            self._store.prepare(launch.run, launch.attempt, launch.kind)
            self._store.request_stop(handle, reason)
            self._dispatcher.cancel(handle)
            reach(CrashPoint.AFTER_CANCEL)
        except (DispatchError, StoreError) as error:
            self._draft.error(f"{launch.run} attempt {launch.attempt} cannot be stopped: {error}")


def _is_there(view: AttemptView) -> bool:
    """Whether a worker has the attempt, or had it."""
    seen = view.claim is not None or view.exit is not None or bool(view.damage)
    return seen or bool(view.is_locked)
