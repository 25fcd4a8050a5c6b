"""The real ``wandb.Api`` against the emulator: one client process, many questions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from janitor.emulator import Emulator
from tests.emulator.emulator_clients import run_client

if TYPE_CHECKING:
    from pathlib import Path

SEED: dict[str, Any] = {
    "defaults": {"project": "acme/rl", "sweep": "s1"},
    "sweeps": [
        {
            "project": "acme/rl",
            "name": "s1",
            "state": "RUNNING",
            "config": {"method": "grid", "metric": {"name": "loss", "goal": "minimize"}},
        }
    ],
    "runs": [
        {
            "name": f"r{number}",
            "created_at": f"-{10 - number}h",
            "state": "finished" if number % 2 else "running",
            "summary": {"loss": number / 10, "protein.state": "running", "big": 2**70},
            "config": {"lr": number},
            "tags": ["even"] if number % 2 == 0 else [],
        }
        for number in range(5)
    ],
}
SCRIPT = """
    import json, sys
    import wandb

    api = wandb.Api()
    answers = {}

    def names(runs):
        return [run.id for run in runs]

    def answer(name, value):
        answers[name] = value

    answer("viewer", api.viewer.username)
    answer("lazy", names(api.runs("acme/rl")))
    answer("whole", [dict(run.summary)["loss"] for run in api.runs("acme/rl", lazy=False)])
    answer("by pages", names(api.runs("acme/rl", per_page=2)))
    answer("count", len(api.runs("acme/rl", filters={"state": "running"})))
    answer("filtered", names(api.runs("acme/rl", filters={
        "$and": [{"sweep": "s1"}, {"config.lr.value": {"$gte": 2}}, {"tags": {"$in": ["even"]}}]})))
    answer("on summary", names(api.runs("acme/rl", filters={
        "summary_metrics.protein.state": "running", "summary_metrics.loss": {"$lt": 0.2}})))
    answer("descending", names(api.runs("acme/rl", order="-created_at")))
    answer("by loss", names(api.runs("acme/rl", order="-summary_metrics.loss")))

    run = api.run("acme/rl/r1")
    answer("run", [run.state, run.config, run.summary["big"], run.sweep_name])
    run.summary.update({"protein.state": "success"})
    run.tags.append("seen")
    run.update()

    sweep = api.sweep("acme/rl/s1")
    answer("sweep", [sweep.state, sweep.config["method"], names(sweep.runs), sweep.best_run().id])
    answer("expected", sweep.expected_run_count)
    answer("projects", [project.name for project in api.projects("acme")])
    answer("sweeps", [sweep.id for sweep in api.project("rl", "acme").sweeps()])
    for path in ("acme/rl/none", "acme/none/r1"):
        try:
            api.run(path)
        except Exception as error:
            answer(path, type(error).__name__)
    try:
        names(api.runs("acme/none"))
    except ValueError as error:
        answer("no project", str(error))
    created = api.create_run(run_id="made", project="rl", entity="acme")
    answer("created", created.id)
    with open("note.txt", "w") as note:
        note.write("hello")
    created.upload_file("note.txt")
    downloaded = api.run("acme/rl/made").file("note.txt").download(root="copies")
    answer("file", downloaded.read())
    answer("files", [file.name for file in api.run("acme/rl/made").files(pattern="%.txt")])
    created.delete()
    answer("left", len(wandb.Api().runs("acme/rl")))
    print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the client was answered; ``kept`` is r1 as the server has it in the end."""
    folder: Path = tmp_path_factory.mktemp("client")
    with Emulator(seed=SEED) as emulator:
        out = run_client(emulator, folder, SCRIPT)
        answers: dict[str, Any] = json.loads(out.splitlines()[-1])
        answers["kept"] = emulator.run("acme/rl/r1")
        answers["upserts"] = emulator.counts.upserts["acme/rl/r1"]
    return answers


def test_runs_are_listed_lazily_whole_and_by_pages(answers: dict[str, Any]) -> None:
    everything = ["r0", "r1", "r2", "r3", "r4"]
    assert answers["lazy"] == answers["by pages"] == everything
    assert answers["whole"] == [0.0, 0.1, 0.2, 0.3, 0.4]


def test_runs_are_filtered(answers: dict[str, Any]) -> None:
    assert answers["count"] == 3
    assert answers["filtered"] == ["r2", "r4"]
    assert answers["on summary"] == ["r0", "r1"]


def test_runs_are_ordered(answers: dict[str, Any]) -> None:
    assert answers["descending"] == answers["by loss"] == ["r4", "r3", "r2", "r1", "r0"]


def test_a_run_is_read(answers: dict[str, Any]) -> None:
    assert answers["run"] == ["finished", {"lr": 1}, 2**70, "s1"]


def test_sweeps_and_projects_are_read(answers: dict[str, Any]) -> None:
    assert answers["sweep"] == ["RUNNING", "grid", ["r0", "r1", "r2", "r3", "r4"], "r0"]
    assert answers["projects"] == ["rl"]
    assert answers["sweeps"] == ["s1"]


def test_a_missing_thing_is_reported_as_by_wandb(answers: dict[str, Any]) -> None:
    assert answers["acme/rl/none"] == answers["acme/none/r1"] == "CommError"
    assert answers["no project"] == "Could not find project none"


def test_files_are_uploaded_and_read_again(answers: dict[str, Any]) -> None:
    assert answers["created"] == "made"
    assert answers["file"] == "hello"
    assert answers["files"] == ["note.txt"]


def test_runs_are_deleted(answers: dict[str, Any]) -> None:
    assert answers["left"] == 5


def test_writes_are_kept_and_counted_by_run(answers: dict[str, Any]) -> None:
    kept = answers["kept"]
    assert kept.summary == {"loss": 0.1, "protein.state": "success", "big": 2**70}
    assert (kept.display_name, kept.tags) == ("r1", ["seen"])
    assert answers["upserts"] == 3
