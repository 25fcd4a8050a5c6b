"""The demo: runs made for it on a local server, the real janitor, and a guided account.

Start with ``script`` (what is shown), then ``seeds`` (the runs that are put there), ``trainings``
and ``tuning`` (the real ones), ``processes`` (what runs behind the scenes).
"""
