"""The rules that are in force, and who waits because of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from janitor.emulator.facts import Facts
    from janitor.emulator.faults.rules import Rule


class FaultBook:
    """Keeps rules in the order in which they were added, and wakes requests that wait."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._numbers = 0
        self._moved = asyncio.Event()
        self._releases = 0
        self.waiting = 0
        """How many requests are held or hang now."""

    def add(self, rules: list[Rule]) -> list[str]:
        """Put rules in force; the ids of the new rules."""
        for rule in rules:
            self._numbers += 1
            rule.id = rule.id or f"fault-{self._numbers}"
        self._rules.extend(rules)
        return [rule.id for rule in rules]

    def clear(self) -> None:
        """Take all rules back, and release who waits."""
        self._rules.clear()
        self.release()

    def release(self) -> int:
        """Let every request go on that is held or hangs; how many there were."""
        self._releases += 1
        self.wake()
        return self.waiting

    def wake(self) -> None:
        """Let those who wait for a run's state look again."""
        self._moved.set()
        self._moved = asyncio.Event()

    def taking(self, facts: Facts) -> list[Rule]:
        """The rules that fire on a request."""
        return [rule for rule in self._rules if rule.takes(facts)]

    def as_json(self) -> list[dict[str, Any]]:
        """The rules in force, as data."""
        return [rule.as_json() for rule in self._rules]

    async def wait(self, until: Callable[[], bool], seconds: float | None) -> None:
        """Wait until a condition holds or someone releases, at most some seconds."""
        releases = self._releases
        self.waiting += 1
        try:
            async with asyncio.timeout(seconds):
                while not until() and self._releases == releases:
                    await self._moved.wait()
        except TimeoutError:
            pass
        finally:
            self.waiting -= 1
