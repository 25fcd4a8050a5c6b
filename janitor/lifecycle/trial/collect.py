"""Collects what a job reports: lines of its output, and wandb's own record."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from janitor.lifecycle.trial.files import append_report, say

_PAIR: Final = re.compile(
    r"(?<![^\s,;({\[])([A-Za-z_][\w./-]*)\s*=\s*"
    r"([-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|nan|inf(?:inity)?))(?![\w.])",
    re.IGNORECASE,
)
_LINE_END: Final = re.compile(rb"[\r\n]")
"""Progress bars end their lines with a carriage return."""
_CHUNK: Final = 1 << 16
_MOST_AT_ONCE: Final = 1 << 18
"""Bytes of output that are read between two looks at the job."""
_MOST_BEHIND: Final = 2 << 20
_CATCHES: Final = 5
_LONGEST_LINE: Final = 65536
_RECORD_SECONDS: Final = 120.0
_STEP_NAMES: Final = ("step", "epoch", "_step")


class OutputReader:
    """Reads ``name=value`` and JSON lines from a job's output while it grows.

    Args:
        log: The file with the output.
        reports: Where the reports go, opened for appending.

    """

    def __init__(self, log: Path, reports: int) -> None:
        self._log, self._reports = log, reports
        self._offset = 0
        self._rest = b""

    def read(self, *, is_last: bool = False) -> None:
        """Take in what is new: a part of it, so that a job that prints a lot is watched meanwhile.

        With ``is_last`` all of it, also a last line without an end.
        """
        self._read(None if is_last else _MOST_AT_ONCE)
        if is_last and self._rest:
            self._take(b"\n")

    def catch_up(self) -> None:
        """Take in what is there before the file is emptied.

        A job that prints faster than its output can be read loses the part in between.
        """
        with contextlib.suppress(OSError):
            size = self._log.stat().st_size
            if size - self._offset > _MOST_BEHIND:
                self._offset, self._rest = size - _MOST_BEHIND, b""
            for _ in range(_CATCHES):
                self._read(_MOST_BEHIND)
                if self._log.stat().st_size <= self._offset:
                    return

    def _read(self, most: int | None) -> None:
        try:
            with self._log.open("rb") as file:
                end = os.fstat(file.fileno()).st_size
                if most is not None:
                    end = min(end, self._offset + most)
                file.seek(self._offset)
                while chunk := file.read(min(_CHUNK, max(0, end - self._offset))):
                    self._offset += len(chunk)
                    self._take(chunk)
        except OSError:
            return

    def restart(self) -> None:
        """The file was emptied: go on from its beginning."""
        self._offset = 0

    def _take(self, chunk: bytes) -> None:
        *lines, self._rest = _LINE_END.split(self._rest + chunk)
        self._rest = self._rest[:_LONGEST_LINE]
        for line in lines:
            if b"=" not in line and b"{" not in line:
                continue
            metrics = dict(metrics_of(line[:_LONGEST_LINE].decode("utf-8", "replace")))
            if metrics:
                step = next((metrics[name] for name in _STEP_NAMES if name in metrics), None)
                try:
                    append_report(self._reports, step, metrics, time.time())
                except OSError:
                    continue  # a full disk: the job goes on


def metrics_of(line: str) -> Iterator[tuple[str, float]]:
    """The numbers that a line names, as ``name=value`` or as a JSON object."""
    text = line.strip()
    if text.startswith("{"):
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            document = None
        if isinstance(document, dict):
            yield from _numbers(document)
            return
    for name, value in _PAIR.findall(text):
        yield name.lstrip("-"), float(value)


def _numbers(document: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in document.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                yield str(name), float(value)
            except OverflowError:
                continue


def summary_of(folder: Path) -> dict[str, Any]:
    """The last value of each metric that the job reported."""
    summary: dict[str, Any] = {}
    try:
        with (folder / "metrics.jsonl").open("rb") as file:
            for line in file:
                try:
                    summary |= json.loads(line)["metrics"]
                except (ValueError, KeyError, TypeError):
                    continue  # a torn line
    except OSError:
        return summary
    return summary


def last_step(folder: Path) -> float | None:
    """The step of the last report that has one."""
    found = None
    try:
        with (folder / "metrics.jsonl").open("rb") as file:
            for line in file:
                try:
                    step = json.loads(line)["step"]
                    found = float(step) if step is not None else found
                except (ValueError, KeyError, TypeError):
                    continue
    except OSError:
        return found
    return found


def wandb_summary_of(folder: Path) -> dict[str, Any]:
    """What a script logged with wandb: the last number of each key of its newest run.

    An object that ``define_metric`` made is replaced by the first of its numbers. The values come
    from wandb's record on this machine, which exists online and offline.
    """
    if not any((folder / "wandb").glob("*run-*/*.wandb")):
        return {}
    command = [sys.executable, "-m", "janitor.lifecycle.trial.wandb_record", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_RECORD_SECONDS, check=True)  # noqa: S603 - our own module
        document = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        say(f"janitor: what wandb logged cannot be read: {error}")
        return {}
    found: dict[str, Any] = {}
    for name, given in document.items():
        value = given
        if isinstance(given, dict):
            value = next(
                (given[key] for key in ("last", "min", "max", "mean") if key in given), None
            )
        if isinstance(value, int | float) and not isinstance(value, bool):
            found[name] = value
    return found
