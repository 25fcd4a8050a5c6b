"""Resolves the targets: asks the store for the sweeps and groups of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from janitor.errors import StoreError
from janitor.model import AnyTarget, LocalTarget, ResolvedTarget, TargetKind
from janitor.model.ports import SweepReader
from janitor.model.shards import Shard
from janitor.pipeline.partitions import STOPPED
from janitor.pipeline.scan import SCANNERS
from janitor.runtime.interrupt import Interrupter
from janitor.runtime.threads import Unfinished, Workers


@dataclass(frozen=True, slots=True)
class Resolution:
    """The sweeps and groups of the targets."""

    sweeps: tuple[ResolvedTarget, ...]
    errors: tuple[tuple[str, StoreError], ...]
    """Targets that could not be resolved, each with its reason."""
    left_to_others: int = 0
    """Sweeps and groups that belong to other shards."""


def resolve(
    store: SweepReader,
    targets: Sequence[AnyTarget],
    shard: Shard | None = None,
    interrupter: Interrupter | None = None,
) -> Resolution:
    """Ask the store for the sweeps and groups of each target; each of them is used once.

    Args:
        store: The store to ask.
        targets: The targets that the user named.
        shard: Keeps only the sweeps of this shard. The store is not asked for targets whose path
            already shows that they belong to another shard.
        interrupter: Ends the wait for answers.

    """
    interrupter = interrupter or Interrupter()
    sweeps: dict[tuple[str, str], ResolvedTarget] = {}
    others: set[tuple[str, str]] = set()
    errors: list[tuple[str, StoreError]] = []
    asked = []
    for target in targets:
        if shard and _names_its_path(target) and not shard.owns(str(target)):
            others.add((target.kind, str(target)))
        else:
            asked.append(target)
    workers = Workers(SCANNERS, interrupter.page_patience)
    answers = workers.run([partial(_metadata, store, target) for target in asked])
    for target, found in zip(asked, answers, strict=True):
        if isinstance(found, StoreError | Unfinished):
            error = StoreError(STOPPED) if isinstance(found, Unfinished) else found
            errors.append((str(target), error))
            continue
        for sweep in found:
            key = sweep.target.kind, sweep.path
            if shard and not shard.owns(sweep.path):
                others.add(key)
            else:
                sweeps.setdefault(key, sweep)
    workers.close()
    return Resolution(tuple(sweeps.values()), tuple(errors), len(others))


def _metadata(store: SweepReader, target: AnyTarget) -> Sequence[ResolvedTarget] | StoreError:
    try:
        return store.fetch_sweep_metadata(target)
    except StoreError as error:
        return error


def _names_its_path(target: AnyTarget) -> bool:
    """Whether the target is one sweep or group whose path is known without a request."""
    if isinstance(target, LocalTarget):
        return target.scheme != "file"  # such a folder may hold several sweeps
    return target.kind is not TargetKind.PROJECT and target.entity is not None
