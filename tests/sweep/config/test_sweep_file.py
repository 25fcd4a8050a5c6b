"""Sweep files: W&B's keys, our settings, and every mistake at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from janitor.errors import ConfigError
from janitor.model.jobs import Cause, Resources
from janitor.sweep.config import SweepConfig, sweep_schema
from janitor.sweep.config.fixed import fixed_changes
from janitor.sweep.schedulers import ParallelScheduler, scheduler_of

WANDB = """\
# A file as W&B's documentation has it.
program: train.py
name: demo
description: what W&B accepts
method: random
entity: acme
project: rl
run_cap: 60
metric: {name: val/loss, goal: minimize, target: 0.1}
early_terminate: {type: hyperband, min_iter: 3, eta: 3}
parameters:
  lr: {distribution: log_uniform_values, min: 1e-5, max: 0.1}
  batch: {distribution: q_uniform, min: 16, max: 64, q: 16}
  dropout: {min: 0.0, max: 0.5}
  layers: {min: 1, max: 4}
  optimizer: {values: [adam, sgd], probabilities: [0.25, 0.75]}
  model:
    parameters:
      width: {values: [64, 128]}
      act: {value: relu}
command: ["${env}", "${interpreter}", "${program}", "${args_no_hyphens}", "${envvar:HOME}/x"]
"""
SMALL = """\
method: grid
program: train.py
metric: {name: loss}
parameters: {x: {values: [1, 2]}}
"""


def load(folder: Path, text: str, name: str = "sweep.yaml") -> SweepConfig:
    path = folder / name
    path.write_text(text)
    return SweepConfig.load(path)


def complaint(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    return str(caught.value).replace(f"{folder}/", "")


def test_a_file_of_wandb_is_read_as_wandb_reads_it(tmp_path: Path) -> None:
    config = load(tmp_path, WANDB)

    assert (config.name, config.optimizer_type) == ("demo", "random")
    assert config.limits.run_cap == 60
    assert (config.limits.metric, config.limits.target) == ("val/loss", 0.1)
    assert config.early_terminate is not None
    assert config.early_terminate.bands[:3] == (3, 9, 27)
    kinds = {".".join(each.path): each.distribution.kind for each in config.space.parameters}
    assert kinds == {
        "lr": "log_uniform_values",
        "batch": "q_uniform",
        "dropout": "uniform",
        "layers": "int_uniform",
        "optimizer": "categorical_w_probabilities",
        "model.width": "categorical",
        "model.act": "constant",
    }


def test_an_exponent_without_a_dot_is_taken_as_a_number_with_a_note(tmp_path: Path) -> None:
    config = load(tmp_path, WANDB)

    assert config.space.parameters[0].distribution.numbers["min"] == 1e-05
    assert [note for note in config.notes if "1e-5 is taken as a number" in note]


def test_the_command_has_the_macros_of_wandb(tmp_path: Path) -> None:
    config = load(tmp_path, WANDB)
    params = {"lr": 0.1, "model": {"width": 64}}

    command = config.training_command(params, {"HOME": "/home/me"}, "p.json")

    assert command == (
        "/usr/bin/env",
        "python",
        "train.py",
        "lr=0.1",
        "model={'width': 64}",
        "/home/me/x",
    )


@pytest.mark.parametrize(
    ("macro", "words"),
    [
        ("${args}", ("--a=1", "--b=True", "--c=False")),
        ("${args_no_equals}", ("--a", "1", "--b", "True", "--c", "False")),
        ("${args_no_boolean_flags}", ("--a=1", "--b")),
        ("${args_json}", ('{"a": 1, "b": true, "c": false}',)),
        ("${args_json_file}", ("p.json",)),
        ("${args_append_hydra}", ("+a=1", "+b=True", "+c=False")),
        ("${args_override_hydra}", ("++a=1", "++b=True", "++c=False")),
        ("${envvar:NOT_SET}", ("NOT_SET",)),
        ("${unknown}", ()),
    ],
)
def test_each_macro_gives_what_wandbs_agent_gives(
    tmp_path: Path, macro: str, words: tuple[str, ...]
) -> None:
    config = load(tmp_path, f'{SMALL}command: ["{macro}"]\n')

    assert config.training_command({"a": 1, "b": True, "c": False}, {}, "p.json") == words


def test_the_settings_of_the_controller_have_units(tmp_path: Path) -> None:
    text = f"""{SMALL}janitor:
  resources: {{gpus: 2, memory: 8GB, time: 2h}}
  dispatch: {{local: {{gpus: 2}}}}
  retries: {{lost: 7}}
  budget: {{runs: 5, deadline: 1d}}
  evaluation: {{command: [python, eval.py]}}
"""
    config = load(tmp_path, text)

    assert config.training_resources == Resources(1, 2, None, 8_000_000_000, 7200.0)
    assert config.limits.retries[Cause.LOST] == 7
    assert (config.limits.run_cap, config.limits.deadline) == (5, 86400.0)
    assert config.limits.evaluates


def test_every_mistake_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    said = complaint(
        tmp_path,
        "method: grid\nprogramm: train.py\nmetric: {name: loss, gaol: minimize}\n"
        "parameters:\n  x: {valus: [1]}\n  y: {min: 3, max: 1}\n"
        "janitor:\n  max_parallel_jobs: 0\n  resources: {memory: lots}\n",
    )

    for part in (
        "sweep.yaml:2: has no setting 'programm'; did you mean 'program'?",
        "sweep.yaml:3: metric has no setting 'gaol'; did you mean 'goal'?",
        "sweep.yaml:5: parameters.x has no setting 'valus'; did you mean 'values'?",
        "sweep.yaml:6: parameters.y min (3) is larger than max (1)",
        "sweep.yaml:8: janitor.max_parallel_jobs",
        "sweep.yaml:9: janitor.resources.memory must be a size such as 8GB",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("janitor: {scheduler: {type: bayesian}}", "needs an optimizer that learns"),
        (
            "janitor: {optimizer: {type: tpe}, scheduler: {type: bayesian, acquisition: {}}}",
            "acquisition is a setting for the optimizer gp",
        ),
        ("janitor: {scheduler: {type: pbt}}", "scheduler needs max with type pbt"),
        ("janitor: {scheduler: {type: median, max: 9999}}", "compares 9999 times"),
        ("janitor: {scheduler: {type: pbt, max: 9, population: 1}}", "population cannot be 1"),
        ("janitor: {optimizer: {type: tpee}}", "did you mean 'tpe'?"),
        ("janitor: {optimizer: {type: tpe, population: 9}}", "population is not a setting of tpe"),
        ("janitor: {scheduler: {type: asha}}", "scheduler needs max with type asha"),
        ("janitor: {scheduler: {type: asha, max: 9, min: 10}}", "has no rung: its first one, 10"),
        ("janitor: {scheduler: {type: asha, max: 9, brackets: 4}}", "cannot have 4 brackets"),
        ("janitor: {scheduler: {type: asha, max: 9, mod: stop}}", "no setting 'mod'"),
        ("janitor: {scheduler: {type: asha, max: 9, eta: 1}}", "scheduler.eta cannot be 1"),
        ("janitor: {scheduler: {max: 9}}", "is of type parallel, which has no setting max"),
        ("janitor: {dispatch: {ray: {}}}", "ray is not available in this version"),
        ("janitor: {dispatch: [slurm]}", "dispatch must be a mapping"),
        ("janitor: {dispatch: {slrum: {}}}", "did you mean 'slurm'?"),
        ("janitor: {dispatch: {slurm: {}, local: {}}}", "names slurm and local: name one of them"),
        ("janitor: {dispatch: {slurm: {partitoin: a}}}", "did you mean 'partition'?"),
        ("janitor: {dispatch: {slurm: {options: {p: a}}}}", "use long names of sbatch's options"),
        ("janitor: {dispatch: {slurm: {options: {time: 5}}}}", "the dispatcher sets it"),
        ("janitor: {dispatch: {slurm: {qos: ' '}}}", "must be one line of text"),
        ("janitor: {scheduler: {type: paralel}}", "did you mean 'parallel'?"),
        ("name: a/b", "cannot be the name of a folder"),
    ],
)
def test_what_this_version_lacks_is_said(tmp_path: Path, change: str, said: str) -> None:
    assert said in complaint(tmp_path, f"{SMALL}{change}\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must be a mapping"),
        ("method: grid\nmethod: random\n", ":2:1: the key 'method' appears twice"),
        (SMALL.replace("grid", "custom"), "method custom needs an optimizer"),
        (SMALL.replace("program: train.py\n", ""), "program is missing"),
        (SMALL.replace("metric: {name: loss}\n", ""), "metric is missing"),
        (SMALL.replace("values: [1, 2]", "min: 0.0, max: 1.0"), "parameters.x has no grid"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, text: str, said: str) -> None:
    assert said in complaint(tmp_path, text)


def test_a_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.yaml does not exist"):
        SweepConfig.load(tmp_path / "gone.yaml")


def test_the_digest_is_of_the_meaning(tmp_path: Path) -> None:
    first = load(tmp_path, SMALL)
    reordered = load(tmp_path, "program: train.py\n" + SMALL.replace("program: train.py\n", ""))
    commented = load(tmp_path, f"# a comment\n{SMALL}")
    other = load(tmp_path, SMALL.replace("[1, 2]", "[1, 2, 3]"))

    assert first.digest == reordered.digest == commented.digest
    assert first.digest != other.digest


def test_what_a_sweep_keeps_for_life_is_named(tmp_path: Path) -> None:
    first = load(tmp_path, SMALL)
    other = load(tmp_path, SMALL.replace("loss", "acc") + "janitor: {repeats: 2}\n")

    assert fixed_changes(first, other) == ["metric.name", "janitor.repeats"]
    assert fixed_changes(first, load(tmp_path, SMALL.replace("[1, 2]", "[1]"))) == []


def test_the_document_makes_the_same_file_again(tmp_path: Path) -> None:
    config = load(tmp_path, WANDB)

    again = SweepConfig.from_document(config.document, config.directory, config.name)

    assert (again.digest, again.space, again.limits) == (config.digest, config.space, config.limits)


def test_the_schema_names_our_settings() -> None:
    assert "max_parallel_jobs" in str(sweep_schema())


def test_the_examples_can_be_read() -> None:
    examples = Path(__file__).parents[3] / "examples" / "sweeps"

    names = {SweepConfig.load(path).name for path in examples.glob("*.yaml")}

    assert names == {"asha", "evaluated", "grid", "on-slurm", "on-wandb", "random"}


@pytest.mark.parametrize(
    ("settings", "rungs"),
    [
        ("max: 9", (1, 3, 9)),
        ("max: 27, min: 3", (3, 9, 27)),
        ("max: 27, grace_period: 3", (3, 9, 27)),
        ("max: 27, min: 1, grace_period: 3", (3, 9, 27)),
        ("max: 27, min: 1, grace_period: 4", (9, 27)),
        ("max: 10, eta: 2", (1, 2, 4, 8, 10)),
    ],
)
def test_the_rungs_of_asha_come_from_min_or_the_grace_period(
    tmp_path: Path, settings: str, rungs: tuple[float, ...]
) -> None:
    config = load(tmp_path, f"{SMALL}janitor: {{scheduler: {{type: asha, {settings}}}}}\n")

    assert config.janitor.scheduler.rungs == rungs


def test_bayesian_is_the_parallel_scheduler_with_an_optimizer_that_learns(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        SMALL.replace("grid", "bayes") + "janitor: {scheduler: {type: bayesian}}\n",
    )

    assert scheduler_of(config) == ParallelScheduler()
    assert config.optimizer_type == "tpe"
