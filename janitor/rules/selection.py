"""Which policy is in effect for a run, and whether the settings exclude the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from janitor.model import AUTO, IGNORE_TAG, Ignore, Override, Policy, RunInfo, Target, TargetKind
from janitor.model import summary as summaries
from janitor.model.summary import ABSENT
from janitor.model.wording import format_age
from janitor.rules.adoption import is_stateless
from janitor.rules.reading import Reading

_BROADEST_FIRST = (TargetKind.PROJECT, TargetKind.GROUP, TargetKind.SWEEP)


def policy_for(run: RunInfo, policy: Policy) -> Policy:
    """The policy in effect for one run.

    Overrides of its project, its group and its sweep apply in this order, each setting on its
    own, so that the narrowest wins. ``objective: auto`` becomes a key: ``NAMESPACE.objective`` if
    it is recorded, or else the sweep's metric if W&B says finished. Before that, a metric that is
    logged all along says nothing about a run's end. The same holds for every objective of a run
    whose training code keeps no state.
    """
    matching = [each for each in policy.overrides if _matches(each.target, run)]
    for kind in _BROADEST_FIRST:
        for override in matching:
            if override.target.kind is kind:
                policy = _overridden(policy, override)
    if policy.objective == AUTO or is_stateless(run, policy):
        policy = replace(policy, objective=_objective_of(run, policy))
    return policy


def with_default_entity(policy: Policy, default_entity: Callable[[], str | None]) -> Policy:
    """The policy with wandb's default entity in overrides whose target names none."""
    if all(each.target.entity is not None for each in policy.overrides):
        return policy
    entity = default_entity()
    overrides = (
        replace(each, target=replace(each.target, entity=each.target.entity or entity))
        for each in policy.overrides
    )
    return replace(policy, overrides=tuple(overrides))


def _matches(target: Target, run: RunInfo) -> bool:
    if (
        run.local is not None
        or target.entity not in {None, run.entity}
        or target.project != run.project
    ):
        return False
    match target.kind:
        case TargetKind.SWEEP:
            return run.sweep == target.name
        case TargetKind.GROUP:
            return run.group == target.name
        case TargetKind.PROJECT:
            return True
        case _:
            return False


def _overridden(policy: Policy, override: Override) -> Policy:
    disabled = policy.disabled_rules | override.disabled_rules
    settings: Mapping[str, Any] = override.settings
    return replace(policy, disabled_rules=disabled, **settings)


def _objective_of(run: RunInfo, policy: Policy) -> str | None:
    if policy.objective not in {None, AUTO}:
        return policy.objective if run.wandb_state == "finished" else None
    recorded = summaries.findings(run.summary, f"{policy.namespace}.objective")
    if any(value is not None and value is not ABSENT for value in recorded):
        return None
    return run.sweep_metric if run.wandb_state == "finished" else None


def why_ignored(reading: Reading, ignore: Ignore) -> str | None:
    """Why the settings exclude this run; None if they do not."""
    if (why := _why_ignored_by_name(reading.run, ignore)) is not None:
        return why
    if ignore.older_than is None:
        return None
    if reading.age is not None and reading.age > ignore.older_than:
        return f"ignored: silent for {format_age(reading.age)}, more than ignore.older_than"
    return None


def why_not_ours(run: RunInfo, policy: Policy) -> str | None:
    """Why nothing may be written to a run, whatever a journal or report says; None if it may.

    For corrections of earlier writes: undo and recovery. How long the run has been silent does
    not matter to them.
    """
    if summaries.form_of(run.summary, policy.namespace) is None:
        return f"it is untracked: it has no {policy.namespace}.state"
    if IGNORE_TAG in run.tags:
        return f"it is tagged {IGNORE_TAG}"
    return _why_ignored_by_name(run, policy.ignore)


def _why_ignored_by_name(run: RunInfo, ignore: Ignore) -> str | None:
    for pattern in ignore.tags:
        for tag in run.tags:
            if fnmatchcase(tag, pattern):
                return f"ignored: its tag {tag} matches {pattern} of ignore.tags"
    for pattern in ignore.names:
        if fnmatchcase(run.name, pattern) or fnmatchcase(run.id, pattern):
            return f"ignored: its name matches {pattern} of ignore.names"
    return None
