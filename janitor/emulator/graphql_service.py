"""GraphQL: the schema, a cache of parsed and validated documents, and their execution."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ariadne import make_executable_schema
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    execute_sync,
    parse,
    validate,
)

from janitor.emulator.access import RefusedError
from janitor.emulator.facts import Facts, describe_operation, read_variables
from janitor.emulator.fields import UnknownFieldError
from janitor.emulator.filters import FilterError
from janitor.emulator.listing import PageError
from janitor.emulator.patterns import PatternError
from janitor.emulator.resolvers import BINDABLES
from janitor.emulator.rows import RowExecutor
from janitor.emulator.settings import SummaryKeys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from janitor.emulator.emulation import Context

SDL = (Path(__file__).parent / "schema.graphql").read_text(encoding="utf-8")
_KEYS_ARGUMENT = "summaryMetrics(keys: [String!])"
_KEPT = 256


@dataclass(slots=True)
class Answer:
    """An HTTP status and a JSON body."""

    status: HTTPStatus
    body: dict[str, Any]


@dataclass(slots=True)
class _Document:
    node: DocumentNode | None
    errors: Sequence[GraphQLError]


class GraphQLService:
    """Parses, validates and executes requests.

    There are two schemas, because the setting ``summary_keys`` may refuse an argument.
    """

    def __init__(self) -> None:
        self._schemas: dict[bool, GraphQLSchema] = {}
        self._documents: dict[tuple[str, bool], _Document] = {}

    def describe(self, facts: Facts, body: dict[str, Any]) -> None:
        """Fill in the facts of the request: its operation, fields, runs and sweeps."""
        document = self._document(body.get("query"), with_keys=True).node
        if document is not None:
            describe_operation(
                facts, document, body.get("operationName") or None, read_variables(body)
            )

    def answer(self, body: dict[str, Any], context: Context) -> Answer:
        """Execute a request: ``{"query", "variables", "operationName"}``."""
        with_keys = context.settings.summary_keys is not SummaryKeys.REFUSE
        document = self._document(body.get("query"), with_keys=with_keys)
        if document.node is None or document.errors:
            return Answer(HTTPStatus.BAD_REQUEST, {"errors": [_plain(e) for e in document.errors]})
        result = execute_sync(
            self._schema(with_keys=with_keys),
            document.node,
            context_value=context,
            variable_values=read_variables(body),
            operation_name=body.get("operationName") or None,
            executor_class=RowExecutor,
        )
        return _answer_of(result)

    def _schema(self, *, with_keys: bool) -> GraphQLSchema:
        if with_keys not in self._schemas:
            sdl = SDL if with_keys else SDL.replace(_KEYS_ARGUMENT, "summaryMetrics")
            self._schemas[with_keys] = make_executable_schema(
                sdl, *BINDABLES, convert_names_case=True
            )
        return self._schemas[with_keys]

    def _document(self, query: Any, *, with_keys: bool) -> _Document:
        if not isinstance(query, str):
            return _Document(None, [GraphQLError("the request has no query")])
        key = (query, with_keys)
        if key not in self._documents:
            if len(self._documents) >= _KEPT:
                del self._documents[next(iter(self._documents))]
            self._documents[key] = self._read(query, with_keys=with_keys)
        return self._documents[key]

    def _read(self, query: str, *, with_keys: bool) -> _Document:
        try:
            node = parse(query)
            return _Document(node, validate(self._schema(with_keys=with_keys), node))
        except GraphQLError as error:
            return _Document(None, [error])
        except RecursionError:
            return _Document(None, [GraphQLError("the query is nested too deeply")])


def _answer_of(result: ExecutionResult) -> Answer:
    if not result.errors:
        return Answer(HTTPStatus.OK, {"data": result.data})
    body: dict[str, Any] = {"errors": [_plain(error) for error in result.errors]}
    if result.data is None:
        return Answer(HTTPStatus.BAD_REQUEST, body)
    body["data"] = result.data
    return Answer(max(_status(error) for error in result.errors), body)


def _status(error: GraphQLError) -> HTTPStatus:
    """The HTTP status of an error; the emulator's own errors are raised again, not hidden."""
    cause = error.original_error
    if isinstance(cause, RefusedError):
        return cause.status
    if isinstance(cause, FilterError | UnknownFieldError | PageError | PatternError):
        return HTTPStatus.BAD_REQUEST
    if cause is not None:
        raise cause
    return HTTPStatus.OK


def _plain(error: GraphQLError) -> dict[str, Any]:
    return {"message": error.message, **({"path": error.path} if error.path else {})}


def read_body(raw: bytes) -> dict[str, Any]:
    """A request's JSON object; raises RefusedError (400), including for bare NaN and Infinity."""
    try:
        body = json.loads(raw, parse_constant=_refuse_constant)
    except ValueError as error:
        raise RefusedError(HTTPStatus.BAD_REQUEST, f"the body is not JSON: {error}") from error
    except RecursionError as error:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "the body is nested too deeply") from error
    if not isinstance(body, dict):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "the body is not a JSON object")
    return body


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
