"""A training that the agents of a sweep start: its learning rate says how it ends.

It keeps its state with the manager, and tells its own process and its agent's in the summary.
"""

from __future__ import annotations

import os
import sys
import time

RAISES = 0.3
KILLED = 0.5
NODE_LOST = 1.1
"""Killed together with its agent."""
STAYS = 1.2
"""Trains until it is told to end: see ``end_of``."""
RATES = [number / 10 for number in range(1, 13)]
SUCCESSES = [rate for rate in RATES if rate not in (RAISES, KILLED, NODE_LOST, STAYS)]


def objective(rate: float) -> float:
    """What a training with this learning rate reaches."""
    return (rate - 0.7) ** 2


def main() -> None:
    import wandb  # noqa: PLC0415 - the test only imports the names above

    from janitor.lifecycle import RobustSweepStateManager  # noqa: PLC0415 - only the training needs it

    with wandb.init() as run, RobustSweepStateManager(run) as manager:
        rate = run.config["lr"]
        agent = os.getppid()
        manager.set_state("running", process=os.getpid(), agent=agent)
        run.log({"loss": 1.0})
        if rate == RAISES:
            # The best of all, were it true.
            manager.set_state("evaluating", objective=-1.0)
            raise ValueError("the evaluation does not hold")
        while rate in (KILLED, NODE_LOST, STAYS):
            run.log({"loss": 0.5})
            time.sleep(0.2)
            if os.path.exists(sys.argv[1]):  # noqa: PTH110 - as quick as can be
                break
            if os.getppid() != agent:
                os._exit(1)  # the agent is gone, and perhaps the whole test
        manager.set_success(objective(rate), cost=rate)


if __name__ == "__main__":
    main()
