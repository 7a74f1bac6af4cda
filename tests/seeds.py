"""Seeds of random tests: beside those that stay, some that are taken from the commit, so that over time many are tried; and
which part of many like cases a run tries.

`FORESTAY_SEED=<commit or number>` repeats those of another run; a failure names it. `FORESTAY_THOROUGH=all` tries every case.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest

T = TypeVar("T")
THOROUGH = os.environ.get("FORESTAY_THOROUGH") == "all"
SPAN = 1_000_000  # above the seeds that stay, and apart from those of other commits


@cache
def commit() -> str:
    """What the seeds are taken from: FORESTAY_SEED, or the commit; without a repository, "0". Hexadecimal."""
    if given := os.environ.get("FORESTAY_SEED"):
        return given
    run = subprocess.run(["git", "rev-parse", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True)
    return run.stdout.strip()[:12] if run.returncode == 0 else "0"


def fresh(count: int, origin: str | None = None) -> list[int]:
    """So many seeds of this commit.

    >>> fresh(3, "3ada8b5") == fresh(3, "3ada8b5"), len({*fresh(50, "3ada8b5"), *fresh(50, "923f9af")})
    (True, 100)
    """
    start = SPAN * (1 + int(origin or commit(), 16) % SPAN)
    return list(range(start, start + count))


def some_of(cases: Sequence[T], every: int, origin: str | None = None, thorough: bool = THOROUGH) -> list[T]:
    """Returns the first and the last case and every n-th of those between them, counted from one that the commit names; all of
    them in a thorough run.

    >>> some_of(range(10), 3, "0", False), some_of(range(10), 3, "1", False), some_of([7], 3, "0", False)
    ([0, 1, 4, 7, 9], [0, 2, 5, 8, 9], [7])
    """
    if thorough:
        return list(cases)
    inner = range(1 + int(origin or commit(), 16) % every, len(cases) - 1, every)
    return [cases[at] for at in sorted({0, len(cases) - 1, *inner}) if cases]


@contextmanager
def named(seed: int) -> Iterator[None]:
    """Whatever fails in here names the seed, and how the run is repeated."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"seed {seed}; FORESTAY_SEED={commit()} repeats this run")
        raise


def some_quick(quick: int, tried: int) -> list[Any]:
    """Seeds 0 to tried - 1 as parameters of a test: the first `quick` run in `make test`, the others are marked slow."""
    return [pytest.param(seed, marks=[] if seed < quick else pytest.mark.slow) for seed in range(tried)]
