"""``python -m janitor.lifecycle.trial.wandb_record FOLDER``: what a script logged with wandb.

Prints the last value of each key as a JSON object. A process of its own, because wandb takes a
second to import: the worker starts it only if the script used wandb.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from janitor.lifecycle.run_folders import find_run_folders


def main(folder: Path) -> None:
    """Print the values of the newest run below a folder."""
    runs = find_run_folders([folder], 0.0)
    sys.stdout.write(json.dumps(runs[-1].logged() if runs else {}, default=str))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
