"""Population based training on the toy problem of its paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from janitor.sweep.ports import Suggestion
from tests.sweep.schedulers.playing import Play
from tests.sweep.schedulers.test_pbt import pbt, play_of


@dataclass
class Toy:
    """The paper's figure 2: ascend 1.2 - Σ hᵢθᵢ² from (0.9, 0.9), judged by 1.2 - Σ θᵢ²."""

    play: Play
    thetas: dict[str, tuple[float, float]] = field(default_factory=dict)

    def train(self, index: int, _budget: float) -> float:
        trial = self.play.trial(index)
        parent = trial.trainings[0].launch.resume_from
        theta = self.thetas[parent] if parent else (0.9, 0.9)
        weights = (trial.params["h0"], trial.params["h1"])
        theta = ascended(theta, weights, 4)
        self.thetas[trial.run] = theta
        return score_of(theta)


STARTS = [(1.0, 0.0), (0.0, 1.0), (0.9, 0.1), (0.1, 0.9)]


def ascended(
    theta: tuple[float, float], weights: tuple[float, float], steps: int
) -> tuple[float, float]:
    """Gradient ascent with a rate of 0.01."""
    for _ in range(steps):
        theta = (
            theta[0] * (1 - 0.02 * weights[0]),
            theta[1] * (1 - 0.02 * weights[1]),
        )
    return theta


def score_of(theta: tuple[float, float]) -> float:
    return 1.2 - theta[0] ** 2 - theta[1] ** 2


class _Starts:
    """The members of the first generation."""

    def suggest(self, ledger: object, index: int) -> Any:  # noqa: ARG002 - the port's signature
        h0, h1 = STARTS[index]
        return Suggestion({"h0": h0, "h1": h1}, "a start of the paper")

    def versions(self) -> Mapping[str, str]:
        return {}


def test_the_toy_problem_of_the_paper_is_solved_by_copying() -> None:
    play = play_of(pbt(population=4, interval=4, most=400, share=0.25), slots=4)
    play.optimizer = _Starts()
    toy = Toy(play)

    play.finish(toy.train)

    assert max(map(score_of, toy.thetas.values())) >= 1.19
    alone = [score_of(ascended((0.9, 0.9), weights, 400)) for weights in STARTS]
    assert max(alone) < 1.1
