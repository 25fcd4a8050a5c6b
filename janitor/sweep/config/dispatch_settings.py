"""The settings under ``janitor.dispatch`` in a sweep file: where jobs run."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from janitor.model.wording import all_of, quoted
from janitor.sweep.config.section import Section, one_of

_OPTION: Final = re.compile(r"[a-z][a-z0-9-]+")
_OURS: Final = frozenset(
    {
        *("array", "chdir", "comment", "dependency", "export", "hold", "job-name", "nodes"),
        *("open-mode", "output", "parsable", "requeue", "no-requeue", "signal", "time", "wait"),
        "wrap",
    }
)
"""Options of sbatch that the dispatcher needs for itself, or that have a setting."""


def _one_line(text: str) -> str:
    if not text.strip() or any(each in text for each in "\n\r\0"):
        raise ValueError(f"must be one line of text, not {quoted(text)}")
    return text


Line = Annotated[str, AfterValidator(_one_line)]


class LocalSection(Section):
    """Jobs on this machine."""

    gpus: int | None = Field(None, ge=0)
    cpus: int | None = Field(None, ge=1)


class SlurmSection(Section):
    """Jobs on a Slurm cluster, whose nodes share the sweep's folder with this machine."""

    partition: Line | None = None
    account: Line | None = None
    qos: Line | None = None
    constraint: Line | None = None
    reservation: Line | None = None
    gres: Line = "gpu"
    """The name of a GPU among the generic resources, such as ``gpu:a100``."""
    modules: list[Line] = Field(default_factory=list)
    """Loaded with ``module load`` before the worker starts."""
    setup: list[Line] = Field(default_factory=list)
    """Lines of shell before the worker starts, such as ``source env/bin/activate``."""
    container: list[Line] = Field(default_factory=list)
    """The words before the worker's command: ``[apptainer, exec, --nv, image.sif]``."""
    python: Line | None = None
    """The Python that has janitor, on the nodes; the default is the one that runs now."""
    options: dict[str, str | int | bool] = Field(default_factory=dict)
    """Further options of sbatch by their long names: ``{mail-type: FAIL, exclusive: true}``."""
    requeue: bool = True
    """Whether Slurm starts a job again whose node failed."""
    template: Line | None = None
    """A file with the script; see the manual."""

    @model_validator(mode="after")
    def _check(self) -> SlurmSection:
        """Refuse options that would contradict the dispatcher's own."""
        for name in self.options:
            if not _OPTION.fullmatch(name):
                raise ValueError(f"options has {quoted(name)}: use long names of sbatch's options")
            if name in _OURS:
                raise ValueError(f"options cannot have {name}: the dispatcher sets it")
            _one_line(str(self.options[name]))
        return self


BACKENDS: Final = ("local", "slurm")
_LATER: Final = ("ray", "skypilot", "kubernetes")


def _by_kind(value: Any) -> Any:
    """``slurm`` means ``{slurm: {}}``; a kind without settings has the defaults."""
    if isinstance(value, str):
        value = {value: {}}
    if not isinstance(value, dict):
        return value
    for name in value:
        one_of(name, BACKENDS, _LATER, "dispatcher")
    if len(value) > 1:
        raise ValueError(f"names {all_of(value)}: name one of them")
    return {name: settings or {} for name, settings in value.items()}


class DispatchSection(Section):
    """How jobs are started: exactly one kind."""

    model_config = ConfigDict(json_schema_extra={"maxProperties": 1})

    local: LocalSection | None = None
    slurm: SlurmSection | None = None

    @property
    def kind(self) -> str:
        """The kind that is used; this machine if none is named."""
        return next((name for name in BACKENDS if getattr(self, name) is not None), "local")


Dispatch = Annotated[DispatchSection, BeforeValidator(_by_kind)]
