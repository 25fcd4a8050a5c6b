"""The charts of a sweep's results, as SVG for a page; see :mod:`janitor.report.charts`.

Large sweeps are thinned: the best trials are always drawn. Needs the extra ``html``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from janitor.report.charts import ROWS, Chart, drawn_chart
from janitor.sweep.analysis.data import SweepData, TrialRow, is_numeric
from janitor.sweep.analysis.effects import binned, label_of
from janitor.sweep.analysis.progress import best_so_far

_MOST_POINTS: Final = 1_000
_MOST_LINES: Final = 120
_MOST_AXES: Final = 8
_BEST: Final = 50
"""So many of the best trials are drawn in any case."""
_BINS: Final = 8
_FINE: Final = 20
"""Cells per side of a contour."""
_NEIGHBOURS: Final = 8
ACCENT, SOFT, INK = "var(--repaired)", "var(--held)", "var(--ink)"


def history(data: SweepData) -> Chart | None:
    """The objective of each complete trial, and the best one so far."""
    path = best_so_far(data)
    if len(path) < 2:
        return None
    import altair as alt

    numbers = _thinned([row for row, _ in path], data)
    rows = [
        {"trial": number, "value": path[number][0].value, "best": path[number][1]}
        for number in numbers
    ]
    base = alt.Chart(alt.NamedData(name=ROWS)).encode(x=alt.X("trial:Q", title="trials ended"))
    points = base.mark_circle(size=14, opacity=0.5, color=SOFT).encode(
        y=alt.Y("value:Q", title=_short(data.metric), scale=_scale(rows, "value"))
    )
    line = base.mark_line(interpolate="step-after", color=ACCENT, strokeWidth=2).encode(y="best:Q")
    caption = (
        f"{data.metric} of each complete trial in the order of their ends, and the best so far"
    )
    return drawn_chart("History", _note(caption, len(path), len(rows)), points + line, rows, 260)


def importance_chart(shares: Mapping[str, float]) -> Chart | None:
    """The importance of each parameter."""
    if not shares:
        return None
    import altair as alt

    rows = [
        {"parameter": _short(name), "share": share} for name, share in list(shares.items())[:20]
    ]
    axis = alt.Axis(format="%", title="share of importance")
    drawn = (
        alt.Chart(alt.NamedData(name=ROWS))
        .mark_bar(color=ACCENT, height={"band": 0.7})
        .encode(
            x=alt.X("share:Q", axis=axis),
            y=alt.Y("parameter:N", sort=None, title=None, axis=alt.Axis(labelLimit=130)),
        )
    )
    caption = "How much each parameter decides whether a trial is among the best tenth (PED-ANOVA)."
    return drawn_chart("Importance", caption, drawn, rows, 60 + 22 * len(rows))


def slice_chart(data: SweepData, parameter: str) -> Chart | None:
    """The objective over one parameter."""
    mine = [row for row in data.complete() if parameter in row.params]
    if len(mine) < 2:
        return None
    import altair as alt

    chosen = [mine[number] for number in _thinned(mine, data)]
    numeric = is_numeric([row.params[parameter] for row in mine])
    rows = [
        {
            "x": row.params[parameter] if numeric else label_of(row.params[parameter]),
            "value": row.value,
            "trial": row.index,
        }
        for row in chosen
    ]
    kind: Any = "log" if numeric and _is_log(data, parameter, mine) else "linear"
    x = (
        alt.X("x:Q", title=_short(parameter), scale=alt.Scale(type=kind, zero=False))
        if numeric
        else alt.X("x:N", title=_short(parameter), axis=alt.Axis(labelLimit=80))
    )
    drawn = (
        alt.Chart(alt.NamedData(name=ROWS))
        .mark_circle(size=18, opacity=0.6)
        .encode(
            x=x,
            y=alt.Y("value:Q", title=_short(data.metric), scale=_scale(rows, "value")),
            color=alt.Color(
                "trial:Q", scale=alt.Scale(range=["var(--held)", "var(--planned)"]), legend=None
            ),
        )
    )
    caption = f"{data.metric} over {parameter}; later trials are coloured"
    title = f"Slice: {_short(parameter)}"
    return drawn_chart(title, _note(caption, len(mine), len(rows)), drawn, rows, 220)


def heatmap(data: SweepData, first: str, second: str) -> Chart | None:
    """The best objective in each cell of two parameters."""
    mine = [row for row in data.complete() if first in row.params and second in row.params]
    if len(mine) < 2:
        return None
    across, names = binned([row.params[first] for row in mine], _BINS)
    up, others = binned([row.params[second] for row in mine], _BINS)
    best: dict[tuple[int, int], tuple[float, int]] = {}
    for x, y, row in zip(across.tolist(), up.tolist(), mine, strict=True):
        value, count = best.get((x, y), (-math.inf, 0))
        best[x, y] = max(value, data.sign * (row.value or 0.0)), count + 1
    rows = [
        {"x": names[x], "y": others[y], "value": data.sign * value, "trials": count}
        for (x, y), (value, count) in best.items()
    ]
    caption = (
        f"The best {data.metric} in each cell of {first} and {second}; dark green is best,"
        " empty cells have no complete trial."
    )
    return _cells("Heatmap", caption, (first, second), (names, others), rows, data.sign)


def contour(data: SweepData, first: str, second: str) -> Chart | None:
    """The objective between the trials: the mean of the nearest ones; for two numbers only."""
    mine = [row for row in data.complete() if first in row.params and second in row.params]
    columns = [[row.params[name] for row in mine] for name in (first, second)]
    if len(mine) < 2 * _NEIGHBOURS or not all(map(is_numeric, columns)):
        return None
    from scipy.spatial import cKDTree

    axes, centres, labels = [], [], []
    for name, column in zip((first, second), columns, strict=True):
        numbers = np.array(column, dtype=float)
        is_log = _is_log(data, name, mine)
        numbers = np.log(numbers) if is_log else numbers
        low, high = float(numbers.min()), float(numbers.max())
        axes.append((numbers - low) / ((high - low) or 1.0))
        places = low + (np.arange(_FINE) + 0.5) / _FINE * (high - low)
        centres.append((places - low) / ((high - low) or 1.0))
        labels.append([f"{value:.3g}" for value in (np.exp(places) if is_log else places)])
    values = np.array([row.value for row in mine], dtype=float)
    grid = np.array([(x, y) for x in centres[0] for y in centres[1]])
    _, near = cKDTree(np.column_stack(axes)).query(grid, k=_NEIGHBOURS)
    means = values[near].mean(axis=1)
    rows = [
        {"x": labels[0][place // _FINE], "y": labels[1][place % _FINE], "value": float(mean)}
        for place, mean in enumerate(means)
    ]
    caption = (
        f"{data.metric} over {first} and {second}: the mean of the {_NEIGHBOURS} nearest trials;"
        " dark green is best."
    )
    return _cells("Contour", caption, (first, second), (labels[0], labels[1]), rows, data.sign)


def _cells(
    title: str,
    caption: str,
    names: tuple[str, str],
    labels: tuple[Sequence[str], Sequence[str]],
    rows: list[dict[str, Any]],
    sign: int,
) -> Chart:
    import altair as alt

    # The worst cells would take all the colours: one step of colour per tenth of the cells.
    order = sorted({row["value"] for row in rows}, key=lambda value: sign * value)
    rank = {value: number / max(1, len(order) - 1) for number, value in enumerate(order)}
    rows = [{**row, "rank": rank[row["value"]]} for row in rows]
    axis = alt.Axis(labelLimit=70, labelOverlap="greedy", grid=False)
    drawn = (
        alt.Chart(alt.NamedData(name=ROWS))
        .mark_rect(color=ACCENT)
        .encode(
            x=alt.X("x:N", sort=list(dict.fromkeys(labels[0])), title=_short(names[0]), axis=axis),
            y=alt.Y(
                "y:N",
                sort=list(dict.fromkeys(labels[1]))[::-1],
                title=_short(names[1]),
                axis=axis,
            ),
            opacity=alt.Opacity(
                "rank:Q", scale=alt.Scale(domain=[0, 1], range=[0.06, 1]), legend=None
            ),
        )
    )
    return drawn_chart(title, caption, drawn, rows, 300)


def parallel(data: SweepData) -> Chart | None:
    """Parallel coordinates: one line per trial, from parameter to parameter."""
    names = data.parameters()[:_MOST_AXES]
    mine = [row for row in data.complete() if all(name in row.params for name in names)]
    if len(mine) < 2 or not names:
        return None
    import altair as alt

    ranked = sorted(mine, key=lambda row: -data.sign * (row.value or 0.0))
    step = max(1, len(ranked) // _MOST_LINES)
    shown = [*ranked[:20], *ranked[20::step]]
    columns = {name: _unit(name, mine, data) for name in names}
    columns[data.metric] = _unit_of([row.value for row in mine], is_log=False)
    place = {row.run: number for number, row in enumerate(mine)}
    rows = [
        {
            "axis": _short(name),
            "at": column[place[row.run]],
            "run": row.run,
            "rank": 1 - number / len(shown),
        }
        for number, row in reversed(list(enumerate(shown)))
        for name, column in columns.items()
    ]
    drawn = (
        alt.Chart(alt.NamedData(name=ROWS))
        .mark_line(strokeWidth=1.3, color=ACCENT)
        .encode(
            x=alt.X(
                "axis:N",
                sort=[_short(name) for name in columns],
                title=None,
                axis=alt.Axis(labelAngle=-25, labelLimit=90, grid=True),
            ),
            y=alt.Y("at:Q", axis=None),
            detail="run:N",
            opacity=alt.Opacity(
                "rank:Q", scale=alt.Scale(type="pow", exponent=3, range=[0.05, 0.9]), legend=None
            ),
        )
    )
    caption = "Each line is a trial; strong lines are the best ones. Each axis runs from its lowest"
    caption = _note(f"{caption} value at the bottom to its highest", len(mine), len(shown))
    return drawn_chart("Parallel coordinates", caption, drawn, rows, 280)


def _unit(name: str, rows: Sequence[TrialRow], data: SweepData) -> list[float]:
    return _unit_of([row.params[name] for row in rows], is_log=_is_log(data, name, rows))


def _unit_of(values: Sequence[Any], *, is_log: bool) -> list[float]:
    if not is_numeric(values):
        words = sorted({label_of(value) for value in values})
        return [words.index(label_of(value)) / max(1, len(words) - 1) for value in values]
    column = np.array(values, dtype=float)
    column = np.log(column) if is_log else column
    return [float(each) for each in (column - column.min()) / (np.ptp(column) or 1.0)]


def _is_log(data: SweepData, name: str, rows: Iterable[TrialRow]) -> bool:
    return name in data.logs and all(row.params[name] > 0 for row in rows)


def _thinned(rows: Sequence[TrialRow], data: SweepData) -> list[int]:
    """The numbers of the rows that are drawn, ascending."""
    if len(rows) <= _MOST_POINTS:
        return list(range(len(rows)))
    ranked = sorted(range(len(rows)), key=lambda n: -data.sign * (rows[n].value or 0.0))
    step = len(rows) / (_MOST_POINTS - _BEST)
    spread = (int(number * step) for number in range(_MOST_POINTS - _BEST))
    return sorted({*ranked[:_BEST], *spread, len(rows) - 1})


def _scale(rows: Sequence[Mapping[str, Any]], name: str) -> Any:
    """A scale that a few extreme values do not flatten."""
    import altair as alt

    values = np.array([row[name] for row in rows], dtype=float)
    low, high = np.quantile(values, [0.02, 0.98])
    slack = (high - low) * 0.5
    domain = [max(values.min(), low - slack), min(values.max(), high + slack)]
    if not domain[0] < domain[1]:
        return alt.Scale(zero=False)
    return alt.Scale(domain=[float(each) for each in domain], clamp=True, zero=False)


def _note(caption: str, count: int, shown: int) -> str:
    return f"{caption}." if shown >= count else f"{caption}; {shown:,} of {count:,} are drawn."


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
