"""How to point wandb and the janitor at the emulator."""

from __future__ import annotations

from janitor.emulator.handle import DEFAULT_KEY


def how_to_reach(url: str) -> str:
    """Shell lines that make wandb and the janitor use the emulator at this address."""
    return (
        "point wandb at it; any key of 40 letters and digits works:\n"
        f"  export WANDB_BASE_URL={url}\n"
        f"  export WANDB_API_KEY={DEFAULT_KEY}"
    )
