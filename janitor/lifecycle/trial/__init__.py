"""The training side of a sweep: the worker that runs one job, and :func:`janitor.trial`.

Standard library and ``janitor.model`` only: a worker starts for every trial, and must start fast.
"""
