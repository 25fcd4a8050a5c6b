"""What wandb leaves on this machine of each run: a folder ``wandb/run-TIME-ID``.

Its ``.wandb`` file is a log in LevelDB's form behind 7 bytes of its own: blocks of 32 kB with
records of checksum (4 bytes), length (2), kind (1) and content. Kind 1 is a whole record; a longer
one comes as a first part (2), middle parts (3) and a last part (4). wandb has no reader for it any
more. The file is empty if wandb-core was killed before it wrote the first block.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from janitor.lifecycle import wandb_internals

_NAME: Final = re.compile(r"(offline-)?run-\d{8}_\d{6}-(?P<id>.+)")
_PROCESS: Final = re.compile(r"Configure stats pid to (\d+)|MainThread:(\d+) ")
_BLOCK: Final = 32_768
_HEADER: Final = 7
_HEAD_BLOCKS: Final = 64
_TAIL_BLOCKS: Final = 64
"""Blocks at the end of the file that are searched for how the run ended; 2 MB."""
_WHOLE: Final = 16_384
"""Blocks that are read where all of the file counts; 512 MB."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run."""

    path: Path

    @property
    def run_id(self) -> str:
        """The run's id."""
        match = _NAME.fullmatch(self.path.name)
        return match["id"] if match else ""

    @property
    def is_offline(self) -> bool:
        """Whether the run was logged to this machine only."""
        return self.path.name.startswith("offline-")

    def process(self) -> int | None:
        """The process that made the run, from wandb's own log; None where that is missing."""
        try:
            with (self.path / "logs" / "debug.log").open(encoding="utf-8", errors="replace") as log:
                match = _PROCESS.search(log.read(4096))
        except OSError:
            return None
        return int(match[1] or match[2]) if match else None

    def place(self) -> tuple[str, str] | None:
        """The entity and project of the run; None if the ``.wandb`` file does not hold them."""
        for record in self._records(_HEAD_BLOCKS):
            if record.WhichOneof("record_type") == "run":
                return record.run.entity, record.run.project
        return None

    def exit_code(self) -> int | None:
        """The exit code with which the run was finished; None if it was not."""
        found = None
        for record in self._records(_TAIL_BLOCKS, is_tail=True):
            if record.WhichOneof("record_type") == "exit":
                found = int(record.exit.exit_code)
        return found

    def logged(self) -> dict[str, Any]:
        """The last value of each key that was logged, or set in the summary, in this order.

        As much of the file as was written; nested keys are dotted.
        """
        found: dict[str, Any] = {}
        for record in self._records(_WHOLE):
            kind = record.WhichOneof("record_type")
            if kind == "history":
                changed = record.history.item
            elif kind == "summary":
                changed = record.summary.update
            else:
                continue
            for item in changed:
                name = ".".join(item.nested_key) or item.key
                try:
                    found[name] = json.loads(item.value_json)
                except ValueError:
                    continue
        return found

    def _records(self, blocks: int, *, is_tail: bool = False) -> Iterator[Any]:
        try:
            with next(self.path.glob("*.wandb")).open("rb") as file:
                size = file.seek(0, 2)
                start = max(0, (size // _BLOCK + 1 - blocks) * _BLOCK) if is_tail else 0
                file.seek(start)
                data = file.read(blocks * _BLOCK)
        except (OSError, StopIteration):
            return
        for content in _contents(data, 0 if start else _HEADER):
            try:
                yield wandb_internals.log_record(content)
            except ValueError:
                return  # not a form that we know


def _contents(data: bytes, at: int) -> Iterator[bytes]:
    """The content of each whole record; parts of a record that began earlier are skipped."""
    content: bytes | None = None
    while at + _HEADER < len(data):
        if _BLOCK - at % _BLOCK < _HEADER:
            at += _BLOCK - at % _BLOCK
            continue
        length, kind = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        part = data[at + _HEADER : at + _HEADER + length]
        at += _HEADER + length
        if kind in (1, 2):
            content = part
        elif content is not None:
            content += part
        if kind in (1, 4) and content is not None:
            yield content
            content = None


def find_run_folders(roots: Iterable[Path], since: float) -> list[RunFolder]:
    """The runs' folders below these folders that were made after a time, oldest first.

    ``since`` is in seconds since the epoch, by the clock of the file system.
    """
    found: set[Path] = set()
    for root in roots:
        for name in ("wandb", ".wandb"):
            try:
                for path in (root / name).iterdir():
                    if _NAME.fullmatch(path.name) and path.stat().st_mtime >= since:
                        found.add(path.resolve())
            except OSError:
                continue
    return [RunFolder(path) for path in sorted(found, key=_made_at)]


def _made_at(path: Path) -> str:
    return path.name.removeprefix("offline-")
