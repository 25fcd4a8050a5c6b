"""How a report names a place in a run's summary, and back.

A dotted name, ``protein.janitor.rule``, in a run of flat and in one of nested form. In a run that
holds both forms the flat keys are as they stand, and the nested places are JSON pointers (RFC
6901): ``/protein/state``.
"""

from __future__ import annotations

from janitor.model.summary import Form, Path, nested_path


def key_of(path: Path, form: Form) -> str:
    """The name of a place in a summary of this form."""
    if form is Form.BOTH and (len(path) > 1 or path[0].startswith("/")):
        return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)
    return ".".join(path)


def path_of(key: str, form: Form, namespace: str) -> Path:
    """The place in a summary of this form that :func:`key_of` named.

    Raises:
        ValueError: a nested key does not lie under the namespace.

    """
    if form is Form.BOTH and key.startswith("/"):
        parts = key[1:].split("/")
        return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)
    if form is not Form.NESTED:
        return (key,)
    name = key.removeprefix(f"{namespace}.")
    if name == key:
        raise ValueError(f"the key {key!r} does not lie under {namespace!r}")
    return nested_path(namespace, name)
