"""The Dockerfile. No engine is here that could build it; what can be checked of it is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tests.deploy.manifests import pods, rendered
from tests.deploy.tools import K8S, ROOT, run, tool

DOCKERFILE = (K8S / "Dockerfile").read_text()
STAGES = re.split(r"^(?=FROM )", DOCKERFILE, flags=re.MULTILINE)[1:]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_hadolint_finds_nothing() -> None:
    run([tool("hadolint"), K8S / "Dockerfile"])


def test_both_stages_begin_with_the_same_pinned_slim_image() -> None:
    images = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(images) == 2
    assert len(set(images)) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", images[0])
    minor = re.findall(r"python(3\.\d+)/", STAGES[1])
    assert set(minor) == {re.sub(r"python:(3\.\d+).*", r"\1", images[0])}


def test_the_last_stage_builds_and_installs_nothing() -> None:
    instructions = re.findall(r"^([A-Z]+) (.*)", STAGES[1], re.MULTILINE)
    assert [rest for word, rest in instructions if word == "RUN"] == [
        "rm -rf /usr/local/bin/pip* /usr/local/lib/python3.13/ensurepip \\"
    ]
    assert [rest for word, rest in instructions if word == "COPY"] == [
        "--from=builder /opt/janitor /opt/janitor"
    ]


def test_it_runs_as_the_user_that_the_manifests_name() -> None:
    (user,) = re.findall(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE)
    security = pods(rendered("base"))[0]["securityContext"]
    assert user == (str(security["runAsUser"]), str(security["runAsGroup"]))


def test_it_has_every_extra_that_a_pass_can_use() -> None:
    not_for_passes = {
        "dashboard",
        "emulator",
        "frameworks",
        "sweep",
        "sweep-gp",
        "sweep-importance",
    }
    extras = PROJECT["optional-dependencies"]
    wanted = [
        *PROJECT["dependencies"],
        *(extras[name] for name in extras if name not in not_for_passes),
    ]
    flat = [each for one in wanted for each in ([one] if isinstance(one, str) else one)]
    names = {re.split(r"[^\w.-]", each)[0].lower() for each in flat}
    assert names <= {name for name, _ in pins(K8S / "requirements.lock")}, "make lock"


def test_it_has_the_versions_that_are_tested() -> None:
    assert pins(K8S / "requirements.lock") <= pins(ROOT / "requirements.lock"), "make lock"
    assert "--hash=sha256:" in (K8S / "requirements.lock").read_text()


def pins(path: Path) -> set[tuple[str, str]]:
    """Each package of a lock with its version; some have one for each kind of machine."""
    return set(re.findall(r"^([\w.-]+)==([^\s;]+)", path.read_text(), re.MULTILINE))


def test_the_manifests_take_this_version() -> None:
    images = {each["image"] for pod in pods(rendered("base")) for each in pod["containers"]}
    assert {image.rpartition(":")[2] for image in images} == {PROJECT["version"]}


def test_only_what_is_copied_goes_to_the_build() -> None:
    sent = re.findall(r"^!(.*)$", (K8S / "Dockerfile.dockerignore").read_text(), re.MULTILINE)
    lines = re.findall(r"^COPY (?!--)(.*) \S+$", DOCKERFILE, re.MULTILINE)
    assert sorted(sent) == sorted(word for line in lines for word in line.split())
