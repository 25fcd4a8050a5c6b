"""PacedApi: the connection to W&B at the pace that the server asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from janitor.errors import TransientError
from janitor.stores.wandb import queries
from janitor.stores.wandb.api import GraphQLApi
from janitor.stores.wandb.pace import Pace


class PacedApi(GraphQLApi):
    """A connection whose requests go when it is their turn.

    A write, and the read on which it rests, never wait here: the read must not age. They count for
    the pace of the others.
    """

    pace: Pace

    def __init__(self, *args: Any, **options: Any) -> None:
        self.pace = Pace()
        super().__init__(*args, **options)

    def execute(self, query: str, variables: Mapping[str, Any]) -> tuple[Any, int]:
        """The answer to a request; see :meth:`GraphQLApi.execute`."""
        if _must_not_wait(query):
            return self._sent(query, variables)
        with self.pace.turn():
            return self._sent(query, variables)

    def _sent(self, query: str, variables: Mapping[str, Any]) -> tuple[Any, int]:
        try:
            answer = super().execute(query, variables)
        except TransientError as error:
            if error.throttled:
                self.pace.refused()
            raise
        self.pace.succeeded()
        return answer


def _must_not_wait(query: str) -> bool:
    """Whether a query is a write, or the read of whole runs right before one."""
    words = query.split(maxsplit=2)
    return words[0] == "mutation" or words[1].startswith(queries.WHOLE_RUNS)
