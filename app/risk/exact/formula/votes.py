"""At least so much weight of independent failures: Poisson-binomial by positive recursions, without a decision diagram.

Small: the distribution of the failed weight, cut at `need`. Large, with equal weights: the same after an exponential change of
measure that puts the mean where the threshold is (so the far tail keeps its relative accuracy), in a band of ten standard
deviations around it.
"""

from __future__ import annotations

import math

import numpy as np

from app.risk.jit import Array, Floats, Int32s, inner, kernel

SMALL = 4_000_000  # cells of the distribution table up to which the plain recursion is taken
WIDTHS = 10.0  # standard deviations of the band: what is outside weighs less than 1e-22


@inner
def is_large(weight: Int32s, count: int, need: int) -> bool:
    """Whether the banded recursion is taken."""
    for i in range(count):
        if weight[i] != 1:
            return False
    return bool(np.int64(count) * min(need, count - need + 1) > SMALL)


@inner
def shift_in(table: Floats, size: int, q: float, p: float, weight: int) -> None:
    """Add one event to table[j] = P(weight so far is j), j < size; what reaches `size` is left to the caller."""
    for j in range(size - 1, weight - 1, -1):
        table[j] = p * table[j] + q * table[j - weight]
    for j in range(min(weight, size) - 1, -1, -1):
        table[j] *= p


@inner
def vote_small(fails: Floats, works: Floats, weight: Int32s, need: int) -> tuple[float, float]:
    """(P(failed weight >= need), P(less)), both sums of positive terms."""
    table = np.zeros(need)
    table[0] = 1.0
    over = 0.0
    for i in range(len(fails)):
        w = weight[i]
        for j in range(max(0, need - w), need):
            over += fails[i] * table[j]
        shift_in(table, need, fails[i], works[i], w)
    return min(1.0, over), min(1.0, table.sum())


@inner
def tilted(fails: Floats, works: Floats, need: int) -> tuple[float, Array]:
    """The shift of all log odds that makes the mean need - 1/2, and float64[n] the log odds before it."""
    odds = np.log(fails) - np.log(works)
    low, high = -750.0 - odds.max(), 750.0 - odds.min()
    for _ in range(200):
        shift = 0.5 * (low + high)
        mean = 0.0
        for i in range(len(odds)):
            mean += 1.0 / (1.0 + math.exp(-(odds[i] + shift)))
        if mean < need - 0.5:
            low = shift
        else:
            high = shift
        if high - low < 1e-12 * (1.0 + abs(shift)):
            break
    return 0.5 * (low + high), odds


@inner
def log_one_plus(x: float) -> float:
    """log(1 + e^x)."""
    return x + math.log1p(math.exp(-x)) if x > 0.0 else math.log1p(math.exp(x))


@inner
def banded(odds: Floats, shift: float) -> tuple[Array, int, int]:
    """Distribution of the number failed under the shifted odds, and the band outside which it is not kept."""
    n = len(odds)
    table = np.zeros(n + 2)
    table[0] = 1.0
    variance = 0.0
    for i in range(n):
        q = 1.0 / (1.0 + math.exp(-(odds[i] + shift)))
        variance += q * (1.0 - q)
    half = int(WIDTHS * math.sqrt(variance)) + 40
    mean = 0.0
    low = 0
    high = 0
    for i in range(n):
        q = 1.0 / (1.0 + math.exp(-(odds[i] + shift)))
        p = 1.0 / (1.0 + math.exp(odds[i] + shift))
        mean += q
        high = min(i + 1, int(mean) + half)
        for j in range(high, low, -1):
            table[j] = p * table[j] + q * table[j - 1]
        table[low] *= p
        while low < int(mean) - half:
            table[low] = 0.0
            low += 1
    return table, low, high


@inner
def vote_large(fails: Floats, works: Floats, need: int) -> tuple[float, float]:
    """The same as `vote_small` for equal weights."""
    shift, odds = tilted(fails, works, need)
    table, low, high = banded(odds, shift)
    scale = 0.0
    for i in range(len(odds)):
        scale += math.log(works[i]) + log_one_plus(odds[i] + shift)
    tail = 0.0
    if shift >= 0.0:
        for s in range(need, high + 1):
            tail += table[s] * math.exp(-shift * (s - need))
        rare = min(1.0, tail * math.exp(scale - shift * need))
        return rare, 1.0 - rare
    for s in range(need - 1, low - 1, -1):
        tail += table[s] * math.exp(-shift * (s - need + 1))
    rare = min(1.0, tail * math.exp(scale - shift * (need - 1)))
    return 1.0 - rare, rare


@inner
def without_one(table: Floats, low: int, high: int, q: float, p: float, at: int) -> float:
    """P(number = at) of the distribution with one event of that chance taken out again; from the side where errors shrink."""
    value = 0.0
    if q < 0.5:
        for j in range(low, at + 1):
            value = (table[j] - q * value) / p
        return max(0.0, value)
    for j in range(high, at, -1):
        value = (table[j] - p * value) / q
    return max(0.0, value)


@inner
def slopes_large(fails: Floats, works: Floats, need: int, slope: Floats) -> None:
    """slope[i] = P(exactly need - 1 of the others failed), equal weights."""
    shift, odds = tilted(fails, works, need)
    table, low, high = banded(odds, shift)
    scale = 0.0
    for i in range(len(odds)):
        scale += math.log(works[i]) + log_one_plus(odds[i] + shift)
    order = np.argsort(odds)
    last = math.nan
    value = 0.0
    for k in range(len(order)):
        i = order[k]
        if odds[i] != last:
            last = odds[i]
            q = 1.0 / (1.0 + math.exp(-(last + shift)))
            p = 1.0 / (1.0 + math.exp(last + shift))
            one = math.log(works[i]) + log_one_plus(last + shift)
            value = without_one(table, low, high, q, p, need - 1) * math.exp(scale - one - shift * (need - 1))
        slope[i] = value


@inner
def slopes_small(fails: Floats, works: Floats, weight: Int32s, need: int, slope: Floats) -> None:
    """slope[i] = P(weight of the other failed ones is in [need - w_i, need)); tables of the events before i, by blocks, and after
    i."""
    n = len(fails)
    block = int(math.sqrt(n)) + 1
    blocks = (n + block - 1) // block
    starts = np.zeros((blocks, need))
    table = np.zeros(need)
    table[0] = 1.0
    for i in range(n):
        if i % block == 0:
            starts[i // block] = table
        shift_in(table, need, fails[i], works[i], weight[i])
    after = np.zeros(need)
    after[0] = 1.0
    before = np.empty((block, need))
    sums = np.empty(need + 1)
    for b in range(blocks - 1, -1, -1):
        first = b * block
        end = min(n, first + block)
        table[:] = starts[b]
        for i in range(first, end):
            before[i - first] = table
            shift_in(table, need, fails[i], works[i], weight[i])
        for i in range(end - 1, first - 1, -1):
            total = 0.0
            if weight[i] == 1:
                for j in range(need):
                    total += before[i - first, j] * after[need - 1 - j]
            else:
                sums[0] = 0.0
                for j in range(need):
                    sums[j + 1] = sums[j] + after[j]
                for j in range(need):
                    total += before[i - first, j] * (sums[need - j] - sums[max(0, need - weight[i] - j)])
            slope[i] = total
            shift_in(after, need, fails[i], works[i], weight[i])


@inner
def total_weight(weight: Int32s) -> int:
    """Sum in 64 bits."""
    total = 0
    for i in range(len(weight)):
        total += weight[i]
    return total


@kernel
def vote_chance(fails: Floats, works: Floats, weight: Int32s, need: int) -> tuple[float, float]:
    """(P(failed weight >= need), P(less)) of independent events: fails, works float64[n], weight int[n].

    The shorter recursion is taken: that of the failed weight, or of the working one, which must stay at most total - need.

    >>> a = np.array([0.1, 0.2, 0.3])
    >>> round(float(vote_chance(a, 1 - a, np.ones(3, np.int32), 2)[0]), 12)  # ab + ac + bc - 2abc (C03)
    0.098
    """
    if is_large(weight, len(fails), need):
        return vote_large(fails, works, need)
    total = total_weight(weight)
    if total - need + 1 < need:
        good, bad = vote_small(works, fails, weight, total - need + 1)
        return bad, good
    return vote_small(fails, works, weight, need)


@inner
def vote_slopes(fails: Floats, works: Floats, weight: Int32s, need: int, slope: Floats) -> None:
    """slope[i] = Birnbaum importance of event i for `vote_chance`.

    Example by hand: 2 of a, b, c with q .1, .2, .3: of a it is .2 * .7 + .8 * .3 = .38.
    """
    if is_large(weight, len(fails), need):
        slopes_large(fails, works, need, slope)
        return
    total = total_weight(weight)
    if total - need + 1 < need:
        slopes_small(works, fails, weight, total - need + 1, slope)
    else:
        slopes_small(fails, works, weight, need, slope)
