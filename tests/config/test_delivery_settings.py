"""Settings of metrics, messages and CI: what is taken, what is refused, what stays secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from janitor.config import Config, load
from janitor.errors import ConfigError

SECRET = "T0KEN/B0KEN/verysecret"
SLACK = f"slack://{SECRET}/#runs"


def loaded(tmp_path: Path, environ: dict[str, str] | None = None, **flags: Any) -> Config:
    return load(flags, environ or {}, tmp_path).config


def shown(tmp_path: Path, environ: dict[str, str]) -> dict[str, tuple[Any, str]]:
    settings = load({}, environ, tmp_path).settings()
    return {key: (value, came_from) for key, value, came_from in settings}


def test_nobody_is_notified_unless_asked(tmp_path: Path) -> None:
    config = loaded(tmp_path)
    assert (config.metrics_file, config.pushgateway, config.notify) == (None, None, ())
    assert (config.step_summary, config.link) == (None, None)
    assert config.notify_on == ("changes", "brake", "failure")


def test_addresses_of_messengers_are_secret(tmp_path: Path) -> None:
    environ = {"JANITOR_NOTIFY": SLACK}
    config = loaded(tmp_path, environ)
    assert [each.get_secret_value() for each in config.notify] == [SLACK]
    assert SECRET not in repr(config)
    assert SECRET not in config.model_dump_json()
    assert shown(tmp_path, environ)["notify"] == (["slack://***"], "environment JANITOR_NOTIFY")


@pytest.mark.parametrize("text", [SECRET, f"  {SECRET}", f"x,{SECRET}"])
def test_an_address_that_is_refused_is_not_shown_either(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="JANITOR_NOTIFY must be an Apprise URL") as raised:
        loaded(tmp_path, {"JANITOR_NOTIFY": text})
    assert SECRET not in str(raised.value)


def test_a_comma_within_an_address_separates_nothing(tmp_path: Path) -> None:
    text = "mailto://me:pw@example.org?to=a@example.org,b@example.org, json://localhost\nxml://x"
    found = [each.get_secret_value() for each in loaded(tmp_path, {"JANITOR_NOTIFY": text}).notify]
    assert found == [
        "mailto://me:pw@example.org?to=a@example.org,b@example.org",
        "json://localhost",
        "xml://x",
    ]


def test_the_file_may_name_one_messenger_or_several(tmp_path: Path) -> None:
    (tmp_path / "janitor.yaml").write_text("notify: json://localhost\nnotify_on: [always]\n")
    config = loaded(tmp_path)
    assert len(config.notify) == 1
    assert config.notify_on == ("always",)
    (tmp_path / "janitor.yaml").write_text("notify: [json://a, xml://b]\nnotify_on: brake\n")
    config = loaded(tmp_path)
    assert len(config.notify) == 2
    assert config.notify_on == ("brake",)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"notify_on": ("chnages",)}, "--notify-on .*not 'chnages'; did you mean 'changes'"),
        ({"junit_fixed": "skip"}, "--junit-fixed must be failure or pass, not 'skip'"),
        ({"pushgateway": "localhost:9091"}, "--pushgateway must be a URL such as http"),
        ({"pushgateway": "http://[::1"}, "--pushgateway must be a URL"),
        ({"pushgateway": "http://host:99999"}, "--pushgateway must be a URL"),
        ({"pushgateway": "ftp://host"}, "--pushgateway must be a URL"),
        ({"notify": (7,)}, "--notify must be an Apprise URL"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_flag(
    tmp_path: Path, flags: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        loaded(tmp_path, **flags)


def test_a_login_in_an_address_is_not_shown(tmp_path: Path) -> None:
    environ = {"JANITOR_PUSHGATEWAY": "https://me:verysecret@gateway:9091"}
    assert loaded(tmp_path, environ).pushgateway == environ["JANITOR_PUSHGATEWAY"]
    assert shown(tmp_path, environ)["pushgateway"][0] == "https://***@gateway:9091"
    with pytest.raises(ConfigError) as raised:
        loaded(tmp_path, {"JANITOR_PUSHGATEWAY": "ftp://me:verysecret@gateway"})
    assert "verysecret" not in str(raised.value)


def test_github_names_the_summary_and_the_page_of_the_job(tmp_path: Path) -> None:
    environ = {
        "GITHUB_STEP_SUMMARY": "/runner/step_summary_1",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "acme/rl",
        "GITHUB_RUN_ID": "42",
    }
    config = loaded(tmp_path, environ)
    assert config.step_summary == Path("/runner/step_summary_1")
    assert config.link == "https://github.com/acme/rl/actions/runs/42"
    assert shown(tmp_path, environ)["step_summary"][1] == "environment GITHUB_STEP_SUMMARY"


def test_gitlab_names_the_page_of_the_job(tmp_path: Path) -> None:
    environ = {"CI_JOB_URL": "https://gitlab.com/acme/rl/-/jobs/7"}
    assert loaded(tmp_path, environ).link == environ["CI_JOB_URL"]


def test_what_ci_says_of_itself_is_weaker_than_the_file(tmp_path: Path) -> None:
    (tmp_path / "janitor.yaml").write_text("link: https://example.org/report\n")
    assert loaded(tmp_path, {"CI_JOB_URL": "https://ci"}).link == "https://example.org/report"


def test_what_ci_says_may_be_nonsense_and_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="CI_JOB_URL must be a URL"):
        loaded(tmp_path, {"CI_JOB_URL": "nonsense"})
