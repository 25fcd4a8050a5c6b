"""Watches a command and the processes that it starts, to find the W&B runs that they make."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

_INTERVAL: Final = 0.25
"""Seconds between two looks. A process that makes a run lives longer: importing wandb takes 1 s."""
_CORE: Final = "wandb-core"


class ChildWatch:
    """The processes that descend from a command, and the folders in which they may log runs."""

    def __init__(self, root: int) -> None:
        self.pids = {root}
        """Every process that was seen, the command included."""
        self.roots: set[Path] = set()
        """Their working folders, and their WANDB_DIR."""
        self.run_folders: set[Path] = set()
        """Folders of runs that their wandb-core had open."""
        self._alive = {root}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look at the processes from a thread, until the block ends."""
        stop = threading.Event()

        def loop() -> None:
            while not stop.wait(_INTERVAL):
                self._look()

        self._look()
        thread = threading.Thread(target=loop, name="janitor-exec", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def is_alive(self, pid: int) -> bool:
        """Whether a process that descends from the command goes on after its end."""
        import psutil  # noqa: PLC0415 - a training environment may lack it; `janitor exec` has it

        try:
            return pid in self.pids and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    def _look(self) -> None:
        import psutil  # noqa: PLC0415 - `janitor exec` has it

        waiting, alive = list(self._alive), set[int]()
        while waiting:
            pid = waiting.pop()
            if pid in alive:
                continue
            try:
                process = psutil.Process(pid)
                alive.add(pid)
                waiting.extend(_children(process))
                self._note(process, is_new=pid not in self.pids or not self.roots)
            except psutil.Error:
                continue  # it has ended, or is another user's
            finally:
                self.pids.add(pid)
        self._alive = alive

    def _note(self, process: Any, *, is_new: bool) -> None:
        folder = Path(process.cwd())
        self.roots.add(folder)
        if is_new:
            wandb_dir = _wandb_dir(process.environ())
            if wandb_dir is not None:
                self.roots.add(folder / wandb_dir)
        if process.name().startswith(_CORE):
            files: Iterable[Any] = process.open_files()
            self.run_folders.update(
                Path(file.path).parent for file in files if file.path.endswith(".wandb")
            )


def _children(process: Any) -> Iterable[int]:
    """The children of a process. Linux lists them; psutil would read all processes for it."""
    try:
        return [
            int(number)
            for path in Path(f"/proc/{process.pid}/task").glob("*/children")
            for number in path.read_text(encoding="ascii").split()
        ] or _children_where_linux_does_not_list_them(process)
    except (OSError, ValueError):
        return []


def _children_where_linux_does_not_list_them(process: Any) -> list[int]:
    if Path("/proc/self/task").exists():
        return []
    return [child.pid for child in process.children()]


def _wandb_dir(environment: Mapping[str, str]) -> str | None:
    return environment.get("WANDB_DIR") or None
