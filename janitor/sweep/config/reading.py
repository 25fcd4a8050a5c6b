"""Reads a sweep file with YAML 1.1, as W&B does: ``on`` is true, and ``1e-5`` is a text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

import yaml

from janitor.config.yaml_file import Document, explain, read_text
from janitor.errors import ConfigError
from janitor.model.wording import quoted

_MOST_VALUES: Final = 1_000_000
"""Values that a file may mean, aliases expanded. Its own text has fewer."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a sweep file holds, and how to speak about it."""

    values: dict[str, Any]
    name: str
    """The name of the sweep, if the file gives none."""
    directory: Path
    """Absolute."""
    label: str
    """The file as the user named it."""
    root: yaml.Node | None = None

    def line(self, location: Sequence[int | str]) -> int:
        """The line of a setting, from 1; 0 if the file has no lines."""
        return 0 if self.root is None else Document(self.values, self.root).line(location)

    def sentence(self, line: int, text: str) -> str:
        """A sentence about a line of the file."""
        return f"{self.label}:{line}: {text}" if line else f"{self.label}: {text}"


def read_sweep_file(path: Path) -> Source:
    """The mapping in a sweep file.

    Raises:
        ConfigError: it does not exist, cannot be read, is not YAML, or holds no mapping.

    """
    label = str(path)
    try:
        text = read_text(path, label)
        loader = _Loader(text)
        root = loader.get_single_node()
        _check_size(root, label)
        value = None if root is None else loader.construct_document(root)
    except FileNotFoundError:
        raise ConfigError(f"the sweep file {label} does not exist") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{label}{explain(error)}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{label}: contains a value that cannot be read") from error
    if not isinstance(value, dict):
        raise ConfigError(f"{label}: must be a mapping such as 'method: grid', not {quoted(value)}")
    try:
        plain = json.loads(json.dumps(value))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{label}: holds a value that JSON cannot hold: {error}") from error
    return Source(plain, path.stem, path.absolute().parent, label, root)


def _check_size(root: yaml.Node | None, label: str) -> None:
    """Refuse aliases of aliases that would fill the memory.

    Raises:
        ConfigError: the file means too many values.

    """
    sizes: dict[int, int] = {}

    def size_of(node: yaml.Node) -> int:
        if isinstance(node, yaml.ScalarNode):
            return 1
        if id(node) not in sizes:
            sizes[id(node)] = 1  # an alias within itself is refused later
            is_list = isinstance(node, yaml.SequenceNode)
            inner = node.value if is_list else chain.from_iterable(node.value)
            sizes[id(node)] = 1 + sum(map(size_of, inner))
        return sizes[id(node)]

    if root is not None and size_of(root) > _MOST_VALUES:
        raise ConfigError(f"{label}: its aliases mean more than {_MOST_VALUES:,} values")


class _Loader(yaml.SafeLoader):
    """YAML 1.1, as W&B reads it; a key that appears twice is refused."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen and key.value != "<<":
                    raise yaml.composer.ComposerError(
                        None, None, f"the key {quoted(key.value)} appears twice", key.start_mark
                    )
                seen.add(key.value)
        return node
