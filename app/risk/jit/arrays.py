"""The words that signatures of kernels are written in: a type checker sees arrays and numbers, the compiler exact types.

Every array is contiguous. `int`, `float` and `bool` in a signature are 64-bit integers, doubles and booleans; a NamedTuple is its
fields.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple, TypeAlias

import numpy.typing as npt


class Exactly(NamedTuple):
    """What the compiler reads in an annotation: a numpy dtype by name, dimensions (0: a number), and whether it may be written
    to."""

    dtype: str
    dimensions: int
    writable: bool = True


Array: TypeAlias = npt.NDArray[Any]

Bools: TypeAlias = Annotated[Array, Exactly("bool", 1)]
Int8s: TypeAlias = Annotated[Array, Exactly("int8", 1)]
UInt8s: TypeAlias = Annotated[Array, Exactly("uint8", 1)]
TextBytes: TypeAlias = Annotated[Array, Exactly("uint8", 1, writable=False)]
Int32s: TypeAlias = Annotated[Array, Exactly("int32", 1)]
Int64s: TypeAlias = Annotated[Array, Exactly("int64", 1)]
UInt64s: TypeAlias = Annotated[Array, Exactly("uint64", 1)]
Floats: TypeAlias = Annotated[Array, Exactly("float64", 1)]
Int32Table: TypeAlias = Annotated[Array, Exactly("int32", 2)]
Int64Table: TypeAlias = Annotated[Array, Exactly("int64", 2)]
UInt64Table: TypeAlias = Annotated[Array, Exactly("uint64", 2)]
FloatTable: TypeAlias = Annotated[Array, Exactly("float64", 2)]
Int64: TypeAlias = Annotated[Any, Exactly("int64", 0)]
UInt64: TypeAlias = Annotated[Any, Exactly("uint64", 0)]
