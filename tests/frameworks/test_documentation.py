"""The blocks of the manual that need a framework."""

from __future__ import annotations

import pytest

from tests.docs.pages import MANUAL, Block, blocks
from tests.frameworks.framework_runs import framework

framework("torch")
framework("transformers")
framework("lightning.pytorch")

BLOCKS = [
    block for block in blocks(MANUAL / "training.md") if block.options.get("extra") == "frameworks"
]


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_of_the_manual_runs(block: Block) -> None:
    names: dict[str, object] = {}
    exec(compile(block.text, str(block), "exec"), names)
    assert "callback" in names
