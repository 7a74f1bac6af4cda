"""Kernels: functions over flat arrays that run as compiled code where it is at hand and as the plain Python they are where the
work is small.

`kernel` and `inner` make them, `arrays` has the words their signatures are written in, `content` says when two are the same,
`native` compiles and keeps them by content, `catalogue` knows them all. Both ways of running give the same bits.
"""

from app.risk.jit.arrays import (
    Array,
    Bools,
    Floats,
    FloatTable,
    Int8s,
    Int32s,
    Int32Table,
    Int64,
    Int64s,
    Int64Table,
    TextBytes,
    UInt8s,
    UInt64,
    UInt64s,
    UInt64Table,
)
from app.risk.jit.kernels import before_compiling, inner, kernel

__all__ = [
    "Array",
    "Bools",
    "FloatTable",
    "Floats",
    "Int8s",
    "Int32Table",
    "Int32s",
    "Int64",
    "Int64Table",
    "Int64s",
    "TextBytes",
    "UInt8s",
    "UInt64",
    "UInt64Table",
    "UInt64s",
    "before_compiling",
    "inner",
    "kernel",
]
