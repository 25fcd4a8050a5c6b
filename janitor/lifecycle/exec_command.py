"""``janitor exec``: a command's run is told from outside, for code that nobody wants to touch."""

from __future__ import annotations

import secrets
import signal
import string
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any

from janitor.lifecycle.manager import RobustSweepStateManager
from janitor.lifecycle.states import state_of_returncode
from janitor.model import SweepRunState

RUN_ID = "WANDB_RUN_ID"
FORWARDED = ("SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2")
"""What a scheduler or a person sends the wrapper is meant for the command."""


def with_run_id(environment: Mapping[str, str]) -> dict[str, str]:
    """The command's environment: WANDB_RUN_ID is set where it is missing."""
    letters = string.ascii_lowercase + string.digits
    return {RUN_ID: "".join(secrets.choice(letters) for _ in range(8))} | dict(environment)


def execute(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command, passing signals on to it; its return code, -N for signal N.

    Raises:
        OSError: it cannot be started.

    """
    with (
        subprocess.Popen(command, env=dict(environment)) as child,  # noqa: S603 - it is what we are for
        _forwarding_to(child),
    ):
        return child.wait()


@contextmanager
def _forwarding_to(child: subprocess.Popen[bytes]) -> Iterator[None]:
    # A terminal sends Ctrl-C to the whole group, the command included.
    is_terminal = sys.stdin is not None and sys.stdin.isatty()

    def forward(number: int, _: FrameType | None) -> None:
        if not (is_terminal and number == signal.SIGINT):
            child.send_signal(number)

    numbers = [getattr(signal, name) for name in FORWARDED if hasattr(signal, name)]
    before = {number: signal.signal(number, forward) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(frozen=True, slots=True)
class RunPlace:
    """Where a run is kept."""

    entity: str
    """Empty where wandb's default entity is meant."""
    project: str
    run: str

    def __str__(self) -> str:
        return "/".join(part for part in (self.entity, self.project, self.run) if part)


def find_run(environment: Mapping[str, str], folder: Path) -> RunPlace | None:
    """Where the command's run is kept; None where it left no trace.

    What the run's own record in ``folder``'s wandb folder says counts, then WANDB_ENTITY and
    WANDB_PROJECT. There is no record where the command gave ``wandb.init`` a ``dir``, or was killed
    before wandb wrote it out.
    """
    run, entity = environment[RUN_ID], environment.get("WANDB_ENTITY", "")
    root = folder / environment.get("WANDB_DIR", "")
    records = [
        path for name in ("wandb", ".wandb") for path in root.glob(f"{name}/run-*-{run}/*.wandb")
    ]
    for path in sorted(records, reverse=True):
        place = read_record(path)
        if place is not None:
            return RunPlace(place.entity or entity, place.project, run)
    project = environment.get("WANDB_PROJECT")
    return RunPlace(entity, project, run) if project else None


def read_record(path: Path) -> RunPlace | None:
    """The place that a ``.wandb`` file names; None where it is of a form that we do not know.

    The file is a log in LevelDB's form behind 7 bytes of its own: blocks of 32 kB with records of
    checksum (4 bytes), length (2), kind (1; first of several: 2, next 3, last 4) and content.
    """
    from wandb.proto import wandb_internal_pb2  # noqa: PLC0415 - heavy, needed at the end

    block, header = 32_768, 7
    with path.open("rb") as file:
        data = file.read(64 * block)
    at, content = header, b""
    while at + header < len(data):
        if block - at % block < header:
            at += block - at % block
            continue
        length, kind = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        content += data[at + header : at + header + length]
        at += header + length
        if kind in (1, 4):
            record: Any = wandb_internal_pb2.Record()  # type: ignore[attr-defined] # made at run time
            try:
                record.ParseFromString(content)
            except Exception:  # noqa: BLE001 - protobuf's own error, under a name that moves
                return None
            if record.WhichOneof("record_type") == "run":
                return RunPlace(record.run.entity, record.run.project, record.run.run_id)
            content = b""
    return None


def search_run(api: Any, entity: str, run: str) -> RunPlace | None:
    """Look for the run in the entity's projects on the server, 200 at most; None if it is in none.

    ``api`` is a ``wandb.Api()``.
    """
    for project in islice(api.projects(entity), 200):
        place = RunPlace(entity, project.name, run)
        try:
            api.run(str(place))
        except Exception:  # noqa: BLE001, S112 - wandb has several errors for a run that is not there
            continue
        return place
    return None


def conclude(wandb_run: Any, returncode: int, namespace: str = "protein") -> SweepRunState | None:
    """Write what the command's end means into its run, unless the run has ended by itself.

    Returns the state that the run has then; None where it could not be read.
    """
    manager = RobustSweepStateManager(wandb_run, namespace=namespace, rank=0)
    state = manager.state
    if state is None or state.is_open:
        state = state_of_returncode(returncode)
        success = state is SweepRunState.SUCCESS
        manager.set_state(state, error=None if success else describe(returncode))
    return manager.state


def describe(returncode: int) -> str:
    """A return code as a sentence."""
    if returncode >= 0:
        return f"the command ended with exit code {returncode}"
    try:
        name = signal.Signals(-returncode).name
    except ValueError:
        name = f"signal {-returncode}"
    return f"the command was ended by {name}"


def exit_code(returncode: int) -> int:
    """The exit code that passes a return code on, 128 + N for signal N, as shells do."""
    return 128 - returncode if returncode < 0 else returncode


def is_online(environment: Mapping[str, str]) -> bool:
    """Whether a command with this environment logs to a server."""
    return environment.get("WANDB_MODE", "online") in ("online", "shared", "")
