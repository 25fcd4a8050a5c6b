"""Runs that live at Weights & Biases, reached through ``wandb.Api``'s own door."""

from janitor.stores.wandb.api import Door
from janitor.stores.wandb.store import WandbStore

__all__ = ["Door", "WandbStore"]
