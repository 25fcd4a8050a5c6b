"""Which process of a distributed job reports for a run.

A run that several processes share is reported by rank 0. A process that created a run of its own
reports for it, whatever the launcher's variables say: under ``srun --ntasks=4 wandb agent`` each
task has its own run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from janitor.lifecycle import wandb_internals

GLOBAL_RANK: Final = "RANK"
"""torchrun, DeepSpeed, Accelerate and most launchers set it. Where it is set, it decides."""
OTHER_RANKS: Final = (
    "SLURM_PROCID",
    "OMPI_COMM_WORLD_RANK",
    "PMIX_RANK",
    "PMI_RANK",
    "MV2_COMM_WORLD_RANK",
    "JSM_NAMESPACE_RANK",
    "NODE_RANK",
    "LOCAL_RANK",
)
"""Slurm, Open MPI, PMIx, MPICH and Intel MPI, MVAPICH, jsrun, and Lightning's own launcher."""
RUN_ID: Final = "WANDB_RUN_ID"


def rank_of(environment: Mapping[str, str]) -> int:
    """The rank of this process in its job; 0 outside of a distributed job.

    Without ``RANK`` the largest of the other variables counts: within ``sbatch`` SLURM_PROCID is 0
    for every process that a launcher starts on the node, and only LOCAL_RANK differs.
    """
    rank = _number(environment, GLOBAL_RANK)
    if rank is not None:
        return rank
    return max((_number(environment, name) or 0 for name in OTHER_RANKS), default=0)


def _number(environment: Mapping[str, str], name: str) -> int | None:
    try:
        return int(environment[name])
    except (KeyError, ValueError):
        return None


def rank_variables(environment: Mapping[str, str]) -> str:
    """The launcher's variables as they are set, for messages: ``SLURM_PROCID=2``."""
    names = (GLOBAL_RANK, *OTHER_RANKS)
    return " ".join(f"{name}={environment[name]}" for name in names if name in environment)


def has_own_run(run: Any, environment: Mapping[str, str]) -> bool:
    """Whether it is certain that this process, and no other rank, logs to this live run.

    - A run in W&B's shared mode belongs to several processes.
    - The agent in this process (``wandb.agent(…, function=train)``) creates a run per training.
    - A run id from WANDB_RUN_ID is this process's own if it was set after the launcher had started
      this process (``srun wandb agent``), and shared if the launcher passed it on to all ranks
      (``wandb agent`` starting ``torchrun``).
    - Without WANDB_RUN_ID ``wandb.init()`` made a run for this process, unless it was allowed to
      resume one.
    """
    if not wandb_internals.is_live_run(run):
        return False
    settings = getattr(run, "settings", None)
    if getattr(settings, "mode", None) == "shared":
        return False
    if wandb_internals.is_agent_running():
        return True
    if environment.get(RUN_ID) == run.id:
        return is_id_set_after_launch(run.id, environment)
    return getattr(settings, "resume", None) in (None, "never") and run.resumed is not True


def is_id_set_after_launch(run_id: str, environment: Mapping[str, str]) -> bool:
    """Whether WANDB_RUN_ID was set below the launcher that set this process's rank.

    That is so if the nearest ancestor without this id already has the same rank variables. Read
    from /proc; False where that cannot be read, since then nobody knows.
    """
    ours = rank_variables(environment)
    for depth, initial in enumerate(_environments_of_ancestors()):
        if initial.get(RUN_ID) != run_id:
            return depth > 0 and rank_variables(initial) == ours
        if rank_variables(initial) != ours:
            return False
    return False


def _environments_of_ancestors() -> Iterator[Mapping[str, str]]:
    """The environments that this process, its parent, and so on were started with."""
    pid = os.getpid()
    while pid > 0:
        folder = Path(f"/proc/{pid}")
        try:
            entries = os.fsdecode((folder / "environ").read_bytes()).split("\0")
            # Field 4 is the parent; field 2 is the name in parentheses, which may hold blanks.
            parent = int((folder / "stat").read_bytes().rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return
        yield dict(entry.partition("=")[::2] for entry in entries if "=" in entry)
        pid = parent
