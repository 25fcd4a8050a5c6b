"""What is wrong with a sweep file although each of its settings is right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from janitor.model.wording import did_you_mean, quoted
from janitor.sweep.config.usable import why_unusable

if TYPE_CHECKING:
    from janitor.sweep.config.sweep_file import SweepConfig

_SAFE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_RECIPE: Final = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")

Problem = tuple[tuple[str, ...], str]
"""Where in the file, and what is wrong there."""


def contradictions(config: SweepConfig) -> Iterator[Problem]:
    """Everything that is wrong with the file as a whole."""
    if not _SAFE_NAME.fullmatch(config.name):
        problem = (
            f"name {quoted(config.name)} cannot be the name of a folder: use up to 64 letters,"
            " digits and _.-"
        )
        yield ("name",), problem
    yield from _of_metrics(config)
    yield from _of_commands(config)
    yield from _of_search(config)
    yield from _of_points(config)
    yield from _of_resources(config)
    yield from _of_scheduler(config)


def _of_metrics(config: SweepConfig) -> Iterator[Problem]:
    if config.primary is None:
        yield (), "metric is missing: name what the sweep optimizes"
        return
    if config.metric is not None and config.metrics:
        yield ("metrics",), "metric and metrics contradict each other: remove one of them"
        return
    metrics = config.metrics or [config.primary]
    names = [each.name for each in metrics]
    for name in sorted({each for each in names if names.count(each) > 1}):
        yield ("metrics",), f"metrics names {quoted(name)} twice"
    if len(metrics) > 1 and any(each.target is not None for each in metrics):
        yield ("metrics",), "metrics has a target, which only a single metric can have"
    pruned = config.janitor.prune_unimportant
    if pruned is not None and config.limits.objective.has_front:
        problem = "needs one objective: set janitor.objective.type"
        yield ("janitor", "prune_unimportant"), f"janitor.prune_unimportant {problem}"
    if pruned is not None and config.janitor.scheduler.type == "pbt":
        problem = "cannot be used with the scheduler pbt, which changes all parameters"
        yield ("janitor", "prune_unimportant"), f"janitor.prune_unimportant {problem}"
    for problem in config.janitor.objective.problems(metrics, config.optimizer_type):
        yield ("janitor", "objective"), problem


def _of_commands(config: SweepConfig) -> Iterator[Problem]:
    evaluation = config.janitor.evaluation
    for place, recipe in (
        (("recipe",), config.recipe),
        (("janitor", "evaluation", "recipe"), evaluation.recipe if evaluation else None),
    ):
        if recipe is not None and not _RECIPE.fullmatch(recipe):
            problem = f"{'.'.join(place)} is package.module:name, not {quoted(recipe)}"
            yield place, problem
    if config.recipe and (config.program or config.command):
        yield ("recipe",), "recipe and program (or command) both name the training: remove one"
    if not config.program and not config.command and not config.recipe:
        yield (), "program is missing: name the script that each trial runs"
    for place, words in (
        (("program",), [config.program] if config.program else []),
        (("command",), config.command or []),
        (("janitor", "evaluation", "command"), (evaluation.command or []) if evaluation else []),
    ):
        if words and not words[0].strip():
            yield place, f"{'.'.join(place)} begins with an empty word: name a program"
        if any("\0" in word for word in words):
            yield place, f"{'.'.join(place)} holds a NUL character, which no command can have"


def _of_search(config: SweepConfig) -> Iterator[Problem]:
    if config.janitor.optimizer.type is None and config.method == "custom":
        problem = "method custom needs an optimizer: name its type under janitor.optimizer"
        yield ("method",), problem
    elif config.optimizer_type == "grid" and (lacking := config.space.without_grid()):
        problem = f"parameters.{lacking[0]} has no grid: give it values, or points: N"
        yield ("parameters", lacking[0]), problem


def _of_points(config: SweepConfig) -> Iterator[Problem]:
    known = {parameter.path[0] for parameter in config.space.parameters}
    for number, point in enumerate(config.janitor.points):
        where = f"janitor.points[{number}]"
        if not point:
            yield ("janitor", "points"), f"{where} is empty: give the parameters values"
        if (why := why_unusable(point)) is not None:
            yield ("janitor", "points"), f"{where} cannot be used: {why}"
        for name in point:
            if name not in known:
                hint = did_you_mean(name, known)
                problem = f"{where} has {quoted(name)}, which is not a parameter{hint}"
                yield ("janitor", "points"), problem


def _of_resources(config: SweepConfig) -> Iterator[Problem]:
    """What this machine cannot give to jobs. What a cluster can give, only the cluster knows."""
    if config.janitor.dispatch.kind != "local":
        return
    local = config.janitor.dispatch.local
    given = (local.gpus if local is not None else None) or 0
    evaluation = config.janitor.evaluation
    for name, wanted in (
        ("janitor.resources", config.janitor.resources),
        ("janitor.evaluation.resources", evaluation.resources if evaluation else None),
    ):
        if wanted is None:
            continue
        place = tuple(name.split("."))
        if wanted.gpus > given:
            problem = (
                f"{name}.gpus is {wanted.gpus}, and janitor.dispatch.local.gpus, the GPUs that"
                f" this machine gives to jobs, is {given}"
            )
            yield place, problem
        if wanted.nodes > 1:
            yield place, f"{name}.nodes is {wanted.nodes}, and jobs of this machine have 1 node"


def _of_scheduler(config: SweepConfig) -> Iterator[Problem]:
    kind, place = config.janitor.scheduler.type, ("janitor", "scheduler")
    if kind == "bayesian" and config.optimizer_type in {"grid", "random"}:
        problem = f"needs an optimizer that learns, such as tpe or gp, not {config.optimizer_type}"
        yield place, f"janitor.scheduler is bayesian, which {problem}"
    if config.janitor.scheduler.acquisition is not None and config.optimizer_type != "gp":
        yield place, "janitor.scheduler.acquisition is a setting for the optimizer gp"
    if config.janitor.scheduler.racing is not None and config.limits.objective.has_front:
        problem = "needs one objective: set janitor.objective.type"
        yield place, f"janitor.scheduler.racing {problem}"
    if config.early_terminate is not None and config.janitor.scheduler.compares:
        problem = f"early_terminate and janitor.scheduler.type {kind} both stop trials"
        yield ("early_terminate",), f"{problem}: remove one of them"
