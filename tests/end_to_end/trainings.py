"""Real training processes: a fork of this one for each name on the command line.

They are runs of ``acme/rl/s1``, named as they end. A line of JSON names the processes; when stdin
ends, so do they all.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time

import wandb


def train(name: str) -> None:
    os.environ |= {
        "WANDB_ENTITY": "acme",
        "WANDB_PROJECT": "rl",
        "WANDB_SWEEP_ID": "s1",
        "WANDB_RUN_ID": name,
        "WANDB__FILE_STREAM_TRANSMIT_INTERVAL": "1",
    }
    run = wandb.init()
    run.summary["protein.state"] = "running"
    run.log({"loss": 1.0, "größe": float("inf")})
    match name:
        case "finishes":
            run.summary["protein.objective"] = 0.5
        case "finishes-nested":
            del run.summary["protein.state"]  # type: ignore[no-untyped-call]  # wandb has no type there
            run.summary["protein"] = {"state": "running", "objective": 0.25}
        case "exits":
            sys.exit(1)
        case "hangs":
            signal.pause()
        case "trains" | "killed":
            while True:
                run.log({"loss": 0.5})
                time.sleep(0.2)


def main() -> None:
    processes = {}
    for name in sys.argv[1:]:
        process = os.fork()
        if process == 0:
            train(name)
            return
        processes[name] = process
    try:
        print(json.dumps(processes), flush=True)  # noqa: T201 - read by the test
        sys.stdin.read()
    finally:
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
