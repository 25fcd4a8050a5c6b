"""Runs that live at Weights & Biases, reached over ``wandb.Api``'s own transport."""

from janitor.stores.wandb.api import GraphQLApi
from janitor.stores.wandb.store import WandbStore

__all__ = ["GraphQLApi", "WandbStore"]
