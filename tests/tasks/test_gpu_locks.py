from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from janitor.errors import HeldError
from janitor.tasks import acquire_gpu

TAKE_A_GPU = """
    import sys
    from pathlib import Path
    from janitor.tasks import acquire_gpu
    with acquire_gpu(Path(sys.argv[1]), [0, 1], shared=False) as gpu:
        print(gpu.number, flush=True)
        sys.stdin.read()
"""


def test_a_gpu_is_taken_once_and_a_dead_worker_frees_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(TAKE_A_GPU), str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"0\n"
        with acquire_gpu(tmp_path, [0, 1], shared=False) as mine:
            assert mine.number == 1
            with pytest.raises(HeldError, match=r"no GPU is free .* 0 of"):
                acquire_gpu(tmp_path, [0], shared=False)
        other.kill()
        other.wait()
        with acquire_gpu(tmp_path, [0, 1], shared=False) as freed:
            assert freed.number == 0
    assert (tmp_path / ".gpu_locks" / "gpu_0.lock").exists()


def test_on_a_shared_disk_each_host_has_its_own_gpus(tmp_path: Path) -> None:
    with acquire_gpu(tmp_path, [0], shared=True), acquire_gpu(tmp_path, [0], shared=False):
        host = os.uname().nodename
        assert (tmp_path / ".gpu_locks" / host / "gpu_0.lock").exists()
