"""Sweeps on W&B: their ledgers, runs and jobs. See the manual, "Sweeps", for what is where."""
