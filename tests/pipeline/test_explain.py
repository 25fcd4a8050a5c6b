"""Why a run is judged as it is, told line by line."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from janitor.model import Outage, Override, Policy, RunInfo, Target, TargetKind
from janitor.pipeline.explain import account
from janitor.rules import judge
from janitor.rules.selection import policy_for
from tests.support.run_samples import HOUR, MINUTE, NOW, ago, flat, make_run


def told(run: RunInfo, policy: Policy | None = None) -> str:
    policy = policy_for(run, policy or Policy())
    return "\n".join(account(run, judge(run, policy, NOW), policy, NOW))


def marked(state: str = "timeout", **more: Any) -> dict[str, Any]:
    marks = {
        "rule": "heartbeat-expired",
        "previous_state": "running",
        "state": "timeout",
        "reason": "silent for 2 hours",
        "at": ago(2 * MINUTE),
    }
    named = {f"janitor__{name}": value for name, value in marks.items()}
    return flat(state, last_update=ago(2 * MINUTE), **named | more)


def test_what_the_janitor_itself_did_is_shown() -> None:
    lines = told(make_run(marked()))
    assert (
        "the janitor changed it 2 minutes ago: running to timeout, rule heartbeat-expired"
        " (silent for 2 hours)"
    ) in lines
    assert "undo: janitor undo JOURNAL --run acme/rl/r1" in lines
    assert "last alive: 2 hours ago" in lines
    assert "2 minutes ago\n" not in lines.partition("evidence:")[2]


def test_a_later_change_by_somebody_else_is_shown() -> None:
    lines = told(make_run(marked("failure")))
    assert "since then it was changed by somebody else" in lines
    assert "undo:" not in lines


def test_a_resurrection_is_shown() -> None:
    back = flat(janitor__resurrected_at=ago(MINUTE))
    assert "the janitor gave it this state back 1 minute ago" in told(make_run(back))


def test_an_untouched_run_has_nothing_to_show() -> None:
    assert "the janitor" not in told(make_run())
    odd = flat(janitor__rule=["x"], janitor__at="soon")
    assert "changed it at an unknown time: absent to absent" in told(make_run(odd))


def test_the_settings_in_effect_for_the_run_are_shown() -> None:
    here = Override(Target(TargetKind.SWEEP, "acme", "rl", "s1"), {"heartbeat_timeout": 3 * HOUR})
    lines = told(make_run(), Policy(overrides=(here,)))
    assert "settings for this run: heartbeat_timeout 3 hours, evaluation_timeout 3 hours" in lines
    assert "queue_timeout none, finish_timeout 2 hours" in lines
    assert "disabled" not in lines


def test_a_disabled_rule_is_shown_with_who_disabled_it() -> None:
    policy = Policy(disabled_rules=frozenset({"wandb-crashed"}), heartbeat_timeout=6 * HOUR)
    lines = told(make_run(wandb="crashed", silent=3 * HOUR), policy)
    assert "rules disabled in the settings: wandb-crashed" in lines
    assert "wandb-crashed: no match: disabled in the settings" in lines
    assert (
        "verdict: held: alive 3 hours ago, W&B says crashed: wandb-crashed is disabled in the"
        " settings"
    ) in lines


def test_each_time_that_does_not_count_is_shown() -> None:
    summary = flat(heartbeat="soon") | {"_timestamp": (NOW + HOUR).timestamp()}
    assert "protein.heartbeat: 'soon', cannot be read as a time" in told(make_run(summary))
    assert "in the future: not counted" in told(make_run(summary))
    assert "by a clock that runs ahead of the server's" in told(make_run(summary, "finished"))


def test_an_outage_is_shown() -> None:
    policy = Policy(outages=(Outage(NOW - HOUR, NOW, frozenset()),))
    lines = told(make_run(silent=HOUR + timedelta(minutes=10)), policy)
    assert "last alive: 10 minutes (not counting an outage of 1 hour) ago" in lines
