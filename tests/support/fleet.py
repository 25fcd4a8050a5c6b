"""A simulated fleet: training runs, evaluations, real deaths and outages, over many passes.

What is true of each run is known here and nowhere else; the janitor sees what a server would show:
the last heartbeat that came through, W&B's word, and a summary that a live SDK sends again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from janitor.pipeline.history import Past
from janitor.records.journal import journals
from janitor.records.report import Report
from tests.support.passes import Scene
from tests.support.run_samples import HOUR, MINUTE, NOW, SECOND, make_run

EVERY = 15 * MINUTE
CALLED_CRASHED = 5 * MINUTE
"""W&B says crashed after so long without a heartbeat."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which nothing of a run reaches the server."""

    start: datetime
    end: datetime


@dataclass(slots=True)
class Member:
    """One run of the fleet, as it really is."""

    name: str
    start: datetime
    end: datetime
    dies: bool
    """Whether it ends by death, without a word."""
    evaluated: datetime | None
    """When another process records the objective; None if the run does so at its end."""
    gaps: list[Gap] = field(default_factory=list)

    @property
    def path(self) -> str:
        return f"acme/rl/{self.name}"

    def heard(self, now: datetime) -> datetime:
        """The last moment at which the server heard of it; an end in a gap is heard after it."""
        moment = min(now, self.end)
        for gap in sorted(self.gaps, key=lambda each: each.start, reverse=True):
            if gap.start <= moment < gap.end:
                is_over = now >= gap.end and not self.dies
                moment = gap.end if is_over else gap.start
        return max(moment, self.start)

    def ended_for_the_server(self, now: datetime) -> bool:
        return not self.dies and self.heard(now) >= self.end

    def lives(self, now: datetime) -> bool:
        return self.start <= now < self.end

    def away(self, now: datetime) -> timedelta:
        """How long the server has not heard of it."""
        return now - self.heard(now)


@dataclass(slots=True)
class Counts:
    """What the passes of a simulation came to."""

    run_passes: int = 0
    false_deaths: set[str] = field(default_factory=set)
    """Runs that were called dead, not having been away for longer than every threshold."""
    too_long_away: set[str] = field(default_factory=set)
    """Runs that were called dead after such a time, and were not."""
    uncorrected: dict[str, int] = field(default_factory=dict)
    """Runs that were called dead although they were back: in how many passes."""
    missed_deaths: int = 0
    """Runs that died and were open two hours and an outage later."""
    wrong_at_the_end: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Fleet:
    """Runs of one sweep, and passes over them every quarter of an hour."""

    scene: Scene
    members: Sequence[Member]
    outages: Sequence[Gap]
    unreachable: Sequence[Gap] = ()
    """When no pass can read the server either."""
    calls_crashed: bool = True
    counts: Counts = field(default_factory=Counts)
    _known: set[str] = field(default_factory=set)
    _sent: dict[str, datetime] = field(default_factory=dict)
    _evaluated: set[str] = field(default_factory=set)

    def run(self, length: timedelta) -> Counts:
        clock, until = self.scene.clock, NOW + length
        while clock.now() < until:
            clock.move(EVERY)
            now = clock.now()
            self._happen(now)
            if not any(gap.start <= now < gap.end for gap in self.unreachable):
                self._pass(now)
        self._count_the_end(clock.now())
        return self.counts

    def _happen(self, now: datetime) -> None:
        """What the runs' own processes sent since the last pass, and what the server shows."""
        store = self.scene.store
        for member in self.members:
            if now < member.start:
                continue
            heard = member.heard(now)
            if member.name not in self._known:
                self._known.add(member.name)
                created = member.start.isoformat()
                begun = {"protein.state": "running"}
                store.add(make_run(begun, id=member.name, created_at=created))
            if heard > self._sent.get(member.name, member.start - SECOND):
                self._sent[member.name] = heard
                store.change(member.path, self._own_summary(member, heard, now))
            store.change(
                member.path,
                heartbeat_at=heard.isoformat(),
                wandb_state=self._word(member, now),
                history_lines=int((heard - member.start).total_seconds() // 60),
            )
            self._evaluate(member, now)

    def _own_summary(self, member: Member, heard: datetime, now: datetime) -> dict[str, object]:
        summary: dict[str, object] = {
            "protein.state": "running",
            "protein.heartbeat": heard.isoformat(),
            "_timestamp": heard.timestamp(),
            "loss": 0.5,
        }
        if member.ended_for_the_server(now) and member.evaluated is None:
            summary |= {"protein.state": "success", "protein.objective": 0.7}
        elif member.ended_for_the_server(now):
            summary |= {"protein.state": "evaluating"}
        return summary

    def _word(self, member: Member, now: datetime) -> str:
        if member.ended_for_the_server(now):
            return "finished"
        silent = member.away(now) > CALLED_CRASHED
        return "crashed" if silent and self.calls_crashed else "running"

    def _evaluate(self, member: Member, now: datetime) -> None:
        """Another process records the objective, once it can."""
        at = member.evaluated
        if at is None or member.name in self._evaluated or now < at:
            return
        if any(gap.start <= now < gap.end for gap in self.outages):
            return
        if member.ended_for_the_server(now):
            self._evaluated.add(member.name)
            store = self.scene.store
            summary = store.summary(member.path)
            store.change(member.path, {**summary, "protein.objective": 0.9})

    def _pass(self, now: datetime) -> Report:
        past = Past(namespace="protein")
        past.add_journals(journals(self.scene.folder))
        report = self.scene.fix(past=past)
        for member in self.members:
            if member.name in self._known:
                self.counts.run_passes += 1
                self._count(member, now)
        return report

    def _count(self, member: Member, now: datetime) -> None:
        state = self.scene.store.summary(member.path)["protein.state"]
        is_dead = state in {"timeout", "crashed", "failure", "cancelled"}
        waits = member.evaluated is not None and member.name not in self._evaluated
        is_alive = member.lives(now) or (not member.dies and (waits or now < member.end))
        if is_dead and is_alive:
            is_long = self._silence(member, now) > self._threshold(member, now)
            (self.counts.too_long_away if is_long else self.counts.false_deaths).add(member.name)
        is_back = member.lives(now) and member.away(now) <= MINUTE
        if is_dead and (is_back or member.name in self._evaluated):
            wrong = self.counts.uncorrected
            wrong[member.name] = wrong.get(member.name, 0) + 1
        if member.dies and not is_dead and self._silence(member, now) > 2 * HOUR:
            self.counts.missed_deaths += 1

    def _threshold(self, member: Member, now: datetime) -> timedelta:
        return 15 * MINUTE if self._word(member, now) == "crashed" else 30 * MINUTE

    def _silence(self, member: Member, now: datetime) -> timedelta:
        """How long it was away, except for the outages and five minutes after each."""
        since = member.heard(now)
        silence = now - since
        for gap in self.outages:
            start, end = max(gap.start, since), min(gap.end + 5 * MINUTE, now)
            silence -= max(timedelta(0), end - start)
        return silence

    def _count_the_end(self, now: datetime) -> None:
        for member in self.members:
            if now - member.end < 6 * HOUR or member.name not in self._known:
                continue
            state = self.scene.store.summary(member.path)["protein.state"]
            right = {"crashed", "timeout"} if member.dies else {"success"}
            if state not in right:
                self.counts.wrong_at_the_end.append(f"{member.name} {state}")


def make_members(random: Random, count: int, outages: Sequence[Gap]) -> list[Member]:
    """Runs that start within a day, live for hours, and now and then die or are evaluated late."""
    members = []
    for number in range(count):
        start = NOW + random.random() * 20 * HOUR
        end = start + (2 + 6 * random.random()) * HOUR
        dies = random.random() < 0.15
        late = not dies and random.random() < 0.3
        evaluated = end + random.choice([5, 20, 50, 90]) * MINUTE if late else None
        gaps = [_away(random, outage) for outage in outages]
        if random.random() < 0.3:  # a network of its own that is lost for some minutes
            begin = start + random.random() * (end - start)
            gaps.append(Gap(begin, begin + random.choice([8, 12, 14]) * MINUTE))
        members.append(Member(f"r{number}", start, end, dies, evaluated, gaps))
    return members


def _away(random: Random, outage: Gap) -> Gap:
    """An outage as one run feels it: it is back some time after its end."""
    delay = random.choice([10 * SECOND, MINUTE, 3 * MINUTE, 4 * MINUTE, 9 * MINUTE])
    return Gap(outage.start, outage.end + delay)
