"""The GraphQL of sweeps on W&B, beside that of a pass."""

from __future__ import annotations

from typing import Final

CREATE_RUN: Final = """
mutation JanitorCreateRun($entity: String!, $project: String!, $name: String!) {
  upsertBucket(input: {
    entityName: $entity, modelName: $project, name: $name, state: "pending"
  }) { bucket { id name } inserted }
}
"""
"""With the name only: where the run exists, nothing of it is overwritten."""

CREATE_OWN_RUN: Final = """
mutation JanitorCreateOwnRun($entity: String!, $project: String!, $name: String!,
                             $group: String!, $job: String!, $shown: String!) {
  upsertBucket(input: {
    entityName: $entity, modelName: $project, name: $name, state: "pending",
    displayName: $shown, groupName: $group, jobType: $job, tags: ["janitor:ignore"]
  }) { bucket { id name } inserted }
}
"""
"""A run of the controller. Every process that creates it sends the same values."""

DESCRIBE_RUN: Final = """
mutation JanitorDescribeRun($id: String!, $config: JSONString!) {
  upsertBucket(input: {id: $id, config: $config}) { bucket { id } }
}
"""

DESCRIBE_TRIAL: Final = """
mutation JanitorDescribeTrial($id: String!, $config: JSONString!, $sweep: String!,
                              $summary: JSONString!) {
  upsertBucket(input: {
    id: $id, config: $config, sweep: $sweep, summaryMetrics: $summary
  }) { bucket { id } }
}
"""

RUN: Final = """
query JanitorSweepRun($entity: String!, $project: String!, $name: String!) {
  project(name: $project, entityName: $entity) {
    run(name: $name) { id name displayName state sweepName config heartbeatAt historyLineCount }
  }
}
"""

HISTORY: Final = """
query JanitorHistory($entity: String!, $project: String!, $name: String!,
                     $first: Int64!, $end: Int64!, $samples: Int!) {
  project(name: $project, entityName: $entity) {
    run(name: $name) {
      historyKeys history(minStep: $first, maxStep: $end, samples: $samples)
    }
  }
}
"""

OWN_RUNS: Final = """
query JanitorOwnRuns($entity: String!, $project: String!, $filters: JSONString!,
                     $first: Int!, $after: String) {
  project(name: $project, entityName: $entity) {
    runs(filters: $filters, first: $first, after: $after, order: "-created_at") {
      edges { node { id name displayName config } }
      pageInfo { endCursor hasNextPage }
    }
  }
}
"""

CREATE_SWEEP: Final = """
mutation JanitorCreateSweep($entity: String!, $project: String!, $config: String!,
                            $controller: JSONString!) {
  upsertSweep(input: {
    entityName: $entity, projectName: $project, config: $config, controller: $controller
  }) { sweep { id name } }
}
"""
