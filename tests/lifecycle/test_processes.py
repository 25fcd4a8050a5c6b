"""Managers of one run in several processes, and what real processes do to one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from janitor.emulator import Emulator
from tests.lifecycle.lifecycle_runs import INIT, start_training, train

PATH = "acme/rl/r1"
RESUME = 'wandb_run = wandb.init(entity="acme", project="rl", id="r1", resume="allow")\n'
API = 'api_run = wandb.Api().run("acme/rl/r1")\n'


def protein(emulator: Emulator) -> dict[str, Any]:
    summary = emulator.run(PATH).summary
    return {k.removeprefix("protein."): v for k, v in summary.items() if k.startswith("protein.")}


def test_an_evaluation_opens_what_training_began(emulator: Emulator, tmp_path: Path) -> None:
    train(
        tmp_path,
        INIT
        + """
RobustSweepStateManager(wandb_run).set_state("running")
wandb_run.log({"bound": float("inf"), "loss": 1})
wandb_run.finish()
""",
        emulator,
    )
    assert protein(emulator)["state"] == "running"
    seen = train(
        tmp_path,
        API
        + """
manager = RobustSweepStateManager(api_run)
before = manager.state
manager.set_state("evaluating")
api_run.summary["mine"] = 1
api_run.summary.update()
manager.set_state("success", score=0.9)
print(json.dumps([before, api_run.summary["protein.state"]]))
""",
        emulator,
    )
    assert seen == ["running", "success"]
    summary = emulator.run(PATH).summary
    assert (summary["protein.state"], summary["protein.score"], summary["mine"]) == (
        "success",
        0.9,
        1,
    )


def test_an_api_run_keeps_what_others_wrote_in_the_meantime(
    emulator: Emulator, tmp_path: Path
) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r1", "summary": {"bound": float("inf")}}])
    process = start_training(
        tmp_path,
        API
        + """
manager = RobustSweepStateManager(api_run)
manager.set_state("evaluating")
print("ready", flush=True)
input()
manager.set_failed("no data")
""",
        emulator,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    emulator.change(PATH, summary_update={"theirs": 2})
    _, err = process.communicate("\n", timeout=60)
    assert process.returncode == 0, err
    summary = emulator.run(PATH).summary
    assert (summary["theirs"], summary["bound"]) == (2, float("inf"))
    assert summary["protein.error"] == "no data"


def test_an_api_run_is_read_and_written_once_a_move(emulator: Emulator, tmp_path: Path) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r1"}])
    train(tmp_path, API + 'RobustSweepStateManager(api_run).set_state("evaluating")', emulator)
    assert emulator.counts.mutations == 1
    reads = [each for each in emulator.requests if each.operation == "JanitorRunSummary"]
    # One for the move, and one at the exit, for an objective.
    assert len(reads) <= 2


def test_another_process_can_ask_for_the_timeout(emulator: Emulator, tmp_path: Path) -> None:
    old = {"protein.state": "running", "protein.heartbeat": "2026-01-01T00:00:00Z"}
    emulator.seed([{"project": "acme/rl", "name": "r1", "summary": old}])
    ask = "print(json.dumps(RobustSweepStateManager(api_run).check_timeout()))"
    assert train(tmp_path, API + ask, emulator) is True
    assert emulator.counts.mutations == 0


def test_a_resumed_run_is_another_attempt(emulator: Emulator, tmp_path: Path) -> None:
    block = "with RobustSweepStateManager(wandb_run): raise ValueError('no data')"
    train(tmp_path, INIT + block, emulator, returncode=1)
    assert protein(emulator)["error"] == "ValueError: no data"
    train(tmp_path, RESUME + "with RobustSweepStateManager(wandb_run): pass", emulator)
    after = protein(emulator)
    assert (after["state"], after["attempts"]) == ("success", 2)
    assert "error" not in after


def test_a_resumed_run_that_the_janitor_ended_comes_back(
    emulator: Emulator, tmp_path: Path
) -> None:
    train(tmp_path, INIT + "RobustSweepStateManager(wandb_run).set_state('running')", emulator)
    marks = {"protein.state": "timeout", "protein.janitor.state": "timeout", "protein.error": "x"}
    emulator.change(PATH, summary_update=marks)
    train(tmp_path, RESUME + "with RobustSweepStateManager(wandb_run): pass", emulator)
    after = protein(emulator)
    assert (after["state"], after["attempts"]) == ("success", 2)
    assert not any(name.startswith("janitor") or name == "error" for name in after)


@pytest.mark.parametrize("mode", ["online", "offline"])
def test_nested_keys_keep_their_form(mode: str, emulator: Emulator, tmp_path: Path) -> None:
    summary = train(
        tmp_path,
        INIT
        + """
wandb_run.summary["protein"] = {"state": "running", "mine": 1, "deep": {"x": 1}}
with RobustSweepStateManager(wandb_run) as manager:
    manager.set_failed("no data")
manager.reopen()
manager.set_state("success", score=0.5)
print(json.dumps(wandb_run.summary._as_dict()))
""",
        emulator if mode == "online" else None,
    )
    if mode == "online":
        summary = emulator.run(PATH).summary
    nested = summary["protein"]
    assert not [key for key in summary if key.startswith("protein.")]
    assert nested.items() >= {"state": "success", "mine": 1, "deep": {"x": 1}}.items()
    assert (nested["score"], nested["attempts"]) == (0.5, 2)
    assert "error" not in nested


def test_the_previous_sigterm_handler_is_called(emulator: Emulator, tmp_path: Path) -> None:
    seen = train(
        tmp_path,
        INIT
        + """
def handler(number, frame):
    print(json.dumps([number, protein(wandb_run)["state"]]))
    sys.exit(7)
signal.signal(signal.SIGTERM, handler)
with RobustSweepStateManager(wandb_run, on_sigterm="cancelled"):
    os.kill(os.getpid(), signal.SIGTERM)
    while True: time.sleep(0.05)
""",
        emulator,
        returncode=7,
    )
    assert seen == [15, "cancelled"]
    assert protein(emulator)["state"] == "cancelled"


def test_sigterm_can_be_left_alone(tmp_path: Path) -> None:
    code = """
with RobustSweepStateManager(wandb_run, on_sigterm=None):
    print(json.dumps(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL))
"""
    assert train(tmp_path, INIT + code) is True


@pytest.mark.parametrize(
    ("end", "state", "returncode"),
    [
        ("sys.exit(3)", "failure", 3),
        ("sys.exit('no data')", "failure", 1),
        ("try: sys.exit(3)\nfinally: print()", "failure", 3),
        ("try: sys.exit(3)\nexcept SystemExit: raise", "failure", 3),
        ("try: sys.exit(3)\nexcept SystemExit: pass", "running", 0),
        ("sys.exit()", "running", 0),
        ("wandb_run.summary['protein.objective'] = 1\nsys.exit(0)", "success", 0),
    ],
)
def test_the_exit_that_counts_is_the_one_that_ends_the_process(
    end: str, state: str, returncode: int, emulator: Emulator, tmp_path: Path
) -> None:
    code = "RobustSweepStateManager(wandb_run).set_state('running')\n" + end
    process = start_training(tmp_path, INIT + code, emulator)
    _, err = process.communicate(timeout=60)
    assert process.returncode == returncode, err
    assert protein(emulator)["state"] == state


def test_what_was_hooked_is_put_back(tmp_path: Path) -> None:
    code = """
def hooks(): return [sys.excepthook, sys.exit, signal.getsignal(signal.SIGTERM)]
before = hooks()
with RobustSweepStateManager(wandb_run): during = hooks()
wandb_run.finish()
print(json.dumps([[a is b for a, b in zip(before, each)] for each in (during, hooks())]))
"""
    assert train(tmp_path, INIT + code) == [[False] * 3, [True] * 3]


def test_a_success_is_sent_before_sigterm_ends_the_process(
    emulator: Emulator, tmp_path: Path
) -> None:
    process = start_training(
        tmp_path,
        INIT
        + """
with RobustSweepStateManager(wandb_run) as manager:
    manager.set_success(0.5)
    os.kill(os.getpid(), signal.SIGTERM)  # while its last checkpoint is saved
    while True: time.sleep(0.05)
""",
        emulator,
    )
    process.communicate(timeout=30)
    assert process.returncode == -15
    summary = emulator.run("acme/rl/r1").summary
    assert (summary["protein.state"], summary["protein.objective"]) == ("success", 0.5)


def test_a_sigterm_while_a_lock_is_held_does_not_hang(tmp_path: Path) -> None:
    process = start_training(
        tmp_path,
        INIT
        + """
manager = RobustSweepStateManager(wandb_run)
manager.set_state("running")
with manager._tracker._record._lock:
    os.kill(os.getpid(), signal.SIGTERM)
    while True: time.sleep(0.05)
""",
    )
    process.communicate(timeout=30)
    assert process.returncode == -15


def test_a_forked_child_leaves_the_state_alone(emulator: Emulator, tmp_path: Path) -> None:
    code = """
manager = RobustSweepStateManager(wandb_run)
manager.set_state("running")
children = []
for end in ("sys.exit(3)", "raise ValueError()", "os.kill(os.getpid(), 15)", "manager.heartbeat()"):
    child = os.fork()
    if child == 0:
        sys.stderr = open(os.devnull, "w")
        manager.set_state("failure")
        exec(end)
        os._exit(0)
    children.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(json.dumps([children, protein(wandb_run)["state"]]))
manager.set_state("success")
"""
    children, state = train(tmp_path, INIT + code, emulator)
    assert children[2] == -15
    assert state == "running"
    assert protein(emulator)["state"] == "success"


def test_an_exception_is_seen_behind_another_excepthook(tmp_path: Path) -> None:
    code = """
manager = RobustSweepStateManager(wandb_run)
manager.set_state("running")
sys.excepthook = lambda *_: None
import atexit
atexit.unregister(sys.modules["janitor.lifecycle.exit_hooks"].GUARD._at_exit)
atexit.register(lambda: print(json.dumps(protein(wandb_run)["error"]), flush=True))
atexit.register(sys.modules["janitor.lifecycle.exit_hooks"].GUARD._at_exit)
raise ValueError("no data")
"""
    assert train(tmp_path, INIT + code, returncode=1) == "ValueError: no data"


def test_beating_goes_on_while_the_main_thread_is_busy(emulator: Emulator, tmp_path: Path) -> None:
    code = """
manager = RobustSweepStateManager(wandb_run, heartbeat_interval=0.05)
manager.set_state("evaluating")
first = protein(wandb_run)["heartbeat"]
with manager.beating():
    while protein(wandb_run)["heartbeat"] == first: pass
manager.set_state("success")
"""
    train(tmp_path, INIT + code, emulator)
    assert protein(emulator)["state"] == "success"
