"""What the sweep commands share: options, and how a sweep is opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from janitor.cli.context import Session
from janitor.cli.errors import printable

if TYPE_CHECKING:
    from janitor.config import Config
    from janitor.model.ledger import Ledger
    from janitor.records.sweep_step import StepItem, StepReport
    from janitor.sweep.controller import SweepController
    from janitor.sweep.ports import SweepStore

DEFAULT_STORE = "file:.janitor"

store_option = click.option(
    "--store",
    metavar="file:DIR",
    default=DEFAULT_STORE,
    show_default=True,
    help="The store of the sweep.",
)
sweep_argument = click.argument("sweep", metavar="SWEEP")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
reason_option = click.option(
    "--reason", metavar="TEXT", required=True, help="Why, for `sweep explain`."
)


@dataclass(frozen=True, slots=True)
class OpenSweep:
    """A sweep that a command works on."""

    store: SweepStore
    ledger: Ledger
    root: Path
    """The folder of the store."""

    def controller(self, session: Session) -> SweepController:
        """Its controller, with the settings of janitor.yaml for the repair."""
        from janitor.runtime.clock import utc_now
        from janitor.sweep.opening import controller_of

        config: Config = session.load_config({}).config
        return controller_of(self.store, self.ledger, self.root, config, utc_now)


def open_named(store: str, name: str) -> OpenSweep:
    """The sweep with this name.

    Raises:
        UsageError: it does not exist.

    """
    from janitor.runtime.clock import utc_now
    from janitor.sweep.opening import catalog_of, open_sweep

    catalog = catalog_of(store, utc_now)
    opened, ledger = open_sweep(catalog, name)
    return OpenSweep(opened, ledger, _folder(store))


def open_file(path: str, store: str | None) -> OpenSweep:
    """The sweep of a file, created if needed; notes about the file go to stderr.

    Raises:
        ConfigError: the file cannot be used.

    """
    from janitor.runtime.clock import utc_now
    from janitor.sweep.config import SweepConfig
    from janitor.sweep.opening import catalog_of, start_sweep

    config = SweepConfig.load(path)
    for note in config.notes:
        click.echo(f"janitor: {printable(note)}", err=True)
    place = store or config.janitor.store
    opened, ledger, said = start_sweep(catalog_of(place, utc_now), config, utc_now)
    if said is not None:
        click.echo(f"janitor: {printable(said)}", err=True)
    return OpenSweep(opened, ledger, _folder(place))


def is_file(text: str) -> bool:
    """Whether a text names a sweep file, not a sweep."""
    return text.endswith((".yaml", ".yml", ".json")) or "/" in text


def act_on(store: str, name: str, act: Any) -> Ledger:
    """Record what a person did in a sweep.

    Raises:
        UsageError: it does not exist.

    """
    from janitor.runtime.clock import utc_now
    from janitor.sweep import opening

    return opening.act(open_named(store, name).store, act, utc_now)


def require_run(store: str, sweep: str, run: str) -> None:
    """Check that a sweep has a run.

    Raises:
        UsageError: it does not.

    """
    from janitor.errors import UsageError
    from janitor.model.wording import did_you_mean, quoted

    trials = open_named(store, sweep).ledger.trials
    if run not in trials:
        raise UsageError(f"{sweep} has no run {quoted(run)}{did_you_mean(run, trials)}")


def show_step(report: StepReport) -> None:
    """Print what a step learned, decided and did."""
    for title, items in (("learned", report.facts), ("decided", report.decisions)):
        for item in items:
            click.echo(f"{title:>8}  {_line(item)}")
    for name in report.dispatched:
        click.echo(f"{'started':>8}  {printable(name)}")
    for sentence in (*report.unknown, *report.errors):
        click.echo(f"{'problem':>8}  {printable(sentence)}", err=True)


def _line(item: StepItem) -> str:
    about = f" {item.run}" if item.run else ""
    attempt = f" attempt {item.values['attempt']}" if "attempt" in item.values else ""
    return printable(f"{item.kind}{about}{attempt}: {item.reason}")


def _folder(store: str) -> Path:
    return Path(store.removeprefix("file:")).absolute()
