"""What a sweep has shown: importance, effects, certainty, cost, comparison. No I/O.

:func:`~janitor.sweep.analysis.data.read` makes a table of a ledger;
:func:`~janitor.sweep.analysis.analysis.analyze` and
:func:`~janitor.sweep.analysis.comparison.compare` work on it.
"""
