"""The guards of a pass: the stand-down, for outages of W&B or the network, and the brake."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from janitor.config.table import BrakeLimits, StandDownLimits
from janitor.model import Change, Hold, RunKind
from janitor.model.wording import format_age
from janitor.records.report import Brake, StandDown
from janitor.rules import RULE_IDS, Judgement, heartbeat_expired, queue_expired, wandb_crashed
from janitor.rules.reading import Reading

_GUESSES = frozenset({heartbeat_expired.ID, wandb_crashed.ID, queue_expired.ID})
"""And every own rule: it is not known what it concludes from."""
_FEWEST_ACTIVE = 20
"""``max_silent_percent`` counts if there are at least this many active runs."""
QUIET = timedelta(minutes=5)
"""A run counts as silent after this time: W&B itself calls it crashed then."""


def stand_down(
    judged: Sequence[Judgement], limits: StandDownLimits, now: datetime
) -> tuple[StandDown, frozenset[str]]:
    """Whether most runs went silent at once, and the paths of those that did.

    Counts the open runs that W&B calls active or crashed.
    """
    population = list(open_readings(judged))
    silent = sorted(
        (reading for reading in population if _fell_silent(reading, limits, now)), key=_last_alive
    )
    together = _fallen_together(
        silent, limits.window, more_than=len(population) * limits.share_percent / 100
    )
    share = len(together) / len(population) if population else 0.0
    found = StandDown(active=False, silent=len(together), open=len(population), share=share)
    if together:
        found = found.model_copy(
            update={
                "window_start": _last_alive(together[0]),
                "window_end": _last_alive(together[-1]),
            }
        )
    if (
        not limits.enabled
        or len(population) < limits.min_runs
        or not together
        or share * 100 <= limits.share_percent
    ):
        return found, frozenset()
    message = (
        f"{len(together)} of {len(population)} open runs went silent within"
        f" {format_age(limits.window)}, about {format_age(now - _last_alive(together[-1]))} ago:"
        " this looks like an outage of W&B or of the network"
    )
    return (
        found.model_copy(update={"active": True, "message": message}),
        frozenset(reading.run.path for reading in together),
    )


def held_by_stand_down(judgement: Judgement, found: StandDown) -> Judgement:
    """The judgement of a run that went silent with the others: a guess at its end is held.

    Guesses are changes that silence is the reason for, and those of own rules.
    """
    verdict = judgement.verdict
    if isinstance(verdict, Change) and (verdict.rule in _GUESSES or verdict.rule not in RULE_IDS):
        held = Hold(verdict.rule, f"stand-down: {found.message}")
        return Judgement(judgement.run, judgement.reading, held)
    return judgement


def brake(judged: Sequence[Judgement], limits: BrakeLimits) -> Brake:
    """Whether the changes are more than a pass may make, and by how much."""
    changes = [one for one in judged if isinstance(one.verdict, Change)]
    if len(changes) > limits.max_changes:
        return Brake.of_changes(len(changes), limits.max_changes)
    active = [one for one in judged if _is_open_and_active(one)]
    silent = [one for one in active if _is_guess(_rule(one))]
    percent = 100 * len(silent) / len(active) if active else 0.0
    counts = len(active) >= _FEWEST_ACTIVE or limits.max_silent_percent == 0
    if counts and not percent <= limits.max_silent_percent:  # NaN is not a permission
        return Brake(
            tripped=True,
            limit="max_silent_percent",
            allowed=limits.max_silent_percent,
            found=percent,
            message=f"{len(silent)} of {len(active)} open runs that W&B calls active would be"
            f" marked as dead for their silence: {percent:.0f} %, and max_silent_percent allows"
            f" {limits.max_silent_percent:g} %",
        )
    return Brake(tripped=False)


def _is_guess(rule: str | None) -> bool:
    """Whether a rule infers the death of active runs; own rules may."""
    return rule == heartbeat_expired.ID or (rule is not None and rule not in RULE_IDS)


def _rule(judgement: Judgement) -> str | None:
    return judgement.verdict.rule if isinstance(judgement.verdict, Change) else None


def _is_open_and_active(judgement: Judgement) -> bool:
    reading, run = judgement.reading, judgement.run
    if reading is None or run.kind is not RunKind.SWEEP_RUN:
        return False
    return reading.state.is_open and not run.wandb_state.has_ended


def open_readings(judged: Iterable[Judgement]) -> Iterator[Reading]:
    """The readings of the open runs that W&B calls active or crashed."""
    for judgement in judged:
        if (reading := _open_reading(judgement)) is not None:
            yield reading


def _open_reading(judgement: Judgement) -> Reading | None:
    """The reading of an open run that W&B calls active or crashed."""
    reading = judgement.reading
    if reading is None or not reading.state.is_open:
        return None
    if judgement.run.kind is not RunKind.SWEEP_RUN:
        return None  # an outage of W&B does not silence local runs
    word = judgement.run.wandb_state
    return reading if word == "crashed" or not word.has_ended else None


def _fell_silent(reading: Reading, limits: StandDownLimits, now: datetime) -> bool:
    last_alive = reading.vitals.last_alive
    if last_alive is None:
        return False
    crashed = reading.run.wandb_state == "crashed"
    return QUIET < now - last_alive < (limits.crashed_within if crashed else limits.within)


def _last_alive(reading: Reading) -> datetime:
    last_alive = reading.vitals.last_alive
    if last_alive is None:
        raise TypeError("a run that was never seen alive did not go silent")
    return last_alive


def _fallen_together(
    silent: Sequence[Reading], window: timedelta, more_than: float
) -> Sequence[Reading]:
    """The readings, sorted by last sign of life, in windows that hold more than so many.

    If no window does, those of the fullest one.
    """
    fullest: Sequence[Reading] = ()
    together: dict[str, Reading] = {}
    start = 0
    for end, reading in enumerate(silent, start=1):
        while _last_alive(reading) - _last_alive(silent[start]) > window:
            start += 1
        if end - start > len(fullest):
            fullest = silent[start:end]
        if end - start > more_than:
            together |= {one.run.path: one for one in silent[start:end]}
    return tuple(together.values()) or fullest
