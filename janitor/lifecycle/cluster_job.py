"""Which job of a cluster this process belongs to, by the environment that its scheduler set.

Sources of the variables: sbatch(1), OUTPUT ENVIRONMENT VARIABLES; the manuals of LSF and PBS;
SkyPilot's ``SKYPILOT_TASK_ID``. Kubernetes and Ray set none: the pod's template names its job with
the downward API, the dispatcher of Ray in the job's ``runtime_env`` (see the manual).
"""

from __future__ import annotations

import getpass
import os
import time
from collections.abc import Mapping
from pathlib import Path
from socket import gethostname
from typing import Any

_ARRAY = ("SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID")


def recorded_job(environment: Mapping[str, str]) -> dict[str, Any] | None:
    """The job of the innermost scheduler; None outside of all of them.

    Returns:
        ``system``, ``id`` (as the scheduler's own commands take it), ``name``, ``user``,
        ``cluster``, ``node``, ``restarts``, ``pid``, and ``start``: of this process, in seconds
        since the epoch by this machine's clock.

    """
    for find in (_skypilot, _ray, _slurm, _kubernetes, _lsf, _pbs):
        found = find(environment)
        if found is not None and found["id"]:
            own = {"pid": os.getpid(), "start": _started_at(), "user": _user()}
            plain = {"name": "", "cluster": "", "node": gethostname(), "restarts": 0}
            return {**plain, **own, **{key: value for key, value in found.items() if value != ""}}
    return None


def _slurm(environment: Mapping[str, str]) -> dict[str, Any] | None:
    if not (number := environment.get("SLURM_JOB_ID", "")):
        return None
    array, task = (environment.get(name, "") for name in _ARRAY)
    return {
        "system": "slurm",
        "id": f"{array}_{task}" if array and task else number,
        "name": environment.get("SLURM_JOB_NAME", ""),
        "user": environment.get("SLURM_JOB_USER", ""),
        "cluster": environment.get("SLURM_CLUSTER_NAME", ""),
        "node": environment.get("SLURMD_NODENAME", ""),
        "restarts": _number(environment.get("SLURM_RESTART_COUNT")),
    }


def _kubernetes(environment: Mapping[str, str]) -> dict[str, Any] | None:
    if not environment.get("KUBERNETES_SERVICE_HOST"):
        return None
    return {
        "system": "kubernetes",
        "id": environment.get("JANITOR_POD_UID", ""),
        "name": environment.get("JANITOR_JOB_NAME") or environment.get("JANITOR_POD_NAME", ""),
        "cluster": environment.get("JANITOR_POD_NAMESPACE", ""),
        "node": environment.get("JANITOR_NODE_NAME", ""),
    }


def _ray(environment: Mapping[str, str]) -> dict[str, Any] | None:
    number = environment.get("JANITOR_RAY_SUBMISSION_ID", "")
    if not number:
        return None
    return {"system": "ray", "id": number, "cluster": environment.get("RAY_ADDRESS", "")}


def _skypilot(environment: Mapping[str, str]) -> dict[str, Any] | None:
    if not (task := environment.get("SKYPILOT_TASK_ID", "")):
        return None
    return {
        "system": "skypilot",
        "id": environment.get("JANITOR_SKYPILOT_JOB", "") or task,
        "name": task,
    }


def _lsf(environment: Mapping[str, str]) -> dict[str, Any] | None:
    if not (number := environment.get("LSB_JOBID", "")):
        return None
    index = environment.get("LSB_JOBINDEX", "0")
    return {
        "system": "lsf",
        "id": number if index in {"", "0"} else f"{number}[{index}]",
        "name": environment.get("LSB_JOBNAME", ""),
        "restarts": 1 if environment.get("LSB_RESTART") == "Y" else 0,
    }


def _pbs(environment: Mapping[str, str]) -> dict[str, Any] | None:
    if not (number := environment.get("PBS_JOBID", "")):
        return None
    return {"system": "pbs", "id": number, "name": environment.get("PBS_JOBNAME", "")}


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() else 0


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _started_at() -> float:
    """When this process started, in seconds since the epoch (proc(5): stat, field 22)."""
    try:
        fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        since_boot = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return round(time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + since_boot, 3)
    except (OSError, ValueError, IndexError, AttributeError):
        return round(time.time(), 3)
