"""Bears janitors: a process that has imported all that they need, and forks one for each line.

A line on stdin is JSON: the words of the command line. What it prints goes to the file that
OUTPUT names; a line on stdout answers with its process id, and one with its exit code, or the
negative number of the signal that ended it, once it is gone.
"""

from __future__ import annotations

import json
import os
import sys

import wandb  # noqa: F401 - the second that this takes is spent once

from janitor.cli import main


def bear(words: list[str]) -> int:
    """Fork a janitor; its process id."""
    child = os.fork()
    if child:
        return child
    output = os.open(os.environ["OUTPUT"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for theirs, ours in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(theirs, ours)
    sys.argv = ["janitor", *words]
    try:
        main()
    except SystemExit as end:
        sys.stdout.flush()
        os._exit(int(end.code or 0))
    finally:
        os._exit(70)


def answer(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


for line in sys.stdin:
    born = bear(json.loads(line))
    answer(born)
    answer(os.waitstatus_to_exitcode(os.waitpid(born, 0)[1]))
