"""The command of a trial of a recipe: ``python -m janitor.sweep.recipes RECIPE``."""

from __future__ import annotations

import argparse
import sys

from janitor.errors import UsageError
from janitor.lifecycle.trial.files import say
from janitor.lifecycle.trial.trial import trial
from janitor.sweep.recipes.recipe import find
from janitor.sweep.recipes.sweep_tool import SweepTool


def main(words: list[str] | None = None) -> int:
    """Run a recipe with the params of this process's trial. 2: it cannot be run as asked."""
    parser = argparse.ArgumentParser(prog="python -m janitor.sweep.recipes")
    parser.add_argument("recipe", help="package.module:name")
    parser.add_argument("--metric", help="the name of the objective")
    parser.add_argument("--namespace", default="protein")
    parser.add_argument("--evaluate", action="store_true", help="evaluate after the training")
    given = parser.parse_args(words)
    try:
        tool = SweepTool(find(given.recipe), given.metric, given.namespace)
        tool.run(trial(), must_evaluate=given.evaluate)
    except UsageError as error:
        say(f"janitor: {error}")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
