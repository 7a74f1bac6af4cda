"""Random bits that depend on nothing but a name: seed, key (a ci_id), purpose, block and index.

Philox 4x32-10 (Salmon, Moraes, Dror, Shaw, Parallel random numbers: as easy as 1, 2, 3, SC11 2011), a counter-based generator:
the counter is the name, so the bits are the same for any number of workers, in any order, and after a restart. Key words: the
seed. Counter words: index, purpose * 2^28 + block, key low, key high.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from app.domain.errors import InvalidInput
from app.risk.jit import Int64, UInt64, inner

OWN_FAILURES, PAIRED, TILTED, START, UP_TIME, RESTORE, SWITCH = range(7)  # purposes: streams that never meet
BLOCKS = 2**28  # blocks a purpose has room for

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)


@inner
def philox(c0: UInt64, c1: UInt64, c2: UInt64, c3: UInt64, k0: UInt64, k1: UInt64) -> tuple[Any, Any, Any, Any]:
    """Four random 32-bit words (in uint64) of a counter and a key of 32-bit words (in uint64): ten rounds.

    Example by hand: the known answer of Random123 (kat_vectors) for counter and key 0 is 6627e8d5 e169c58d bc57ac4c 9b00dbd8.
    """
    for _ in range(10):
        p0, p1 = _M0 * c0, _M1 * c2
        c0, c1, c2, c3 = (p1 >> _HALF) ^ c1 ^ k0, p1 & _LOW, (p0 >> _HALF) ^ c3 ^ k1, p0 & _LOW
        k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    return c0, c1, c2, c3


@inner
def two_words(seed: UInt64, key: Int64, purpose: int, block: int, index: int) -> tuple[Any, Any]:
    """Two random uint64 of the stream (seed uint64, key int64, purpose, block) at `index` (below 2^32).

    Example by hand: of two CIs, two blocks or two purposes no counter is the same, so no word is shared.
    """
    name = np.uint64(key)
    place = (np.uint64(purpose) << np.uint64(28)) | np.uint64(block)
    a, b, c, d = philox(np.uint64(index), place, name & _LOW, name >> _HALF, seed & _LOW, seed >> _HALF)
    return (a << _HALF) | b, (c << _HALF) | d


@inner
def open_unit(word: UInt64) -> float:
    """A number in (0, 1] from the upper 53 bits of a word: its logarithm is finite.

    Example by hand: 0 gives 2^-53, all ones give 1.
    """
    return np.float64((word >> np.uint64(11)) + np.uint64(1)) * (1.0 / 9007199254740992.0)


def seed_word(seed: int) -> Any:
    """Any Python integer as the uint64 the kernels take.

    >>> int(seed_word(-1)) == 2**64 - 1
    True
    """
    return np.uint64(seed & 0xFFFFFFFFFFFFFFFF)


def check_blocks(first_block: int, last_block: int) -> None:
    """InvalidInput unless 0 <= first_block <= last_block <= BLOCKS."""
    if not 0 <= first_block <= last_block <= BLOCKS:
        raise InvalidInput(f"blocks run from 0 to {BLOCKS}, the first not above the last", first=first_block, last=last_block)
