"""Every snippet of the design document "Robust Sweep State Management", as it stands there.

Each runs with the real wandb, in a run of its own: online, offline and disabled. The runs of one
mode share a process.
"""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass
from typing import Any

import pytest

from janitor.emulator import Emulator
from tests.lifecycle.lifecycle_runs import train

MODES = ["online", "offline", "disabled"]
SURROUNDINGS = """
import types
import janitor.lifecycle
# The snippets import the module by the name that it had at home.
for name in ("metta", "metta.sweep"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["metta.sweep.state_manager"] = janitor.lifecycle
num_epochs = 3
def train_epoch(): seen.append(protein(wandb_run)["state"])
def train_model(): raise FAILURE_OF_TRAINING
def evaluate_policy(): return {"score": 0.9, "episodes": 10}

ran = {}
for snippet_name, snippet in json.loads(SNIPPETS).items():
    wandb_run = wandb.init(entity="acme", project="rl", id=snippet_name)
    seen = []
    exec(snippet)
    ran[snippet_name] = {"protein": protein(wandb_run), "seen": seen}
    wandb_run.finish()
print(json.dumps(ran))
"""

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


def indented(snippet: str) -> str:
    return textwrap.indent(snippet, "    ")


def failing(exception: str, snippet: str) -> str:
    return f"FAILURE_OF_TRAINING = {exception}\n{snippet}"


BEGUN = 'RobustSweepStateManager(wandb_run).set_state("running")\n'
SILENT = """
wandb_run.summary.update({"protein.heartbeat": "2026-01-01T00:00:00+00:00"})
wandb_run.summary.update({"protein.state": "running"})
"""
TRAINER = """
self = types.SimpleNamespace()
for _ in range(2):
    exec(LOOP)
    self.state_manager = RobustSweepStateManager(wandb_run)
"""
SNIPPETS = {
    "basic": BASIC,
    "context-manager": CONTEXT_MANAGER,
    "context-manager-raising": failing(
        "ValueError('no data')",
        f"try:\n{indented(CONTEXT_MANAGER.replace('train_epoch()', 'train_model()'))}\n"
        "except ValueError: seen.append('raised')",
    ),
    "timeout-error": failing("TimeoutError('too slow')", ERROR_HANDLING),
    "other-error": failing("RuntimeError('no data')", ERROR_HANDLING),
    "keyboard-interrupt": failing(
        "KeyboardInterrupt()", ERROR_HANDLING.replace("except Exception", "except BaseException")
    ),
    "timeout-detection": SILENT + TIMEOUT_DETECTION,
    "timeout-detection-alive": BEGUN + TIMEOUT_DETECTION,
    "protein-wandb": f"class WandbProtein:\n{indented(IN_PROTEIN_WANDB)}\nWandbProtein(None)\n",
    "sweep-eval": BEGUN + IN_SWEEP_EVAL,
    "training-loop": f"LOOP = {IN_TRAINING_LOOP!r}\n{TRAINER}",
}


@dataclass(frozen=True)
class Ran:
    """What came of a snippet."""

    protein: dict[str, Any]
    """What stands under ``protein.`` after it."""
    seen: list[str]
    """The state that each epoch saw."""


@pytest.fixture(scope="module", params=MODES)
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ran]:
    """What came of every snippet, in one of the modes."""
    mode = str(request.param)
    code = f"SNIPPETS = {json.dumps(SNIPPETS)!r}\n{SURROUNDINGS}"
    folder = tmp_path_factory.mktemp("snippets")
    with Emulator() as emulator:
        results = train(folder, code, emulator if mode == "online" else None, mode)
        if mode == "online":
            for name, result in results.items():
                summary = emulator.run(f"acme/rl/{name}").summary
                stored = {key.removeprefix("protein."): summary[key] for key in summary}
                assert stored.items() >= result["protein"].items()
    return {name: Ran(**result) for name, result in results.items()}


def test_basic_usage(ran: dict[str, Ran]) -> None:
    basic = ran["basic"]
    assert basic.seen == ["running"] * 3
    wanted = {"state": "success", "score": 0.95, "train_time": 120.0, "eval_time": 15.0}
    assert basic.protein.items() >= wanted.items()
    assert basic.protein.keys() >= {
        "last_update",
        "runtime_seconds",
        "heartbeat",
        "completion_time",
    }


def test_context_manager_usage(ran: dict[str, Ran]) -> None:
    assert ran["context-manager"].seen == ["running"] * 3
    assert ran["context-manager"].protein["state"] == "success"


def test_context_manager_usage_with_an_exception(ran: dict[str, Ran]) -> None:
    assert ran["context-manager-raising"].seen == ["raised"]
    protein = ran["context-manager-raising"].protein
    assert (protein["state"], protein["error"]) == ("failure", "ValueError: no data")
    assert "train_model" in protein["error_traceback"]


@pytest.mark.parametrize(
    ("name", "state", "error"),
    [
        ("timeout-error", "timeout", "TimeoutError: too slow"),
        ("other-error", "failure", "RuntimeError: no data"),
        ("keyboard-interrupt", "cancelled", "KeyboardInterrupt"),
    ],
)
def test_error_handling(ran: dict[str, Ran], name: str, state: str, error: str) -> None:
    protein = ran[name].protein
    assert (protein["state"], protein["error"]) == (state, error)
    assert "failure_time" in protein


def test_timeout_detection(ran: dict[str, Ran]) -> None:
    protein = ran["timeout-detection"].protein
    assert (protein["state"], protein["error"]) == ("timeout", "No heartbeat for 60 minutes")


def test_timeout_detection_of_a_run_that_beats(ran: dict[str, Ran]) -> None:
    assert ran["timeout-detection-alive"].protein["state"] == "running"


def test_integration_with_protein_wandb(ran: dict[str, Ran]) -> None:
    assert ran["protein-wandb"].protein["state"] == "running"


def test_integration_with_sweep_eval(ran: dict[str, Ran]) -> None:
    wanted = {"state": "success", "score": 0.9, "episodes": 10}
    assert ran["sweep-eval"].protein.items() >= wanted.items()


def test_integration_with_a_training_loop(ran: dict[str, Ran]) -> None:
    assert "heartbeat" in ran["training-loop"].protein
