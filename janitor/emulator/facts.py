"""The facts of a request, read from its text before it is carried out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    get_operation_ast,
    value_from_ast_untyped,
)

from janitor.emulator.filters import FilterError, only_sweep, parse_filter
from janitor.emulator.records import read_json, run_path_of_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from graphql import SelectionSetNode

_DEPTH = 2


@dataclass(slots=True)
class Facts:
    """A request's kind and fields, and the runs and sweeps that it names."""

    method: str
    path: str
    kind: str = ""
    """query, mutation, filestream, upload or download; empty for any other request."""
    operation: str = ""
    """The name of the GraphQL operation."""
    fields: list[str] = field(default_factory=list)
    """Root fields and, with dots, the fields selected of them: ``project``, ``project.runs``."""
    runs: list[str] = field(default_factory=list)
    """``entity/project/run``; the entity is empty if the request leaves it out."""
    sweeps: list[str] = field(default_factory=list)
    sdk: bool = False
    """Whether it comes from a run's own process: a post, an upload, or an upsertBucket with the
    run's name; other clients only send the run's storage id."""
    user_agent: str = ""
    bytes_in: int = 0


def describe_operation(
    facts: Facts, document: DocumentNode, operation_name: str | None, variables: Mapping[str, Any]
) -> None:
    """Fill in the facts of a GraphQL request."""
    operation = get_operation_ast(document, operation_name)
    if operation is None:
        return
    facts.kind = operation.operation.value
    facts.operation = operation.name.value if operation.name else ""
    _Reader(facts, document, _with_defaults(operation, variables)).read(
        operation.selection_set, "", {}, _DEPTH
    )


def _with_defaults(
    operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> dict[str, Any]:
    defaults = {
        definition.variable.name.value: value_from_ast_untyped(definition.default_value)
        for definition in operation.variable_definitions or ()
        if definition.default_value is not None
    }
    return defaults | dict(variables)


class _Reader:
    """Walks the first levels of an operation and collects its facts."""

    def __init__(self, facts: Facts, document: DocumentNode, variables: dict[str, Any]) -> None:
        self._facts = facts
        self._variables = variables
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }

    def read(
        self, selections: SelectionSetNode | None, prefix: str, owner: dict[str, Any], depth: int
    ) -> None:
        """Collect the fields of a selection; ``owner`` holds the arguments of their project."""
        if selections is None or depth == 0:
            return
        for node in self._field_nodes(selections):
            name = node.name.value
            if name == "edges":
                continue
            path = f"{prefix}.{name}" if prefix else name
            if path not in self._facts.fields:
                self._facts.fields.append(path)
            arguments = self._arguments(node.arguments or ())
            inner = arguments if name in {"project", "model"} else owner
            self._note(name, arguments, owner)
            self.read(node.selection_set, path, inner, depth - 1)

    def _field_nodes(self, selections: SelectionSetNode) -> Iterator[FieldNode]:
        for node in selections.selections:
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                yield from self._field_nodes(node.selection_set)
            elif isinstance(node, FragmentSpreadNode) and node.name.value in self._fragments:
                yield from self._field_nodes(self._fragments[node.name.value].selection_set)

    def _arguments(self, nodes: tuple[ArgumentNode, ...]) -> dict[str, Any]:
        return {
            node.name.value: value_from_ast_untyped(node.value, self._variables) for node in nodes
        }

    def _note(self, name: str, arguments: dict[str, Any], owner: dict[str, Any]) -> None:
        facts = self._facts
        if name in {"run", "bucket"} and arguments.get("name"):
            project = f"{owner.get('entityName') or ''}/{owner.get('name') or ''}"
            facts.runs.append(f"{project}/{arguments['name']}")
        elif name == "sweep" and arguments.get("sweepName"):
            facts.sweeps.append(arguments["sweepName"])
        elif name in {"runs", "runCount"}:
            self._note_filter(arguments.get("filters"))
        elif isinstance(arguments.get("input"), dict):
            self._note_input(arguments["input"])

    def _note_filter(self, text: Any) -> None:
        try:
            sweep, _ = only_sweep(parse_filter(text if isinstance(text, str) else None))
        except FilterError:
            return
        if sweep is not None and sweep not in self._facts.sweeps:
            self._facts.sweeps.append(sweep)

    def _note_input(self, values: dict[str, Any]) -> None:
        path = run_path_of_id(str(values.get("id") or ""))
        name = values.get("runName") or values.get("name")
        project = values.get("projectName") or values.get("modelName")
        if path is None and name and project:
            path = f"{values.get('entityName') or ''}/{project}/{name}"
        if path is not None:
            self._facts.runs.append(path)
        self._facts.sdk = self._facts.sdk or bool(values.get("modelName") and name)
        if isinstance(values.get("sweep"), str):
            self._facts.sweeps.append(values["sweep"])


def read_variables(body: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of a GraphQL request; empty if they are malformed."""
    variables = body.get("variables")
    if isinstance(variables, str):
        variables = read_json(variables)
    return variables if isinstance(variables, dict) else {}
