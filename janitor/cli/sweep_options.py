"""What the sweep commands share: options, and how a sweep is opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from janitor.cli.context import Session
from janitor.cli.errors import printable

if TYPE_CHECKING:
    from janitor.config import Config
    from janitor.model.ledger import Ledger
    from janitor.records.sweep_step import StepItem, StepReport
    from janitor.sweep.controller import SweepController
    from janitor.sweep.ports import SweepCatalog, SweepStore

STORE = "file:DIR|wandb:E/P"

store_option = click.option(
    "--store",
    metavar=STORE,
    help="The store of the sweep.  [default: file:.janitor, or W&B for ENTITY/PROJECT/SWEEP]",
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

    @property
    def reference(self) -> str:
        """How the other commands name the sweep."""
        scheme, _, rest = self.store.location.partition(":")
        return f"{rest}/{self.store.name}" if scheme == "wandb" else self.store.name

    def controller(self, session: Session) -> SweepController:
        """Its controller, with the settings of janitor.yaml for the repair."""
        from janitor.runtime.clock import utc_now
        from janitor.sweep.opening import controller_of

        config: Config = session.load_config({}).config
        return controller_of(self.store, self.ledger, config, utc_now)


def open_catalog(store: str, entity: str | None = None, project: str | None = None) -> SweepCatalog:
    """The sweeps of a store. A connection is closed when the command ends.

    Raises:
        UsageError: it is not a store of sweeps, or cannot be used.

    """
    from janitor.config import Config
    from janitor.runtime.clock import utc_now
    from janitor.sweep.catalogs import WANDB, Place, catalog_of

    place = Place.parse(store, entity, project)
    context = click.get_current_context()
    session = context.find_object(Session) or Session()
    config = session.load_config({}).config if place.scheme == WANDB else Config()
    return catalog_of(place, config, utc_now, context.find_root().call_on_close)


def open_named(store: str | None, name: str) -> OpenSweep:
    """The sweep with this name; ``ENTITY/PROJECT/NAME`` is one on W&B.

    Raises:
        UsageError: it does not exist.

    """
    from janitor.sweep.catalogs import DEFAULT, WANDB
    from janitor.sweep.opening import open_sweep

    entity = project = None
    if name.count("/") == 2 and (store is None or store == WANDB):
        store = WANDB
        entity, project, name = name.split("/")
    opened, ledger = open_sweep(open_catalog(store or DEFAULT, entity, project), name)
    return OpenSweep(opened, ledger)


def open_file(path: str, store: str | None, recipe_file: str | None = None) -> OpenSweep:
    """The sweep of a file, created if needed; notes about the file go to stderr.

    Args:
        path: The sweep file, or a recipe.
        store: The store; None for that of the file.
        recipe_file: The sweep file of a recipe; None for the recipe's own.

    Raises:
        ConfigError: the file cannot be used.
        UsageError: its store was edited after the sweep was started in another one.

    """
    from janitor.errors import UsageError
    from janitor.runtime.clock import utc_now
    from janitor.sweep.catalogs import Place
    from janitor.sweep.config import SweepConfig
    from janitor.sweep.opening import start_sweep
    from janitor.sweep.places import check_place, remember_place
    from janitor.sweep.recipes.loading import config_of_recipe
    from janitor.sweep.recipes.recipe import is_recipe

    if is_recipe(path):
        config = config_of_recipe(path, recipe_file)
    elif recipe_file is not None:
        raise UsageError(f"--config is for a recipe such as package.module:name, not {path!r}")
    else:
        config = SweepConfig.load(path)
    for note in config.notes:
        click.echo(f"janitor: {printable(note)}", err=True)
    own = config.janitor.store
    catalog = open_catalog(store or own, config.entity, config.project)
    if store is None:
        check_place(path, config.name, catalog.location)
    opened, ledger, said = start_sweep(catalog, config, utc_now)
    where = Place.parse(store or own, config.entity, config.project)
    if where == Place.parse(own, config.entity, config.project):
        remember_place(path, config.name, catalog.location)
    if said is not None:
        click.echo(f"janitor: {printable(said)}", err=True)
    return OpenSweep(opened, ledger)


def is_file(text: str) -> bool:
    """Whether a text names a sweep file, not a sweep."""
    is_on_wandb = text.count("/") == 2 and not text.startswith(("/", "."))
    return text.endswith((".yaml", ".yml", ".json")) or ("/" in text and not is_on_wandb)


def act_on(store: str | None, name: str, act: Any) -> Ledger:
    """Record what a person did in a sweep.

    Raises:
        UsageError: it does not exist.

    """
    from janitor.runtime.clock import utc_now
    from janitor.sweep import opening

    return opening.act(open_named(store, name).store, act, utc_now)


def require_run(store: str | None, sweep: str, run: str) -> None:
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
