from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from janitor.config import load
from janitor.errors import ConfigError, UsageError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def refused(home: Path, text: str) -> str:
    (home / "janitor.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load({}, {}, home)
    return str(caught.value)


def test_a_threshold_given_twice_with_two_values_is_refused(home: Path) -> None:
    assert refused(home, "settle: 5m\nrules: {objective-recorded: {settle: 2h}}") == (
        "janitor.yaml: settle (5m) and rules.objective-recorded.settle (2h) mean the same and"
        " differ: keep one of them"
    )


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ({"settle": "-5m"}, "--settle must not be negative, but is '-5m'"),
        ({"max_changes": "-1"}, "--max-changes must be a whole number ≥ 0, not '-1'"),
        (
            {"max_silent_percent": "nan"},
            "--max-silent-percent must be a number from 0 to 100, not 'nan'",
        ),
        (
            {"namespace": ".a"},
            "--namespace must be a name without spaces or empty parts, not '.a'",
        ),
        ({"config": ""}, "--config must be the path of a file, not ''"),
        ({"report": ("",)}, "--report must be a path, not ''"),
    ],
)
def test_a_flag_is_refused_by_its_name(home: Path, flags: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(flags, {}, home)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"JANITOR_DEADLINE": "0"}, "JANITOR_DEADLINE must be longer than 0, not '0'"),
        ({"JANITOR_PAGE_SIZE": "0"}, "JANITOR_PAGE_SIZE must be a whole number ≥ 1, not '0'"),
        (
            {"JANITOR_STAND_DOWN": "perhaps"},
            "JANITOR_STAND_DOWN must be true or false, not 'perhaps'",
        ),
        ({"JANITOR_DISABLE_RULE": "wandb-faild"}, "'wandb-faild'; did you mean 'wandb-failed'?"),
        ({"JANITOR_SWEEP": "acme"}, "JANITOR_SWEEP: sweep 'acme' has too few parts: write"),
        ({"JANITOR_CONFIG": "a\0b"}, "JANITOR_CONFIG names 'a\\x00b', which is not a path"),
    ],
)
def test_a_variable_is_refused_by_its_name(
    home: Path, environ: dict[str, str], sentence: str
) -> None:
    with pytest.raises(UsageError) as caught:
        load({}, environ, home)
    assert sentence in str(caught.value)


def test_a_bad_value_in_the_file_is_refused_even_where_a_flag_overrules_it(home: Path) -> None:
    (home / "janitor.yaml").write_text("settle: soon")
    with pytest.raises(ConfigError, match=r"^janitor\.yaml:1: settle must be"):
        load({"settle": "5m"}, {}, home)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "limits: {max_changes: many}",
            "limits.max_changes must be a whole number ≥ 0, not 'many'",
        ),
        ("limits: {max_changes: -1}", "limits.max_changes must be a whole number ≥ 0, not -1"),
        ("limits: {max_changes: true}", "limits.max_changes must be a whole number ≥ 0, not True"),
        ("limits: {max_changes: 1.5}", "limits.max_changes must be a whole number ≥ 0, not 1.5"),
        ("limits: {max_silent_percent: 101}", "must be a number from 0 to 100, not 101"),
        ("limits: {max_silent_percent: .nan}", "must be a number from 0 to 100, not nan"),
        (
            "limits: {max_change: 1}",
            "limits has no setting 'max_change'; did you mean 'max_changes'?",
        ),
        ("limits: {x: 1}", "limits has no setting 'x'; it has max_changes or max_silent_percent"),
        ("limits: 5", "limits must be a mapping of settings, not 5"),
        ("limits: {1: 2}", "limits has the key 1, which is not a text"),
        ("setle: 5m", "has no setting 'setle'; did you mean 'settle'?"),
        ("qqqqqq: 5m", "has no setting 'qqqqqq'"),
        ("settle: -5m", "settle must not be negative, but is '-5m'"),
        ("settle: ''", "settle must be a duration such as 90s, 30m, 2h, 1d or 1h30m"),
        ("settle: 1:30", "settle must be a duration such as 90s, 30m, 2h, 1d or 1h30m"),
        ("settle: .inf", "settle must be a duration such as 90s, 30m, 2h, 1d or 1h30m"),
        ("settle: 99999d", "settle must be at most 3650d (ten years), not '99999d'"),
        ("heartbeat_timeout: 0", "heartbeat_timeout must be longer than 0, not 0"),
        ("namespace: ''", "namespace must be a text that is not empty, not ''"),
        ("namespace: a..b", "namespace must be a name without spaces or empty parts"),
        ("namespace: protein.", "namespace must be a name without spaces or empty parts"),
        ("namespace: 5", "namespace must be a text that is not empty, not 5"),
        ("objective: [a]", "objective must be a text that is not empty, not ['a']"),
        ("journal: 5", "journal must be a path, not 5"),
        ("report: {a: b}", "report must be a text or a list of texts, not {'a': 'b'}"),
        ("report: [a, 5]", "report[1] must be a path, not 5"),
        ("stand_down: {enabled: maybe}", "stand_down.enabled must be true or false, not 'maybe'"),
        (
            "rules: {disable: [x]}",
            "rules.disable[0] must be the ID of a rule (trial-phase, objective-recorded,",
        ),
        ("rules: {disable: 5}", "rules.disable must be a text or a list of texts, not 5"),
        (
            "rules: {heartbeat_expired: {}}",
            "rules has no setting 'heartbeat_expired'; did you mean",
        ),
        ("rules: {wandb-killed: {settle: 5m}}", "rules.wandb-killed is a rule without options"),
        (
            "rules: {wandb-crashed: {grace: 5m}}",
            "rules.wandb-crashed has no setting 'grace'; did you mean 'crash_grace'?",
        ),
        (
            "rules: {objective-recorded: {settle: x}}",
            "rules.objective-recorded.settle must be a duration",
        ),
        ("vocabulary: [a]", "vocabulary must map states to state names, not be ['a']"),
        (
            "vocabulary: {failur: x}",
            "vocabulary has an unknown state 'failur': the states are",
        ),
        (
            "vocabulary: {failure: 5}",
            "vocabulary must give failure a name, a text that is not empty",
        ),
        ("vocabulary: {failure:}", "vocabulary must give failure a name, a text that is not empty"),
        ("vocabulary: {failure: ' '}", "vocabulary must give failure a name, a text that is not"),
        (
            "vocabulary: {failure: running}",
            "the name 'running' to running and failure",
        ),
        (
            "vocabulary: {running: x, success: x}",
            "the name 'x' to running and success",
        ),
        (
            "vocabulary: {running: failed}",
            "the name 'failed' to failure and running",
        ),
    ],
)
def test_a_bad_setting_is_one_sentence_that_names_it(home: Path, text: str, sentence: str) -> None:
    said = refused(home, text)
    assert said.startswith("janitor.yaml:1: ")
    assert sentence in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "targets: acme/rl/s1",
            "targets must be a list such as '- sweep: acme/rl/s1', not 'acme/rl/s1'",
        ),
        ("targets: [acme/rl/s1]", "each target must be of the form '- sweep: acme/rl/s1', not"),
        ("targets: [{sweep: a/b, project: c}]", "each target must be of the form"),
        (
            "targets: [{sweeps: a/b/c}]",
            "a target is a sweep, project, group, run or store, not 'sweeps'; did",
        ),
        ("targets: {sweep: [a/b/c, 5]}", "sweep 5 is not a text: write ENTITY/PROJECT/SWEEP or"),
        ("targets: [{sweep:}]", "sweep None is not a text"),
    ],
)
def test_malformed_targets_in_the_file_are_one_sentence(
    home: Path, text: str, sentence: str
) -> None:
    said = refused(home, text)
    assert said.startswith(f"janitor.yaml: {sentence}")
    assert "\n" not in said


def test_an_alias_bomb_is_refused_in_a_short_sentence(home: Path) -> None:
    rows = [
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(20)
    ]
    said = refused(home, "\n".join(["a: &a [x]", *rows]))
    assert len(said) < 300
