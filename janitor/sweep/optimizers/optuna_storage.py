"""A read-only storage for Optuna, over trials that are made from a ledger.

Optuna's own storages copy and check each trial that is added, which takes 1.5 s for 10,000. Here
they are a list. The only trial that can be written is the one that is asked for; it is last.
"""

from __future__ import annotations

import copy
from collections.abc import Container, Sequence
from typing import Any, Final, NoReturn

from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

STUDY: Final = "sweep"
_ID: Final = 0


class LedgerStorage(BaseStorage):
    """One study whose finished and running trials never change.

    Args:
        trials: In the order of their numbers; a trial's id is its number.
        number: Of the trial that is asked for.
        directions: One per objective.
        attributes: The study's system attributes.

    """

    def __init__(
        self,
        trials: Sequence[FrozenTrial],
        number: int,
        directions: Sequence[StudyDirection],
        attributes: dict[str, Any] | None = None,
    ) -> None:
        self.asked = FrozenTrial(
            number, TrialState.RUNNING, None, None, None, {}, {}, {}, {}, {}, number
        )
        self.attributes = attributes or {}
        self._trials = [*trials, self.asked]
        self._by_id = {trial._trial_id: trial for trial in self._trials}  # noqa: SLF001 - a storage's key
        self._directions = list(directions)

    # -- the study

    def get_study_id_from_name(self, study_name: str) -> int:  # noqa: ARG002 - the only study
        """The id of the study."""
        return _ID

    def get_study_name_from_id(self, study_id: int) -> str:  # noqa: ARG002 - the only study
        """The name of the study."""
        return STUDY

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:  # noqa: ARG002 - the only study
        """One direction per objective."""
        return self._directions

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:  # noqa: ARG002 - the only study
        """None."""
        return {}

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:  # noqa: ARG002 - the only study
        """What samplers keep for the whole study."""
        return self.attributes

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:  # noqa: ARG002 - the only study
        """Keep a value of a sampler until the suggestion is made."""
        self.attributes[key] = value

    # -- the trials

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:  # noqa: ARG002 - the only study
        """The trial that is asked for."""
        return self.asked._trial_id  # noqa: SLF001 - a storage's key

    def set_trial_param(
        self,
        trial_id: int,
        param_name: str,
        param_value_internal: float,
        distribution: BaseDistribution,
    ) -> None:
        """Add a parameter to the trial that is asked for."""
        trial = self._writable(trial_id)
        trial.params[param_name] = distribution.to_external_repr(param_value_internal)
        trial.distributions[param_name] = distribution

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Add a sampler's value to the trial that is asked for."""
        self._writable(trial_id).system_attrs[key] = value

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """One trial."""
        return self._by_id[trial_id]

    def get_all_trials(
        self,
        study_id: int,  # noqa: ARG002 - the only study
        deepcopy: bool = True,  # noqa: FBT001, FBT002 - the base's signature
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """The trials in these states."""
        found = [each for each in self._trials if states is None or each.state in states]
        return copy.deepcopy(found) if deepcopy else found

    def _writable(self, trial_id: int) -> FrozenTrial:
        if trial_id != self.asked._trial_id:  # noqa: SLF001 - a storage's key
            self._refuse()
        return self.asked

    # -- what a read-only storage does not do

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise NotImplementedError("the trials of a ledger cannot be changed")

    create_new_study = _refuse
    delete_study = _refuse
    set_study_user_attr = _refuse
    get_all_studies: Any = _refuse
    set_trial_state_values: Any = _refuse
    set_trial_intermediate_value = _refuse
    set_trial_user_attr = _refuse
