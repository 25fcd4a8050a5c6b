"""The GraphQL that the janitor sends to W&B, all of it."""

from __future__ import annotations

from collections.abc import Sequence

from janitor.model import AUTO, Policy
from janitor.rules.custom.names import summary_keys as keys_read_by

_RUN_FIELDS = """
  id name displayName state sweepName group tags createdAt heartbeatAt historyLineCount
"""

SWEEP = """
query JanitorSweep($entity: String!, $project: String!, $sweep: String!) {
  project(name: $project, entityName: $entity) {
    sweep(sweepName: $sweep) { name displayName state }
  }
}
"""

SWEEPS = """
query JanitorSweeps($entity: String!, $project: String!, $first: Int!, $after: String) {
  project(name: $project, entityName: $entity) {
    runCount
    sweeps(first: $first, after: $after) {
      edges { node { name displayName state } }
      pageInfo { endCursor hasNextPage }
    }
  }
}
"""

SWEEP_CONFIG = """
query JanitorSweepConfig($entity: String!, $project: String!, $sweep: String!) {
  project(name: $project, entityName: $entity) { sweep(sweepName: $sweep) { config } }
}
"""

GROUP = """
query JanitorGroup($entity: String!, $project: String!, $filters: JSONString) {
  project(name: $project, entityName: $entity) { runCount(filters: $filters) }
}
"""


def runs(*, sliced: bool, counted: bool = False) -> str:
    """A page of runs, with chosen keys of their summaries, or (not ``sliced``) whole ones.

    ``counted`` asks as well how many runs there are in all, and how many under a second filter.
    """
    declared, given = (", $keys: [String!]", "(keys: $keys)") if sliced else ("", "")
    counts = ""
    if counted:
        declared += ", $all: JSONString, $silent: JSONString"
        counts = "total: runCount(filters: $all)  silent: runCount(filters: $silent)"
    return f"""
query JanitorRuns($entity: String!, $project: String!, $filters: JSONString,
                  $first: Int!, $after: String{declared}) {{
  project(name: $project, entityName: $entity) {{
    runCount(filters: $filters)  {counts}
    runs(filters: $filters, first: $first, after: $after, order: "+created_at") {{
      edges {{ node {{ {_RUN_FIELDS} summaryMetrics{given} }} }}
      pageInfo {{ endCursor hasNextPage }}
    }}
  }}
}}
"""


def counts(count: int) -> str:
    """How many runs there are under several filters, each under an alias c0, c1, …."""
    declared = "".join(f", $c{index}: JSONString" for index in range(count))
    fields = "\n".join(f"    c{index}: runCount(filters: $c{index})" for index in range(count))
    return f"""
query JanitorCounts($entity: String!, $project: String!{declared}) {{
  project(name: $project, entityName: $entity) {{
{fields}
  }}
}}
"""


WHOLE_RUNS = "JanitorSummaries"
"""The name of the query that reads whole runs, which a write may rest on."""


def summaries(count: int) -> str:
    """Several runs of a project at once, whole, each under an alias r0, r1, …."""
    declared = "".join(f", $r{index}: String!" for index in range(count))
    fields = "\n".join(
        f"    r{index}: run(name: $r{index}) {{ ...Whole }}" for index in range(count)
    )
    return f"""
query {WHOLE_RUNS}($entity: String!, $project: String!{declared}) {{
  project(name: $project, entityName: $entity) {{
{fields}
  }}
}}
fragment Whole on Run {{ {_RUN_FIELDS} summaryMetrics }}
"""


LAST_ROW = """
query JanitorLastRow($entity: String!, $project: String!, $run: String!) {
  project(name: $project, entityName: $entity) { run(name: $run) { historyTail } }
}
"""
"""What the SDK itself asks for when it resumes a run, to go on after its last step."""

WRITE_SUMMARY = """
mutation JanitorWriteSummary($id: String!, $summary: JSONString!) {
  upsertBucket(input: {id: $id, summaryMetrics: $summary}) { bucket { id } }
}
"""


def summary_keys(policy: Policy) -> list[str]:
    """The top-level keys of a summary that the rules and the merge read.

    How a server resolves a dotted name, flat or nested, is not known: both are asked for.
    """
    names = (
        "state", "objective", "heartbeat", "last_update",
        "error", "runtime_seconds", "completion_time", "failure_time",
        "janitor.rule", "janitor.previous_state", "janitor.state",
        "janitor.reason", "janitor.at", "janitor.version", "janitor.resurrected_at",
        "janitor.adopted",
    )  # fmt: skip
    keys = [policy.namespace, *(f"{policy.namespace}.{name}" for name in names), "_timestamp"]
    objectives = [policy.objective, *(each.settings.get("objective") for each in policy.overrides)]
    named = [key for key in objectives if isinstance(key, str) and key != AUTO]
    named += [key for rule in policy.own_rules for key in keys_read_by(rule.when)]
    return with_keys(keys, *named)


def with_keys(keys: Sequence[str], *named: str) -> list[str]:
    """The keys and those that are named, each with the object that may contain it."""
    parts = [part for name in named for part in (name, name.split(".")[0])]
    return list(dict.fromkeys([*keys, *parts]))
