"""A live, read-only view of sweeps in a browser, and the same as one static file."""
