"""The files around the package: workflows, templates, hooks and metadata name what there is."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from trove_classifiers import classifiers

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TEMPLATES = [
    path
    for path in sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
    if path.name != "config.yml"
]
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def jobs(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())["jobs"]
    return found


def steps(path: Path) -> Iterator[dict[str, Any]]:
    for job in jobs(path).values():
        yield from job["steps"]


def test_there_are_workflows_for_changes_and_for_releases() -> None:
    assert [path.name for path in WORKFLOWS] == ["ci.yml", "release.yml"]
    assert ".ci/run" in [step.get("run") for step in steps(WORKFLOWS[0])]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_runs_what_is_in_the_repository(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    makefile = makefile.replace("$(READY):", "\n.venv/.ready:")
    for words in [shlex.split(step["run"]) for step in steps(path) if "run" in step]:
        for word in words:
            if word.startswith((".ci/", "tests/")):
                assert (ROOT / word).exists(), word
        if words[0] == "make":
            assert all(f"\n{target}:" in makefile for target in words[1:]), words


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_only_read_unless_it_says_otherwise(path: Path) -> None:
    assert yaml.safe_load(path.read_text())["permissions"] == {"contents": "read"}
    for job in jobs(path).values():
        assert job["timeout-minutes"] > 0
        assert job.get("permissions", {}).keys() <= {"id-token"}


def test_a_release_publishes_the_files_that_were_tested_without_a_token() -> None:
    release = jobs(ROOT / ".github" / "workflows" / "release.yml")
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    assert release["publish"]["needs"] == "build"
    assert release["publish"]["permissions"] == {"id-token": "write"}
    assert "secrets." not in text
    order = [text.index(part) for part in ("hatchling build", "TESTED_WHEEL", "upload-artifact")]
    assert order == sorted(order)
    assert not any("hatchling" in str(step) for step in release["publish"]["steps"])


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_an_issue_template_is_a_form(path: Path) -> None:
    form = yaml.safe_load(path.read_text())
    assert {"name", "description", "body"} <= form.keys()
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert fields
    assert len({field["id"] for field in fields}) == len(fields)
    assert all(field["type"] in ("textarea", "input", "dropdown") for field in fields)
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_the_hooks_are_local_and_run_the_locked_tools() -> None:
    (repository,) = HOOKS["repos"]
    assert repository["repo"] == "local"
    locked = (ROOT / "requirements.lock").read_text()
    distributions = {"lint-imports": "import-linter"}
    for hook in repository["hooks"]:
        program = Path(shlex.split(hook["entry"])[0])
        assert program.parts[:2] == (".venv", "bin"), hook["id"]
        assert hook["language"] == "system"
        if program.name != "python":
            name = distributions.get(program.name, program.name)
            assert re.search(rf"^{name}==", locked, re.MULTILINE), hook["id"]


def test_every_classifier_exists() -> None:
    assert set(PYPROJECT["project"]["classifiers"]) <= classifiers


def test_every_supported_python_has_a_classifier() -> None:
    oldest = int(PYPROJECT["project"]["requires-python"].removeprefix(">=3."))
    named = [
        int(found[1])
        for text in PYPROJECT["project"]["classifiers"]
        if (found := re.fullmatch(r"Programming Language :: Python :: 3\.(\d+)", text))
    ]
    assert named == [*range(oldest, oldest + len(named))]
