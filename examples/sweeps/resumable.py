"""A training that ends at its budget and goes on from its checkpoint, for `asha.yaml`.

ASHA trains every configuration a little, and continues only the best ones. Run alone, it trains for
nine epochs.
"""

import json
import math
import time

import janitor

with janitor.trial() as trial:
    lr = trial.params.get("lr", 0.1)
    epoch, loss = 0, 2.0
    if trial.resume_from is not None:
        saved = json.loads((trial.resume_from / "state.json").read_text(encoding="utf-8"))
        epoch, loss = saved["epoch"], saved["loss"]
    while epoch < (trial.budget or 9) and not trial.should_stop:
        epoch += 1
        loss = loss * 0.6 + 0.1 * abs(math.log10(lr) + 2)
        time.sleep(0.05)
        trial.report(epoch, loss=loss)
        state = json.dumps({"epoch": epoch, "loss": loss})
        (trial.checkpoint_dir / "state.json").write_text(state, encoding="utf-8")
