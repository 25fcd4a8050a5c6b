"""Arena: an agent learns which of its moves wins most often. Needs numpy only.

Each round it picks one of several moves (softmax of its preferences, a gradient bandit: Sutton and
Barto, Reinforcement Learning, section 2.8). The evaluation plays without exploration.

    janitor sweep start examples.recipes.arena:sweep_train
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

import janitor

CHANCES = np.linspace(0.2, 0.8, 8)
"""How often each move wins."""


class ArenaTool(janitor.Tool):
    """Train an agent in the arena, with a checkpoint per epoch, and evaluate it."""

    sweep: ClassVar[dict[str, Any]] = {
        "metric": {"name": "score", "goal": "maximize"},
        "run_cap": 8,
        "janitor": {
            "scheduler": {"type": "parallel"},
            "max_parallel_jobs": 2,
            "resources": {"time": "10m"},
        },
    }

    learning_rate: Annotated[float, janitor.Range(0.01, 1.0, log=True)] = 0.1
    """How far one round moves the preferences."""
    use_baseline: bool = Field(default=True, description="Compare each win with the average.")
    epochs: int = Field(default=5, ge=1)
    rounds: int = Field(default=200, ge=1, description="Rounds per epoch.")
    seed: int = 0

    def run(self) -> None:
        """Train, from the last checkpoint if there is one."""
        place = self.checkpoint_dir / "agent.json"
        epoch, preferences, average = 0, np.zeros(len(CHANCES)), 0.0
        if place.exists():
            saved = json.loads(place.read_text(encoding="utf-8"))
            epoch, average = saved["epoch"], saved["average"]
            preferences = np.array(saved["preferences"])
        while epoch < self.epochs and not self.should_stop:
            random = np.random.default_rng([self.seed, epoch])
            wins = 0.0
            for _ in range(self.rounds):
                policy = np.exp(preferences - preferences.max())
                policy /= policy.sum()
                move = random.choice(len(CHANCES), p=policy)
                win = float(random.random() < CHANCES[move])
                advantage = win - average if self.use_baseline else win
                average += (win - average) * 0.05
                preferences -= self.learning_rate * advantage * policy
                preferences[move] += self.learning_rate * advantage
                wins += win
            epoch += 1
            state = {"epoch": epoch, "preferences": preferences.tolist(), "average": average}
            aside = place.with_suffix(".new")
            aside.write_text(json.dumps(state), encoding="utf-8")
            aside.replace(place)
            self.report(epoch, win_rate=wins / self.rounds)
            self.progress(epoch, self.epochs)
        self.save_policy(str(place))

    def evaluate(self, policy_uri: str) -> dict[str, float]:
        """The chance to win with the preferred move."""
        place = Path(policy_uri)
        agent = place if place.is_file() else place / "agent.json"
        preferences = json.loads(agent.read_text(encoding="utf-8"))["preferences"]
        return {"score": float(CHANCES[int(np.argmax(preferences))])}


def train() -> ArenaTool:
    """The arena with its defaults."""
    return ArenaTool()


def sweep_train() -> ArenaTool:
    """The arena for sweeps: shorter epochs."""
    return ArenaTool(epochs=3, rounds=100)
