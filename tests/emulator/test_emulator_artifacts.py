"""Artifacts with the real SDK: logged, used, downloaded, changed, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

from janitor.emulator import DEFAULT_KEY, Emulator
from tests.emulator.emulator_clients import ask, post, run_client

if TYPE_CHECKING:
    from pathlib import Path

LOG = """
import pathlib
import wandb
folder = pathlib.Path("data")
folder.mkdir()
(folder / "a b.txt").write_text("hello")
(folder / "x.bin").write_bytes(b"\\0\\1" * 5000)
run = wandb.init(entity="acme", project="rl", id="r1")
artifact = wandb.Artifact("data", "dataset", metadata={"rows": 2}, description="two files")
artifact.add_dir("data")
run.log_artifact(artifact, aliases=["best"]).wait()
print(artifact.version, artifact.state, artifact.size, sorted(artifact.aliases))
run.finish()
"""
USE = """
import pathlib
import wandb
run = wandb.init(entity="acme", project="rl", id="r2")
artifact = run.use_artifact("data:best")
place = pathlib.Path(artifact.download())
print((place / "a b.txt").read_text(), len((place / "x.bin").read_bytes()), artifact.metadata)
run.finish()
"""
CREATE = """
mutation ($name: String!, $type: String!, $digest: String!) {
  createArtifact(input: {entityName: "acme", projectName: "rl", artifactCollectionName: $name,
                         artifactTypeName: $type, digest: $digest}) { artifact { id state } }
}
"""
FILES = """
mutation ($id: ID!, $md5: String!) {
  createArtifactFiles(input: {artifactFiles: [{artifactID: $id, name: "x", md5: $md5}]}) {
    files { edges { node { uploadUrl artifact { id } } } }
  }
}
"""
COMMIT = "mutation ($id: ID!) { commitArtifact(input: {artifactID: $id}) { artifact { state } } }"
HELLO = "XUFAKrxLKna5cZ2REBfFkg=="  # MD5 of "hello"


def new_artifact(emulator: Emulator, name: str = "data", digest: str = "d") -> str:
    answer = ask(emulator, CREATE, name=name, type="dataset", digest=digest)
    identifier: str = answer["createArtifact"]["artifact"]["id"]
    return identifier


def new_file(emulator: Emulator, artifact: str) -> dict[str, Any]:
    answer = ask(emulator, FILES, id=artifact, md5=HELLO)["createArtifactFiles"]
    node: dict[str, Any] = answer["files"]["edges"][0]["node"]
    return node


def test_a_logged_artifact_is_used_and_downloaded(emulator: Emulator, tmp_path: Path) -> None:
    out = run_client(emulator, tmp_path, LOG)
    assert out.strip() == "v0 COMMITTED 10005 ['best', 'latest']"
    assert run_client(emulator, tmp_path, USE).strip() == "hello 10000 {'rows': 2}"
    out = run_client(
        emulator,
        tmp_path,
        """
        import wandb
        api = wandb.Api()
        artifact = api.artifact("acme/rl/data:v0")
        print(artifact.logged_by().id, [run.id for run in artifact.used_by()])
        print([each.name for each in api.run("acme/rl/r1").logged_artifacts()])
        print([each.name for each in api.run("acme/rl/r2").used_artifacts()])
        print(sorted((file.name, file.size) for file in artifact.files()))
        print([each.name for each in api.artifact_types("acme/rl")],
              [each.name for each in api.artifact_collections("acme/rl", "dataset")])
        """,
    )
    assert out.splitlines() == [
        "r1 ['r2']",
        "['data:v0']",
        "['data:v0']",
        "[('a b.txt', 5), ('x.bin', 10000)]",
        "['dataset'] ['data']",
    ]


def test_a_new_content_is_a_new_version_and_the_same_content_is_not(
    emulator: Emulator, tmp_path: Path
) -> None:
    out = run_client(
        emulator,
        tmp_path,
        """
        import pathlib
        import wandb
        run = wandb.init(entity="acme", project="rl", id="r1")
        for text in ("one", "two", "two"):
            pathlib.Path("x.txt").write_text(text)
            artifact = wandb.Artifact("data", "dataset")
            artifact.add_file("x.txt")
            run.log_artifact(artifact, aliases=[text]).wait()
            print(artifact.version, sorted(artifact.aliases))
        run.finish()
        api = wandb.Api()
        print([each.name for each in api.artifacts("dataset", "acme/rl/data")])
        print(api.artifact("acme/rl/data:latest").version, api.artifact("acme/rl/data").version)
        """,
    )
    assert out.splitlines() == [
        "v0 ['latest', 'one']",
        "v1 ['latest', 'two']",
        "v1 ['latest', 'two']",
        "['data:v1', 'data:v0']",
        "v1 v1",
    ]


def test_an_artifact_is_changed_and_deleted(emulator: Emulator, tmp_path: Path) -> None:
    run_client(emulator, tmp_path, LOG)
    out = run_client(
        emulator,
        tmp_path,
        """
        import wandb
        api = wandb.Api()
        artifact = api.artifact("acme/rl/data:best")
        artifact.aliases.append("gold")
        artifact.aliases.remove("best")
        artifact.tags = ["clean"]
        artifact.description = "new"
        artifact.metadata["rows"] = 3
        artifact.save()
        artifact = wandb.Api().artifact("acme/rl/data:gold")
        print(sorted(artifact.aliases), artifact.tags, artifact.description, artifact.metadata)
        artifact.delete(delete_aliases=True)
        print(wandb.Api().artifact_exists("acme/rl/data:v0"))
        """,
    )
    assert out.splitlines() == ["['gold', 'latest'] ['clean'] new {'rows': 3}", "False"]


def test_an_artifact_refers_to_another_ones_file(emulator: Emulator, tmp_path: Path) -> None:
    run_client(emulator, tmp_path, LOG)
    out = run_client(
        emulator,
        tmp_path,
        """
        import pathlib
        import wandb
        run = wandb.init(entity="acme", project="rl", id="r2")
        old = run.use_artifact("data:v0")
        new = wandb.Artifact("links", "dataset")
        new.add_reference(old.get_entry("a b.txt"), name="link.txt")
        run.log_artifact(new).wait()
        place = pathlib.Path(run.use_artifact("links:latest").download())
        print((place / "link.txt").read_text())
        run.finish()
        """,
    )
    assert out.strip() == "hello"


def test_a_state_file_keeps_artifacts(tmp_path: Path) -> None:
    with Emulator(state=tmp_path / "state") as first:
        run_client(first, tmp_path, LOG)
    with Emulator(state=tmp_path / "state") as second:
        out = run_client(second, tmp_path, USE)
        assert out.strip() == "hello 10000 {'rows': 2}"
        assert new_artifact(second, "other").startswith("QXJ0aWZhY3Q6")


def test_a_file_that_the_server_has_is_not_uploaded_again(emulator: Emulator) -> None:
    first = new_artifact(emulator)
    node = new_file(emulator, first)
    assert requests.put(node["uploadUrl"], b"hello", timeout=9).status_code == 200
    second = new_file(emulator, new_artifact(emulator, "other"))
    assert second == {"uploadUrl": None, "artifact": {"id": first}}


def test_a_content_with_another_digest_is_refused(emulator: Emulator) -> None:
    url = new_file(emulator, new_artifact(emulator))["uploadUrl"]
    response = requests.put(url, b"other", timeout=9)
    assert response.status_code == 400
    assert "another MD5 digest" in response.text
    assert requests.get(url, timeout=9).status_code == 404


def test_a_files_address_cannot_be_guessed(emulator: Emulator) -> None:
    url = new_file(emulator, new_artifact(emulator))["uploadUrl"]
    plain = url.partition("?")[0]
    assert requests.put(plain, b"hello", timeout=9).status_code == 403
    assert requests.put(f"{plain}?signature=0", b"hello", timeout=9).status_code == 403
    assert requests.put(url, b"hello", timeout=9).status_code == 200
    assert requests.get(plain, timeout=9).status_code == 403
    assert requests.get(url, timeout=9).content == b"hello"


def test_an_artifact_without_its_manifest_cannot_be_committed(emulator: Emulator) -> None:
    response = post(emulator, COMMIT, id=new_artifact(emulator))
    assert response.status_code == 400
    assert "manifest was not uploaded" in response.text


def test_an_artifact_keeps_its_type(emulator: Emulator) -> None:
    new_artifact(emulator)
    response = post(emulator, CREATE, name="data", type="model", digest="d")
    assert response.status_code == 400
    assert "already exists with type 'dataset'" in response.text


def test_artifacts_need_the_right_to_write(emulator: Emulator) -> None:
    identifier = new_artifact(emulator)
    emulator.configure(permissions={"*": {"acme": "read"}})
    assert post(emulator, CREATE, name="data", type="dataset", digest="d").status_code == 403
    assert post(emulator, COMMIT, id=identifier).status_code == 403
    emulator.configure(permissions={"*": {"acme": "none"}})
    query = "query ($id: ID!) { artifact(id: $id) { digest } }"
    assert post(emulator, query, id=identifier).status_code == 403


def test_the_address_that_clients_build_needs_credentials(emulator: Emulator) -> None:
    url = new_file(emulator, new_artifact(emulator))["uploadUrl"]
    requests.put(url, b"hello", timeout=9)
    digest = "5d41402abc4b2a76b9719d911017c592"
    built = f"{emulator.url}/artifactsV2/default/acme/rl/data/birth/{digest}/x"
    assert requests.get(built, timeout=9).status_code == 401
    assert requests.get(built, auth=("api", DEFAULT_KEY), timeout=9).content == b"hello"
