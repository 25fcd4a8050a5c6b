"""A real Slurm on loopback: munged, slurmctld and several slurmd, in a folder of its own.

Started by the tests from Debian's packages and always stopped. Every daemon is a child of this
process, so that nothing else on the machine is touched.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

NODES: Final = ("n1", "n2", "n3", "n4")
_PROGRAMS: Final = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel")
_SEARCHED: Final = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
_CONF: Final = """\
ClusterName=janitortest
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort={ctld}
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmdLogFile={folder}/slurmd.%n.log
SlurmdSpoolDir={folder}/spool.%n
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=100000,bf_interval=1
PriorityType=priority/basic
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=5
AccountingStorageType={accounting}
ReturnToService=2
MinJobAge={min_job_age}
KillWait=5
InactiveLimit=0
SlurmctldTimeout=60
SlurmdTimeout={slurmd_timeout}
MessageTimeout=5
JobRequeue=1
MaxArraySize=2001
MaxJobCount=5000
{nodes}
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE DefMemPerCPU=100 State=UP PriorityTier=1
PartitionName=urgent Nodes=ALL MaxTime=INFINITE DefMemPerCPU=100 State=UP PriorityTier=9
"""


def why_not() -> str | None:
    """Why Slurm cannot be started here; None if it can."""
    missing = [name for name in _PROGRAMS if shutil.which(name, path=_SEARCHED) is None]
    if missing:
        return f"{', '.join(missing)} is not installed (.ci/install-test-tools)"
    return None if os.geteuid() == 0 else "starting slurmd needs root"


@dataclass
class SlurmCluster:
    """A cluster of four nodes with 2 CPUs each, all on this machine."""

    folder: Path
    min_job_age: int = 300
    cpus: int = 2
    accounting: str = "accounting_storage/none"
    slurmd_timeout: int = 10
    _earlier: set[str] = field(default_factory=set)
    _daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What Slurm's commands need."""
        return {"SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": _SEARCHED}

    # -- daemons

    def start(self) -> None:
        """Start everything, and wait until the nodes are idle."""
        self.folder.chmod(0o755)
        (self.folder / "state").mkdir(exist_ok=True)
        ports = _free_ports(1 + len(NODES))
        nodes = "\n".join(
            f"NodeName={name} NodeHostname=localhost NodeAddr=127.0.0.1 Port={port}"
            f" CPUs={self.cpus} RealMemory=4000 State=UNKNOWN"
            for name, port in zip(NODES, ports[1:], strict=True)
        )
        (self.folder / "slurm.conf").write_text(
            _CONF.format(
                folder=self.folder,
                ctld=ports[0],
                nodes=nodes,
                min_job_age=self.min_job_age,
                accounting=self.accounting,
                slurmd_timeout=self.slurmd_timeout,
            )
        )
        # A hierarchy of control groups is not needed, and not there in a container.
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n")
        self._start_munge()
        self.start_controller()
        for name in NODES:
            self.start_node(name)
        self.wait_for(lambda: self.node_states().count("idle") == len(NODES), "idle nodes")

    def _start_munge(self) -> None:
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        names = {
            "key-file": key.name,
            "socket": "munge.socket",
            "pid-file": "munged.pid",
            "seed-file": "munged.seed",
            "log-file": "munged.log",
        }
        options = [f"--{option}={self.folder / name}" for option, name in names.items()]
        self._start("munged", ["munged", "--foreground", "--force", *options])
        self.wait_for((self.folder / "munge.socket").exists, "munged")

    def start_controller(self) -> None:
        """Start slurmctld, and wait until it answers."""
        self._start("slurmctld", ["slurmctld", "-D", "-f", str(self.folder / "slurm.conf")])
        self.wait_for(self.answers, "slurmctld")

    def kill_controller(self) -> None:
        """Kill slurmctld as a crash does: what it did not save is lost."""
        self._end("slurmctld", signal.SIGKILL)

    def start_node(self, name: str) -> None:
        """Start a node's slurmd."""
        (self.folder / f"spool.{name}").mkdir(exist_ok=True)
        self._start(name, ["slurmd", "-D", "-N", name, "-f", str(self.folder / "slurm.conf")])

    def kill_node(self, name: str) -> None:
        """Kill a node: its slurmd and all that runs there, as a power failure does."""
        self._end(name, signal.SIGKILL)
        for pid in _running_on(name, self.folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def heal(self, nodes: Sequence[str]) -> None:
        """Bring back what a test has killed or drained, and end the jobs that it left."""
        if "slurmctld" not in self._daemons:
            self.start_controller()
        for name in nodes:
            if name not in self._daemons:
                self.start_node(name)
        self.run("scontrol", "update", f"NodeName={','.join(nodes)}", "State=RESUME", check=False)
        self.run("scancel", "--user=root", check=False)
        self.wait_for(lambda: self.node_states().count("idle") == len(NODES), "idle nodes")

    def stop(self) -> None:
        """Stop everything that was started, and what it left behind."""
        if self.answers():
            self.run("scancel", "--user=root", check=False)
        for name in [*NODES, "slurmctld", "munged"]:
            self._end(name, signal.SIGTERM)
        for name in NODES:
            for pid in _running_on(name, self.folder):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _start(self, name: str, command: Sequence[str]) -> None:
        with (self.folder / f"{name}.out").open("ab") as output:
            self._daemons[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )

    def _end(self, name: str, number: int) -> None:
        daemon = self._daemons.pop(name, None)
        if daemon is None:
            return
        daemon.send_signal(number)
        try:
            daemon.wait(10)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    # -- Slurm's commands

    def run(self, *command: str, check: bool = True) -> str:
        """Run one of Slurm's commands; returns its output."""
        done = subprocess.run(
            command,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if check and done.returncode:
            raise AssertionError(f"{command}: {done.stdout}{done.stderr}")
        return done.stdout

    def answers(self) -> bool:
        """Whether slurmctld answers."""
        return "UP" in self.run("scontrol", "ping", check=False)

    def node_states(self) -> list[str]:
        """The states of the nodes, such as ``idle``."""
        return self.run("sinfo", "-h", "-N", "-p", "main", "-o", "%t", check=False).split()

    def begin(self) -> None:
        """A test begins: jobs of earlier ones are not among its states."""
        self._earlier = set(self._all_states())

    def states(self) -> Mapping[str, str]:
        """The state of each job of this test, by its id."""
        every = self._all_states()
        return {job: state for job, state in every.items() if job not in self._earlier}

    def _all_states(self) -> Mapping[str, str]:
        lines = self.run("squeue", "-h", "-a", "-t", "all", "-r", "-o", "%i %T").splitlines()
        return dict(line.split() for line in lines)

    def wait_for(self, is_so: Callable[[], bool], what: str, seconds: float = 60) -> None:
        """Wait until something is so."""
        until = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < until, f"no {what}: {self._last_words()}"
            time.sleep(0.1)

    def _last_words(self) -> str:
        logs = [*self.folder.glob("*.out"), *self.folder.glob("*.log")]
        return "\n".join(f"{path.name}: {path.read_text()[-1500:]}" for path in logs)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _running_on(node: str, folder: Path) -> list[int]:
    """The processes of jobs of this cluster on a node, after the slurmstepd above them.

    In this order nothing is left that could report their end.
    """
    wanted = f"SLURMD_NODENAME={node}".encode(), f"SLURM_CONF={folder}/slurm.conf".encode()
    jobs: list[int] = []
    above: set[int] = set()
    for place in Path("/proc").iterdir():
        if not place.name.isdecimal():
            continue
        try:
            variables = (place / "environ").read_bytes().split(b"\0")
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            command = Path(f"/proc/{parent}/cmdline").read_bytes()
        except OSError:
            continue
        if all(one in variables for one in wanted):
            jobs.append(int(place.name))
            if b"slurmstepd" in command:
                above.add(parent)
    return [*above, *jobs]
