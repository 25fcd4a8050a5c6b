"""Opens a sweep: its store, the versions of its file, and the controller over both."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Final

from janitor.config import Config, parse_target
from janitor.errors import ConfigError, NotFoundError, StoreError, UsageError
from janitor.model import is_local
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Act, LedgerEntry, SpecAdded
from janitor.model.wording import did_you_mean, quoted
from janitor.records.report import Report
from janitor.session import fix
from janitor.sweep.config import SweepConfig
from janitor.sweep.config.fixed import fixed_changes
from janitor.sweep.controller import SweepController
from janitor.sweep.dispatchers import dispatcher_of
from janitor.sweep.optimizers import optimizer_of
from janitor.sweep.ports import SweepCatalog, SweepStore
from janitor.sweep.schedulers import scheduler_of
from janitor.sweep.warm_start import known_elsewhere

_MOST_TRIES: Final = 50


def open_sweep(catalog: SweepCatalog, name: str) -> tuple[SweepStore, Ledger]:
    """A sweep that exists, and its ledger.

    Raises:
        UsageError: it does not exist.

    """
    try:
        store = catalog.open(name)
        ledger = Ledger.of(name, store.entries())
    except NotFoundError:
        names = catalog.names()
        known = f"; it has {', '.join(names[:10])}" if names else "; it has no sweep"
        hint = did_you_mean(name, names) or known
        raise UsageError(f"there is no sweep {quoted(name)} in {catalog.location}{hint}") from None
    if not ledger.specs:
        raise UsageError(f"the sweep {name} in {catalog.location} was not started yet")
    return store, ledger


def start_sweep(
    catalog: SweepCatalog, config: SweepConfig, now: Callable[[], datetime]
) -> tuple[SweepStore, Ledger, str | None]:
    """The sweep of a file, created if needed, with the file as its newest version.

    Returns the sweep, its ledger, and a sentence if the file is older than the sweep's version.

    Raises:
        ConfigError: the file changes what a sweep keeps for its whole life.

    """
    store = catalog.create(config.name)
    for _ in range(_MOST_TRIES):
        ledger = Ledger.of(store.name, store.entries())
        known = {spec.digest: spec.version for spec in ledger.specs}
        if config.digest in known:
            is_old = known[config.digest] != ledger.spec.version
            note = (
                f"{config.name}: this file is version {known[config.digest]} of the sweep, which is"
                f" at version {ledger.spec.version}; nothing was changed"
            )
            return store, ledger, note if is_old else None
        if ledger.specs:
            check_fixed(config_of(ledger), config)
        spec = SpecAdded(
            len(ledger.specs) + 1,
            config.digest,
            config.document,
            str(config.directory),
            known_elsewhere(catalog, config),
        )
        if append_act(store, ledger, spec, now()):
            return store, ledger, None
    raise StoreError(f"{store.location}: other processes keep writing; try again")


def check_fixed(older: SweepConfig, newer: SweepConfig) -> None:
    """Refuse a file that changes what a sweep keeps for its whole life.

    Raises:
        ConfigError: it does.

    """
    if changed := fixed_changes(older, newer):
        raise ConfigError(
            f"the sweep {older.name} cannot change {', '.join(changed)} any more: start a new sweep"
            " with another name"
        )


def config_of(ledger: Ledger) -> SweepConfig:
    """The sweep file of the ledger's newest version."""
    spec = ledger.spec
    return SweepConfig.from_document(spec.document, spec.directory, ledger.name)


def append_act(store: SweepStore, ledger: Ledger, act: Act, now: datetime) -> bool:
    """Append what a person did, and take it in; False if another process was faster."""
    entry = LedgerEntry(
        ledger.number + 1, secrets.token_hex(8), now.isoformat(), "acts", (act,), {}
    )
    if not store.append(entry):
        return False
    ledger.add(entry)
    return True


def act(store: SweepStore, act: Act, now: Callable[[], datetime]) -> Ledger:
    """Append what a person did, however many others write at the same time.

    Raises:
        StoreError: it cannot be written.

    """
    for _ in range(_MOST_TRIES):
        ledger = Ledger.of(store.name, store.entries())
        if append_act(store, ledger, act, now()):
            return ledger
    raise StoreError(f"{store.location}: other processes keep writing; try again")


def controller_of(
    store: SweepStore, ledger: Ledger, settings: Config, now: Callable[[], datetime]
) -> SweepController:
    """The controller of a sweep, as the newest version of its file wants it.

    Args:
        store: The sweep.
        ledger: Its ledger.
        settings: How the repair judges runs.
        now: The time, aware, UTC.

    """
    config = config_of(ledger)
    policy_settings = settings.model_copy(update={"namespace": config.janitor.namespace})

    def repair() -> Report:
        kind = "store" if is_local(store.target) else "sweep"
        return fix([parse_target(kind, store.target)], policy_settings)

    return SweepController(
        scheduler=scheduler_of(config),
        optimizer=optimizer_of(config),
        dispatcher=dispatcher_of(config, store.root),
        store=store,
        config=config,
        repair=repair,
        now=now,
        nonce=lambda: secrets.token_hex(8),
    )
