"""Every snippet of the design document "Robust Sweep State Management", as it stands there.

Each runs in a process with the real wandb: online, offline and disabled.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from janitor.emulator import Emulator
from tests.lifecycle.lifecycle_runs import INIT, train

MODES = ["online", "offline", "disabled"]
SURROUNDINGS = """
import types
import janitor.lifecycle
# The snippets import the module by the name that it had at home.
for name in ("metta", "metta.sweep"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["metta.sweep.state_manager"] = janitor.lifecycle
num_epochs = 3
seen = []
def train_epoch(): seen.append(protein(wandb_run)["state"])
def train_model(): raise FAILURE_OF_TRAINING
def evaluate_policy(): return {"score": 0.9, "episodes": 10}
"""
EPILOGUE = "\nprint(json.dumps([protein(wandb_run), seen]))\nwandb_run.finish()\n"

BASIC = """
from metta.sweep.state_manager import SweepRunState, RobustSweepStateManager

# Create state manager with 30 minute timeout
state_manager = RobustSweepStateManager(wandb_run, timeout_minutes=30)

# Set initial state
state_manager.set_state(SweepRunState.INITIALIZING)

# Start training
state_manager.set_state(SweepRunState.RUNNING)

# Send periodic heartbeats during training
for epoch in range(num_epochs):
    train_epoch()
    state_manager.heartbeat()  # Keep alive signal

# Start evaluation
state_manager.set_state(SweepRunState.EVALUATING)

# Record success with metrics
state_manager.set_state(
    SweepRunState.SUCCESS,
    score=0.95,
    train_time=120.0,
    eval_time=15.0
)
"""
CONTEXT_MANAGER = """
# Automatic state handling with context manager
with RobustSweepStateManager(wandb_run) as state_manager:
    # Automatically sets RUNNING state

    # Do training
    for epoch in range(num_epochs):
        train_epoch()
        state_manager.heartbeat()

    # Automatically sets SUCCESS on normal exit
    # or FAILURE with error details on exception
"""
ERROR_HANDLING = """
state_manager = RobustSweepStateManager(wandb_run)

try:
    state_manager.set_state(SweepRunState.RUNNING)
    train_model()
except Exception as e:
    # Automatically determines appropriate failure state
    state_manager.handle_exception(e)
    # Sets TIMEOUT for TimeoutError
    # Sets CANCELLED for KeyboardInterrupt
    # Sets FAILURE for other exceptions
"""
TIMEOUT_DETECTION = """
# Create with custom timeout
state_manager = RobustSweepStateManager(wandb_run, timeout_minutes=60)

# Check if timed out
if state_manager.check_timeout():
    state_manager.set_state(
        SweepRunState.TIMEOUT,
        error="No heartbeat for 60 minutes"
    )
"""
IN_PROTEIN_WANDB = """
def __init__(self, protein, wandb_run=None):
    self._wandb_run = wandb_run or wandb.run
    self._state_manager = RobustSweepStateManager(self._wandb_run)

    # Set initializing state
    self._state_manager.set_state(SweepRunState.INITIALIZING)

    # Load previous observations...

    # Set running state when ready
    self._state_manager.set_state(SweepRunState.RUNNING)
"""
IN_SWEEP_EVAL = """
# During evaluation
state_manager = RobustSweepStateManager(wandb_run)
state_manager.set_state(SweepRunState.EVALUATING)

try:
    # Run evaluation
    results = evaluate_policy()

    # Record success
    state_manager.set_state(
        SweepRunState.SUCCESS,
        **results
    )
except Exception as e:
    state_manager.handle_exception(e)
"""
IN_TRAINING_LOOP = """
# Add heartbeats to prevent timeout
for epoch in range(num_epochs):
    # Training code...

    # Send heartbeat every epoch
    if hasattr(self, 'state_manager'):
        self.state_manager.heartbeat()
"""


def run_snippet(
    snippet: str, mode: str, emulator: Emulator, folder: Path
) -> tuple[dict[str, Any], list[str]]:
    """What stands under ``protein.`` after it, and the state that each epoch saw."""
    server = emulator if mode == "online" else None
    code = INIT + SURROUNDINGS + snippet + EPILOGUE
    protein, seen = train(folder, code, server, mode)
    if server:
        summary = server.run("acme/rl/r1").summary
        stored = {key.removeprefix("protein."): summary[key] for key in summary}
        assert stored.items() >= protein.items()
    return protein, seen


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_basic_usage(mode: str, emulator: Emulator, tmp_path: Path) -> None:
    protein, seen = run_snippet(BASIC, mode, emulator, tmp_path)
    assert seen == ["running"] * 3
    wanted = {"state": "success", "score": 0.95, "train_time": 120.0, "eval_time": 15.0}
    assert protein.items() >= wanted.items()
    assert protein.keys() >= {"last_update", "runtime_seconds", "heartbeat", "completion_time"}


def test_context_manager_usage(mode: str, emulator: Emulator, tmp_path: Path) -> None:
    protein, seen = run_snippet(CONTEXT_MANAGER, mode, emulator, tmp_path)
    assert seen == ["running"] * 3
    assert protein["state"] == "success"


def test_context_manager_usage_with_an_exception(
    mode: str, emulator: Emulator, tmp_path: Path
) -> None:
    failing = CONTEXT_MANAGER.replace("train_epoch()", "train_model()")
    snippet = "FAILURE_OF_TRAINING = ValueError('no data')\ntry:\n" + textwrap.indent(failing, "  ")
    protein, _ = run_snippet(
        snippet + "\nexcept ValueError: seen.append('raised')", mode, emulator, tmp_path
    )
    assert (protein["state"], protein["error"]) == ("failure", "ValueError: no data")
    assert "train_model" in protein["error_traceback"]


@pytest.mark.parametrize(
    ("raised", "state", "error"),
    [
        ("TimeoutError('too slow')", "timeout", "TimeoutError: too slow"),
        ("RuntimeError('no data')", "failure", "RuntimeError: no data"),
    ],
)
def test_error_handling(
    mode: str, raised: str, state: str, error: str, emulator: Emulator, tmp_path: Path
) -> None:
    snippet = f"FAILURE_OF_TRAINING = {raised}\n" + ERROR_HANDLING
    protein, _ = run_snippet(snippet, mode, emulator, tmp_path)
    assert (protein["state"], protein["error"]) == (state, error)
    assert "failure_time" in protein


def test_error_handling_of_a_keyboard_interrupt(
    mode: str, emulator: Emulator, tmp_path: Path
) -> None:
    snippet = "FAILURE_OF_TRAINING = KeyboardInterrupt()\n" + ERROR_HANDLING
    snippet = snippet.replace("except Exception", "except BaseException")
    protein, _ = run_snippet(snippet, mode, emulator, tmp_path)
    assert protein["state"] == "cancelled"


def test_timeout_detection(mode: str, emulator: Emulator, tmp_path: Path) -> None:
    silent = 'wandb_run.summary.update({"protein.heartbeat": "2026-01-01T00:00:00+00:00"})\n'
    silent += 'wandb_run.summary.update({"protein.state": "running"})\n'
    protein, _ = run_snippet(silent + TIMEOUT_DETECTION, mode, emulator, tmp_path)
    assert (protein["state"], protein["error"]) == ("timeout", "No heartbeat for 60 minutes")


def test_timeout_detection_of_a_run_that_beats(
    mode: str, emulator: Emulator, tmp_path: Path
) -> None:
    alive = 'RobustSweepStateManager(wandb_run).set_state("running")\n'
    protein, _ = run_snippet(alive + TIMEOUT_DETECTION, mode, emulator, tmp_path)
    assert protein["state"] == "running"


def test_integration_with_protein_wandb(mode: str, emulator: Emulator, tmp_path: Path) -> None:
    snippet = (
        "class WandbProtein:\n"
        + textwrap.indent(IN_PROTEIN_WANDB, "    ")
        + "\nWandbProtein(None)\n"
    )
    protein, _ = run_snippet(snippet, mode, emulator, tmp_path)
    assert protein["state"] == "running"


def test_integration_with_sweep_eval(mode: str, emulator: Emulator, tmp_path: Path) -> None:
    began = "RobustSweepStateManager(wandb_run).set_state(SweepRunState.RUNNING)\n"
    protein, _ = run_snippet(began + IN_SWEEP_EVAL, mode, emulator, tmp_path)
    assert protein.items() >= {"state": "success", "score": 0.9, "episodes": 10}.items()


def test_integration_with_a_training_loop(mode: str, emulator: Emulator, tmp_path: Path) -> None:
    trainer = """
self = types.SimpleNamespace()
for _ in range(2):
    exec(LOOP)
    self.state_manager = RobustSweepStateManager(wandb_run)
"""
    snippet = f"LOOP = {IN_TRAINING_LOOP!r}\n" + trainer
    protein, _ = run_snippet(snippet, mode, emulator, tmp_path)
    assert "heartbeat" in protein
