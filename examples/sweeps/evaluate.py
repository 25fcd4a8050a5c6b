"""An evaluation for the example sweeps: the objective comes from here."""

import json
import os
from pathlib import Path

params = json.loads(Path(os.environ["JANITOR_TRIAL_PARAMS"]).read_text(encoding="utf-8"))
print("evaluates", os.environ["JANITOR_TRIAL_POLICY_URI"])
print(f"score={1 / (1 + abs(params['lr'] - 0.01)):.6f}")
