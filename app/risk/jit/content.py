"""What a kernel says, as a digest: its code, its constants and signature, and those of all kernels it calls; nothing of paths,
times or lines.

Two kernels of equal digest compile to the same code under one compiler on one kind of processor, whichever clone, environment or
container they are in.
"""

from __future__ import annotations

import hashlib
import types
from functools import cache
from typing import Any, get_type_hints

import numpy as np

from app.risk.jit.kernels import Kernel


@cache
def digest(kernel: Kernel[..., Any]) -> str:
    """16 hex digits."""
    digest = hashlib.blake2b(_code(kernel.function.__code__).encode(), digest_size=8)
    for name, hint in sorted(get_type_hints(kernel.function, include_extras=True).items()):
        digest.update(f"{name}:{_type(hint)};".encode())
    for name, value in sorted(kernel.named.items()):
        digest.update(f"{name}={_value(value)};".encode())
    digest.update(f"alone={kernel.alone}".encode())
    return digest.hexdigest()


@cache
def weight(kernel: Kernel[..., Any]) -> int:
    """How much there is to compile, in bytes of byte code: its own and that of all it calls, as each caller optimises its callees
    again."""
    return len(kernel.function.__code__.co_code) + sum(weight(callee) for callee in kernel.callees)


def _code(code: types.CodeType) -> str:
    """Byte code with the names and constants that it uses; not the docstring, which stands first."""
    docstring = 1 if code.co_consts and isinstance(code.co_consts[0], str) else 0
    constants = [_code(value) if isinstance(value, types.CodeType) else repr(value) for value in code.co_consts[docstring:]]
    variables = (code.co_varnames, code.co_freevars, code.co_cellvars, code.co_argcount)
    return repr((code.co_code.hex(), constants, code.co_names, variables))


def _type(hint: Any) -> str:
    """An annotation by what the compiler makes of it: records by their fields, and by the module that kept code looks for them
    in."""
    if isinstance(hint, type) and issubclass(hint, tuple) and hasattr(hint, "_fields"):
        hints = get_type_hints(hint, include_extras=True)
        return f"{hint.__module__}.{hint.__qualname__}({', '.join(f'{name}: {_type(hints[name])}' for name in hint._fields)})"
    return repr(hint)


def _value(value: Any) -> str:
    """A global by what it says: kernels by digest, records by their fields, functions by their code, arrays by their bytes."""
    if isinstance(value, Kernel):
        return digest(value)
    if isinstance(value, types.ModuleType):
        return value.__name__
    if isinstance(value, types.FunctionType):
        return _code(value.__code__)
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.shape}{value.tobytes().hex()}"
    return _type(value)
