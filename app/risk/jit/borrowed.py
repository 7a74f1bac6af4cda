"""Arrays that a kernel uses without owning them: its caller holds them until it returns, so compiled code need not count who else
does.

Counting is an atomic step on memory that all threads share; it took a third of the time of a sweep.
"""

from __future__ import annotations

from typing import Any, TypeVar

from app.risk.jit.kernels import before_compiling

T = TypeVar("T")


def borrowed(value: T) -> T:
    """The same array, or record of arrays, without its owner.

    For arguments only, at the start of a kernel, and never for what it returns: nothing would keep the memory of such an array.
    """
    return value


@before_compiling
def _without_owner() -> None:
    """Compiled code leaves out the pointer to the count; nothing is counted where there is none."""
    from numba.core import cgutils, types
    from numba.extending import intrinsic, overload

    def stripped(context: Any, builder: Any, kind: Any, value: Any) -> Any:
        if isinstance(kind, types.Array):
            made = cgutils.create_struct_proxy(kind)(context, builder, value)
            made.meminfo = cgutils.get_null_value(made.meminfo.type)
            return made._getvalue()
        for at, part in enumerate(kind):
            value = builder.insert_value(value, stripped(context, builder, part, builder.extract_value(value, at)), at)
        return value

    @intrinsic  # type: ignore[untyped-decorator]
    def strip(typing: Any, kind: Any) -> Any:
        return kind(kind), lambda context, builder, signature, args: stripped(context, builder, kind, args[0])

    overload(borrowed)(lambda value: lambda value: strip(value))
