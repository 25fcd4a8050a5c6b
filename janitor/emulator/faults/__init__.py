"""Fault injection: the rules that ``POST /faults`` accepts, and their effects on requests.

A rule states which requests it applies to and what happens to them::

    {"action": "status", "status": 503, "retry_after": 2, "match": {"field": "upsertBucket"},
     "times": 1}

``match``, with optional parts; a request must match all parts that are given:

    path         a regular expression found in the URL's path
    kind         query, mutation, filestream, upload or download
    field        a field that the request selects: ``upsertBucket``, ``project.runs``, …
    run          ``entity/project/run``, or only a run's name
    sweep        a sweep's name, in an argument or a filter
    operation    the name of a GraphQL operation
    sdk          true: from a run's own process (it names its run); false: from another client
    user_agent   a regular expression

Of the matching requests, a rule fires on those that also pass ``nth`` (the first is 1; a number or
a list), ``skip`` (the number of requests to spare first), ``probability`` with its ``seed``, and
``times`` (the maximum number of times).

``action`` and its settings:

    status          answer ``status``, with ``retry_after`` (seconds), ``headers`` and ``body``
    reset           reset the connection
    hang            no answer for ``seconds`` (default: forever) or until released; then reset
    garbage         answer 200 with ``body``, which is not JSON
    errors          answer 200 with GraphQL ``messages`` and no data
    delay           answer ``seconds`` later
    hold            wait at most ``seconds``, until released or until the run ``run`` is in the W&B
                    state ``state`` (default: any ended state); then carry out the request
    short_page      cut pages of runs to ``rows``
    duplicate_rows  every page of runs after the first repeats the last ``rows`` of the page before
    missing_rows    every page of runs after the first skips ``rows``
    change          apply ``change`` to the run ``run`` (by default the run that the request names)

The first five accept ``applied`` (default false): whether the request is carried out before its
answer is lost. ``hold`` and ``change`` accept ``when``: before (default) or after the request is
carried out. The fields of a change are those of ``janitor.emulator.changes.RunChange``: a
heartbeat, keys that a live process logs, its end with an uploaded summary, or any field.

If several rules fire on one request, all changes, delays and holds happen in the order of the
rules, and the first rule that spoils the answer decides the client's answer.
"""

from __future__ import annotations

from janitor.emulator.faults.book import FaultBook
from janitor.emulator.faults.gate import ConnectionReset, Gate
from janitor.emulator.faults.rules import Rule, parse_rules

__all__ = ["ConnectionReset", "FaultBook", "Gate", "Rule", "parse_rules"]
