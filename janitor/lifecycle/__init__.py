"""What training and evaluation code imports so that its runs record their own state.

It needs only the standard library, ``janitor.model`` and the wandb that the caller has imported:
training environments are crowded.
"""

from janitor.lifecycle.clock import Clock
from janitor.lifecycle.decorator import tracked
from janitor.lifecycle.manager import RobustSweepStateManager
from janitor.lifecycle.states import IllegalMoveError
from janitor.model import SweepRunState

__all__ = ["Clock", "IllegalMoveError", "RobustSweepStateManager", "SweepRunState", "tracked"]
