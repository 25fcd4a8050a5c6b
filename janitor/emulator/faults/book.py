"""The current rules, and the requests that wait because of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from janitor.emulator.facts import Facts
    from janitor.emulator.faults.rules import Rule


class FaultBook:
    """Keeps the rules in the order in which they were added, and wakes waiting requests."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._numbers = 0
        self._moved = asyncio.Event()
        self._releases = 0
        self.waiting = 0
        """The number of requests that are held or hang now."""

    def add(self, rules: list[Rule]) -> list[str]:
        """Add rules; the ids of the new rules."""
        for rule in rules:
            self._numbers += 1
            rule.id = rule.id or f"fault-{self._numbers}"
        self._rules.extend(rules)
        return [rule.id for rule in rules]

    def clear(self) -> None:
        """Remove all rules, and release all waiting requests."""
        self._rules.clear()
        self.release()

    def release(self) -> int:
        """Let every held or hanging request continue; the number of these requests."""
        self._releases += 1
        self.wake()
        return self.waiting

    def wake(self) -> None:
        """Let requests that wait for a run's state check it again."""
        self._moved.set()
        self._moved = asyncio.Event()

    def taking(self, facts: Facts) -> list[Rule]:
        """The rules that fire on a request."""
        return [rule for rule in self._rules if rule.takes(facts)]

    def as_json(self) -> list[dict[str, Any]]:
        """The current rules as data."""
        return [rule.as_json() for rule in self._rules]

    async def wait(self, until: Callable[[], bool], seconds: float | None) -> None:
        """Wait until a condition holds or ``release`` is called, for at most ``seconds``."""
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
