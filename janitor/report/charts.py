"""The charts of a report: SVG for an HTML page, drawn by altair and vl-convert.

Colours are CSS variables of the page, so that one drawing works in light and dark mode. Each chart
is drawn twice, for wide and for narrow screens, because a scaled-down SVG is not readable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from janitor.model.wording import format_age
from janitor.records.report import Report, Thresholds
from janitor.report import chart_data

_WIDE, _NARROW = 540, 320
"""Width in pixels, axes included."""
_MOST_RUNS, _MOST_SWEEPS = 40, 20

_BIN: Final = 10**0.2
"""The factor between the edges of a bar in the histogram of ages."""
ROWS: Final = "rows"
"""The name of a drawing's data. They are added later: altair would check and copy each row."""
_TICKS: Final = (60, 600, 3600, 6 * 3600, 86_400, 7 * 86_400, 30 * 86_400, 365 * 86_400)
_IN_WORDS: Final = (
    "datum.value < 3600 ? datum.value / 60 + ' min' : datum.value < 86400 ?"
    " datum.value / 3600 + ' h' : datum.value / 86400 + ' d'"
)
"""The label of a tick in seconds, as a Vega expression."""
_CONFIG: Final = {
    "aria": False,
    "background": "transparent",
    "padding": {"left": 14, "top": 18, "right": 14, "bottom": 5},
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--soft)",
        "titleColor": "var(--soft)",
        "titleFontWeight": "normal",
        "domainColor": "var(--line)",
        "tickColor": "var(--line)",
        "gridColor": "var(--line)",
        "labelFontSize": 11,
        "titleFontSize": 11,
    },
    "legend": {
        "labelColor": "var(--soft)",
        "labelFontSize": 11,
        "orient": "bottom",
        "title": None,
        "symbolType": "square",
        "columns": 3,
        "columnPadding": 18,
    },
}


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart, ready for a page."""

    title: str
    caption: str
    """What it shows, in a sentence; also the alternative text."""
    wide: str
    """SVG."""
    narrow: str


def charts(report: Report) -> list[Chart]:
    """The charts for which the report has data."""
    drawn = (_states(report), _ages(report), _sweeps(report), _timeline(report))
    return [chart for chart in drawn if chart is not None]


def _states(report: Report) -> Chart | None:
    rows = chart_data.transitions(report)
    if not rows:
        return None
    import altair as alt

    states = chart_data.in_order({row[side] for row in rows for side in ("before", "after")})
    top = alt.Axis(orient="top", labelAngle=-35, labelLimit=80, title=None)
    base = alt.Chart(alt.NamedData(name=ROWS)).encode(
        x=alt.X("after:N", sort=states, axis=top),
        y=alt.Y("before:N", sort=states, title=None, axis=alt.Axis(labelLimit=100)),
    )
    changed, same = alt.value("var(--repaired)"), alt.value("var(--held)")
    cells = base.mark_rect(cornerRadius=3).encode(
        color=alt.condition("datum.changed", changed, same),
        opacity=alt.condition("datum.changed", alt.value(0.85), alt.value(0.22)),
    )
    on_changed, on_same = alt.value("var(--on-fill)"), alt.value("var(--ink)")
    numbers = base.mark_text(fontSize=12).encode(
        text=alt.Text("runs:Q", format=","),
        color=alt.condition("datum.changed", on_changed, on_same),
    )
    after = "after what is planned" if report.dry_run else "after"
    return drawn_chart(
        "States",
        f"Runs by their state before (rows) and {after} (columns); coloured cells changed.",
        cells + numbers,
        rows,
        70 + 30 * len({row["before"] for row in rows}),
    )


def _ages(report: Report) -> Chart | None:
    rows = chart_data.ages(report, _BIN)
    if not rows:
        return None
    import altair as alt

    axis = alt.Axis(values=list(_TICKS), labelExpr=_IN_WORDS, title="silent for", grid=False)
    bars = (
        alt.Chart(alt.NamedData(name=ROWS))
        .mark_bar(orient="vertical", stroke="var(--card)", strokeWidth=1)
        .encode(
            x=alt.X("from:Q", scale=_from_minutes_to_days(rows), axis=axis),
            x2="to:Q",
            y=alt.Y("runs:Q", stack="zero", title="runs", axis=whole_numbers()),
            color=_by_kind(rows),
        )
    )
    lines = [_line(seconds, words) for seconds, words in _limits(report.thresholds)]
    silent = "How long the runs that were changed or held had been silent, on a logarithmic scale"
    limit = "; the dashed line is the time after which a run times out" if lines else ""
    return drawn_chart("Heartbeat ages", f"{silent}{limit}.", alt.layer(bars, *lines), rows, 240)


def _from_minutes_to_days(rows: Sequence[chart_data.Row]) -> Any:
    """A logarithmic scale that contains all ages, and at least the ticks from minutes to days."""
    import altair as alt

    low = min(60.0, *(row["from"] for row in rows))
    high = max(86_400.0, *(row["to"] for row in rows))
    return alt.Scale(type="log", nice=False, domain=[low / _BIN, high * _BIN])


def _line(seconds: float, words: str) -> Any:
    """A threshold: a dashed line across the histogram, with words above it."""
    import altair as alt

    base = alt.Chart(alt.InlineData(values=[{"from": seconds, "words": words}])).encode(
        x=alt.X("from:Q", title="silent for")
    )
    ink = "var(--ink)"
    rule = base.mark_rule(stroke=ink, strokeDash=[5, 3], strokeWidth=1.5)
    label = base.mark_text(baseline="bottom", dy=-4, fill=ink, fontSize=11)
    return rule + label.encode(y=alt.value(0), text="words:N")


def _timeline(report: Report) -> Chart | None:
    shown = chart_data.timeline(report, _MOST_RUNS)
    if not shown.rows:
        return None
    import altair as alt

    order = [row["run"] for row in shown.rows]
    axis = alt.Axis(
        format=_time_format(shown.rows),
        tickCount=5,
        labelSeparation=12,
        labelOverlap="greedy",
        title="UTC",
    )
    colours = alt.Scale(
        domain=["alive", "silent", "repaired"],
        range=["var(--repaired)", "var(--held)", "var(--ink)"],
    )
    base = alt.Chart(alt.NamedData(name=ROWS)).encode(
        y=alt.Y("run:N", sort=order, title=None, axis=alt.Axis(labelLimit=130, domain=False))
    )

    def part(what: str, mark: dict[str, Any], begin: str, end: str | None) -> Any:
        x = alt.X(f"{begin}:T", scale=alt.Scale(type="utc"), axis=axis)
        drawn = base.transform_calculate(what=f"'{what}'").properties(mark=mark)
        drawn = drawn.encode(x=x, color=alt.Color("what:N", scale=colours, title=None))
        return drawn.encode(x2=f"{end}:T") if end else drawn

    diamond = {"type": "point", "shape": "diamond", "filled": True, "size": 45, "opacity": 1}
    drawn = alt.layer(
        part("silent", {"type": "bar", "height": 2}, "alive", "repaired"),
        part("alive", {"type": "bar", "height": 7, "cornerRadius": 2}, "created", "alive"),
        part("repaired", diamond, "repaired", None),
    )
    most = f" These {len(order)} were silent longest; {shown.left_out:,} more are not drawn."
    what = "When each was created, last seen, and repaired."
    caption = what + (most if shown.left_out else "")
    return drawn_chart("Repaired runs", caption, drawn, shown.rows, 70 + 17 * len(order))


def _time_format(rows: Sequence[chart_data.Row]) -> str:
    days = (rows[0]["repaired"] - min(row["created"] for row in rows)) / 86_400_000
    if days > 300:
        return "%b %Y"
    if days > 4:
        return "%b %d"
    return "%a %H:%M" if days > 1 else "%H:%M"


def _sweeps(report: Report) -> Chart | None:
    rows = chart_data.per_sweep(report, _MOST_SWEEPS)
    if not rows:
        return None
    import altair as alt

    ranked = sorted(rows, key=lambda row: int(row["rank"]))
    order = list(dict.fromkeys(row["sweep"] for row in ranked))
    drawn = (
        alt.Chart(alt.NamedData(name=ROWS))
        .mark_bar(height={"band": 0.7})
        .encode(
            x=alt.X("runs:Q", title="runs", axis=whole_numbers()),
            y=alt.Y("sweep:N", sort=order, title=None, axis=alt.Axis(labelLimit=130)),
            color=_by_kind(rows),
        )
    )
    caption = "Runs that were changed or held, by sweep; clean runs are not shown."
    return drawn_chart("Sweeps", caption, drawn, rows, 70 + 24 * len(order))


def _limits(thresholds: Thresholds | None) -> list[tuple[float, str]]:
    """The times after which a run times out, with the label of each line."""
    general = (thresholds or {}).get("heartbeat_timeout_seconds")
    if thresholds is None or general is None:
        return []
    found = [(general, f"timeout after {format_age(timedelta(seconds=general))}")]
    evaluating = thresholds.get("evaluation_timeout_seconds")
    if evaluating is not None and evaluating != general:
        after = format_age(timedelta(seconds=evaluating))
        found.append((evaluating, f"evaluating: {after}"))
    return found


def _by_kind(rows: Sequence[chart_data.Row]) -> Any:
    import altair as alt

    found = {row["kind"] for row in rows}
    kinds = [kind for kind in chart_data.KINDS if kind in found]
    scale = alt.Scale(domain=kinds, range=[f"var(--{kind})" for kind in kinds])
    return alt.Color("kind:N", scale=scale, title=None)


def whole_numbers() -> Any:
    """An axis of counts: only whole numbers have labels."""
    import altair as alt

    return alt.Axis(labelExpr="datum.value % 1 ? '' : format(datum.value, ',d')")


def drawn_chart(
    title: str, caption: str, chart: Any, rows: Sequence[chart_data.Row], height: int
) -> Chart:
    """The chart in both widths. ``height`` is in pixels; ``rows`` are the data."""
    import vl_convert

    fit = {"type": "fit", "contains": "padding"}
    spec = chart.properties(height=height, autosize=fit).configure(**_CONFIG).to_dict()
    spec["datasets"] = {**spec.get("datasets", {}), ROWS: list(rows)}
    wide, narrow = (
        vl_convert.vegalite_to_svg({**spec, "width": width}) for width in (_WIDE, _NARROW)
    )
    return Chart(title, caption, wide, narrow)
