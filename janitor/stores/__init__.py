"""The stores: where runs live, each behind the protocols of :mod:`janitor.model.ports`."""
