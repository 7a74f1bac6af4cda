"""Snapshot worlds of the whole estate: how often each service is down, how many are down together, which pairs are (model 1.9).

A block of BLOCK_WORLDS worlds is a pure function of arrays and of (seed, block); answers are counts and merge by addition, so
neither threads nor the way the blocks are split change a byte.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.domain.errors import InvalidInput
from app.risk.graph.compiled import SERVES, CompiledGraph
from app.risk.jit import Array, Int32s, Int64s, Int64Table, UInt64, inner, kernel
from app.risk.jit.borrowed import borrowed
from app.risk.sampling.own_failures import BLOCK_WORLDS, WORDS, own_failures, own_rows
from app.risk.sampling.plan import plan_of
from app.risk.sampling.states import Rows, fill_block, rows_of
from app.risk.sampling.streams import check_blocks, seed_word

WATCHED = 1000  # services whose pairs may be counted at once

_NONE, _ONE = np.uint64(0), np.uint64(1)


@dataclass(frozen=True, slots=True)
class Worlds:
    """Counts over `worlds` worlds of S services, P of them watched in pairs. Frequencies follow by division, intervals by
    `intervals`."""

    worlds: int
    failed: Array  # int64[S] worlds in which the service is down; all of them where it is down at rest
    together: Array  # int64[S+1] worlds in which exactly k services are down that are up at rest
    watched: Array  # int32[P] service numbers, ascending
    both: Array  # int64[P, P] worlds in which two watched services are down, symmetric, `failed` on the diagonal
    unknown: int  # CIs that serve some service and whose unavailability nobody knows: they never fail here

    @staticmethod
    def merged(a: Worlds, b: Worlds) -> Worlds:
        """The counts of two sets of blocks that share none.

        Example by hand: 3 of 4,096 worlds and 5 of 4,096: 8 of 8,192.
        """
        if a.failed.shape != b.failed.shape or not np.array_equal(a.watched, b.watched):
            raise InvalidInput("worlds of different services or pairs do not merge")
        return Worlds(a.worlds + b.worlds, a.failed + b.failed, a.together + b.together, a.watched, a.both + b.both, a.unknown)


@inner
def _ones(word: UInt64) -> Any:
    """Bits set in a uint64, by sums of ever wider fields."""
    word = word - ((word >> _ONE) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


@kernel
def _tally(rows: Rows, service: Int32s, watched: Int32s, failed: Int64s, together: Int64s, both: Int64Table) -> None:
    """Add one block to the counts."""
    rows, failed = borrowed(rows), borrowed(failed)
    bits = 1
    while (1 << bits) <= len(service):
        bits += 1
    rows.planes[:bits] = _NONE
    for s in range(len(service)):
        at = service[s]
        if at < 0:
            failed[s] += BLOCK_WORLDS
        elif rows.busy[at]:
            count = _NONE
            for w in range(WORDS):
                carry = rows.state[at, w]
                count += _ones(carry)
                for b in range(bits):
                    if carry == _NONE:
                        break
                    old = rows.planes[b, w]
                    rows.planes[b, w] = old ^ carry
                    carry &= old
            failed[s] += np.int64(count)
    for world in range(BLOCK_WORLDS):
        w, place = world // 64, np.uint64(world % 64)
        down = 0
        for b in range(bits):
            down += int((rows.planes[b, w] >> place) & _ONE) << b
        together[down] += 1
    for i in range(len(watched)):
        one = service[watched[i]]
        for j in range(i, len(watched)):
            other = service[watched[j]]
            if (one >= 0 and not rows.busy[one]) or (other >= 0 and not rows.busy[other]):
                continue
            count = _NONE
            for w in range(WORDS):
                word = ~_NONE
                if one >= 0:
                    word &= rows.state[one, w]
                if other >= 0:
                    word &= rows.state[other, w]
                count += _ones(word)
            both[i, j] += np.int64(count)
            if i != j:
                both[j, i] += np.int64(count)


def sample_worlds(
    compiled: CompiledGraph,
    seed: int,
    first_block: int,
    last_block: int,
    threads: int = 1,
    listen: Callable[[float], None] | None = None,
    watched: Sequence[int] | Array = (),
) -> Worlds:
    """Sample blocks first_block .. last_block - 1 of BLOCK_WORLDS worlds: each CI down with its unavailability, independently.

    Steady state (model 1.5, 1.6): `failed / worlds` estimates Q_s. Exact semantics of nu Y. mu X. Phi(X, Y) in every world.
    `watched`: service numbers, at most WATCHED. `listen` is given the share done. Memory: 8 * WORDS bytes for each CI that serves
    and each thread.

    Example by hand: S hard on a with U = .5, one block: `failed[0]` is close to 2,048, with a standard deviation of 32.
    """
    check_blocks(first_block, last_block)
    chosen = np.unique(np.asarray(watched, np.int32))
    services = len(compiled.service_position)
    if len(chosen) > WATCHED or (len(chosen) and (chosen[0] < 0 or chosen[-1] >= services)):
        raise InvalidInput(f"pairs are counted for at most {WATCHED} services of the estate", watched=len(chosen))
    plan = plan_of(compiled)
    own = own_failures(compiled, plan.position, np.zeros(0, np.int64))
    word, idle, lock, done = seed_word(seed), list[Rows](), threading.Lock(), [0]

    def fresh() -> tuple[Array, Array, Array]:
        return np.zeros(services, np.int64), np.zeros(services + 1, np.int64), np.zeros((len(chosen), len(chosen)), np.int64)

    def run(blocks: range) -> tuple[Array, Array, Array]:
        with lock:
            rows = idle.pop() if idle else rows_of(plan)
        counts = fresh()
        for block in blocks:
            fill_block(plan, own, rows, word, block)
            _tally(rows, plan.service, chosen, *counts)
            with lock:
                done[0] += 1
                if listen is not None:
                    listen(done[0] / (last_block - first_block))
        with lock:
            idle.append(rows)
        return counts

    total = fresh()
    with ThreadPoolExecutor(threads) as pool:
        for part in pool.map(run, [range(first_block + t, last_block, threads) for t in range(threads)]):
            for sum_, more in zip(total, part, strict=True):
                sum_ += more
    serves = (compiled.flat.flags & SERVES) != 0
    unknown = int(np.isnan(compiled.unavailability[serves]).sum())
    return Worlds(BLOCK_WORLDS * (last_block - first_block), total[0], total[1], chosen, total[2], unknown)


def states_of(compiled: CompiledGraph, seed: int, block: int, forced: Sequence[int] | Array = ()) -> tuple[Array, Array, Array]:
    """One block world by world, to be looked at: positions int32[n] of the CIs that serve and are up at rest, and bool[n,
    BLOCK_WORLDS] of own failures and of failed states.

    Example by hand: S hard on a: the row of S among the states is the row of a among the own failures, where S never fails
    itself.
    """
    plan = plan_of(compiled)
    own = own_failures(compiled, plan.position, np.asarray(forced, np.int64))
    rows = rows_of(plan)
    fill_block(plan, own, rows, seed_word(seed), block)
    size = len(plan.position)
    state = np.where(rows.busy[:size, None] != 0, rows.state[:size], _NONE)
    alone = np.zeros((size, WORDS), np.uint64)
    own_rows(own, seed_word(seed), block, alone)
    return plan.position, _unpacked(alone), _unpacked(state)


def _unpacked(words: Array) -> Array:
    bits = np.unpackbits(np.ascontiguousarray(words).view(np.uint8).reshape(len(words), 8 * WORDS), axis=1, bitorder="little")
    return bits.astype(np.bool_)
