"""Fault injection: the rules that ``POST /faults`` takes, and what becomes of a request.

A rule says which requests it is for and what happens to them::

    {"action": "status", "status": 503, "retry_after": 2, "match": {"field": "upsertBucket"},
     "times": 1}

``match``, every part of it optional; a request must fit all parts that are given:

    path         a regular expression found in the URL's path
    kind         query, mutation, filestream, upload or download
    field        a field that the request asks for: ``upsertBucket``, ``project.runs``, …
    run          ``entity/project/run``, or a run's name alone
    sweep        a sweep's name, in an argument or a filter
    operation    the name of a GraphQL operation
    sdk          true: from a run's own process (it names its run); false: from anyone else
    user_agent   a regular expression

Of the requests that fit, a rule takes those that also pass ``nth`` (the first is 1; a number or a
list), ``skip`` (so many are spared first), ``probability`` with its ``seed``, and ``times`` (how
often it fires at most).

``action`` and its own settings:

    status          answer ``status``, with ``retry_after`` (seconds), ``headers`` and ``body``
    reset           reset the connection
    hang            no answer for ``seconds`` (for ever, without), or until released; then reset
    garbage         answer 200 with ``body``, which is no JSON
    errors          answer 200 with GraphQL ``messages`` and no data
    delay           answer ``seconds`` later
    hold            wait with this request, at most ``seconds``, until released or until the run
                    ``run`` is in W&B state ``state`` (any ended one, without); then go on
    short_page      cut pages of runs to ``rows``
    duplicate_rows  every page of runs but the first repeats the last ``rows`` of the one before
    missing_rows    every page of runs but the first skips ``rows``
    change          apply ``change`` to the run ``run`` (by default the run that the request names)

The first five take ``applied`` (default false): whether the request is carried out before its
answer is lost. ``hold`` and ``change`` take ``when``: before (default) or after the request is
carried out. What a change may hold is in ``janitor.emulator.changes.RunChange``: a heartbeat, keys
that a live process logs over its whole summary, its end with an uploaded summary, any field.

Where several rules fit one request, all changes, delays and holds happen, in the order of the
rules, and the first rule that spoils the answer decides what the client gets.
"""

from __future__ import annotations

from janitor.emulator.faults.book import FaultBook
from janitor.emulator.faults.gate import ConnectionReset, Gate
from janitor.emulator.faults.rules import Rule, parse_rules

__all__ = ["ConnectionReset", "FaultBook", "Gate", "Rule", "parse_rules"]
