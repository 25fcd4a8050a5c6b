"""The janitor: repairs the state of Weights & Biases sweep runs."""
