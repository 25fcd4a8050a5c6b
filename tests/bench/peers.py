"""The two scripts that people write in place of a janitor, as honest as we can make them.

``python tests/bench/peers.py loop|tuned ENTITY/PROJECT SWEEP [LIMIT]`` repairs the runs of a sweep;
credentials and server come from wandb's own settings. They judge as simply as such scripts do:
an objective is a success, thirty minutes of silence a timeout. No fresh read, no read-back.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import wandb


def verdict(run: Any) -> str | None:
    """What a script of ten lines makes of a run."""
    summary = run.summary
    if summary.get("protein.state") != "running":
        return None
    if summary.get("protein.objective") is not None:
        return "success"
    heartbeat = datetime.fromisoformat(run.heartbeatAt).replace(tzinfo=UTC)
    return "timeout" if datetime.now(UTC) - heartbeat > timedelta(minutes=30) else None


def repair(run: Any, state: str) -> None:
    """Write the state, with the merge of wandb's own public object."""
    run.summary.update({"protein.state": state})


def loop(runs: Iterable[Any]) -> int:
    """One run after the other, with wandb's defaults: a request a run for its summary."""
    repaired = 0
    for run in runs:
        state = verdict(run)
        if state is not None:
            repair(run, state)
            repaired += 1
    return repaired


def tuned(runs: Iterable[Any]) -> int:
    """Whole runs a thousand a page, and writes from eight threads."""
    due = [(run, state) for run in runs if (state := verdict(run)) is not None]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda pair: repair(*pair), due))
    return len(due)


def main() -> None:
    """Run one of the two."""
    kind, project, sweep, *rest = sys.argv[1:]
    api = wandb.Api(timeout=60)
    options: dict[str, Any] = {"lazy": False, "per_page": 1000} if kind == "tuned" else {}
    runs: Iterable[Any] = api.runs(project, filters={"sweep": sweep}, **options)
    if rest:
        runs = islice(runs, int(rest[0]))
    sys.stdout.write(f"{(tuned if kind == 'tuned' else loop)(runs)}\n")


if __name__ == "__main__":
    main()
