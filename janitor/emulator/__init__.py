"""A W&B-compatible server on localhost, for demos, tests, and trying a policy without risk.

It accepts what the real SDK sends (``wandb.init``, ``log``, ``finish``, resume, forks, files,
artifacts, sweeps and agents) and answers the queries of ``wandb.Api``, strictly by the schema in
``schema.graphql``.

In a test::

    with Emulator(crash_after=300) as emulator:              # or EmulatorProcess(...)
        emulator.seed([{"project": "acme/rl", "name": "r1", "sweep": "s1", "state": "running",
                        "heartbeat_at": "-2h", "summary": {"protein.state": "running"}}])
        subprocess.run([...], env=emulator.environment(folder))  # a real wandb client
        emulator.run("acme/rl/r1").summary                   # what the server has now
        emulator.change("acme/rl/r1", finish=0)              # what its process does next
        emulator.advance(600)                                # the server's clock, without sleeping
        emulator.counts.upserts["acme/rl/r1"]                # writes sent for the run
        emulator.faults.add(action="status", status=503, match={"field": "upsertBucket"}, times=1)

From a shell: ``janitor emulator serve``, then set WANDB_BASE_URL and any WANDB_API_KEY of 40
letters and digits; each key is a separate user.

See also: ``settings``, ``seeding`` (the seed's format), ``changes`` (changes to a run), ``faults``
(fault injection), ``control`` (the same over HTTP). A running server describes these formats at
``/emulator/formats``.
"""

from __future__ import annotations

from janitor.emulator.clock import Clock
from janitor.emulator.handle import DEFAULT_KEY, Emulator, EmulatorProcess, Handle
from janitor.emulator.server import Options, serve
from janitor.emulator.settings import Settings
from janitor.emulator.traffic import Counts, Request
from janitor.emulator.views import RunView, SweepView

__all__ = [
    "DEFAULT_KEY",
    "Clock",
    "Counts",
    "Emulator",
    "EmulatorProcess",
    "Handle",
    "Options",
    "Request",
    "RunView",
    "Settings",
    "SweepView",
    "serve",
]
