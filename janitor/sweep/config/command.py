"""The command of a trial, with W&B's macros. The forms are those of the wandb client.

Source: ``create_sweep_command`` and ``create_sweep_command_args`` in
``wandb/sdk/launch/sweeps/utils.py``. Nested parameters arrive as one object per top key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

DEFAULT: Final = ("${env}", "${interpreter}", "${program}", "${args}")
"""W&B's command, if the file names none."""
PARAMS_FILE: Final = "${args_json_file}"
_MACRO: Final = re.compile(r"\$\{(\w+)\}")
_VARIABLE: Final = re.compile(r"\$\{envvar:([^}]*)\}")


def build(
    template: Sequence[str],
    params: Mapping[str, Any],
    environment: Mapping[str, str],
    *,
    program: str,
    params_file: str,
) -> tuple[str, ...]:
    """The program and its arguments.

    Args:
        template: The file's ``command``.
        params: The trial's params.
        environment: For ``${envvar:NAME}``; a variable that is not set gives its name.
        program: The file's ``program``.
        params_file: The path of the JSON file with the params.

    """
    forms = _forms(params)
    forms |= {
        "env": ["/usr/bin/env"],
        "interpreter": ["python"],
        "program": [program] if program else [],
        "args_json_file": [params_file],
    }
    words: list[str] = []
    for part in template:
        text = _VARIABLE.sub(lambda found: environment.get(found[1], found[1]), str(part))
        macro = _MACRO.fullmatch(text)
        words += [text] if macro is None else forms.get(macro[1], [])
    return tuple(words)


def _forms(params: Mapping[str, Any]) -> dict[str, list[str]]:
    plain = [f"{name}={value}" for name, value in params.items()]
    no_booleans = [
        f"--{name}" if value is True else f"--{name}={value}"
        for name, value in params.items()
        if value is not False
    ]
    return {
        "args": [f"--{word}" for word in plain],
        "args_no_hyphens": plain,
        "args_no_equals": [
            word for name, value in params.items() for word in (f"--{name}", str(value))
        ],
        "args_no_boolean_flags": no_booleans,
        "args_json": [json.dumps(dict(params))],
        "args_append_hydra": [f"+{word}" for word in plain],
        "args_override_hydra": [f"++{word}" for word in plain],
    }
