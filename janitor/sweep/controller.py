"""SweepController: steps of a sweep, one by one or in a loop. It keeps nothing between them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from janitor.model.ledger import Ledger
from janitor.records.sweep_step import StepReport
from janitor.sweep.config import SweepConfig
from janitor.sweep.ports import Dispatcher, Optimizer, Scheduler, SweepStore
from janitor.sweep.step import Parts, Repair, Step

_SETTLE: Final = 0.05
"""Seconds between two steps that both found something to do."""


class SweepController:
    """Runs a sweep.

    It can be killed at any moment, and started again on another machine: everything is in the
    store. Two controllers of one sweep do not disturb each other.

    Args:
        scheduler: Decides when jobs run.
        optimizer: Decides what they try.
        dispatcher: Starts them.
        store: The sweep.
        config: The sweep file.
        repair: The janitor's pass over the sweep's runs; None to leave it out.
        now: The time, aware, UTC.
        nonce: A new text for each entry of the ledger, which no other process makes.

    """

    def __init__(  # noqa: PLR0913 - the five of the design, and what tests replace
        self,
        scheduler: Scheduler,
        optimizer: Optimizer,
        dispatcher: Dispatcher,
        store: SweepStore,
        config: SweepConfig,
        *,
        repair: Repair | None,
        now: Callable[[], datetime],
        nonce: Callable[[], str],
    ) -> None:
        self.store, self.dispatcher, self.config = store, dispatcher, config
        self._parts = Parts(
            store,
            dispatcher,
            scheduler,
            optimizer,
            config.limits,
            now,
            nonce,
            repair,
            config.janitor.namespace,
        )

    def run_step(self) -> StepReport:
        """One step.

        Raises:
            StoreError: the ledger cannot be read or written.

        """
        return Step(self._parts).run()

    def plan(self) -> StepReport:
        """What a step would decide now. Nothing is created or written."""
        return Step(self._parts).preview()

    def run(self, every: float, observe: Callable[[StepReport], None] | None = None) -> StepReport:
        """Step until the sweep is done, or paused by a brake with no job left.

        Args:
            every: Seconds between two steps; a job that ends begins the next one at once.
            observe: Gets the report of each step.

        """
        while True:
            report = self.run_step()
            if observe is not None:
                observe(report)
            ledger = Ledger.of(self.store.name, self.store.entries())
            handles = [
                self.store.handle(job.launch.run, job.launch.attempt, job.launch.kind)
                for _, job in ledger.open_jobs()
            ]
            if report.state == "done" or (report.state == "braked" and not handles):
                return report
            is_busy = bool(report.facts or report.decisions)
            self.dispatcher.wait(handles, _SETTLE if is_busy else every)
