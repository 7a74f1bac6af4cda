"""Compiled code: one version of each kernel, kept in the user's cache folder by content, so that clones, environments and
processes share it.

The only module that imports numba, and it is imported late: a small estate is answered without it.
"""

from __future__ import annotations

import fcntl
import hashlib
import itertools
import secrets
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Annotated, Any, cast, get_args, get_origin, get_type_hints

import llvmlite.binding
import numba
from numba.core import types
from numba.core.bytecode import FunctionIdentity
from numba.core.caching import _CacheLocator
from numba.core.types import BaseTuple  # type: ignore[attr-defined]

from app.risk.jit.arrays import Exactly
from app.risk.jit.content import digest
from app.risk.jit.kernels import KERNELS, Kernel, preparations
from app.risk.jit.place import base_folder, writable

# numba names compiled functions by a count of this process; code of several processes is loaded together, so no two may count the
# same
FunctionIdentity._unique_ids = itertools.count(secrets.randbits(48))
numba.config.CACHE_LOCATOR_CLASSES = f"{__name__}.KeptByContent"
_one_at_a_time = threading.RLock()  # of the threads of this process
_prepared: list[bool] = []


def cache_folder() -> Path | None:
    """Where code of this compiler for this processor is kept; None where nothing may be written."""
    folder = base_folder() / _compiler()
    return folder if writable(folder) else None


@cache
def _compiler() -> str:
    """What besides a kernel's content decides its code: versions and processor."""
    processor = f"{llvmlite.binding.get_host_cpu_name()} {llvmlite.binding.get_host_cpu_features().flatten()}"
    kind = hashlib.blake2b(processor.encode(), digest_size=4).hexdigest()
    return (
        f"python-{sys.version_info[0]}.{sys.version_info[1]}-numba-{numba.__version__}-llvmlite-{llvmlite.__version__}-{kind}-b"
    )


class KeptByContent(_CacheLocator):  # type: ignore[misc]
    """numba's way to say where the code of a function is kept: here by what the function says, not by where and when its file was
    written."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name

    def get_cache_path(self) -> str:
        return str(self._folder)

    def get_source_stamp(self) -> str:
        return self._name

    def get_disambiguator(self) -> str:
        return ""

    @classmethod
    def from_function(cls, function: Any, path: str) -> KeptByContent | None:
        kernel = next((known for known in KERNELS.values() if known.function is function), None)
        folder = cache_folder()
        if kernel is None or folder is None:
            return None
        made = cls(folder / _place(kernel), digest(kernel))
        made.ensure_cache_path()
        return made


@cache
def _place(kernel: Kernel[..., Any]) -> str:
    return f"{kernel.name}-{digest(kernel)}"


def numba_type(hint: Any) -> Any:
    """The compiler's type of one annotation.

    >>> numba_type(int), numba_type(float), numba_type(bool)
    (int64, float64, bool)
    """
    if hint in (int, float, bool):
        return {int: types.int64, float: types.float64, bool: types.boolean}[hint]
    if get_origin(hint) is Annotated:
        exactly = next(part for part in get_args(hint) if isinstance(part, Exactly))
        number = types.boolean if exactly.dtype == "bool" else getattr(types, exactly.dtype)
        return types.Array(number, exactly.dimensions, "C", readonly=not exactly.writable) if exactly.dimensions else number
    if isinstance(hint, type) and issubclass(hint, tuple) and hasattr(hint, "_fields"):
        hints = get_type_hints(hint, include_extras=True)
        return BaseTuple.from_types([numba_type(hints[name]) for name in hint._fields], hint)
    if get_origin(hint) is tuple:
        return BaseTuple.from_types([numba_type(part) for part in get_args(hint)])
    raise TypeError(f"no compiled type for {hint!r}: use the words of app.risk.jit.arrays")


def signature(kernel: Kernel[..., Any]) -> tuple[Any, ...]:
    """The one list of argument types that a kernel is compiled for, from its annotations."""
    hints = get_type_hints(kernel.function, include_extras=True)
    code = kernel.function.__code__
    names = code.co_varnames[: code.co_argcount]
    try:
        return tuple(numba_type(hints[name]) for name in names)
    except (KeyError, TypeError) as error:
        raise TypeError(f"kernel {kernel.name}: {error}") from error


@cache
def _dispatcher(kernel: Kernel[..., Any]) -> Any:
    if not _prepared:
        _prepared.append(True)
        for prepare in preparations:
            prepare()
    made = numba.njit(nogil=True, error_model="numpy", no_cfunc_wrapper=True, no_cpython_wrapper=not kernel.alone)(
        kernel.function
    )
    if cache_folder() is not None:
        made.enable_caching()
    return made


def kept(kernel: Kernel[..., Any]) -> Callable[..., Any] | None:
    """Compiled code of a kernel, if it is loaded or can be loaded; never compiles."""
    with _one_at_a_time:
        made = _dispatcher(kernel)
        if not made.overloads:
            if not is_kept(kernel):
                return None
            made.compile(signature(kernel))  # numba finds it in the cache
            made.disable_compile()
        return cast(Callable[..., Any], made)


def is_kept(kernel: Kernel[..., Any]) -> bool:
    """Whether the cache holds this kernel's code, whole: numba moves the file there once it is written."""
    folder = cache_folder()
    return folder is not None and any((folder / _place(kernel)).glob("*.nbc"))


def make(kernel: Kernel[..., Any]) -> Any:
    """Compile a kernel, its callees first; one process at a time compiles it, the others wait and load what it made."""
    made = _dispatcher(kernel)
    if made.overloads:
        return made
    if not is_kept(kernel):
        for callee in kernel.callees:
            make(callee)
    with _one_at_a_time, _alone(kernel):
        return _compiled(kernel)


def _compiled(kernel: Kernel[..., Any]) -> Any:
    made = _dispatcher(kernel)
    if not made.overloads:
        made.compile(signature(kernel))
        made.disable_compile()
    return made


def type_of(kernel: Kernel[..., Any]) -> Any:
    """The type under which other kernels see this one."""
    return make(kernel)._numba_type_


@contextmanager
def _alone(kernel: Kernel[..., Any], wait: bool = True) -> Iterator[bool]:
    """Hold the kernel's lock among all processes that share the cache; False where another one holds it and `wait` is not
    wanted."""
    folder = cache_folder()
    if folder is None:
        yield True
        return
    place = folder / _place(kernel)
    place.mkdir(exist_ok=True)
    with (place / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


def try_make(kernel: Kernel[..., Any]) -> bool:
    """Compile a kernel unless another process is at it; False where one is."""
    with _one_at_a_time, _alone(kernel, wait=False) as free:
        if free:
            _compiled(kernel)
    return free
