"""The pages behind the links that wandb and the janitor print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from tests.emulator.emulator_clients import run_client

if TYPE_CHECKING:
    from pathlib import Path

    from janitor.emulator import Emulator

SEED = {
    "defaults": {"project": "acme/rl"},
    "sweeps": [{"project": "acme/rl", "name": "s1", "config": {"method": "grid"}}],
    "runs": [
        {
            "name": "r1",
            "display_name": "<script>alert(1)</script>",
            "sweep": "s1",
            "group": "g & h",
            "summary": {"protein.state": "</pre><b>"},
        }
    ],
}


def get(emulator: Emulator, path: str, **headers: str) -> requests.Response:
    return requests.get(emulator.url + path, headers={"Accept": "text/html"} | headers, timeout=9)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/", ["acme/rl", "/emulator/formats"]),
        ("/acme/rl", ["r1", "s1"]),
        ("/acme/rl/workspace", ["r1"]),
        ("/acme/rl/runs/r1", ["finished", "protein.state"]),
        ("/acme/rl/runs/r1/overview", ["finished"]),
        ("/acme/rl/sweeps/s1", ["r1", "method: grid"]),
        ("/acme/rl/groups/g%20%26%20h", ["r1"]),
    ],
)
def test_a_link_leads_to_a_page(emulator: Emulator, path: str, words: list[str]) -> None:
    emulator.seed(SEED)
    response = get(emulator, path)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert all(word in response.text for word in words)
    assert "<script>" not in response.text
    assert "<b>" not in response.text


@pytest.mark.parametrize(
    "path", ["/acme/none", "/acme/rl/runs/none", "/acme/rl/sweeps/none", "/acme/rl/groups/none"]
)
def test_a_page_of_something_unknown_is_not_found(emulator: Emulator, path: str) -> None:
    emulator.seed(SEED)
    assert get(emulator, path).status_code == 404


def test_pages_are_not_shown_under_a_foreign_host_name(emulator: Emulator) -> None:
    emulator.seed(SEED)
    for path in ("/", "/acme/rl", "/acme/rl/runs/r1"):
        response = get(emulator, path, Host="evil.example")
        assert response.status_code == 403
        assert "r1" not in response.text


def test_the_link_that_wandb_prints_leads_to_the_run(emulator: Emulator, tmp_path: Path) -> None:
    out = run_client(
        emulator,
        tmp_path,
        """
        import wandb
        run = wandb.init(entity="acme", project="a project", id="r1")
        print(run.url)
        print(run.project_url)
        run.finish()
        """,
    )
    for address in out.split("\n")[:2]:
        assert "r1" in get(emulator, address.removeprefix(emulator.url)).text


def test_the_formats_of_seeds_and_faults_are_described(emulator: Emulator) -> None:
    text = requests.get(f"{emulator.url}/emulator/formats", timeout=9).text
    for words in ("heartbeat_at: -2h", '"action": "status"', "summary_update", "crash_after"):
        assert words in text
