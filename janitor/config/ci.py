"""Settings from the environment of a CI job; all other sources win over them."""

from __future__ import annotations

from collections.abc import Mapping

from janitor.config.layers import Layer, Origin


def ci_layer(environ: Mapping[str, str]) -> Layer:
    """The summary file of a step in GitHub Actions, and the page of the job in GitHub or GitLab."""
    found = {}
    if summary := environ.get("GITHUB_STEP_SUMMARY", "").strip():
        found["step_summary"] = summary, Origin("environment", "GITHUB_STEP_SUMMARY")
    if page := environ.get("CI_JOB_URL", "").strip():
        found["link"] = page, Origin("environment", "CI_JOB_URL")
    elif page := _page_in_github(environ):
        found["link"] = page, Origin("environment", "GITHUB_RUN_ID")
    return Layer(found)


def _page_in_github(environ: Mapping[str, str]) -> str:
    server = environ.get("GITHUB_SERVER_URL", "").strip()
    repository = environ.get("GITHUB_REPOSITORY", "").strip()
    run = environ.get("GITHUB_RUN_ID", "").strip()
    return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else ""
