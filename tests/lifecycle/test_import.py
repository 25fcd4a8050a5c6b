"""Training environments are crowded: what ``import janitor.lifecycle`` brings along.

``tests/bench/lifecycle_import.py`` measures what it costs.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

IMPORTED = """
import json, sys
{first}
before = set(sys.modules)
import janitor.lifecycle
for name in janitor.lifecycle.__all__:  # they are loaded on first use
    getattr(janitor.lifecycle, name)
print(json.dumps(sorted(set(sys.modules) - before)))
"""
ROOMS = {"janitor", "janitor.errors", "janitor.lifecycle", "janitor.model"}


def imported(folder: Path, first: str = "") -> set[str]:
    """What the import adds to what is there already."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED.format(first=first)],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    )
    return set(json.loads(done.stdout))


def test_it_brings_the_standard_library_and_our_model_along(tmp_path: Path) -> None:
    modules = imported(tmp_path)
    assert {name.partition(".")[0] for name in modules} <= {*sys.stdlib_module_names, "janitor"}
    ours = {name for name in modules if name.partition(".")[0] == "janitor"}
    assert {".".join(name.split(".")[:2]) for name in ours} == ROOMS
    assert "wandb" not in modules


def test_beside_wandb_it_brings_nothing_but_ours_along(tmp_path: Path) -> None:
    modules = imported(tmp_path, "import wandb")
    assert {name for name in modules if name.partition(".")[0] != "janitor"} == set()


@pytest.mark.parametrize(
    ("module", "hint"),
    [
        ("lightning", "janitor.lifecycle.lightning needs PyTorch Lightning: pip install lightning"),
        (
            "huggingface",
            (
                "janitor.lifecycle.huggingface needs Hugging Face Transformers:"
                " pip install transformers"
            ),
        ),
    ],
)
def test_a_callback_without_its_framework_says_what_to_install(
    module: str, hint: str, tmp_path: Path
) -> None:
    # None in sys.modules makes an import fail, as if it was not installed.
    code = f"""
import sys
for name in ("lightning.pytorch", "lightning", "pytorch_lightning", "transformers"):
    sys.modules[name] = None
import janitor.lifecycle.{module}
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.stderr.splitlines()[-1] == f"ImportError: {hint}"
