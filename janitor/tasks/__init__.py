"""Tasks that a manager hands out to workers, and their state in a file that survives crashes."""
