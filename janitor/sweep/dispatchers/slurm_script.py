"""The batch script of a Slurm job: its options, what is set up, and the worker."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from janitor.errors import ConfigError, DispatchError
from janitor.model.jobs import JobDefinition, Resources
from janitor.storage import strict_json
from janitor.storage.atomic import write_atomically
from janitor.sweep.config.dispatch_settings import SlurmSection

_PLACES: Final = ("@OPTIONS@", "@SETUP@", "@WORKER@")
_TEMPLATE: Final = "#!/bin/bash\n@OPTIONS@\n@SETUP@\nexec @WORKER@\n"
_MEBIBYTE: Final = 1024 * 1024
_WORKER_MEMORY: Final = 64 * _MEBIBYTE
"""For the worker itself, so that it survives a command that uses all that it may."""
_BEFORE_THE_END: Final = 30
"""Seconds that the worker has after the command's grace period, before the time limit."""


def script_of(  # noqa: PLR0913 - each is a line of the script
    settings: SlurmSection,
    resources: Resources,
    *,
    label: str,
    comment: str,
    output: str,
    worker: Sequence[str],
    grace: float,
    tasks: int | None = None,
) -> str:
    """The script.

    Args:
        settings: How jobs of this sweep run on Slurm.
        resources: What the job needs.
        label: The job's name.
        comment: For people who look at the queue.
        output: The file of the script's own output.
        worker: The command that runs the job; ``$SLURM_ARRAY_TASK_ID`` may stand in it.
        grace: Seconds that the job's command has between SIGTERM and SIGKILL.
        tasks: The number of tasks of an array; None for a single job.

    Raises:
        ConfigError: the template cannot be read, or lacks a place.

    """
    options = [
        *_options(settings, resources, grace),
        f"--job-name={label}",
        f"--comment={comment}",
        f"--output={output}",
        "--open-mode=append",
    ]
    if tasks is None:
        # Jobs of one name and user run one after the other: a job that was submitted twice finds
        # the claim of its twin, and ends.
        options.append("--dependency=singleton")
    else:
        options.append(f"--array=0-{tasks - 1}")
    text = _TEMPLATE if settings.template is None else _template(Path(settings.template))
    lines = "\n".join(f"#SBATCH {_as_option(each)}" for each in options)
    command = " ".join(each if "$" in each else shlex.quote(each) for each in worker)
    for place, value in zip(_PLACES, (lines, "\n".join(_setup(settings)), command), strict=True):
        text = text.replace(place, value)
    return text


def _options(settings: SlurmSection, resources: Resources, grace: float) -> Iterator[str]:
    named = {
        "partition": settings.partition,
        "account": settings.account,
        "qos": settings.qos,
        "constraint": settings.constraint,
        "reservation": settings.reservation,
    }
    yield from (f"--{name}={value}" for name, value in named.items() if value is not None)
    yield f"--nodes={resources.nodes}"
    if resources.gpus:
        yield f"--gres={settings.gres}:{resources.gpus}"
    if resources.cpus is not None:
        yield f"--cpus-per-task={resources.cpus}"
    if resources.memory is not None:
        yield f"--mem={math.ceil((resources.memory + _WORKER_MEMORY) / _MEBIBYTE)}M"
    needed = math.ceil(grace) + _BEFORE_THE_END
    if resources.time is not None:
        # The worker ends the command at its own limit; Slurm's comes later.
        yield f"--time={math.ceil((resources.time + needed) / 60)}"
    yield f"--signal=B:XCPU@{needed}"
    yield "--requeue" if settings.requeue else "--no-requeue"
    for name, value in settings.options.items():
        yield f"--{name}" if value is True else f"--{name}={value}"


def _setup(settings: SlurmSection) -> Iterator[str]:
    yield from (f"module load {shlex.quote(name)}" for name in settings.modules)
    yield from settings.setup


def _as_option(option: str) -> str:
    """An option in a script: sbatch reads the line as a shell would."""
    return option if shlex.quote(option) == option else shlex.quote(option)


def _template(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the template {path} cannot be read: {error}") from error
    if missing := [place for place in _PLACES if place not in text]:
        raise ConfigError(f"the template {path} has no {missing[0]}: it needs {', '.join(_PLACES)}")
    return text


_REFUSALS: Final = (
    "invalid partition", "invalid account", "invalid qos", "invalid feature", "invalid generic",
    "invalid gres", "invalid reservation", "invalid constraint", "unrecognized option",
    "requested node configuration is not available", "more processors requested than permitted",
    "memory specification can not be satisfied", "requested time limit is invalid",
    "access/permission denied", "user's group not permitted", "invalid option", "unknown option",
)  # fmt: skip
"""Words with which sbatch refuses a job for good."""


def is_refusal(said: str) -> bool:
    """Whether sbatch refuses a job for good, by what it says."""
    return any(words in said.lower() for words in _REFUSALS)


def write_tasks(folder: Path, jobs: Sequence[JobDefinition], label: str) -> Path:
    """The file with what each task of an array runs. Written before the array is submitted."""
    lines = "".join(f"{Path(job.folder) / 'job.json'}\n" for job in jobs)
    path = folder / f"{label}.txt"
    write_atomically(path, lines, error=DispatchError)
    for index, job in enumerate(jobs):
        text = strict_json.dumps({"version": 1, "name": label, "index": index}) + "\n"
        write_atomically(Path(job.folder) / "task.json", text, error=DispatchError)
    return path
