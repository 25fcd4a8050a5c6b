"""Which process of a distributed training speaks for the run: rank 0."""

from __future__ import annotations

from collections.abc import Mapping

GLOBAL_RANK = "RANK"
"""torchrun, DeepSpeed, Accelerate and most launchers set it; it decides where it is there."""
OTHER_RANKS = (
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


def rank_of(environment: Mapping[str, str]) -> int:
    """The rank of this process in its job; 0 outside of a distributed one.

    ``RANK`` decides. Without it the largest of the others does: within ``sbatch`` SLURM_PROCID is
    0 for every process that a launcher starts on the node, while LOCAL_RANK tells them apart.
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
