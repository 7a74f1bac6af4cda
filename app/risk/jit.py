"""The one way kernels are compiled, and the array alias they are written with."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeAlias, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
P = ParamSpec("P")
R = TypeVar("R")


@cache
def _said(path: Path) -> str:
    """Digest of a module and of all of this room that it imports."""
    text = path.read_bytes()
    needs = sorted(set(re.findall(rb"^from app\.risk\.([\w.]+) import", text, re.MULTILINE)))
    parts = [text, *(_said(Path(__file__).parent / f"{name.decode().replace('.', '/')}.py").encode() for name in needs)]
    return hashlib.blake2b(b"".join(parts), digest_size=8).hexdigest()


def _keep_by_content(function: Callable[P, R]) -> None:
    """Cache a kernel in a folder named by what it and all it calls say: numba looks only at the kernel's own file, so that a change of a
    kernel it calls would go unseen."""
    path = Path(function.__code__.co_filename)
    base = Path(os.environ.get("NUMBA_CACHE_DIR") or path.parent / "__pycache__")
    numba.config.CACHE_DIR = str(base / f"kernels-{_said(path)}")  # type: ignore[attr-defined]


INTERPRETED = os.environ.get("FORESTAY_KERNELS") == "interpreted"
_inside = threading.local()


def _interpreted(function: Callable[P, R]) -> Callable[P, R]:
    """The kernel as the plain Python it is; integers wrap and divisions by zero are silent, as in compiled code."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if getattr(_inside, "running", False):
            return function(*args, **kwargs)
        _inside.running = True
        try:
            with np.errstate(all="ignore"):
                return function(*args, **kwargs)
        finally:
            _inside.running = False

    return run


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile for flat arrays: cached on disk, without the interpreter lock, IEEE arithmetic in the order written."""
    if INTERPRETED:
        return _interpreted(function)
    _keep_by_content(function)
    return cast(Callable[P, R], numba.njit(cache=True, nogil=True, error_model="numpy")(function))
