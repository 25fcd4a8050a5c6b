"""The demo's real sweep: two of W&B's own agents, and the training that they run.

The training records its state with the janitor's manager, so it needs no repair, except for the
one run that is killed together with its agent.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any, Final

from janitor.demo.seeds import PROJECT

SWEEP: Final = "tuning"
AGENTS: Final = 2
RATES: Final = tuple(number / 10 for number in range(1, 13))
RAISES: Final = 0.4
FATAL: Final = RATES[-1]
"""The agent that gets this rate is killed."""
_POLL_EVERY: Final = 0.2
"""Seconds between two requests of an agent for work; 5 by default."""


def seed() -> dict[str, Any]:
    """The sweep as the demo's server takes it."""
    parameters = {"lr": {"values": list(RATES)}}
    return {
        "name": SWEEP,
        "config": {
            "method": "grid",
            "metric": {"name": "protein.objective", "goal": "minimize"},
            "parameters": parameters,
        },
    }


def work() -> None:
    """Run an agent: all runs of the sweep that the server assigns to it."""
    import wandb

    from janitor.lifecycle.wandb_internals import set_agent_poll_interval

    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # the demo reads stdout
    set_agent_poll_interval(_POLL_EVERY)
    wandb.agent(f"{PROJECT}/{SWEEP}", function=_train)


def _train() -> None:
    import wandb

    from janitor.lifecycle import RobustSweepStateManager

    run = wandb.init()
    with RobustSweepStateManager(run) as manager:
        rate = run.config["lr"]
        manager.set_state("running", process=os.getpid())
        run.log({"loss": rate})
        if rate == RAISES:
            raise ValueError("the loss is not a number")
        if rate == FATAL:
            threading.Event().wait()
        manager.set_success((rate - 0.7) ** 2, cost=rate)
