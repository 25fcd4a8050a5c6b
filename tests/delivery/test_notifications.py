"""Messages: what they say, when they are sent, and in what shape services get them."""

from __future__ import annotations

import json
from typing import Any

import pytest
import responses
from pydantic import SecretStr

from janitor.delivery import notifications
from janitor.errors import UsageError
from janitor.model import Outcome
from janitor.records.report import Brake, Report, ReportedTarget
from janitor.report.message import Message, message_of, message_of_failure
from tests.delivery.services import web_server
from tests.report.report_samples import everything, finish, make_change, make_draft, nothing
from tests.report.test_render import NASTY, nasty

MESSAGE = Message("janitor: 14 of 40 runs repaired", "14 to timeout\n14 repaired", frozenset())
SECRET = "verysecrettokenvalue1234"


def secrets(*addresses: str) -> list[SecretStr]:
    return [SecretStr(address) for address in addresses]


def sent(*addresses: str, message: Message = MESSAGE, seconds: float = 20) -> list[str]:
    return list(notifications.send(message, secrets(*addresses), seconds=seconds))


# ---- what it says --------------------------------------------------------------------------


def test_a_message_is_short_with_counts_and_a_link() -> None:
    message = message_of(everything(), failed=True, link="https://ci.example/7")
    assert message.title == "janitor fix failed, 2 runs repaired"
    lines = message.body.splitlines()
    assert lines[0].startswith("2 of 8 runs were repaired")
    assert "8 runs, 2 repaired, 1 planned, 1 failed, 1 superseded, 2 held, 1 clean" in lines
    assert lines[-1] == "https://ci.example/7"
    assert len(message.body) < 2_000


def test_without_a_page_of_its_own_a_message_links_to_a_run() -> None:
    assert message_of(everything(), failed=False, link=None).body.endswith("acme/rl/r1")
    assert "http" not in message_of(nothing(), failed=False, link=None).body


def test_a_message_stays_short_whatever_happened() -> None:
    draft = make_draft()
    for number in range(500):
        target = f"acme/rl/{'s' * 500}{number}"
        draft.add_target(
            ReportedTarget(target=target, runs_expected=2, runs_seen=1, complete=False)
        )
        draft.add_error("e" * 5_000, target=target)
    assert len(message_of(finish(draft, 0), failed=True, link=None).body) < 4_000


def test_a_message_calls_nobody_and_cannot_act_on_a_terminal() -> None:
    draft = make_draft()
    draft.add_error("@everyone <!channel> \x1b[31m")
    body = message_of(finish(draft, 0), failed=True, link="javascript:alert(1)").body
    assert "@everyone" not in body
    assert "\x1b" not in body
    assert "javascript" not in body
    assert "\x1b" not in message_of(nasty(), failed=True, link=NASTY).body


@pytest.mark.parametrize(
    ("report", "failed", "title", "occasions"),
    [
        (nothing(), False, "janitor: 0 of 3 runs repaired", set()),
        (everything(), True, "janitor fix failed, 2 runs repaired", {"changes", "failure"}),
        (everything(), False, "janitor: 1 change due", {"changes"}),
    ],
)
def test_the_occasion_is_what_came_of_the_pass(
    report: Report, *, failed: bool, title: str, occasions: set[str]
) -> None:
    message = message_of(report, failed=failed, link=None)
    assert message.title == title
    assert set(message.occasions) == occasions


def test_a_brake_is_an_occasion_unless_it_was_overruled() -> None:
    draft = make_draft()
    draft.add_change(make_change(outcome=Outcome.PLANNED))
    draft.brake = Brake.of_changes(1, 0)
    report = finish(draft, 1)
    message = message_of(report, failed=False, link=None)
    assert message.title == "janitor: the brake is on, 1 change due"
    assert message.occasions == {"changes", "brake"}
    overruled = report.model_copy(
        update={"brake": Brake.of_changes(1, 0).model_copy(update={"overruled": True})}
    )
    assert message_of(overruled, failed=False, link=None).occasions == {"changes"}


def test_a_pass_without_a_report_sends_a_notification_too() -> None:
    message = message_of_failure("fix", "the server cannot be reached", "https://ci.example/7")
    assert message.title == "janitor fix failed"
    assert message.body == "the server cannot be reached\nhttps://ci.example/7"
    assert message.occasions == {"failure"}


# ---- where it goes -------------------------------------------------------------------------


SHAPES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "slack": (
        "slack://TABCDEFGH/B12345678/aBcDeFgHiJkLmNoPqRsTuVwX/#runs",
        "https://hooks.slack.com/services/TABCDEFGH/B12345678/aBcDeFgHiJkLmNoPqRsTuVwX",
        {"channel": "#runs"},
    ),
    "discord": (
        f"discord://123456789012345678/{SECRET}",
        f"https://discord.com/api/webhooks/123456789012345678/{SECRET}",
        {},
    ),
    "a webhook": (
        "jsons://hooks.example.org/janitor",
        "https://hooks.example.org/janitor",
        {"title": MESSAGE.title, "message": MESSAGE.body, "type": "info"},
    ),
}


@pytest.mark.parametrize("service", SHAPES)
@responses.activate
def test_each_service_gets_the_message_in_its_own_shape(service: str) -> None:
    address, hook, fields = SHAPES[service]
    responses.post(hook, body="ok")
    assert sent(address) == []
    (call,) = responses.calls
    body = json.loads(call.request.body or b"")
    assert {name: body.get(name) for name in fields} == fields
    text = json.dumps(body)
    assert "14 of 40 runs repaired" in text
    assert "14 to timeout" in text


@responses.activate
def test_a_service_that_refuses_is_a_warning_that_keeps_the_token_secret() -> None:
    address, hook, _ = SHAPES["discord"]
    responses.post(hook, status=403, body=SECRET)
    (warning,) = sent(address)
    assert warning == (
        "the notification to discord://*** was not sent: the service refused it or is unreachable"
    )


def test_a_webhook_on_this_machine_hears_it_for_real() -> None:
    with web_server() as hook:
        assert sent(f"json://{hook.address}/janitor") == []
    (body,) = hook.bodies
    assert json.loads(body)["title"] == MESSAGE.title


def test_one_who_cannot_be_reached_does_not_keep_it_from_the_others() -> None:
    with web_server() as hook, web_server(status=500) as broken:
        warnings = sent(
            f"json://{broken.address}", f"json://{hook.address}", "json://127.0.0.1:9", seconds=30
        )
    assert len(warnings) == 2
    assert len(hook.bodies) == 1


def test_a_service_that_hangs_is_not_waited_for() -> None:
    with web_server(hang=30) as hook:
        (warning,) = sent(f"json://{hook.address}?rto=30", seconds=0.5)
        assert hook.is_hanging
    assert warning == "the notification to json://*** was not sent: it took too long"


def test_nobody_is_notified_where_nobody_is_named() -> None:
    assert sent() == []


@pytest.mark.parametrize("address", ["nonsense://x/y", "slack://", f"discord://{SECRET}"])
def test_an_address_that_apprise_does_not_know_is_reported_before_any_work(address: str) -> None:
    with pytest.raises(UsageError, match=r"--notify \w+://\*\*\*: not a valid") as raised:
        notifications.check(secrets(address))
    assert SECRET not in str(raised.value)


def test_addresses_that_apprise_knows_pass() -> None:
    notifications.check(secrets(*(address for address, _, _ in SHAPES.values())))
