"""``python -m janitor.lifecycle.trial JOBFILE``: run one job of a sweep."""

import sys

from janitor.lifecycle.trial.worker import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
