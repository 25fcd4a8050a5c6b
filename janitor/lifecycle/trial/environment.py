"""What a trial receives: its parameters, its names, and wandb's settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from janitor.lifecycle.ranks import rank_variables

_PREFIX: Final = "JANITOR_TRIAL_"
_KINDS: Final = {"launch_training": "train", "launch_eval": "eval"}


def environment_of(
    job: Mapping[str, Any], folder: Path, caller: Mapping[str, str]
) -> dict[str, str]:
    """The environment of a job's command.

    Args:
        job: The job, as in its job file.
        folder: The attempt's folder; the files with the parameters are written there.
        caller: The worker's own environment, which the command inherits.

    """
    params = job.get("params") or {}
    (folder / "params.json").write_text(json.dumps(params) + "\n", encoding="utf-8")
    (folder / "params.yaml").write_text(_sweep_params(job, params), encoding="utf-8")
    ours = {
        "SWEEP": job["sweep"],
        "RUN": job["run"],
        "ATTEMPT": job["attempt"],
        "KIND": _KINDS.get(job["kind"], job["kind"]),
        "SEED": job.get("seed", 0),
        "REPEAT": job.get("repeat", 0),
        "PARAMS": folder / "params.json",
        "CHECKPOINT_DIR": job.get("checkpoints") or None,
        "RESUME_FROM": job.get("resume_from"),
        "BUDGET": job.get("budget"),
        "POLICY_URI": job.get("policy_uri"),
        "DIR": folder,
        "RANKS": rank_variables(caller) or None,
    }
    environment = {name: value for name, value in caller.items() if not name.startswith(_PREFIX)}
    environment |= {
        f"{_PREFIX}{name}": str(value) for name, value in ours.items() if value is not None
    }
    environment |= _for_wandb(job, folder, caller)
    environment |= job.get("environment") or {}
    environment["PYTHONUNBUFFERED"] = caller.get("PYTHONUNBUFFERED", "1")
    return environment


def _for_wandb(job: Mapping[str, Any], folder: Path, caller: Mapping[str, str]) -> dict[str, str]:
    """The settings of wandb: a run of its own, offline unless the user chose a mode."""
    is_eval = job["kind"] == "launch_eval"
    return {
        "WANDB_RUN_ID": f"{job['run']}{'-eval' if is_eval else ''}",
        "WANDB_RESUME": "allow",
        "WANDB_SWEEP_PARAM_PATH": str(folder / "params.yaml"),
        "WANDB_DIR": str(folder),
        "WANDB_MODE": caller.get("WANDB_MODE") or "offline",
    }


def _sweep_params(job: Mapping[str, Any], params: Mapping[str, Any]) -> str:
    """The file that wandb reads at WANDB_SWEEP_PARAM_PATH, and locks in ``run.config``."""
    about = {"trial": job["run"], "attempt": job["attempt"], "nonce": job.get("nonce", "")}
    lines = ["wandb_version: 1"]
    for name, value in {**params, "_janitor": about}.items():
        lines.append(f"{yaml_of(name)}: {{value: {yaml_of(value)}}}")
    return "\n".join(lines) + "\n"


def yaml_of(value: Any) -> str:
    """A JSON value as YAML 1.1 in one line. A float has a dot: ``1e-05`` would be a text."""
    if isinstance(value, float):
        text = repr(value)
        if "inf" in text or "nan" in text:
            return {"inf": ".inf", "-inf": "-.inf"}.get(text, ".nan")
        return text if "." in text or "e" not in text else text.replace("e", ".0e")
    if isinstance(value, dict):
        inner = ", ".join(f"{yaml_of(str(key))}: {yaml_of(one)}" for key, one in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(yaml_of, value))}]"
    # PyYAML does not join the two halves in which JSON escapes characters beyond U+FFFF.
    return json.dumps(value, ensure_ascii=not isinstance(value, str) or _has_controls(value))


def _has_controls(text: str) -> bool:
    return not text.isprintable()
