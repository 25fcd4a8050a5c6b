"""``janitor init``: write a first janitor.yaml for a project."""

from __future__ import annotations

import shlex
import shutil
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from janitor.cli.command import Command
from janitor.cli.context import Session, pass_session
from janitor.cli.options import target_options
from janitor.errors import StoreError, UsageError

if TYPE_CHECKING:
    from janitor.doctor.survey import Survey


@click.command("init", cls=Command)
@target_options
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("janitor.yaml"),
    help="The file to write.  [default: janitor.yaml]",
)
@click.option("--overwrite", is_flag=True, help="Overwrite an existing file.")
@pass_session
def command(session: Session, /, *, out: Path, overwrite: bool, **flags: Any) -> None:
    """Look at a project and write a janitor.yaml with comments for it.

    Nothing is written to W&B. Prints how to run the janitor from cron and in Kubernetes.

    \b
    Example:
      janitor init --project acme/rl
    """
    from janitor.doctor.config_template import draft
    from janitor.doctor.survey import survey
    from janitor.storage.atomic import check_writable, write_atomically
    from janitor.stores.backends import open_door
    from janitor.stores.wandb import WandbStore

    if out.exists() and not overwrite:
        raise UsageError(f"{out} already exists: name another --out, or use --overwrite")
    check_writable(out)
    config = session.load_config(flags).config
    if not config.targets:
        raise UsageError("nothing to look at: name a --project, a --sweep or a --group")
    door = open_door(config)
    try:
        # adopt: the metric of each sweep is asked for, and may be proposed
        store = WandbStore(door, replace(config.policy, adopt=True), config.page_size)
        seen = survey(door, store, config.policy, config.targets)
    except StoreError as error:
        raise UsageError(str(error)) from error
    finally:
        door.close()
    text = session.redact.in_data(draft(seen, datetime.now(UTC).date()))
    write_atomically(out, text, error=UsageError)
    click.echo("\n".join([*_about_states(seen), *_next_steps(out)]))


def _about_states(seen: Survey) -> list[str]:
    """What to do if no run has a state."""
    from janitor.report.headline import none_tracked

    census, other = seen.census, seen.proposals.namespace
    if not census.runs or census.untracked < census.runs:
        return []
    lines = [f"{none_tracked(census.runs, census.policy.namespace)}."]
    if other is not None:
        return [*lines, f"They keep it as {other}.state: the file says namespace: {other}.", ""]
    return [
        *lines,
        "To judge them by what W&B knows, remove the # before adopt: true in the file.",
        "",
    ]


def _next_steps(out: Path) -> list[str]:
    """What to do with the file, as commands."""
    found = shutil.which("janitor") or str(Path(sys.executable).with_name("janitor"))
    program, file = shlex.quote(found), shlex.quote(str(out.absolute()))
    lock = shlex.quote(str(out.absolute().with_suffix(".lock")))
    cron = f"{program} fix --config {file} --lock {lock} --deadline 10m".replace("%", r"\%")
    return [
        f"wrote {out}",
        "",
        "preview the changes:",
        f"  janitor fix --dry-run --config {file}",
        "every 15 minutes with cron (`crontab -e`):",
        f"  7-59/15 * * * * {cron}",
        "in Kubernetes, first as a dry run (k8s/ in the source has the manifests):",
        f"  cp {file} k8s/base/janitor.yaml && kubectl apply -k k8s/overlays/dry-run",
    ]
