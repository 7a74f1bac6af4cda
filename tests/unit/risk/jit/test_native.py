"""Compiled code: one version of each kernel, kept by content, made once whoever asks, and equal to the bit to the Python it is
made of."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.risk.jit import native
from app.risk.jit.catalogue import every_kernel
from tests.seeds import THOROUGH, fresh

pytestmark = pytest.mark.compiled

COMPILE = """
import sys
from app.risk.jit import native
from app.risk.graph.structure import components_in_order as kernel
import app.risk.graph.structure
made = native.make(kernel)
print(sum(made.stats.cache_misses.values()), sum(made.stats.cache_hits.values()))
"""
ROOT = Path(__file__).parents[4]


def program(text: str, folder: Path, **more: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "FORESTAY_KERNEL_CACHE": str(folder), "FORESTAY_KERNELS": "compiled", **more}
    return subprocess.Popen([sys.executable, "-c", text], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def test_several_processes_compile_a_kernel_once(tmp_path: Path) -> None:
    together = [program(COMPILE, tmp_path) for _ in range(4)]
    counts = [tuple(map(int, one.communicate(timeout=300)[0].split())) for one in together]
    assert sorted(counts) == [(0, 1), (0, 1), (0, 1), (1, 0)]


def test_a_later_process_compiles_nothing(tmp_path: Path) -> None:
    for expected in ("1 0", "0 1"):
        assert program(COMPILE, tmp_path).communicate(timeout=300)[0].strip() == expected
    (folder,) = tmp_path.iterdir()
    assert folder.stat().st_mode & 0o077 == 0, "code that is run is its owner's alone"


def test_where_nothing_may_be_written_each_process_compiles_for_itself() -> None:
    for _ in range(2):
        assert program(COMPILE, Path("/proc/nowhere")).communicate(timeout=300)[0].strip() == "1 0"


def test_every_kernel_is_kept_and_has_one_version() -> None:
    for kernel in every_kernel():
        made = native.make(kernel)
        assert len(made.overloads) == 1, kernel.name
        assert not made._can_compile, kernel.name


@pytest.mark.parametrize("seed", [0, *([10] if THOROUGH else []), fresh(5)[0]])
def test_interpreted_and_compiled_answers_are_equal_to_the_bit(seed: int) -> None:
    """Everything that reaches a kernel, about random estates; a failure names seed, number and question."""
    ways = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.both_ways", str(seed), str(seed + 5)],
            cwd=ROOT,
            env={**os.environ, "FORESTAY_KERNELS": way},
            stdout=subprocess.PIPE,
            text=True,
        )
        for way in ("interpreted", "compiled")
    ]
    interpreted, compiled = (way.communicate(timeout=600)[0].splitlines() for way in ways)
    assert all(way.returncode == 0 for way in ways)
    assert len(interpreted) > 100
    assert [line for line in interpreted if line not in compiled] == []
    assert interpreted == compiled
