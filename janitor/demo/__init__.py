"""The demo: prepared runs on a local server, and the real janitor at work on them.

Start with ``script`` (what is shown), then read ``seeds`` (the prepared runs), ``trainings`` and
``tuning`` (real runs), and ``processes`` (the server and the processes of the real runs).
"""
