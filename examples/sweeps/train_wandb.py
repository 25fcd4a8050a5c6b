"""A training for the example sweep on W&B. It has two parameters, and takes a moment."""

import math

import wandb

with wandb.init() as run:
    lr, layers = run.config["lr"], run.config["layers"]
    floor = abs(math.log10(lr) + 2) + 1 / layers
    for epoch in range(5):
        run.log({"epoch": epoch, "loss": floor + 1 / (epoch + 1)})
