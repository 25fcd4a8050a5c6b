"""Checks that need a server: login, clock, read and write access."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from janitor.doctor.findings import Finding, fail, ok, warn
from janitor.doctor.vocabulary_check import Census
from janitor.errors import (
    CredentialsError,
    NotFoundError,
    PermissionDeniedError,
    StoreError,
    TransientError,
)
from janitor.model import AnyTarget, ResolvedTarget, RunInfo
from janitor.model.wording import counted, format_age
from janitor.stores.wandb import GraphQLApi, WandbStore
from janitor.stores.wandb.probes import fetch_viewer, write_nothing
from janitor.stores.wandb.server_time import ServerTime

MOST_SWEEPS = 20
"""Sweeps of a target of which a page of runs is looked at."""
_AGREE = timedelta(seconds=60)
"""Clocks no further apart than this agree."""


def examine_login(door: GraphQLApi) -> Finding:
    """The user that the server sees."""
    try:
        viewer = fetch_viewer(door)
    except StoreError as error:
        return fail("login", str(error), advice_for(error))
    if viewer.username is None:
        return warn("login", f"{door.address} does not know the login", "check the credentials")
    entity = viewer.entity or "none"
    return ok("login", f"{viewer.username} at {door.address}, default entity: {entity}")


def examine_clock(answer: ServerTime, here: datetime) -> Finding:
    """The difference between the server's clock and this machine's."""
    there = answer.at
    if there is None:
        return warn(
            "clock",
            f"the server {answer.problem}: ages are measured by this machine's clock",
            "synchronize this machine's clock (NTP)",
        )
    apart = abs(there - here)
    if apart <= _AGREE:
        return ok("clock", f"{apart.total_seconds():.0f} s apart from the server's")
    ahead = "ahead of" if there > here else "behind"
    return warn(
        "clock",
        f"the server's is {format_age(apart)} {ahead} this machine's; ages are measured by the"
        " server's",
        "synchronize this machine's clock (NTP); check the training machines too",
    )


def advice_for(error: StoreError) -> str | None:
    """What to do about an error, if it does not say so itself."""
    match error:
        case CredentialsError():
            return None
        case PermissionDeniedError():
            return "ask an admin of the entity for access, or use a key that has it"
        case NotFoundError():
            return "check the path, and that this login has access to it"
        case TransientError():
            return "try again once it answers"
        case _:
            return "if that does not help, run with -vv, and report it to the maintainers"


@dataclass(slots=True)
class Examination:
    """Looks at targets, one after another.

    Args:
        door: The way to the server.
        store: Through which a pass would read.
        asked_page_size: As the settings have it.
        census: Counts what the runs say.
        write_check: Whether to write nothing to a run of each target.

    """

    door: GraphQLApi
    store: WandbStore
    asked_page_size: int
    census: Census
    write_check: bool = False
    _seen: int = field(default=0)

    def targets(self, targets: Sequence[AnyTarget]) -> Iterator[Finding]:
        """May they be read, and (with ``write_check``) written; then what was learnt of all."""
        if not targets:
            yield warn(
                "target",
                "no target is given: no run was checked",
                "name a --sweep, --project or --group, or targets in janitor.yaml",
            )
            return
        for target in targets:
            yield from self._target(target)
        if self._seen:
            yield from self._reading()
            yield from self.census.findings()

    def _target(self, target: AnyTarget) -> Iterator[Finding]:
        name = f"{target.kind} {target}"
        try:
            sweeps = self.store.fetch_sweep_metadata(target)
            runs, total = self._look_at(sweeps[:MOST_SWEEPS])
        except StoreError as error:
            yield fail("read", str(error), advice_for(error), target=name)
            return
        if not sweeps:
            yield warn(
                "read",
                "has no sweep",
                "for runs outside of sweeps, use --include all",
                target=name,
            )
            return
        left = len(sweeps) - MOST_SWEEPS
        more = f" (and {left} more sweeps, not checked)" if left > 0 else ""
        holds = counted(min(len(sweeps), MOST_SWEEPS), "sweep")
        yield ok("read", f"readable: {total:,} runs in {holds}{more}", target=name)
        yield self._write(runs, name)

    def _look_at(self, sweeps: Sequence[ResolvedTarget]) -> tuple[list[RunInfo], int]:
        """The first runs of each sweep, and how many there are in all."""
        samples: list[RunInfo] = []
        total = 0
        for sweep in sweeps:
            page = self.store.fetch_runs(sweep.target)
            total += page.run_count or 0
            self._seen += len(page.runs)
            samples += page.runs[:1]
            for run in page.runs:
                self.census.add(run)
        return samples, total

    def _write(self, samples: Sequence[RunInfo], name: str) -> Finding:
        if not self.write_check:
            return ok("write", "not tested (use --write-check)", target=name)
        try:
            for run in samples:
                if write_nothing(self.door, run.path):
                    said = f"writable: the display name of {run.path} was written again"
                    return ok("write", said, target=name)
        except StoreError as error:
            return fail("write", str(error), advice_for(error), target=name)
        return warn("write", "not tested: the target has no run", "try again later", target=name)

    def _reading(self) -> Iterator[Finding]:
        size = self.store.page_size
        if size < self.asked_page_size:
            yield warn(
                "page size",
                f"{size} runs per page work, {self.asked_page_size} do not",
                f"set page_size: {size}",
            )
        else:
            yield ok("page size", f"up to {size:,} runs per page")
        if self.store.reads_slices:
            yield ok("summary keys", "the server can filter summary keys")
        else:
            yield warn(
                "summary keys",
                "the server does not support summaryMetrics(keys:): complete summaries are read",
                "nothing to do; a pass needs more time and memory",
            )
