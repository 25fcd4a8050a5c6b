"""The names that reports use for paths in a run's summary.

In a summary of flat or of nested form, the name is dotted: ``protein.janitor.rule``. In a summary
that has both forms, flat keys are unchanged, and nested paths are JSON pointers (RFC 6901):
``/protein/state``.
"""

from __future__ import annotations

from janitor.model.summary import Form, Path, nested_path


def key_of(path: Path, form: Form) -> str:
    """The name of a path in a summary of this form."""
    if form is Form.BOTH and (len(path) > 1 or path[0].startswith("/")):
        return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)
    return ".".join(path)


def path_of(key: str, form: Form, namespace: str) -> Path:
    """The path in a summary of this form that has this name; the inverse of :func:`key_of`.

    Raises:
        ValueError: a nested key is not under the namespace.

    """
    if form is Form.BOTH and key.startswith("/"):
        parts = key[1:].split("/")
        return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)
    if form is not Form.NESTED:
        return (key,)
    name = key.removeprefix(f"{namespace}.")
    if name == key:
        raise ValueError(f"the key {key!r} is not under {namespace!r}")
    return nested_path(namespace, name)
