"""What the dashboard shows of a sweep, as data for its templates."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from janitor.model.ledger import Ledger
from janitor.model.ledger_items import LedgerEntry
from janitor.model.wording import format_duration
from janitor.report.charts import Chart
from janitor.runtime.extras import is_installed
from janitor.sweep.analysis import plots
from janitor.sweep.analysis.data import SweepData, TrialRow, read
from janitor.sweep.analysis.effects import label_of
from janitor.sweep.analysis.eta import Eta, eta
from janitor.sweep.analysis.importance import importance_of
from janitor.sweep.analysis.plots_jobs import learning_curves, timeline
from janitor.sweep.analysis.rungs import lineage, rung_table
from janitor.sweep.opening import config_of
from janitor.sweep.ports import SweepStore
from janitor.sweep.status import expected_trials, is_done
from janitor.sweep.step_report import as_item, state_of

PAGE: Final = 100
"""Trials per page of the table."""
_FEED: Final = 60
_SORTS: Final[dict[str, Callable[[TrialRow], Any]]] = {
    "index": lambda row: row.index,
    "status": lambda row: row.status,
    "seconds": lambda row: row.seconds,
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A sweep at one number of its ledger."""

    store: SweepStore
    ledger: Ledger
    entries: list[LedgerEntry]
    data: SweepData
    state: str
    eta: Eta
    reference: str
    """How commands name it."""

    @property
    def best(self) -> TrialRow | None:
        """The best trial."""
        return self.data.best()


def snapshot(store: SweepStore, now: datetime, known: Snapshot | None = None) -> Snapshot:
    """Read a sweep; with ``known`` only what was appended since, which ``known`` gets too.

    Raises:
        StoreError: it cannot be read.

    """
    if known is None:
        entries = list(store.entries())
        ledger = Ledger.of(store.name, entries)
    else:
        entries, ledger = known.entries, known.ledger
        for entry in store.entries(ledger.number):
            ledger.add(entry)
            entries.append(entry)
    config = config_of(ledger)
    data = read(ledger, entries, config)
    done = is_done(ledger, config, now)
    expected = expected_trials(config)
    over = sum(row.ended is not None for row in data.trials)
    left = 0 if done else None if expected is None else max(0, expected - over)
    scheme, _, rest = store.location.partition(":")
    reference = f"{rest}/{store.name}" if scheme == "wandb" else store.name
    state = state_of(ledger, is_done=done)
    return Snapshot(store, ledger, entries, data, state, eta(data, left), reference)


def counts(data: SweepData) -> list[tuple[str, int]]:
    """Status → trials, the most frequent first."""
    return Counter(row.status for row in data.trials).most_common()


def chosen(data: SweepData, words: str, sort: str, *, down: bool) -> list[TrialRow]:
    """The trials that contain all words, sorted."""
    wanted = words.lower().split()
    rows = [
        row for row in data.trials if not wanted or all(word in searched(row) for word in wanted)
    ]
    if sort == "value":
        known = [row for row in rows if row.value is not None]
        known.sort(key=lambda row: row.value or 0.0, reverse=down)
        return [*known, *(row for row in rows if row.value is None)]
    return sorted(rows, key=_SORTS.get(sort, _SORTS["index"]), reverse=down)


def searched(row: TrialRow) -> str:
    """The text in which words are looked for."""
    return f"{row.run} {row.status} {params_of(row)} {row.reason}".lower()


def params_of(row: TrialRow) -> str:
    """The params in a line."""
    return ", ".join(f"{name}={label_of(value)}" for name, value in row.params.items())


def eta_words(found: Eta) -> str:
    """The prediction in words, with how good earlier ones were."""
    if found.seconds is None:
        return "The end cannot be predicted: the number of trials is not known, or none has ended."
    words = "Nothing is left to do."
    if found.seconds > 0:
        words = f"Done in about {duration(found.seconds)} (± {duration(found.spread or 0)})."
    if found.typical_error is not None:
        words += (
            f" Earlier predictions were wrong by {100 * found.typical_error:.0f} % (median), and"
            f" {100 * (found.within or 0):.0f} % were right within two spreads."
        )
    return words


def duration(seconds: float) -> str:
    """A duration in words."""
    return format_duration(timedelta(seconds=round(seconds)))


def moment(seconds: float | None) -> str:
    """A time, in UTC."""
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def feed(entries: Sequence[LedgerEntry], run: str | None = None) -> list[dict[str, Any]]:
    """What was learned, decided and done, the latest first."""
    found: list[dict[str, Any]] = []
    for entry in reversed(entries):
        for item in reversed(entry.items):
            if run is not None and getattr(item, "run", None) != run:
                continue
            said = as_item(item)
            found.append({"at": entry.at[:19], "number": entry.number, "item": said})
            if len(found) >= _FEED:
                return found
    return found


def commands(shot: Snapshot, run: str | None = None) -> list[tuple[str, str]]:
    """(what it does, the command): the page itself changes nothing."""
    name, store = shlex.quote(shot.reference), ""
    if shot.store.location.startswith("file:"):
        store = f" --store {shlex.quote(shot.store.location)}"
    begin = f"janitor sweep {{}} {name}"
    if run is not None:
        which = f"{begin} {shlex.quote(run)}{store}"
        return [
            ("Hide it from the optimizer", f"{which.format('exclude')} --reason 'why'"),
            ("Show its decisions", which.format("explain")),
            ("Show its output", which.format("logs")),
        ]
    pause = "resume" if shot.ledger.paused is not None else "pause"
    return [
        (f"{pause.capitalize()} it", f"{begin.format(pause)}{store} --reason 'why'"),
        ("Stop it", f"{begin.format('stop')}{store} --reason 'why'"),
        ("Analyze it", f"{begin.format('analyze')}{store}"),
        ("Compute its decisions again", f"{begin.format('verify')}{store}"),
    ]


def charts(data: SweepData, pair: Sequence[str] = ()) -> list[Chart]:
    """The charts of a sweep; ``pair`` names the parameters of heatmap and contour."""
    shares = importance_of(data) if is_installed("sweep") else {}
    names = list(shares) or data.parameters()
    two = [name for name in pair if name in data.parameters()]
    two = two if len(set(two)) == 2 else names[:2]
    drawn = [plots.history(data), plots.importance_chart(shares), learning_curves(data)]
    drawn += [timeline(data), plots.parallel(data)]
    if len(two) == 2:
        drawn.append(plots.heatmap(data, *two))
        drawn.append(plots.contour(data, *two) if is_installed("sweep") else None)
    drawn += [plots.slice_chart(data, name) for name in names[:4]]
    return [chart for chart in drawn if chart is not None]


def tables(data: SweepData) -> dict[str, Any]:
    """The rung table and the lineage."""
    return {"rungs": rung_table(data), "lineage": lineage(data)[-500:]}
