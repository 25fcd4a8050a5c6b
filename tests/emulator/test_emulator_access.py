"""Permissions: keys, tokens, entities and files."""

from __future__ import annotations

import pytest
import requests

from janitor.emulator import DEFAULT_KEY, Emulator
from tests.emulator.emulator_clients import ask, post

ANN, BEN = "a" * 40, "b" * 40
VIEWER = "{ viewer { username entity } }"
READ = '{ project(name: "rl", entityName: "acme") { run(name: "r") { id } } }'
WRITE = 'mutation ($id: String) { upsertBucket(input: {id: $id, notes: "x"}) { bucket { id } } }'
CREATE = """
mutation { upsertBucket(input: {name: "new", modelName: "rl", entityName: "acme"}) { inserted } }
"""


@pytest.fixture
def closed(emulator: Emulator) -> Emulator:
    """A server that knows ann, who may only read acme, and ben, who may do nothing there."""
    emulator.seed([{"project": "acme/rl", "name": "r"}])
    emulator.configure(
        users={ANN: "ann", BEN: "ben"},
        permissions={"ann": {"acme": "read"}, "*": {"acme": "none"}},
    )
    return emulator


def test_any_well_formed_key_is_a_user_of_its_own(emulator: Emulator) -> None:
    users = [post(emulator, VIEWER, key=key).json()["data"]["viewer"] for key in (ANN, BEN, ANN)]
    assert users[0] == users[2] != users[1]
    assert users[0]["entity"] == users[0]["username"]


@pytest.mark.parametrize("key", [None, "", "short", "x y" * 20])
def test_without_a_good_key_nothing_is_answered(emulator: Emulator, key: str | None) -> None:
    assert post(emulator, VIEWER, key=key).status_code == 401


@pytest.mark.parametrize("header", ["Bearer nope", "Basic %%%", "Basic", "nope"])
def test_malformed_credentials_are_refused(emulator: Emulator, header: str) -> None:
    response = requests.post(
        f"{emulator.url}/graphql",
        json={"query": VIEWER},
        headers={"Authorization": header},
        timeout=9,
    )
    assert response.status_code == 401


def test_a_table_of_keys_names_its_users_and_no_others(closed: Emulator) -> None:
    assert post(closed, VIEWER, key=ANN).json()["data"]["viewer"]["username"] == "ann"
    assert post(closed, VIEWER, key=DEFAULT_KEY).status_code == 401


def test_a_reader_may_not_write(closed: Emulator) -> None:
    assert post(closed, READ, key=ANN).status_code == 200
    response = post(closed, WRITE, key=ANN, id=closed.run("acme/rl/r").id)
    assert response.status_code == 403
    assert "ann may not write to acme" in response.text
    assert post(closed, CREATE, key=ANN).status_code == 403
    assert closed.run_paths() == ["acme/rl/r"]


def test_a_user_without_rights_may_not_read(closed: Emulator) -> None:
    assert post(closed, READ, key=BEN).status_code == 403


def test_a_filestream_needs_the_right_to_write(closed: Emulator) -> None:
    url = f"{closed.url}/files/acme/rl/r/file_stream"
    assert requests.post(url, timeout=9).status_code == 401
    assert requests.post(url, auth=("api", ANN), timeout=9).status_code == 403
    closed.configure(permissions={})
    assert requests.post(url, auth=("api", ANN), timeout=9).status_code == 200


def test_a_files_address_is_signed_and_may_not_be_forged(emulator: Emulator) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r", "files": {"a b.txt": "hello"}}])
    files = """
      { project(name: "rl", entityName: "acme") {
          run(name: "r") { files { edges { node { name url directUrl sizeBytes md5 } } } }
      } }
    """
    node = ask(emulator, files)["project"]["run"]["files"]["edges"][0]["node"]
    assert (node["name"], node["sizeBytes"]) == ("a b.txt", 5)
    assert requests.get(node["url"], timeout=9).text == "hello"
    assert requests.get(node["directUrl"], timeout=9).text == "hello"
    plain = node["url"].partition("?")[0]
    assert requests.get(plain, timeout=9).status_code == 401
    assert requests.get(plain, auth=("api", ANN), timeout=9).text == "hello"
    assert requests.get(f"{plain}?signature=0", timeout=9).status_code == 403
    assert requests.put(f"{plain}?signature=0", b"x", timeout=9).status_code == 403
    assert requests.get(f"{plain}x", auth=("api", ANN), timeout=9).status_code == 404


def test_an_identity_token_is_exchanged_for_an_access_token(emulator: Emulator) -> None:
    url = f"{emulator.url}/oidc/token"
    assert requests.post(url, data={"assertion": "no token"}, timeout=9).status_code == 401
    answer = requests.post(url, data={"assertion": "head.claims.signature"}, timeout=9).json()
    response = requests.post(
        f"{emulator.url}/graphql",
        json={"query": VIEWER},
        headers={"Authorization": f"Bearer {answer['access_token']}"},
        timeout=9,
    )
    assert response.json()["data"]["viewer"]["username"].startswith("token-")
    assert answer["expires_in"] > 0
