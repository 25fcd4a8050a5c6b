"""Simulated sweeps: the same decisions on a virtual clock, with an in-memory store."""

from janitor.sweep.simulation.simulate import Outcome, Simulation

__all__ = ["Outcome", "Simulation"]
