"""What is near a CI, need by need: the CIs at 1, 2, ... hops, and the needs between CIs. E edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from app.domain.graph import SOFT
from app.risk.graph.compiled import Flat
from app.risk.graph.ragged import ascending, spans
from app.risk.jit import Array

MEMBER = 3  # beside HARD, SOFT and SUPPLY: the need of a group for its member


class Needs(NamedTuple):
    """Edges side by side: who needs, whom, and of which kind (HARD, SOFT, SUPPLY, MEMBER)."""

    dependent: Array  # int32[E]
    provider: Array  # int32[E]
    kind: Array  # int8[E]


def _rows(ptr: Array, values: Array, of: Array) -> tuple[Array, Array]:
    """The values of some rows of a ragged table, one after the other, and how many each row has."""
    counts = (ptr[of + 1] - ptr[of]).astype(np.int64)
    return values[spans(ptr[of].astype(np.int64), counts)], counts


def above(flat: Flat, positions: Array) -> Array:
    """int32 positions, ascending, of what needs some of `positions` directly.

    Example by hand: S hard on a, c in a group of S: above a and above c is S.
    """
    groups, _ = _rows(flat.joined_ptr, flat.joined, positions)
    hard, _ = _rows(flat.forward_ptr, flat.forward, positions)
    soft, _ = _rows(flat.soft_forward_ptr, flat.soft_forward, positions)
    return ascending(np.concatenate([hard, soft, flat.group_dependent[groups]])).astype(np.int32)


def needs_among(flat: Flat, positions: Array) -> Needs:
    """Every direct need of `positions` (each once), whatever it leads to."""
    hard, hards = _rows(flat.reverse_ptr, flat.reverse, positions)
    kinds, _ = _rows(flat.reverse_ptr, flat.reverse_kind, positions)
    soft, softs = _rows(flat.soft_reverse_ptr, flat.soft_reverse, positions)
    first, last = flat.member_ptr[flat.group_ptr[positions]], flat.member_ptr[flat.group_ptr[positions + 1]]
    members = (last - first).astype(np.int64)
    member = flat.member[spans(first.astype(np.int64), members)]
    return Needs(
        np.concatenate([np.repeat(positions, hards), np.repeat(positions, softs), np.repeat(positions, members)]),
        np.concatenate([hard, soft, member]),
        np.concatenate([kinds, np.full(len(soft), SOFT, np.int8), np.full(len(member), MEMBER, np.int8)]),
    )


def below(flat: Flat, positions: Array) -> Array:
    """int32 positions, ascending, of what some of `positions` need directly, members of their groups among it.

    Example by hand: S hard on a, soft on b, c in a group of S: below S are a, b and c.
    """
    return ascending(needs_among(flat, positions).provider).astype(np.int32)


def by_hops(flat: Flat, starts: Array, hops: int, step: Callable[[Flat, Array], Array]) -> list[Array]:
    """The CIs at 1, 2, ... `hops` steps of `starts` (int32, ascending), each where it is met first.

    Example by hand: S hard on a and b, a hard on b, two steps below S: [a, b] and nothing.
    """
    seen = np.zeros(len(flat.flags), np.bool_)
    seen[starts] = True
    found, front = list[Array](), np.asarray(starts, np.int32)
    for _ in range(hops):
        if not len(front):
            break
        front = step(flat, front)
        front = front[~seen[front]]
        seen[front] = True
        found.append(front)
    return found
