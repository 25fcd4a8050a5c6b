"""The charts of a sweep's jobs: learning curves with milestones, and the timeline."""

from __future__ import annotations

import math
from typing import Final

from janitor.report.charts import ROWS, Chart, drawn_chart
from janitor.sweep.analysis.data import SweepData

_MOST_CURVES: Final = 80
_MOST_JOBS: Final = 400
_COLOURS: Final = {
    "complete": "var(--repaired)",
    "pruned": "var(--superseded)",
    "failed": "var(--failed)",
    "open": "var(--planned)",
}
_ENDINGS: Final = {
    "ok": "var(--repaired)",
    "stopped": "var(--superseded)",
    "failed": "var(--failed)",
    "other": "var(--series-3)",
    "open": "var(--planned)",
}


def learning_curves(data: SweepData) -> Chart | None:
    """The values at the milestones of each trial, coloured by how it ended."""
    mine = [row for row in data.trials if row.rungs and not row.is_hidden]
    if not mine:
        return None
    import altair as alt

    step = max(1, math.ceil(len(mine) / _MOST_CURVES))
    rows = [
        {"run": row.run, "resource": rung, "value": value, "outcome": row.outcome}
        for row in mine[::-1][::step]
        for rung, value in sorted(row.rungs)
        if math.isfinite(value)
    ]
    if not rows:
        return None
    used = [name for name in _COLOURS if any(row["outcome"] == name for row in rows)]
    colours = alt.Scale(domain=used, range=[_COLOURS[name] for name in used])
    milestones = sorted({float(str(row["resource"])) for row in rows})
    base = alt.Chart(alt.NamedData(name=ROWS)).encode(
        x=alt.X("resource:Q", title="resource", axis=alt.Axis(values=milestones)),
        y=alt.Y("value:Q", title=data.metric[:40], scale=alt.Scale(zero=False)),
        color=alt.Color("outcome:N", scale=colours, title=None),
    )
    lines = base.mark_line(opacity=0.5, strokeWidth=1.2).encode(detail="run:N")
    points = base.mark_circle(size=14, opacity=0.7)
    caption = "Values at the milestones; a line that ends early was stopped there or failed."
    return drawn_chart("Learning curves", caption, lines + points, rows, 260)


def timeline(data: SweepData) -> Chart | None:
    """The jobs on as many lines as ran at once, from launch to end."""
    jobs = sorted(data.jobs, key=lambda job: job.started)[-_MOST_JOBS:]
    if not jobs:
        return None
    import altair as alt

    last = max(job.ended or job.started for job in jobs)
    free: list[float] = []
    rows = []
    for job in jobs:
        end = job.ended if job.ended is not None else last
        line = next((n for n, until in enumerate(free) if until <= job.started), len(free))
        free[line : line + 1] = [end]
        ending = job.ending or "open"
        rows.append(
            {
                "line": line,
                "from": job.started * 1000,
                "to": max(end, job.started) * 1000,
                "ending": ending if ending in _ENDINGS else "other",
            }
        )
    used = [name for name in _ENDINGS if any(row["ending"] == name for row in rows)]
    colours = alt.Scale(domain=used, range=[_ENDINGS[name] for name in used])
    scale = alt.Scale(type="utc")
    drawn = (
        alt.Chart(alt.NamedData(name=ROWS))
        .mark_bar(height={"band": 0.75})
        .encode(
            x=alt.X("from:T", scale=scale, title="UTC", axis=alt.Axis(tickCount=5)),
            x2="to:T",
            y=alt.Y("line:O", title=None, axis=None),
            color=alt.Color("ending:N", scale=colours, title=None),
        )
    )
    more = len(data.jobs) - len(jobs)
    note = f" The last {len(jobs)} of {len(data.jobs):,} are drawn." if more else ""
    caption = f"Each bar is a job, from its launch to its end; gaps are idle slots.{note}"
    return drawn_chart("Timeline", caption, drawn, rows, 80 + 12 * min(len(free), 40))
