"""The manifests of k8s/, rendered as kubectl would apply them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.tools import K8S, run, tool

OVERLAYS = ("dry-run", "workload-identity", "sharded", "monitoring")
ALL = ("base", *(f"overlays/{name}" for name in OVERLAYS))

Manifest = dict[str, Any]


@cache
def rendered(name: str) -> tuple[Manifest, ...]:
    """The manifests of a folder below k8s/."""
    return rendered_at(K8S / name)


def rendered_at(folder: Path) -> tuple[Manifest, ...]:
    """The manifests of a folder."""
    text = run([tool("kubectl"), "kustomize", folder]).stdout
    return tuple(yaml.safe_load_all(text))


def one(manifests: tuple[Manifest, ...], kind: str, name: str = "janitor") -> Manifest:
    """The one of this kind and name."""
    (found,) = [
        each for each in manifests if each["kind"] == kind and each["metadata"]["name"] == name
    ]
    return found


def job(manifests: tuple[Manifest, ...], name: str = "janitor") -> Any:
    """The specification of the Job that a CronJob makes."""
    return one(manifests, "CronJob", name)["spec"]["jobTemplate"]["spec"]


def container(manifests: tuple[Manifest, ...]) -> Any:
    """The janitor's container."""
    (found,) = job(manifests)["template"]["spec"]["containers"]
    return found


def pods(manifests: tuple[Manifest, ...]) -> list[Any]:
    """The specification of every pod."""
    found = [each["spec"]["template"]["spec"] for each in manifests if each["kind"] == "Deployment"]
    return found + [
        each["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        for each in manifests
        if each["kind"] == "CronJob"
    ]
