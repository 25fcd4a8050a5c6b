"""The GraphQL that the janitor sends to W&B, all of it."""

from __future__ import annotations

from janitor.model import Policy

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
    sweeps(first: $first, after: $after) {
      edges { node { name displayName state } }
      pageInfo { endCursor hasNextPage }
    }
  }
}
"""

GROUP = """
query JanitorGroup($entity: String!, $project: String!, $filters: JSONString) {
  project(name: $project, entityName: $entity) { runCount(filters: $filters) }
}
"""


def runs(*, sliced: bool) -> str:
    """A page of runs, with chosen keys of their summaries, or (not ``sliced``) whole ones."""
    declared, given = (", $keys: [String!]", "(keys: $keys)") if sliced else ("", "")
    return f"""
query JanitorRuns($entity: String!, $project: String!, $filters: JSONString,
                  $first: Int!, $after: String{declared}) {{
  project(name: $project, entityName: $entity) {{
    runCount(filters: $filters)
    runs(filters: $filters, first: $first, after: $after, order: "+created_at") {{
      edges {{ node {{ {_RUN_FIELDS} summaryMetrics{given} }} }}
      pageInfo {{ endCursor hasNextPage }}
    }}
  }}
}}
"""


def summaries(count: int) -> str:
    """Several runs of a project at once, whole, each under an alias r0, r1, …."""
    declared = "".join(f", $r{index}: String!" for index in range(count))
    fields = "\n".join(
        f"    r{index}: run(name: $r{index}) {{ ...Whole }}" for index in range(count)
    )
    return f"""
query JanitorSummaries($entity: String!, $project: String!{declared}) {{
  project(name: $project, entityName: $entity) {{
{fields}
  }}
}}
fragment Whole on Run {{ {_RUN_FIELDS} summaryMetrics }}
"""


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
    )  # fmt: skip
    keys = [policy.namespace, *(f"{policy.namespace}.{name}" for name in names), "_timestamp"]
    if policy.objective is not None:
        keys += [policy.objective, policy.objective.split(".")[0]]
    return list(dict.fromkeys(keys))
