"""Sweeps in a folder: their ledgers, runs and jobs. See the manual, "Sweeps", for the files."""

from janitor.stores.sweep_files.folder import SweepFolder
from janitor.stores.sweep_files.runs_store import SweepRunsStore, holds_sweeps
from janitor.stores.sweep_files.store import SweepFiles

__all__ = ["SweepFiles", "SweepFolder", "SweepRunsStore", "holds_sweeps"]
