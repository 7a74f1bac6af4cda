"""Normal form of model 1.2: kernels that check rows and groups, and merge edges that say the same."""

from __future__ import annotations

import numpy as np

from app.domain.graph import HARD, SOFT, SUPPLY, SUPPLY_GROUP
from app.risk.jit import Array, Floats, Int8s, Int32s, Int64s, UInt64s, inner, kernel

UNKNOWN_CI, LEFT_OUT = -1, -2
KEPT = 0
# dependency rows
ROW_UNKNOWN, ROW_LEFT_OUT, ROW_SELF, ROW_BAD_WEIGHT, ROW_ZERO, ROW_BAD_KIND = 1, 2, 3, 4, 5, 6
ROW_REASONS = {
    ROW_UNKNOWN: "dependencies_rejected_unknown_ci", ROW_LEFT_OUT: "dependencies_left_out", ROW_SELF: "self_dependencies_dropped",
    ROW_BAD_WEIGHT: "dependencies_rejected_weight", ROW_ZERO: "zero_weights_dropped", ROW_BAD_KIND: "dependencies_rejected_kind",
}  # fmt: skip
# groups
GROUP_UNKNOWN, GROUP_LEFT_OUT, GROUP_EMPTY, GROUP_ABOVE, GROUP_OWN, GROUP_SHARE, GROUP_SWITCH, GROUP_KIND = range(1, 9)
GROUP_NOTHING_NEEDED, GROUP_NOBODY_LEFT, GROUP_EQUAL, GROUP_ALL_NEEDED = range(9, 13)
GROUP_REASONS = {
    GROUP_UNKNOWN: "groups_rejected_unknown_dependent", GROUP_LEFT_OUT: "groups_left_out",
    GROUP_EMPTY: "groups_rejected_no_members",
    GROUP_ABOVE: "groups_rejected_needed_outside_members",
    GROUP_OWN: "groups_rejected_own_member", GROUP_SHARE: "groups_rejected_shares", GROUP_SWITCH: "groups_rejected_failover",
    GROUP_KIND: "groups_rejected_kind", GROUP_NOTHING_NEEDED: "groups_dropped_nothing_needed",
    GROUP_NOBODY_LEFT: "groups_dropped_no_member_left", GROUP_EQUAL: "equal_groups_dropped", GROUP_ALL_NEEDED: "groups_as_edges",
}  # fmt: skip


@kernel
def check_rows(dependent: Int32s, provider: Int32s, kind: Int8s, weight: Floats) -> Array:
    """int8[E] verdict on each dependency row; dependent and provider are numbers, UNKNOWN_CI or LEFT_OUT."""
    out = np.zeros(len(kind), dtype=np.int8)
    for e in range(len(kind)):
        a, b, w = dependent[e], provider[e], weight[e]
        if kind[e] != HARD and kind[e] != SOFT and kind[e] != SUPPLY:
            out[e] = ROW_BAD_KIND
        elif a == UNKNOWN_CI or b == UNKNOWN_CI:
            out[e] = ROW_UNKNOWN
        elif kind[e] == SOFT and not (w >= 0.0 and w <= 1.0):
            out[e] = ROW_BAD_WEIGHT
        elif a == LEFT_OUT or b == LEFT_OUT:
            out[e] = ROW_LEFT_OUT
        elif a == b:
            out[e] = ROW_SELF
        elif kind[e] == SOFT and w == 0.0:
            out[e] = ROW_ZERO
    return out


@kernel
def check_groups(
    size: int,
    dependent: Int32s,
    kind: Int8s,
    needed: Int64s,
    offsets: Int64s,
    member: Int32s,
    share: Floats,
    minutes: Floats,
    success: Floats,
) -> tuple[Array, Array, Array, Array, int]:
    """Verdict int8[G], needed int32[G] after losses, members kept bool[M], shared bool[G], number of unknown members.

    A group that loses members (left out or unknown) needs min(needed, remaining); a member that is listed twice counts once.
    """
    groups = len(kind)
    verdict = np.zeros(groups, dtype=np.int8)
    left = np.zeros(groups, dtype=np.int32)
    keep = np.zeros(len(member), dtype=np.bool_)
    shared = np.zeros(groups, dtype=np.bool_)
    seen = np.full(size, -1, dtype=np.int64)
    unknown = 0
    for g in range(groups):
        first, last = offsets[g], offsets[g + 1]
        bad = 0
        remaining = 0
        shares = 0
        for e in range(first, last):
            u = member[e]
            if u == UNKNOWN_CI:
                unknown += 1
            if u >= 0:
                if u == dependent[g]:
                    bad = GROUP_OWN
                if seen[u] != g:
                    keep[e] = True
                    remaining += 1
                seen[u] = g
            if not np.isnan(share[e]):
                shares += 1
                if not (share[e] > 0.0 and share[e] < np.inf):
                    bad = GROUP_SHARE
        if shares != 0 and shares != last - first:
            bad = GROUP_SHARE
        if not np.isnan(minutes[g]) and not (minutes[g] >= 0.0 and minutes[g] < np.inf):
            bad = GROUP_SWITCH
        if not np.isnan(success[g]) and not (success[g] >= 0.0 and success[g] <= 1.0):
            bad = GROUP_SWITCH
        if last == first:
            bad = GROUP_EMPTY
        elif needed[g] > last - first or needed[g] < 0:
            bad = GROUP_ABOVE
        if kind[g] != 0 and kind[g] != SUPPLY_GROUP:
            bad = GROUP_KIND
        if dependent[g] == UNKNOWN_CI:
            bad = GROUP_UNKNOWN
        elif bad == 0 and dependent[g] == LEFT_OUT:
            bad = GROUP_LEFT_OUT
        elif bad == 0 and needed[g] == 0:
            bad = GROUP_NOTHING_NEEDED
        elif bad == 0 and remaining == 0:
            bad = GROUP_NOBODY_LEFT
        left[g] = min(needed[g], remaining)
        shared[g] = shares > 0
        if bad == 0 and left[g] == remaining and shares == 0:
            bad = GROUP_ALL_NEEDED
        verdict[g] = bad
    return verdict, left, keep, shared, unknown


@kernel
def merge_edges(
    ptr: Int32s, provider: Int32s, kind: Int8s, weight: Floats
) -> tuple[Array, Array, Array, Array, Array, Array, int, int]:
    """Rows gathered by dependent, providers ascending: one edge a pair. Answers two CSRs, (ptr, provider, kind) of edges that
    fail and (ptr, provider, weight) of soft ones, then the numbers of duplicates and of soft edges absorbed by a failing one."""
    size = len(ptr) - 1
    fail_ptr = np.zeros(size + 1, dtype=np.int32)
    soft_ptr = np.zeros(size + 1, dtype=np.int32)
    fail_provider = np.empty(len(provider), dtype=np.int32)
    fail_kind = np.empty(len(provider), dtype=np.int8)
    soft_provider = np.empty(len(provider), dtype=np.int32)
    soft_weight = np.empty(len(provider), dtype=np.float64)
    fails, softs, duplicates, absorbed = 0, 0, 0, 0
    for v in range(size):
        e = ptr[v]
        while e < ptr[v + 1]:
            u = provider[e]
            hard, supply, heaviest, soft = 0, 0, 0.0, 0
            while e < ptr[v + 1] and provider[e] == u:
                if kind[e] == HARD or (kind[e] == SOFT and weight[e] == 1.0):
                    hard += 1
                elif kind[e] == SUPPLY:
                    supply += 1
                else:
                    soft += 1
                    heaviest = max(heaviest, weight[e])
                e += 1
            if hard + supply > 0:
                fail_provider[fails] = u
                fail_kind[fails] = SUPPLY if supply else HARD
                fails += 1
                duplicates += hard + supply - 1
                absorbed += soft
            else:
                soft_provider[softs] = u
                soft_weight[softs] = heaviest
                softs += 1
                duplicates += soft - 1
        fail_ptr[v + 1] = fails
        soft_ptr[v + 1] = softs
    return (
        fail_ptr, fail_provider[:fails].copy(), fail_kind[:fails].copy(), soft_ptr, soft_provider[:softs].copy(),
        soft_weight[:softs].copy(), duplicates, absorbed,
    )  # fmt: skip


@kernel
def group_hashes(
    dependent: Int32s, kind: Int8s, needed: Int32s, ptr: Int32s, member: Int32s, share: Floats, switch: Floats
) -> Array:
    """uint64[G]; equal groups hash alike. The order of members counts only where a switch makes the first ones active."""
    out = np.empty(len(kind), dtype=np.uint64)
    prime = np.uint64(0x9E3779B97F4A7C15)
    shift = np.uint64(29)
    for g in range(len(kind)):
        ordered = not np.isnan(switch[g])
        h = np.uint64(dependent[g]) * prime + np.uint64(kind[g]) * np.uint64(7) + np.uint64(needed[g]) * np.uint64(1000003)
        for e in range(ptr[g], ptr[g + 1]):
            x = np.uint64(member[e]) + np.uint64(1)
            if ordered:
                x += np.uint64(e - ptr[g]) << np.uint64(40)
            x *= prime
            x ^= x >> shift
            x *= np.uint64(0xBF58476D1CE4E5B9)
            x ^= x >> shift
            h += x
        out[g] = h
    return out


@inner
def same_group(
    a: int, b: int, dependent: Int32s, kind: Int8s, needed: Int32s, ptr: Int32s, member: Int32s, share: Floats, switch: Floats,
    success: Floats
) -> bool:  # fmt: skip
    """Whether two groups say the same: dependent, kind, needed, members with shares, switch."""
    if dependent[a] != dependent[b] or kind[a] != kind[b] or needed[a] != needed[b] or ptr[a + 1] - ptr[a] != ptr[b + 1] - ptr[b]:
        return False
    if switch[a] != switch[b] and not (np.isnan(switch[a]) and np.isnan(switch[b])):
        return False
    if not np.isnan(switch[a]):
        if success[a] != success[b]:
            return False
        for i in range(ptr[a + 1] - ptr[a]):
            if member[ptr[a] + i] != member[ptr[b] + i]:
                return False
    first = np.argsort(member[ptr[a] : ptr[a + 1]])
    second = np.argsort(member[ptr[b] : ptr[b + 1]])
    for i in range(len(first)):
        x, y = ptr[a] + first[i], ptr[b] + second[i]
        if member[x] != member[y] or not (share[x] == share[y] or (np.isnan(share[x]) and np.isnan(share[y]))):
            return False
    return True


@kernel
def equal_groups(
    order: Int64s, hashes: UInt64s, dependent: Int32s, kind: Int8s, needed: Int32s, ptr: Int32s, member: Int32s, share: Floats,
    switch: Floats, success: Floats
) -> Array:  # fmt: skip
    """bool[G]: repeats an earlier group; `order` sorts by hash, ties by number."""
    twice = np.zeros(len(order), dtype=np.bool_)
    start = 0
    for i in range(1, len(order)):
        if hashes[order[i]] != hashes[order[start]]:
            start = i
        for j in range(start, i):
            a, b = order[j], order[i]
            if not twice[a] and same_group(a, b, dependent, kind, needed, ptr, member, share, switch, success):
                twice[b] = True
                break
    return twice
