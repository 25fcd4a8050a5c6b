"""objective-invalid: the run ended with an objective that is not a finite number."""

from __future__ import annotations

from collections.abc import Mapping

from janitor.model import Change, Hold, Policy, Silent, SweepRunState
from janitor.model.summary import ABSENT
from janitor.model.wording import quoted
from janitor.rules.grace import held_for_grace
from janitor.rules.reading import Reading

ID = "objective-invalid"


def judge(reading: Reading, policy: Policy) -> Change | Hold | Silent:
    """Failure, once W&B says that the run ended: an optimizer cannot use the value.

    An object is held: it may hold the number that counts, under a name that we do not know.
    """
    key, value = reading.objective_key, reading.objective
    if value is ABSENT:
        return Silent(f"no {key}")
    if reading.has_objective:
        return Silent(f"{key} is a finite number")
    if isinstance(value, Mapping):
        return Hold(ID, _about_object(key, value))
    word = reading.run.wandb_state
    if not word.has_ended:
        return Silent(f"{key} is not a finite number, but the run may correct it")
    if word != "finished" and (hold := held_for_grace(ID, reading, policy)) is not None:
        return hold
    return Change(
        ID,
        SweepRunState.FAILURE,
        f"{key} is not a finite number ({value!r:.40}), and W&B says {word}",
    )


def _about_object(key: str, value: Mapping[str, object]) -> str:
    names = ", ".join(sorted(map(str, value))[:5]) or "nothing"
    example = next(iter(sorted(map(str, value))), "max")
    return (
        f"{key} is an object that holds {quoted(names)}, and it is not known which number counts;"
        f" name one, for example with objective: {key}.{example:.40}"
    )
