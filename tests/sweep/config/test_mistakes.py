"""Sweep files that would hang, crash or never end: each gets a sentence that names the setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sweep.config.test_sweep_file import complaint

BOMB = "\n".join(
    [
        "a: &a [1, 1, 1, 1, 1, 1, 1, 1]",
        *(f"{b}: &{b} [{', '.join([f'*{a}'] * 8)}]" for a, b in zip("abcdefgh", "bcdefghi")),  # noqa: B905 - of one length
    ]
)


@pytest.mark.parametrize(
    ("parameter", "said"),
    [
        ("{values: [1], when: 3}", "when must be a mapping such as {optimizer: adam}, not 3"),
        ("{values: [1], when: [a]}", "when must be a mapping"),
        ("{values: [1], zip: {a: 1}}", "zip must be a word, not {'a': 1}"),
        ("{values: [.nan]}", "values cannot be used: nan is not a finite number"),
        ("{value: {a: [.inf]}}", "value cannot be used: inf is not a finite number"),
        ('{values: ["a\\0"]}', "values cannot be used: a text holds a NUL character"),
        ('{values: ["\\ud800"]}', "values cannot be used: a text holds half a character"),
        (f"{{min: 1, max: 1{'0' * 400}}}", "max must be a number, not 1000"),
        ("{min: -1.7e+308, max: 1.7e+308}", "uniform with these numbers has draws that are too"),
        ("{distribution: log_uniform, min: 1, max: 10000}", "has draws that are too large"),
        ("{distribution: log_normal, mu: 10000}", "has draws that are too large"),
        ("{values: [1, 2], probabilities: [0, 0]}", "needs a probability that is larger than 0"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(
    tmp_path: Path, parameter: str, said: str
) -> None:
    text = f"method: random\nprogram: t.py\nmetric: {{name: loss}}\nparameters: {{x: {parameter}}}"

    found = complaint(tmp_path, text)

    assert found.startswith("sweep.yaml:4: parameters.x")
    assert said in found


def test_two_parameters_with_one_name_are_refused(tmp_path: Path) -> None:
    parameters = "{a.b: {values: [1]}, a: {parameters: {b: {values: [2]}}}}"
    text = f"method: grid\nprogram: t.py\nmetric: {{name: loss}}\nparameters: {parameters}\n"

    assert "parameters.a.b is there twice" in complaint(tmp_path, text)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("janitor: {resources: {gpus: 2}}", "gpus is 2, and janitor.dispatch.local.gpus, the"),
        (
            "janitor: {evaluation: {command: [x], resources: {gpus: 1}}}",
            "janitor.evaluation.resources.gpus is 1",
        ),
        ("janitor: {resources: {nodes: 3}}", "jobs of this machine have 1 node"),
        ("janitor: {resources: {memory: 0}}", "memory must be larger than 0"),
        ("janitor: {points: [{y: 1}]}", "points[0] has 'y', which is not a parameter"),
        ("janitor: {points: [{}]}", "points[0] is empty"),
        ("janitor: {points: [{x: .nan}]}", "points[0] cannot be used: nan"),
        ("janitor: {namespace: 'a b'}", "namespace must be a name without spaces"),
        ('command: [sh, "a\\0"]', "command holds a NUL character"),
        ("command: ['']", "command begins with an empty word"),
        (BOMB, "its aliases mean more than 1,000,000 values"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, line: str, said: str) -> None:
    text = "method: grid\nprogram: t.py\nmetric: {name: loss}\nparameters: {x: {values: [1]}}\n"

    assert said in complaint(tmp_path, text + line)
