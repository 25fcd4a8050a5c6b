"""The real wandb SDK against the emulator."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.emulator.emulator_clients import ask, post_lines, run_client, start_client, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from janitor.emulator import Emulator

PATH = "acme/rl/r1"
INIT = 'import wandb\nrun = wandb.init(entity="acme", project="rl", id="r1")\n'


def test_a_run_that_finishes_is_kept_whole(emulator: Emulator, tmp_path: Path) -> None:
    run_client(
        emulator,
        tmp_path,
        """
        import wandb
        run = wandb.init(entity="acme", project="rl", id="r1", name="swift", group="g",
                         tags=["a"], config={"lr": 0.1})
        for step in range(3):
            run.log({"loss": 1 / (step + 1), "bound": float("inf")})
        run.summary["protein.state"] = "running"
        print("hello from training")
        run.finish()
        """,
    )
    run = emulator.run(PATH)
    assert (run.state, run.exit_code) == ("finished", 0)
    assert (run.display_name, run.group, run.tags) == ("swift", "g", ["a"])
    assert run.config == {"lr": 0.1}
    assert run.history_line_count == 3
    assert run.summary["protein.state"] == "running"
    assert run.summary["bound"] == float("inf")
    assert json.loads(run.files["wandb-summary.json"]) == run.summary
    assert "hello from training" in run.log[0]


def test_what_was_logged_is_read_again(emulator: Emulator, tmp_path: Path) -> None:
    out = run_client(
        emulator,
        tmp_path,
        INIT
        + """
for step in range(4):
    run.log({"loss": 4 - step} if step % 2 else {"loss": 4 - step, "extra": float("nan")})
print("a line")
run.finish()
found = wandb.Api().run("acme/rl/r1")
print(found.lastHistoryStep, [row["loss"] for row in found.history(pandas=False)])
print([row["loss"] for row in found.history(pandas=False, samples=2)])
print([row["_step"] for row in found.scan_history(min_step=1, max_step=3)])
print([row["loss"] for row in found.scan_history(keys=["loss", "extra"])])
print(found.metadata["program"] is not None, len(found.files()))
found.file("output.log").delete()
print([file.name for file in wandb.Api().run("acme/rl/r1").files(names=["output.log"])])
""",
    )
    assert out.splitlines() == [
        "a line",
        "3 [4, 3, 2, 1]",
        "[4, 2]",
        "[1, 2]",
        "[4, 2]",
        "True 5",
        "[]",
    ]


def test_the_console_is_read_by_pages_and_from_its_end(emulator: Emulator) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r1"}])
    lines = [f"2026-11-20T00:00:0{n}.5 line {n}" for n in range(3)] + [
        "ERROR 2026-11-20T00:00:03 x"
    ]
    post_lines(emulator, PATH, "output.log", lines)
    query = """
      query ($first: Int, $after: String, $last: Int) {
        project(name: "rl", entityName: "acme") { run(name: "r1") {
          logLineCount
          logLines(first: $first, after: $after, last: $last) {
            edges { node { number timestamp level line } }
            pageInfo { endCursor hasNextPage }
          }
        } }
      }
    """
    run = ask(emulator, query, first=3)["project"]["run"]
    page = run["logLines"]
    assert (run["logLineCount"], len(page["edges"])) == (4, 3)
    assert page["edges"][1]["node"]["line"] == "line 1"
    rest = ask(emulator, query, first=3, after=page["pageInfo"]["endCursor"])["project"]["run"]
    assert rest["logLines"]["edges"][0]["node"] == {
        "number": 3,
        "timestamp": "2026-11-20T00:00:03",
        "level": "error",
        "line": "x",
    }
    assert rest["logLines"]["pageInfo"]["hasNextPage"] is False
    last = ask(emulator, query, last=1)["project"]["run"]["logLines"]["edges"]
    assert [edge["node"]["number"] for edge in last] == [3]


def test_exit_code_1_is_failed(emulator: Emulator, tmp_path: Path) -> None:
    process = start_client(emulator, tmp_path, INIT + 'raise RuntimeError("out of luck")')
    process.communicate(timeout=60)
    assert process.returncode == 1
    assert emulator.run(PATH).state == "failed"


def test_a_killed_process_is_running_until_its_silence_is_long_enough(
    emulator: Emulator, tmp_path: Path
) -> None:
    process = start_client(emulator, tmp_path, INIT + 'run.log({"x": 1})\nprint(1)\ninput()')
    _wait_for_line(process)
    process.kill()
    process.communicate(timeout=60)
    assert emulator.run(PATH).state == "running"
    emulator.advance(200)
    assert emulator.run(PATH).state == "running"
    emulator.advance(200)
    assert emulator.run(PATH).state == "crashed"


def test_a_run_called_crashed_that_posts_again_is_running(
    emulator: Emulator, tmp_path: Path
) -> None:
    process = start_client(emulator, tmp_path, INIT + "print(1)\ninput()\nrun.finish()")
    _wait_for_line(process)
    emulator.advance(3600)
    assert emulator.run(PATH).state == "crashed"
    process.communicate("\n", timeout=60)
    assert emulator.run(PATH).state == "finished"


def test_resume_loads_the_servers_summary_and_keeps_it(emulator: Emulator, tmp_path: Path) -> None:
    run_client(emulator, tmp_path, INIT + 'run.log({"loss": 1})\nrun.finish()')
    emulator.change(PATH, summary_update={"protein.state": "success"})
    out = run_client(
        emulator,
        tmp_path,
        """
        import wandb
        run = wandb.init(entity="acme", project="rl", id="r1", resume="must")
        print(run.resumed, run.summary["protein.state"])
        run.log({"loss": 0.5})
        run.finish()
        """,
    )
    assert out.split() == ["True", "success"]
    run = emulator.run(PATH)
    assert (run.summary["protein.state"], run.summary["loss"]) == ("success", 0.5)
    assert (run.history_line_count, run.summary["_step"]) == (2, 1)


def test_resume_must_fails_without_a_run(emulator: Emulator, tmp_path: Path) -> None:
    code = 'import wandb\nwandb.init(entity="acme", project="rl", id="r9", resume="must")'
    process = start_client(emulator, tmp_path, code)
    _, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "r9" in err
    assert emulator.run_paths() == []


def test_a_run_of_a_sweep_carries_the_sweeps_name(emulator: Emulator, tmp_path: Path) -> None:
    run_client(
        emulator,
        tmp_path,
        "import wandb\nwandb.init().finish()",
        WANDB_SWEEP_ID="s1",
        WANDB_ENTITY="acme",
        WANDB_PROJECT="rl",
        WANDB_RUN_ID="r1",
    )
    assert emulator.run(PATH).sweep == "s1"
    assert emulator.sweep("acme/rl/s1").runs == ["r1"]


def test_a_live_sdk_erases_what_others_wrote_into_its_summary(
    emulator: Emulator, tmp_path: Path
) -> None:
    process = start_client(
        emulator,
        tmp_path,
        INIT + 'run.log({"x": 1})\nprint(1)\ninput()\nrun.finish()',
        WANDB__FILE_STREAM_TRANSMIT_INTERVAL="1",
    )
    _wait_for_line(process)
    wait_until(lambda: "x" in (emulator.run(PATH).summary or {}))
    emulator.change(PATH, summary_update={"protein.state": "timeout"})
    process.communicate("\n", timeout=60)
    assert "protein.state" not in emulator.run(PATH).summary


def test_a_write_may_be_held_until_a_real_run_has_finished(
    emulator: Emulator, tmp_path: Path
) -> None:
    code = INIT + 'print(1)\ninput()\nrun.summary["final"] = 1\nrun.finish()'
    process = start_client(emulator, tmp_path, code)
    _wait_for_line(process)
    emulator.faults.add(action="hold", match={"field": "upsertBucket", "sdk": False})
    mutation = """
      mutation ($id: String) {
        upsertBucket(input: {id: $id, summaryMetrics: "{\\"mark\\": 1}"}) { bucket { state } }
      }
    """
    with ThreadPoolExecutor() as pool:
        held = pool.submit(ask, emulator, mutation, id=emulator.run(PATH).id)
        wait_until(lambda: emulator.faults.waiting == 1)
        process.communicate("\n", timeout=60)
        assert emulator.run(PATH).summary["final"] == 1
        emulator.faults.release()
        assert held.result()["upsertBucket"]["bucket"]["state"] == "finished"
    run = emulator.run(PATH)
    assert run.summary == {"mark": 1}
    assert json.loads(run.files["wandb-summary.json"])["final"] == 1
    assert (emulator.counts.edits[PATH], emulator.counts.upserts[PATH] > 1) == (1, True)


def test_an_identity_token_logs_in(emulator: Emulator, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("head.claims.signature")
    out = run_client(
        emulator,
        tmp_path,
        """
        import os
        del os.environ["WANDB_API_KEY"]
        import wandb
        print(wandb.Api().viewer.username)
        """,
        WANDB_IDENTITY_TOKEN_FILE=str(tmp_path / "token"),
    )
    assert out.startswith("token-")


def _wait_for_line(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline(), process.stderr.read() if process.stderr else ""
