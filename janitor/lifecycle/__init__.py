"""What training and evaluation code imports, so that runs tell the truth themselves.

It needs the standard library, the model of this package, and the wandb that the caller has
imported; nothing else, for training environments are crowded.
"""

from janitor.lifecycle.clock import Clock
from janitor.lifecycle.decorator import tracked
from janitor.lifecycle.manager import RobustSweepStateManager
from janitor.lifecycle.states import IllegalMoveError
from janitor.model import SweepRunState

__all__ = ["Clock", "IllegalMoveError", "RobustSweepStateManager", "SweepRunState", "tracked"]
