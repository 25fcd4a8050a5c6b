"""Files on disk: atomic writes, append-only logs, locks, migrations, rescue of damaged files."""
