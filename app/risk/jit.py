"""The one way kernels are compiled, and the array alias they are written with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeAlias, TypeVar, cast

import numba
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile for flat arrays: cached on disk, without the interpreter lock, IEEE arithmetic in the order written."""
    return cast(Callable[P, R], numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def inline_kernel(function: Callable[P, R]) -> Callable[P, R]:
    """As `kernel`, for the few lines at the bottom of an inner loop."""
    return cast(Callable[P, R], numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")(function))
