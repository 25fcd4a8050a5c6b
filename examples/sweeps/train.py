"""A training for the example sweeps: needs Python only, and takes a moment.

It prints `loss=…` after each epoch, which the sweep reads (`collect: stdout`).
"""

import argparse
import math
import time

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--layers", type=int, default=2)
parser.add_argument("--epochs", type=int, default=5)
arguments = parser.parse_args()

loss = 2.0
for epoch in range(1, arguments.epochs + 1):
    distance = abs(math.log10(arguments.lr) + 2) + abs(arguments.layers - 3) / 4
    loss = loss * 0.6 + 0.2 * distance
    print(f"epoch={epoch} loss={loss:.6f}", flush=True)
    time.sleep(0.05)
