"""The one way kernels are compiled, and the array alias they are written with."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeAlias, TypeVar, cast

import numba
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
P = ParamSpec("P")
R = TypeVar("R")


def _cache_folder() -> str:
    """A folder by what the kernels say: numba looks only at the file of a kernel, not at those of the kernels it calls, so a changed callee
    would go on with its old code."""
    here = Path(__file__).parent
    said = hashlib.blake2b(b"".join(path.read_bytes() for path in sorted(here.glob("*.py"))), digest_size=8).hexdigest()
    return str(Path(os.environ.get("NUMBA_CACHE_DIR") or here / "__pycache__") / f"kernels-{said}")


numba.config.CACHE_DIR = _cache_folder()  # type: ignore[attr-defined]


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile for flat arrays: cached on disk, without the interpreter lock, IEEE arithmetic in the order written."""
    return cast(Callable[P, R], numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def inline_kernel(function: Callable[P, R]) -> Callable[P, R]:
    """As `kernel`, for the few lines at the bottom of an inner loop."""
    return cast(Callable[P, R], numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")(function))
