"""Slurm: what squeue and sacct say about jobs.

Words and exit codes: squeue(1), JOB STATE CODES; sacct(1). A job's id is reused when the numbers
run out, and its time of submission changes when it is requeued: a caller has to compare the name.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from janitor.errors import DispatchError
from janitor.model.cluster import ClusterJob, ClusterPhase
from janitor.model.jobs import Ending

SYSTEM: Final = "slurm"
_FIELDS: Final = (
    "JobArrayID", "ArrayJobID", "ArrayTaskID", "Name", "UserName", "State", "Reason", "exit_code",
    "RestartCnt", "SubmitTime", "StartTime", "EndTime", "NodeList",
)  # fmt: skip
_SACCT_FIELDS: Final = (
    "JobID", "JobName", "User", "State", "ExitCode", "Submit", "Start", "End", "NodeList",
)  # fmt: skip
_MARK: Final = "\x1f"
"""Between two fields: users' names of jobs hold everything else."""
_TIMEOUT: Final = 30.0
_IDS_AT_ONCE: Final = 1000
_NO_ACCOUNTING: Final = "accounting storage is disabled"

_WAITING: Final = frozenset(
    {
        "PENDING",
        "CONFIGURING",
        "REQUEUED",
        "REQUEUE_FED",
        "REQUEUE_HOLD",
        "RESV_DEL_HOLD",
        "SPECIAL_EXIT",
    }
)
_ALIVE: Final = frozenset(
    ["RUNNING", "COMPLETING", "SIGNALING", "STAGE_OUT", "STOPPED", "SUSPENDED", "RESIZING"]
)
_ENDINGS: Final[Mapping[str, Ending]] = {
    "COMPLETED": Ending.OK,
    "FAILED": Ending.FAILED,
    "OUT_OF_MEMORY": Ending.FAILED,
    "TIMEOUT": Ending.TIMEOUT,
    "DEADLINE": Ending.TIMEOUT,
    "PREEMPTED": Ending.PREEMPTED,
    "NODE_FAIL": Ending.PREEMPTED,
    "BOOT_FAIL": Ending.PREEMPTED,
    "CANCELLED": Ending.LOST,
    "REVOKED": Ending.LOST,
}
_SIGNALLED: Final = re.compile(r"(\d+):(\d+)$")


class Slurm:
    """The commands of Slurm on this machine.

    Args:
        environment: The environment of the commands; ``SLURM_CONF`` in it names another cluster's
            configuration.

    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = command_environment(os.environ if environment is None else environment)

    def run(self, command: Sequence[str], given: str | None = None) -> str:
        """Run a command; returns what it printed.

        Raises:
            SlurmError: it says that it failed.
            DispatchError: it is not there, or does not answer in time.

        """
        try:
            done = subprocess.run(  # noqa: S603 - Slurm's own commands, without a shell
                command,
                env=self._environment,
                input=given,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_TIMEOUT,
                check=False,
            )
        except FileNotFoundError:
            raise DispatchError(
                f"{command[0]} is not on this machine: run janitor where Slurm's commands are"
            ) from None
        except subprocess.TimeoutExpired:
            raise DispatchError(f"{command[0]} did not answer within {_TIMEOUT:g} s") from None
        except OSError as error:
            raise DispatchError(f"{command[0]} cannot be run: {error.strerror or error}") from error
        if done.returncode:
            raise SlurmError(command[0], done.stderr.strip() or done.stdout.strip())
        return done.stdout

    def queue(
        self, ids: Collection[str] | None = None, *, user: str | None = None
    ) -> list[ClusterJob]:
        """The jobs that slurmctld knows, also those that ended within its MinJobAge.

        Args:
            ids: Only these jobs. Ids that slurmctld does not know are left out.
            user: Only jobs of this user.

        Raises:
            DispatchError: slurmctld does not answer.

        """
        command = ["squeue", "--noheader", "--all", "--array", "--states=all"]
        command.append(f"--Format={','.join(f'{name}:{_MARK}' for name in _FIELDS)}")
        if user is not None:
            command.append(f"--user={user}")
        if ids is None:
            return list(_queued(self.run(command)))
        found: list[ClusterJob] = []
        wanted = sorted(ids)
        for at in range(0, len(wanted), _IDS_AT_ONCE):
            chosen = ",".join(wanted[at : at + _IDS_AT_ONCE])
            try:
                found += _queued(self.run([*command, f"--jobs={chosen}"]))
            except SlurmError as error:
                # squeue(1) says so about a single id that is not known; of several it leaves it out
                if "Invalid job id" not in str(error):
                    raise
        return found

    def accounted(
        self, *, ids: Collection[str] = (), names: Collection[str] = (), since: str = "now-30days"
    ) -> list[ClusterJob] | None:
        """The jobs in Slurm's accounting; None if the cluster has none.

        Of a job that was requeued only the newest start is returned.

        Args:
            ids: The jobs with these ids.
            names: The jobs with these names.
            since: Only jobs since then, in a form that sacct(1) reads.

        Raises:
            DispatchError: slurmdbd does not answer.

        """
        command = ["sacct", "--allocations", "--parsable2", "--noheader", "--array"]
        command += [f"--delimiter={_MARK}", f"--format={','.join(_SACCT_FIELDS)}"]
        command += [f"--starttime={since}"]
        if ids:
            command.append(f"--jobs={','.join(sorted(ids))}")
        if names:
            command.append(f"--name={','.join(sorted(names))}")
        try:
            return list(_recorded(self.run(command)))
        except SlurmError as error:
            if _NO_ACCOUNTING in str(error).lower():
                return None
            raise


class SlurmError(DispatchError):
    """One of Slurm's commands said that it failed."""

    def __init__(self, command: str, said: str) -> None:
        last = said.splitlines()[-1] if said else "it failed without a word"
        super().__init__(f"{command}: {last.removeprefix(f'{command}: error: ')}")
        self.said = said


def command_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for Slurm's commands.

    What a surrounding job has set is left out: it would become an option of the new one.
    """
    kept = {"SLURM_CONF", "SLURM_CLUSTERS", "SLURM_JWT"}
    found = {
        name: value
        for name, value in environment.items()
        if name in kept or not name.startswith(("SLURM_", "SLURMD_", "SQUEUE_", "SACCT_"))
    }
    return found | {"SLURM_TIME_FORMAT": "%s"}


def phase_of(word: str) -> tuple[ClusterPhase, Ending | None]:
    """The meaning of one of Slurm's words for a state, such as ``CANCELLED by 1000``."""
    first = word.split(maxsplit=1)[0].rstrip("+") if word.split() else ""
    if first in _WAITING:
        return ClusterPhase.PENDING, None
    if first in _ALIVE:
        return ClusterPhase.RUNNING, None
    ending = _ENDINGS.get(first)
    return (ClusterPhase.UNKNOWN, None) if ending is None else (ClusterPhase.ENDED, ending)


def _queued(text: str) -> Iterator[ClusterJob]:
    for line in text.split("\n"):
        fields = line.split(_MARK)
        if len(fields) <= len(_FIELDS):
            continue  # a name with a line feed in it
        number, array, task, name, user, word, reason, code = fields[:8]
        restarts, submitted, started, ended, nodes = fields[8 : len(_FIELDS)]
        phase, ending = phase_of(word)
        status = int(code) if code.isdecimal() else 0
        is_over = phase is ClusterPhase.ENDED
        detail = _end_of(status >> 8, status & 127) if is_over else _reason(reason)
        yield ClusterJob(
            SYSTEM,
            number,
            name,
            user,
            word,
            phase,
            _ending_of(ending, status & 127),
            detail,
            "" if nodes in {"", "(null)"} else nodes,
            _time(submitted),
            _time(started) if phase is not ClusterPhase.PENDING else None,
            _time(ended) if is_over else None,
            int(restarts) if restarts.isdecimal() else 0,
            (array, int(task)) if task.isdecimal() else None,
        )


def _recorded(text: str) -> Iterator[ClusterJob]:
    for line in text.split("\n"):
        fields = line.split(_MARK)
        if len(fields) != len(_SACCT_FIELDS):
            continue
        number, name, user, word, code, submitted, started, ended, nodes = fields
        phase, ending = phase_of(word)
        found = _SIGNALLED.fullmatch(code)
        status, by_signal = (int(found[1]), int(found[2])) if found else (0, 0)
        array, _, task = number.partition("_")
        yield ClusterJob(
            SYSTEM,
            number,
            name,
            user,
            word,
            phase,
            _ending_of(ending, by_signal),
            _end_of(status, by_signal) if phase is ClusterPhase.ENDED else "",
            "" if nodes == "None assigned" else nodes,
            _time(submitted),
            _time(started) if phase is not ClusterPhase.PENDING else None,
            _time(ended) if phase is ClusterPhase.ENDED else None,
            0,
            (array, int(task)) if task.isdecimal() else None,
        )


def _ending_of(ending: Ending | None, by_signal: int) -> Ending | None:
    """The ending, more exactly where the exit code tells more."""
    is_killed = ending is Ending.FAILED and by_signal
    return Ending.LOST if is_killed else ending  # nobody knows who sent it


def _end_of(code: int, by_signal: int) -> str:
    if by_signal:
        try:
            return f"ended by {signal.Signals(by_signal).name}"
        except ValueError:
            return f"ended by signal {by_signal}"
    return f"exit code {code}" if code else ""


def _reason(reason: str) -> str:
    return "" if reason in {"None", ""} else reason


def _time(text: str) -> float | None:
    return float(text) if text.isdecimal() and text != "0" else None
