"""``janitor sweep logs``: the output of a trial."""

from __future__ import annotations

from pathlib import Path

import click

from janitor.cli.command import Command
from janitor.cli.sweep_options import open_named, require_run, store_option, sweep_argument

_LOOK_UP = 0.3


@click.command("logs", cls=Command)
@sweep_argument
@click.argument("run", metavar="RUN")
@store_option
@click.option("--attempt", metavar="N", type=int, help="Which attempt.  [default: the newest]")
@click.option("--eval", "is_eval", is_flag=True, help="Of the evaluation, not the training.")
@click.option("-f", "--follow", is_flag=True, help="Go on until the attempt ends.")
def command(
    *, sweep: str, run: str, store: str | None, attempt: int | None, is_eval: bool, follow: bool
) -> None:
    """Print the output of a trial's attempt."""
    import time

    from janitor.errors import UsageError
    from janitor.model.jobs import JobTypes
    from janitor.sweep.dispatchers import LocalDispatcher

    require_run(store, sweep, run)
    opened = open_named(store, sweep)
    kind = JobTypes.LAUNCH_EVAL if is_eval else JobTypes.LAUNCH_TRAINING
    trial = opened.ledger.trials[run]
    jobs = trial.evaluations if is_eval else trial.trainings
    number = attempt or (jobs[-1].launch.attempt if jobs else 0)
    if number not in {job.launch.attempt for job in jobs}:
        what = "evaluation" if is_eval else "training"
        raise UsageError(f"{run} has no attempt {number} of its {what}")
    handle = opened.store.handle(run, number, kind)
    dispatcher = LocalDispatcher(opened.store.root)
    for path in dispatcher.logs(handle)[:-1]:
        click.echo(path.read_text(encoding="utf-8", errors="replace"), nl=False)
    offset = 0
    while True:
        is_over = (Path(handle.folder) / "exit.json").exists()
        files = dispatcher.logs(handle)
        if files:
            with files[-1].open("rb") as file:
                file.seek(offset)
                chunk = file.read()
            offset += len(chunk)
            click.echo(chunk.decode("utf-8", "replace"), nl=False)
        if not follow or is_over:
            return
        time.sleep(_LOOK_UP)
