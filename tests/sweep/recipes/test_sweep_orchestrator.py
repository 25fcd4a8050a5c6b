"""The arena recipe in a sweep, with real trials and evaluations."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.sweep.stepping import wait_for

ROOT = Path(__file__).parents[3]
ORCHESTRATE = """\
import janitor

best = janitor.SweepOrchestratorTool(
    recipe="examples.recipes.arena:sweep_train",
    grid={"learning_rate": [0.05, 0.3, 0.9]},
    name="arena",
    every=1,
).run()
print(best)
"""


class Desk:
    """A folder with the examples, in which commands are typed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "examples", folder / "examples")
        self.environment = {
            **os.environ,
            "HOME": str(folder),
            "XDG_STATE_HOME": str(folder / "state"),
        }

    def run(self, *words: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
        assert done.returncode == code, (words, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def janitor(self, *words: str, code: int = 0) -> str:
        return self.run("-m", "janitor", *words, code=code)

    def status(self, sweep: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.janitor("sweep", "status", sweep, "--json"))
        return found

    def markers(self, sweep: str, kind: str) -> list[dict[str, Any]]:
        runs = self.folder / ".janitor" / "sweeps" / sweep / "runs"
        return [json.loads(path.read_text()) for path in sorted(runs.glob(f"*/{kind}/exit.json"))]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_jobs_complete_and_evaluations_run_after_the_orchestrator_was_killed(desk: Desk) -> None:
    (desk.folder / "orchestrate.py").write_text(ORCHESTRATE)
    first = subprocess.Popen(
        [sys.executable, "orchestrate.py"],
        cwd=desk.folder,
        env={**desk.environment, "PYTHONPATH": str(desk.folder)},
        start_new_session=True,
    )
    runs = desk.folder / ".janitor" / "sweeps" / "arena" / "runs"
    wait_for(runs / "arena-0000" / "a1" / "claim.json")
    first.send_signal(signal.SIGKILL)
    first.wait()

    said = desk.run("orchestrate.py")

    status = desk.status("arena")
    assert status["state"] == "done"
    assert [row["status"] for row in status["trials"]] == ["COMPLETED"] * 3
    assert [marker["code"] for marker in desk.markers("arena", "a1")] == [0] * 3
    assert [marker["code"] for marker in desk.markers("arena", "eval.a1")] == [0] * 3
    scores = [row["objective"] for row in status["trials"]]
    chances = [0.2 + 0.6 * move / 7 for move in range(8)]
    assert all(min(abs(score - chance) for chance in chances) < 1e-9 for score in scores)
    assert status["best"]["objective"] == max(scores)
    assert f"{{'score': {status['best']['objective']}" in said


def test_a_recipe_runs_with_the_file_that_init_writes(desk: Desk) -> None:
    desk.janitor("sweep", "init", "examples.recipes.arena:sweep_train", "--output", "sweep.yaml")
    document = yaml.safe_load((desk.folder / "sweep.yaml").read_text())
    assert document["parameters"]["learning_rate"] == {
        "distribution": "log_uniform_values",
        "min": 0.01,
        "max": 1.0,
    }
    assert document["parameters"]["use_baseline"] == {"values": [False, True]}
    text = (desk.folder / "sweep.yaml").read_text().replace("run_cap: 8", "run_cap: 2")
    (desk.folder / "sweep.yaml").write_text(text)

    desk.janitor("sweep", "start", "examples.recipes.arena:sweep_train", "--config", "sweep.yaml")

    status = desk.status("arena-sweep-train")
    assert [row["status"] for row in status["trials"]] == ["COMPLETED"] * 2
    shown = desk.janitor("sweep", "show", "arena-sweep-train", "--yaml")
    assert yaml.safe_load(shown) == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("examples.recipes.arena:trian", "has no recipe 'trian'; did you mean 'train'?"),
        ("examples.recipes.nothing:train", "there is no module examples.recipes.nothing"),
        ("examples.recipes.arena:CHANCES", "a recipe is a function, a Tool or a Tool's class"),
    ],
)
def test_a_wrong_recipe_is_one_sentence(desk: Desk, name: str, said: str) -> None:
    assert said in desk.janitor("sweep", "init", name, code=2)
