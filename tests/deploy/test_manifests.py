"""What Kubernetes is told, held against its own schemas and against what we promise."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from janitor.config import Config, load, parse_duration
from tests.deploy.manifests import ALL, OVERLAYS, container, job, one, pods, rendered, rendered_at
from tests.deploy.tools import K8S, run, tool

VERSIONS = ("1.33", "1.35", "1.37")
"""The oldest has backoffLimitPerIndex without a feature gate."""
OF_THE_OPERATOR = {"PrometheusRule", "ServiceMonitor"}
"""Kubernetes has no schema for these."""


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ALL)
def test_kubernetes_takes_what_is_rendered(name: str, version: str, tmp_path: Path) -> None:
    native = [each for each in rendered(name) if each["kind"] not in OF_THE_OPERATOR]
    assert len(native) >= 6
    path = tmp_path / "manifests.yaml"
    path.write_text(yaml.safe_dump_all(native))
    run([tool("kubernetes-validate"), "--strict", "-k", version, path])


def test_an_unknown_field_would_be_found(tmp_path: Path) -> None:
    cronjob = one(rendered("base"), "CronJob")
    path = tmp_path / "manifests.yaml"
    path.write_text(yaml.safe_dump({**cronjob, "spec": {**cronjob["spec"], "retries": 3}}))
    done = run([tool("kubernetes-validate"), "--strict", "-k", "1.37", path], code=1)
    assert "retries" in done.stdout + done.stderr


@pytest.mark.parametrize("name", ALL)
def test_every_pod_meets_the_standard_restricted(name: str) -> None:
    namespace = one(rendered(name), "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for pod in pods(rendered(name)):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for each in [*pod["containers"], *pod.get("initContainers", ())]:
            assert each["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert each["resources"].keys() == {"requests", "limits"}
            assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", each["image"])


@pytest.mark.parametrize("name", ALL)
def test_nobody_is_given_rights(name: str) -> None:
    assert not [each for each in rendered(name) if "Role" in each["kind"]]


def test_only_dns_and_https_get_out() -> None:
    policy = one(rendered("base"), "NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in policy
    allowed = [
        (port["port"], port["protocol"]) for rule in policy["egress"] for port in rule["ports"]
    ]
    assert allowed == [(53, "UDP"), (53, "TCP"), (443, "TCP")]
    labels = job(rendered("base"))["template"]["metadata"]["labels"]
    assert policy["podSelector"]["matchLabels"].items() <= labels.items()


def test_passes_never_overlap_and_end_by_themselves_before_they_are_ended() -> None:
    cronjob = one(rendered("base"), "CronJob")["spec"]
    assert cronjob["concurrencyPolicy"] == "Forbid"
    assert cronjob["startingDeadlineSeconds"] > 0
    ends = timedelta(seconds=job(rendered("base"))["activeDeadlineSeconds"])
    assert timedelta(minutes=2) < ends - deadline() < timedelta(minutes=5)
    pod = job(rendered("base"))["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > 10
    assert job(rendered("base"))["backoffLimit"] == 0
    assert pod["restartPolicy"] == "Never"


def deadline() -> timedelta:
    (argument,) = [each for each in container(rendered("base"))["args"] if "--deadline" in each]
    return parse_duration(argument.partition("=")[2])


def test_each_exit_code_has_a_rule_of_its_own() -> None:
    drained, *rules = job(rendered("base"))["podFailurePolicy"]["rules"]
    disrupted = {"type": "DisruptionTarget", "status": "True"}
    assert drained == {"action": "Ignore", "onPodConditions": [disrupted]}
    assert [(rule["action"], rule["onExitCodes"]["values"]) for rule in rules] == [
        ("FailJob", [1]),
        ("FailJob", [2]),
        ("FailJob", [3]),
    ]


def test_journals_and_reports_outlive_the_pod() -> None:
    pod = job(rendered("base"))["template"]["spec"]
    kept = [each["name"] for each in pod["volumes"] if "persistentVolumeClaim" in each]
    mounts = {
        each["name"]: each["mountPath"] for each in container(rendered("base"))["volumeMounts"]
    }
    (place,) = [mounts[name] for name in kept]
    args = " ".join(container(rendered("base"))["args"])
    assert f"--journal={place}/" in args
    assert f"--report={place}/" in args


def test_the_settings_are_settings(tmp_path: Path) -> None:
    data = next(each for each in rendered("base") if each["kind"] == "ConfigMap")["data"]
    (tmp_path / "janitor.yaml").write_text(data["janitor.yaml"])
    assert load({}, {}, tmp_path).config.targets


def test_a_dry_run_differs_by_one_word() -> None:
    real, dry = container(rendered("base")), container(rendered("overlays/dry-run"))
    assert dry == {**real, "args": [*real["args"], "--dry-run"]}


def test_workload_identity_needs_no_key() -> None:
    manifests = rendered("overlays/workload-identity")
    variables = {each["name"]: each.get("value") for each in container(manifests)["env"]}
    assert "WANDB_API_KEY" not in variables
    mounts = {each["mountPath"]: each["name"] for each in container(manifests)["volumeMounts"]}
    folder, _, token = str(variables["WANDB_IDENTITY_TOKEN_FILE"]).rpartition("/")
    (volume,) = [
        each
        for each in job(manifests)["template"]["spec"]["volumes"]
        if each["name"] == mounts[folder]
    ]
    (source,) = volume["projected"]["sources"]
    assert source["serviceAccountToken"]["path"] == token
    assert source["serviceAccountToken"]["audience"]


def test_a_shards_failure_is_its_own_and_every_shard_is_known() -> None:
    manifests = rendered("overlays/sharded")
    spec = job(manifests)
    assert spec["completionMode"] == "Indexed"
    assert spec["backoffLimitPerIndex"] == 0
    assert "backoffLimit" not in spec
    rule = spec["podFailurePolicy"]["rules"][1]
    assert (rule["action"], rule["onExitCodes"]["values"]) == ("FailIndex", [1, 2, 3])
    assert spec["completions"] == spec["parallelism"]
    assert [shard_of(manifests, index) for index in range(spec["completions"])] == [
        f"{index + 1}/{spec['completions']}" for index in range(spec["completions"])
    ]
    assert one(manifests, "PersistentVolumeClaim")["spec"]["accessModes"] == ["ReadWriteMany"]


def shard_of(manifests: tuple[dict[str, Any], ...], index: int) -> str:
    """Which share a pod of the Job takes."""
    given = {each["name"]: each["value"] for each in container(manifests)["env"] if "value" in each}
    loaded = load({}, {**given, "JOB_COMPLETION_INDEX": str(index)}, K8S / "base")
    return str(loaded.config.shard)


@pytest.mark.parametrize("name", ALL)
def test_every_variable_of_the_janitor_exists(name: str) -> None:
    environ = {each["name"]: each.get("value", "") for each in container(rendered(name))["env"]}
    loaded = load({}, {**environ, "JOB_COMPLETION_INDEX": "0"}, K8S / "base")
    assert loaded.warnings == ()
    assert loaded.config != Config()


def test_all_overlays_go_together(tmp_path: Path) -> None:
    """A kustomization of somebody's own, outside this repository, with an image of theirs."""
    here = Path(os.path.relpath(K8S, tmp_path))
    kustomization = {
        "resources": [str(here / "base")],
        "components": [str(here / "components" / name) for name in OVERLAYS],
        "images": [{"name": "registry.example.com/wandb-janitor", "newName": "acme/janitor"}],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    manifests = rendered_at(tmp_path)
    images = {each["image"] for pod in pods(manifests) for each in pod["containers"]}
    assert {image.partition(":")[0] for image in images} == {"acme/janitor", "prom/pushgateway"}
    args = container(manifests)["args"]
    assert args[-1] == "--dry-run"
    assert any("shard-$(JOB_COMPLETION_INDEX)" in each for each in args)
    variables = {each["name"] for each in container(manifests)["env"]}
    assert variables >= {"JANITOR_SHARDS", "JANITOR_PUSHGATEWAY", "WANDB_IDENTITY_TOKEN_FILE"}
