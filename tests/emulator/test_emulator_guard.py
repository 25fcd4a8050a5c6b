"""Web pages cannot reach the emulator: Host, Origin and content type."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from janitor.emulator import DEFAULT_KEY
from tests.emulator.emulator_clients import post

if TYPE_CHECKING:
    from janitor.emulator import Emulator

JSON = {"Content-Type": "application/json"}
WIPE = b'{"runs": true}'
CONTROL = [
    ("POST", "/emulator/reset"),
    ("POST", "/emulator/seed"),
    ("PATCH", "/emulator/settings"),
    ("PATCH", "/emulator/runs/acme/rl/r"),
    ("PATCH", "/emulator/sweeps/acme/rl/s"),
    ("POST", "/faults"),
    ("DELETE", "/faults"),
    ("POST", "/faults/release"),
]


def send(emulator: Emulator, method: str, path: str, **headers: str) -> requests.Response:
    return requests.request(
        method, emulator.url + path, data=WIPE, headers=JSON | headers, timeout=9
    )


@pytest.mark.parametrize(("method", "path"), CONTROL)
def test_a_page_of_another_site_cannot_use_a_control_address(
    emulator: Emulator, method: str, path: str
) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r", "sweep": "s"}])
    for origin in ("http://evil.example", "null", "http://localhost:1"):
        response = send(emulator, method, path, Origin=origin)
        assert response.status_code == 403
        assert "other web sites" in response.json()["error"]
    assert emulator.run_paths() == ["acme/rl/r"]


@pytest.mark.parametrize(("method", "path"), [*CONTROL, ("GET", "/emulator/requests")])
def test_a_host_name_that_is_not_this_servers_is_refused(
    emulator: Emulator, method: str, path: str
) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r", "sweep": "s"}])
    for host in ("evil.example", "evil.example:8080", "localhost.evil.example", "[bad"):
        response = send(emulator, method, path, Host=host)
        assert response.status_code == 403
        assert "use its IP address, or localhost" in response.json()["error"]
    assert emulator.run_paths() == ["acme/rl/r"]


@pytest.mark.parametrize(("method", "path"), CONTROL)
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_form_cannot_use_a_control_address(
    emulator: Emulator, method: str, path: str, kind: str
) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r", "sweep": "s"}])
    response = send(emulator, method, path, **{"Content-Type": kind})
    assert response.status_code == 403
    assert "application/json" in response.json()["error"]
    assert emulator.run_paths() == ["acme/rl/r"]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "[::1]:8080", "a.localhost"])
def test_names_of_this_machine_may_use_a_control_address(emulator: Emulator, host: str) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r"}])
    origin = {"Origin": f"http://{host}"}
    assert send(emulator, "POST", "/emulator/reset", Host=host, **origin).status_code == 200
    assert emulator.run_paths() == []


def test_a_page_of_another_site_cannot_send_graphql(emulator: Emulator) -> None:
    def ask_as(**headers: str) -> int:
        return requests.post(
            f"{emulator.url}/graphql",
            json={"query": "{ viewer { id } }"},
            headers=headers,
            auth=("api", DEFAULT_KEY),
            timeout=9,
        ).status_code

    assert ask_as(Origin="http://evil.example") == 403
    assert ask_as(Origin="http://evil.example", Host="evil.example") == 403
    assert ask_as(Origin=emulator.url) == 200
    assert ask_as(Host="a-name-of-this-machine") == 200  # a client that is not a browser
    assert post(emulator, "{ viewer { id } }").status_code == 200
