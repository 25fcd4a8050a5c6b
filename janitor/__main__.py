"""``python -m janitor``, the same as ``janitor``."""

from __future__ import annotations

from janitor.cli import main

if __name__ == "__main__":
    main()
