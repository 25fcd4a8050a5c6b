from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from janitor.config.table import BrakeLimits, StandDownLimits
from janitor.model import Hold, OwnRule, Policy, SweepRunState
from janitor.pipeline.guards import brake, held_by_stand_down, stand_down
from janitor.rules import judge
from janitor.rules.custom.cel import ExpressionError, TooComplexError, compiled
from janitor.rules.custom.check import check_expression
from janitor.rules.custom.names import names_of, summary_keys
from janitor.rules.custom.rule import FIELDS
from janitor.stores.wandb.queries import summary_keys as keys_of_a_scan
from tests.rules.judging import check_changed, check_held
from tests.support.run_samples import HOUR, MINUTE, NOW, flat, make_run

PATIENT = Policy(heartbeat_timeout=timedelta(days=365))
"""Under it no built-in rule speaks of a run that is merely silent."""


def policy_with(when: str, **more: Any) -> Policy:
    rule = OwnRule("own", when, SweepRunState.FAILURE, "our own reason")
    return replace(PATIENT, own_rules=(rule,), **more)


@pytest.mark.parametrize(
    "when",
    [
        'run.wandb_state == "finished" && run.age > duration("6h")',
        "run.ended && run.objective == null",
        'run.tags.exists(tag, tag.startsWith("gpu"))',
        '"gpu-4" in run.tags',
        "has(run.summary.loss) && run.summary.loss > 2",
        'run.summary["val/loss"] == 3.0',
        '"note" in run.summary && run.summary.note == "x"',
        "run.summary.nested.deeper == true",
        'now - run.created_at > duration("1d")',
        'run["state"] in ["running", "evaluating"]',
        "run.sweep != null && run.sweep.matches('^s[0-9]+$')",
        "run.group == null",
        "run.age > duration('1h') ? run.history_lines == 10 : false",
        'run.path == "acme/rl/r1" && run.entity + "/" + run.project == "acme/rl"',
        "run.summary.loss + 1 > 3.5",
        "!(run.age < duration('30m')) || false",
        "has(run.summary.missing) || run.summary.loss > 2",
        "run.summary.loss > 2 || run.summary.missing > 1",
    ],
)
def test_a_true_condition_changes_the_run(when: str) -> None:
    check_expression(when)
    summary = {**flat(), "loss": 3, "val/loss": 3, "note": "x", "nested": {"deeper": True}}
    run = make_run(summary, wandb="finished", silent=7 * HOUR, tags=("gpu-4",))
    check_changed(run, "own", "failure", "our own reason", policy_with(when))


@pytest.mark.parametrize(
    "when",
    [
        'run.wandb_state == "failed"',
        'run.age > duration("8h")',
        "false && run.summary.missing > 1",
        '"other" in run.tags',
        "run.group != null && run.group.startsWith('x')",
    ],
)
def test_a_false_condition_leaves_the_run_alone(when: str) -> None:
    check_expression(when)
    run = make_run(wandb="finished", silent=7 * HOUR)
    check_held(run, "an evaluation may still come", policy=policy_with(when))


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ("run.summary.loss > 1", "'loss' does not exist"),
        ("run.summary.state > 1", "a text cannot be compared with a number"),
        ("run.group.startsWith('x')", "null has no"),
        ("run.tags[0] == 'x'", "out of range"),
        ("run.history_lines / (run.history_lines - 10) > 1", "zero"),
    ],
)
def test_a_condition_that_fails_holds_the_run_and_says_why(when: str, why: str) -> None:
    check_expression(when)
    run = make_run({**flat(), "state": "text"})
    check_held(run, why, "own", policy_with(when))


def test_own_rules_are_asked_after_all_others_and_the_first_wins() -> None:
    rules = [OwnRule(name, "true", SweepRunState(to), name)
             for name, to in (("first", "cancelled"), ("second", "failure"))]  # fmt: skip
    policy = replace(PATIENT, own_rules=tuple(rules))
    check_changed(make_run(), "first", "cancelled", policy=policy)
    check_changed(make_run(wandb="killed"), "wandb-killed", "cancelled", policy=policy)
    check_changed(make_run(flat(objective=0.5)), "objective-recorded", "success", policy=policy)


def test_own_rules_do_not_judge_terminal_runs_nor_such_as_nobody_may_judge() -> None:
    policy = policy_with("true")
    assert not isinstance(judge(make_run(flat("success")), policy, NOW).verdict, Hold)
    check_held(make_run(tags=("janitor:ignore",)), "tagged", policy=policy)
    check_held(make_run(flat("paused")), "unknown state", policy=policy)
    without = replace(policy, disabled_rules=frozenset({"objective-recorded"}))
    check_held(
        make_run(flat(objective=0.5)), "no other rule may judge", "objective-recorded", without
    )


@pytest.mark.parametrize(
    ("when", "problem"),
    [
        ("run.agee > duration('6h')", "did you mean 'age'?"),
        ("run.ended && run.nope == 1", "its fields are id, path, name"),
        ("run.tags.exists(t, t == run.sweeep)", "did you mean 'sweep'?"),
        ("wandb_state == 'x'", "unknown name 'wandb_state'"),
        ("run.age > 5", "a duration cannot be compared with a number"),
        ("false && run.age > 5", "a duration cannot be compared with a number"),
        ("true || run.age > '6h'", "a duration cannot be compared with a text"),
        ("run.ended ? true : run.age > 5", "a duration cannot be compared with a number"),
        ("run.wandb_state == 5", "a text is never equal to a number"),
        ("run.tags.exists(t, t == 5)", "a text is never equal to a number"),
        ("run.wandb_state && true", "between truth values"),
        ("!run.state", "for truth values"),
        ("run.age", "must be true or false, and gives a duration"),
        ("run.summary.loss", "must be true or false"),
        ("nope(run.age)", "unknown function 'nope'"),
        ("run.age.nope()", "unknown function 'nope'"),
        ("run.age > duration('6 hours')", "Invalid duration"),
        ("run.name.matches('(')", "missing )"),
        ("run == null", "run needs the name of a field"),
        ("size(run.summary) > 1", "run.summary needs the name of a key"),
        ("run.summary[run.id] > 1", "run.summary needs the name of a key"),
        ("has(run.group)", "compare the field with null"),
        ("run.age >", "is not a valid CEL expression"),
        ("", "is not a valid CEL expression"),
        ("(" * 200 + "true" + ")" * 200, "nested too deeply"),
        ("true || " * 300 + "true", "longer than"),
        ("run.state + 1 == 'x'", "has no meaning"),
        (".run.age > 5", "not supported"),
    ],
)
def test_a_condition_that_can_judge_no_run_is_refused(when: str, problem: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        check_expression(when)
    assert problem in str(raised.value)


TEN = str([1] * 10)
FIVE_DEEP = f"{TEN}.map(a, {TEN}.map(b, {TEN}.map(c, {TEN}.map(d, {TEN}.map(e, 1)))))"
DOUBLED = '["aaaaaaaaaa"]' + ".map(a, a + a + a + a + a + a + a + a + a + a)" * 6


@pytest.mark.parametrize(
    "when",
    [
        f"{FIVE_DEEP} == []",
        f"true || {FIVE_DEEP} == []",
        f"{TEN}.all(a, {TEN}.all(b, {TEN}.all(c, {TEN}.all(d, {TEN}.all(e, e == 1)))))",
        f"{DOUBLED} == []",
        f"size({DOUBLED}) == 1",
    ],
)
def test_a_condition_that_explodes_is_refused(when: str) -> None:
    with pytest.raises(TooComplexError):
        check_expression(when)


@pytest.mark.parametrize("when", ['"a" * 1000000000 == "b"', "[1] * 1000000000 == [2]"])
def test_texts_and_lists_are_not_multiplied(when: str) -> None:
    with pytest.raises(ExpressionError, match="has no meaning"):
        check_expression(when)


def test_a_condition_that_explodes_for_one_run_holds_it() -> None:
    when = "run.tags.exists(a, run.tags.exists(b, run.tags.exists(c, a + b == c)))"
    check_expression(when)
    many = make_run(tags=tuple(f"tag{number}" for number in range(60)))
    check_held(many, "it takes too many steps to evaluate", "own", policy_with(when))
    check_held(make_run(tags=("a", "b")), "alive", policy=policy_with(when))


def test_a_condition_with_many_keys_can_be_checked() -> None:
    check_expression(" && ".join(f'run.summary.a{number} == "x"' for number in range(60)))


@pytest.mark.parametrize(
    ("when", "value"),
    [
        ('now - timestamp(run.summary["t"]) > duration("2h")', "2026-03-01T07:00:00+00:00"),
        ('now - timestamp(run.summary["t"]) > duration("2h")', "2026-03-01T07:00:00.123456"),
        ('now - timestamp(run.summary["t"]) > duration("2h")', (NOW - 5 * HOUR).timestamp()),
        (
            "has(run.summary.t) && timestamp(run.summary.t) < run.created_at",
            1.7e9,
        ),
        ("int(now) - int(run.summary.t) > 7200", int((NOW - 5 * HOUR).timestamp())),
        ('duration(run.summary.t) > duration("2h")', "3h"),
        ("double(run.summary.t) > 0.4", "0.5"),
    ],
)
def test_the_times_that_the_product_writes_can_be_read(when: str, value: Any) -> None:
    check_expression(when)
    check_changed(make_run(flat() | {"t": value}), "own", "failure", policy=policy_with(when))
    check_held(make_run(flat() | {"t": "never"}), "cannot judge", "own", policy_with(when))
    check_held(make_run(), "'t' does not exist" if "has(" not in when else "alive",
               "own" if "has(" not in when else "none", policy_with(when))  # fmt: skip


def test_the_fields_of_samples_are_those_of_runs() -> None:
    for field in FIELDS:
        when = "has(run.summary.x)" if field == "summary" else f"run.{field} == null"
        check_expression(when)
        judged = judge(make_run(), policy_with(when), NOW).verdict
        assert "cannot judge" not in getattr(judged, "reason", ""), field


def test_the_keys_that_an_expression_names_are_read_by_a_scan() -> None:
    when = '"a" in run.summary && run.summary["b/c"] > 1 && run.summary.d.e == 2'
    assert summary_keys(when) == ("a", "b/c", "d")
    assert names_of(when).fields == {"summary"}
    keys = keys_of_a_scan(policy_with(when))
    assert {"a", "b/c", "d"} <= set(keys)


def test_a_pass_counts_own_rules_of_active_runs_as_guesses() -> None:
    policy = policy_with('run.age > duration("1h")')
    runs = [make_run(id=f"r{number}", silent=2 * HOUR) for number in range(30)]
    judged = [judge(run, policy, NOW) for run in runs]
    assert brake(judged, BrakeLimits(max_changes=29)).limit == "max_changes"
    assert brake(judged, BrakeLimits()).limit == "max_silent_percent"
    found, silent = stand_down(judged, StandDownLimits(), NOW)
    assert found.active
    assert silent == {run.path for run in runs}
    assert isinstance(held_by_stand_down(judged[0], found).verdict, Hold)


def test_an_expression_without_the_library_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled.cache_clear()
    monkeypatch.setitem(sys.modules, "celpy", None)
    with pytest.raises(ExpressionError, match=r"install wandb-janitor\[cel\]"):
        compiled("true")
    check_held(make_run(silent=40 * MINUTE), "wandb-janitor[cel]", "own", policy_with("run.ended"))
    compiled.cache_clear()
