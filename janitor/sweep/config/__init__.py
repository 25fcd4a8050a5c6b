"""The sweep file: W&B's sweep YAML, and the settings of the controller."""

from janitor.sweep.config.sweep_file import SweepConfig, sweep_schema

__all__ = ["SweepConfig", "sweep_schema"]
