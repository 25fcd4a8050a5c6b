"""Every command, and the training side, with names that W&B percent-encodes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from janitor.emulator import Emulator
from tests.lifecycle.lifecycle_runs import start_training

NAMES = [("acme", "my proj", "r 1"), ("équipe", "a+b&c", "é+1"), ("acme", "runs", "r1")]
TRAIN = """
import os, wandb
from janitor.lifecycle import RobustSweepStateManager
entity, project, run_id = json.loads(os.environ["NAMES"])
run = wandb.init(entity=entity, project=project, id=run_id, settings=wandb.Settings(console="off"))
manager = RobustSweepStateManager(run)
manager.start()
run.finish()
manager.set_state("running", through="server")
public = RobustSweepStateManager(wandb.Api().run({path!r}))
public.set_state("evaluating", by="api")
print(json.dumps([manager.state, public.state]))
"""


@pytest.fixture(params=NAMES, ids=lambda names: names[1])
def names(request: pytest.FixtureRequest) -> tuple[str, str, str]:
    chosen: tuple[str, str, str] = request.param
    return chosen


def test_what_is_written_after_the_finish_and_through_the_api_arrives(
    names: tuple[str, str, str], emulator: Emulator, tmp_path: Path
) -> None:
    entity, project, run_id = names
    path = "/".join((entity, project, "runs" if project == "runs" else "", run_id))
    code = TRAIN.replace("{path!r}", repr(path.replace("//", "/")))
    if " " in run_id:
        run_id = "r1"  # wandb.init() refuses blanks in ids
        code = code.replace("r 1", "r1")
    environment = {"NAMES": json.dumps([entity, project, run_id])}
    out, err = start_training(tmp_path, code, emulator, **environment).communicate(timeout=90)
    assert out.splitlines()[-1:] == ['["evaluating", "evaluating"]'], err
    summary = emulator.run(f"{entity}/{project}/{run_id}").summary
    written = [summary[f"protein.{name}"] for name in ("state", "through", "by")]
    assert written == ["evaluating", "server", "api"]


def janitor(emulator: Emulator, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "janitor", *arguments],
        env=emulator.environment(folder / "client"),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done


def test_every_command_reaches_the_run(
    names: tuple[str, str, str], emulator: Emulator, tmp_path: Path
) -> None:
    entity, project, run_id = names
    dead = {
        "name": run_id,
        "sweep": "s1",
        "state": "crashed",
        "created_at": "-3h",
        "heartbeat_at": "-2h",
        "summary": {"protein.state": "running", "loss": 1},
    }
    emulator.seed(
        {
            "defaults": {"entity": entity, "project": project},
            "sweeps": [{"name": "s1", "config": {"method": "grid", "parameters": {}}}],
            "runs": [dead],
        }
    )
    path, place = f"{entity}/{project}/{run_id}", f"{entity}/{project}"
    page = f"{emulator.url}/{quote(entity)}/{quote(project, safe='')}/sweeps/s1"

    def state() -> object:
        return emulator.run(path).summary["protein.state"]

    assert "wandb-crashed" in janitor(emulator, tmp_path, "explain", path).stdout
    janitor(emulator, tmp_path, "doctor", "--project", place, "--write-check")
    janitor(emulator, tmp_path, "init", "--project", place)
    janitor(emulator, tmp_path, "plan", "--sweep", page, "--out", "plan.json")
    assert state() == "running"
    janitor(emulator, tmp_path, "apply", "plan.json", "--journal", "journals")
    assert state() == "crashed"
    (journal,) = (tmp_path / "journals").glob("*.jsonl")
    assert run_id in janitor(emulator, tmp_path, "journal", "show", str(journal)).stdout
    janitor(emulator, tmp_path, "undo", str(journal))
    assert state() == "running"
    janitor(emulator, tmp_path, "fix", "--project", place, "--journal", "journals")
    assert state() == "crashed"
