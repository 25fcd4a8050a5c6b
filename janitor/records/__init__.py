"""Everything on disk as models, without logic: reports, plans, journals, policies.

A change here is a new version, a migration and a schema test.
"""
