"""What a kernel says, as a digest: its code, its constants and signature, and those of all kernels it calls; nothing of paths, times or lines.

Two kernels of equal digest compile to the same code under one compiler on one kind of processor, whichever clone, environment or container they are in.
"""

from __future__ import annotations

import hashlib
import types
from functools import cache
from typing import Any

import numpy as np

from app.risk.jit.kernels import Kernel


@cache
def digest(kernel: Kernel[..., Any]) -> str:
    """16 hex digits."""
    said = hashlib.blake2b(digest_size=8)
    said.update(_code(kernel.function.__code__))
    said.update(repr(sorted(kernel.function.__annotations__.items())).encode())
    said.update(repr(kernel.alone).encode())
    for name, value in sorted(kernel.named.items()):
        said.update(f"{name}={_value(value)};".encode())
    for hint in sorted(kernel.function.__annotations__.items()):
        said.update(_annotated(kernel.function.__globals__.get(str(hint[1]).split("[")[0])).encode())
    return said.hexdigest()


@cache
def weight(kernel: Kernel[..., Any]) -> int:
    """How much there is to compile, in bytes of byte code: its own and that of all it calls, as each caller optimises its callees again."""
    return len(kernel.function.__code__.co_code) + sum(weight(callee) for callee in kernel.callees)


def _code(code: types.CodeType) -> bytes:
    constants = [
        _code(value).hex() if isinstance(value, types.CodeType) else repr(value)
        for value in code.co_consts[1 if code.co_consts and isinstance(code.co_consts[0], str) else 0 :]
    ]
    parts = (code.co_code.hex(), constants, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, code.co_argcount)
    return repr(parts).encode()


def _value(value: Any) -> str:
    """A global by what it says: kernels by digest, records by their fields, functions by their code, arrays by their bytes."""
    if isinstance(value, Kernel):
        return digest(value)
    if isinstance(value, types.ModuleType):
        return value.__name__
    if isinstance(value, type):
        return _annotated(value) or f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, types.FunctionType):
        return _code(value.__code__).hex()
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.shape}{value.tobytes().hex()}"
    return repr(value)


def _annotated(value: Any) -> str:
    if isinstance(value, type) and issubclass(value, tuple) and hasattr(value, "_fields"):
        inner = "".join(
            _annotated(vars(__import__(value.__module__, fromlist=["_"])).get(str(said)))
            for said in value.__annotations__.values()
        )
        return f"{value.__qualname__}{list(value.__annotations__.items())}{inner}"
    return ""
