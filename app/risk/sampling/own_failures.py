"""Own failures of each CI in one block of worlds: WORDS uint64, a bit a world, keyed (seed, ci_id, block) and nothing else.

Small q: the gaps between failures are geometric, floor(ln u / ln(1 - q)), so the cost follows the failures. Large q: 64 worlds at
once, bit by bit, a random number below q * 2^64 means failed; bits are drawn until no world is undecided, eight draws on average.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from app.risk.graph.compiled import CompiledGraph
from app.risk.jit import Array, Bools, Floats, Int64, Int64s, UInt64, UInt64s, UInt64Table, inner, kernel
from app.risk.sampling.streams import OWN_FAILURES, open_unit, two_words

WORDS = 64
BLOCK_WORLDS = 64 * WORDS
SPARSE = 1.0 / 16.0  # below it gaps are cheaper than bits

_ONE, _NONE, _ALL = np.uint64(1), np.uint64(0), np.uint64(0xFFFFFFFFFFFFFFFF)


class OwnFailures(NamedTuple):
    """n CIs in any order; forced ones are down in every world."""

    key: Int64s  # int64[n] ci_id
    unavailability: Floats  # float64[n] 0 where unknown
    p_none: Floats  # float64[n] probability of no failure in a block
    forced: Bools  # bool[n]


def own_failures(compiled: CompiledGraph, position: Array, forced: Array) -> OwnFailures:
    """Of the CIs at `position` (int32[n]); `forced` int positions in the compiled graph. An unknown unavailability counts as 0.

    Example by hand: U = .001: no failure in 4,096 worlds with probability .999^4096 = .0166.
    """
    down = np.zeros(len(compiled), np.bool_)
    down[np.asarray(forced, np.int64)] = True
    q = np.nan_to_num(compiled.unavailability[position])
    with np.errstate(divide="ignore"):
        none = np.exp(BLOCK_WORLDS * np.log1p(-q))
    return OwnFailures(compiled.ci_id[position], q, none, down[position])


@inner
def _sparse(seed: UInt64, key: Int64, block: int, q: float, first: UInt64, second: UInt64, row: UInt64s) -> None:
    """Set the failures of a CI whose first gap is known to end within the block."""
    scale = 1.0 / math.log1p(-q)
    for w in range(WORDS):
        row[w] = _NONE
    world = 0.0
    index = 0
    while True:
        world += math.floor(math.log(open_unit(first)) * scale)
        if world >= BLOCK_WORLDS:
            if index == 0:  # rounding at the edge of p_none
                world = BLOCK_WORLDS - 1.0
            else:
                return
        place = np.uint64(world)
        row[place >> np.uint64(6)] |= _ONE << (place & np.uint64(63))
        world += 1.0
        index += 1
        if index & 1:
            first = second
        else:
            first, second = two_words(seed, key, OWN_FAILURES, block, index >> 1)


@inner
def _dense(seed: UInt64, key: Int64, block: int, q: float, row: UInt64s) -> None:
    """Compare 64 random numbers a word with q * 2^64, highest bit first."""
    bound = np.uint64(q * 18446744073709551616.0)
    index = 0
    spare, has_spare = _NONE, False
    for w in range(WORDS):
        open_worlds, lost = _ALL, _NONE
        bit = 64
        while bit > 0 and open_worlds != _NONE:
            bit -= 1
            if has_spare:
                word, has_spare = spare, False
            else:
                word, spare = two_words(seed, key, OWN_FAILURES, block, index)
                index += 1
                has_spare = True
            if (bound >> np.uint64(bit)) & _ONE:
                lost |= open_worlds & ~word
                open_worlds &= word
            else:
                open_worlds &= ~word
        row[w] = lost


@inner
def sample_own(own: OwnFailures, seed: UInt64, block: int, i: int, row: UInt64s) -> bool:
    """Write the own failures of CI i into `row` (uint64[WORDS]) and say whether there are any; where not, the row is left as it
    is."""
    if own.forced[i]:
        for w in range(WORDS):
            row[w] = _ALL
        return True
    q = own.unavailability[i]
    if q <= 0.0:
        return False
    if q >= SPARSE:
        _dense(seed, own.key[i], block, q, row)
        return True
    first, second = two_words(seed, own.key[i], OWN_FAILURES, block, 0)
    if open_unit(first) <= own.p_none[i]:
        return False
    _sparse(seed, own.key[i], block, q, first, second, row)
    return True


@kernel
def own_rows(own: OwnFailures, seed: UInt64, block: int, rows: UInt64Table) -> None:
    """The own failures of all n CIs into rows (uint64[n, WORDS], zeros before).

    Example by hand: a forced CI has all ones, one that never fails keeps its zeros.
    """
    for i in range(len(own.key)):
        sample_own(own, seed, block, i, rows[i])
