"""The processes of a run, in memory: they log, end, are killed and are resumed while a pass works.

What they send is remembered, so that a test can tell what got lost at the server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from janitor.errors import TransientError
from janitor.model import RunInfo
from janitor.model import summary as summaries
from janitor.model.summary import ABSENT
from tests.support.memory_store import MemoryStore
from tests.support.passes import PATH
from tests.support.run_samples import StillClock, ago, flat, make_run

Write = tuple[RunInfo, Mapping[str, Any]]


@dataclass(slots=True)
class Lives(MemoryStore):
    """A store with one run, whose processes act whenever the store is asked for something.

    Args:
        random: Decides what happens.
        clock: The time at the server; it goes on a little with each request.

    """

    random: Random = field(default_factory=Random)
    clock: StillClock = field(default_factory=StillClock)
    sent: dict[str, Any] = field(default_factory=dict)
    """What the run's processes last sent, key by key, since the pass began."""
    memory: dict[str, Any] | None = None
    """What the process that lives holds; None where none lives."""
    pending: list[Write] = field(default_factory=list)
    """Writes whose answer was lost, or that a gateway repeats, and that land later."""
    resumed_at: datetime | None = None
    """When the process that lives resumed the run; None for one that is older than the pass."""
    _file: tuple[dict[str, Any], Any] | None = None
    """An upload that is on its way."""
    story: list[str] = field(default_factory=list)

    def begin(self) -> None:
        """A run that looks dead, as the scan sees it; maybe with the file of an earlier life."""
        random, now = self.random, self.clock.now()
        state = random.choice(["running", "running", "failed", "crashed", "killed", "finished"])
        silent = timedelta(seconds=random.choice([7200, 5400]))
        last = (now - silent).timestamp()
        own = flat() | {"loss": 0.5, "_step": 9, "_timestamp": last, "_runtime": 60}
        if state == "finished" or random.random() < 0.3:
            own["protein.objective"] = 0.5
        self.add(make_run(own, state, silent))
        self.last_rows[PATH] = {"loss": 0.5, "_step": 9, "_timestamp": last}
        if random.random() < 0.5:
            self.uploads[PATH] = (dict(own), self._moment(-random.choice([0, 1, 10, 50, 7200])))
        if state == "running":
            self.memory = dict(own)

    # -- what the processes do

    def act(self, most: int = 3) -> None:
        """A few things happen, one after the other."""
        for _ in range(self.random.randint(0, most)):
            self.clock.move(timedelta(seconds=self.random.choice([0, 0.01, 0.4, 1.1])))
            if self._file is not None and self.random.random() < 0.3:
                self._upload()
            elif self.memory is None:
                self._resume()
            else:
                self.random.choice(
                    [self._log, self._log, self._beat, self._set, self._finish, self._kill]
                )()

    def _resume(self) -> None:
        self.story.append("resume")
        self.resumed_at = self.clock.now()
        self.memory = dict(self.summary(PATH))
        if self.random.random() < 0.5:
            self.memory["protein.state"] = "running"
        self.change(PATH, wandb_state="running", heartbeat_at=self._moment())

    def _log(self) -> None:
        row = {
            "loss": self.random.random(),
            self.random.choice(["acc", "best"]): self.random.random(),
            "_step": self._memory["_step"] + self.random.choice([1, 1, 100]),
            "_timestamp": self.clock.now().timestamp(),
        }
        self._memory.update(row)
        self.story.append(f"log {row}")
        lines = self.run(PATH).history_lines or 0
        self.last_rows[PATH] = row
        self.change(PATH, history_lines=lines + 1)
        self._send(row)

    def _set(self) -> None:
        keys = {"note": self.random.random()}
        self.story.append(f"set {keys}")
        self._memory.update(keys)
        self._send(keys)

    def _beat(self) -> None:
        self.story.append("beat")
        self.change(PATH, wandb_state="running", heartbeat_at=self._moment())

    def _live(self) -> None:
        """No process starts, resumes a run and ends within three seconds."""
        if self.resumed_at is not None:
            self.clock.move(timedelta(seconds=4))
            self.resumed_at = None

    def _finish(self) -> None:
        self._live()
        last = {"final": self.random.random()}
        if self.random.random() < 0.5:
            last |= {"protein.objective": self.random.random()}
        self._memory.update(last)
        self.story.append(f"finish {last}")
        self._send(last)
        self._file = dict(self._memory), None
        if self.random.random() < 0.7:
            self._upload()
        self.change(PATH, wandb_state=self.random.choice(["finished", "failed"]))
        self.memory = None

    def _kill(self) -> None:
        self._live()
        self.story.append("kill")
        self.change(PATH, wandb_state=self.random.choice(["killed", "crashed"]))
        self.memory = None

    def _upload(self) -> None:
        assert self._file is not None
        self.story.append("upload")
        self.uploads[PATH] = (self._file[0], self._moment())
        self._file = None

    def _send(self, keys: Mapping[str, Any]) -> None:
        self.sent |= keys
        self.change(PATH, self._memory, wandb_state="running", heartbeat_at=self._moment())

    @property
    def _memory(self) -> dict[str, Any]:
        assert self.memory is not None
        return self.memory

    def _moment(self, seconds: float = 0) -> str:
        """As W&B writes it: whole seconds."""
        moment = self.clock.now().replace(microsecond=0) + timedelta(seconds=seconds)
        return ago(timedelta(0), moment)

    # -- what the server does

    def fetch_summaries(self, paths: Any) -> Any:
        if self.random.random() < 0.2:
            self.act(2)
        self.land(0.3)
        self.story.append(f"read {self.run(PATH).wandb_state}")
        return super(Lives, self).fetch_summaries(paths)

    def fetch_uploaded_summary(self, path: str) -> Any:
        if self.random.random() < 0.2:
            self.act(2)
        self.story.append("read the file")
        return super(Lives, self).fetch_uploaded_summary(path)

    def update_run_summary(self, run: RunInfo, summary: Mapping[str, Any]) -> None:
        self.act()
        fate = self.random.random()
        if fate < 0.6:
            self._apply(run, summary)
            if fate < 0.08:
                self.pending.append((run, dict(summary)))  # and once more, later
        elif fate < 0.75:
            self._apply(run, summary)
            raise TransientError("the answer was lost")
        else:
            if fate < 0.92:
                self.pending.append((run, dict(summary)))
            self.story.append("the write is lost")
            raise TransientError("no answer in time")

    def land(self, chance: float = 1.0) -> None:
        """Writes that were on their way arrive."""
        for write in list(self.pending):
            if self.random.random() < chance:
                self.pending.remove(write)
                self.story.append("late:")
                self._apply(*write)

    def _apply(self, run: RunInfo, summary: Mapping[str, Any]) -> None:
        self.story.append(f"write {summary.get('protein.state')} loss {summary.get('loss')}")
        super(Lives, self).update_run_summary(run, summary)

    # -- what got lost

    def lost(self) -> list[str]:
        """The keys that the processes sent and that the server does not hold as they were sent."""
        now = self.summary(PATH)
        return [
            key
            for key, value in self.sent.items()
            if not summaries.same_or_absent(now.get(key, ABSENT), value)
        ]
