"""From one formula to its module tree: simplify, find modules, cut them out, and again inside those that stay tangled."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from app.risk.exact.formula.factor import smallest
from app.risk.exact.formula.gates import Gates
from app.risk.exact.formula.module_formula import module_formula
from app.risk.exact.formula.modules import PLAIN, TANGLED, find_modules, separated
from app.risk.exact.formula.simplify import thresholds
from app.risk.exact.formula.tree import ALL, ANY, CORE, VOTE
from app.risk.jit import Array, Int8s, Int32s, Int64s, kernel


@dataclass(frozen=True, slots=True)
class Core:
    """A part without modules inside that shares events between its gates: needs a decision diagram. Its events are the part's
    inputs."""

    part: int
    store: Gates
    root: int


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A module tree whose cores are not solved yet; fields as in `Tree`. `root`: an event, E + part, or a constant (FALSE,
    TRUE)."""

    events: int
    root: int
    kind: Array
    need: Array
    ptr: Array
    input: Array
    weight: Array
    cores: tuple[Core, ...]


@kernel
def plain_parts(
    store: Gates,
    root: int,
    flags: Int8s,
    ref: Int32s,
    first: int,
    kind: Int8s,
    need: Int32s,
    ptr: Int64s,
    refs: Int32s,
    weight: Int32s,
) -> int:
    """Parts for the modules of one formula: ref[n] becomes E + part; TANGLED ones stay without inputs. How many parts."""
    some = thresholds(store, False)
    every = thresholds(store, True)
    part = 0
    at = 0
    for n in range(store.events, root + 1):
        if not flags[n]:
            continue
        g = n - store.events
        kind[part] = ANY if some[g] == 1 else (ALL if every[g] == 1 else VOTE)
        need[part] = store.need[g]
        if flags[n] == PLAIN:
            for i in range(store.ptr[g], store.ptr[g + 1]):
                refs[at] = ref[store.input[i]]
                weight[at] = store.weight[i]
                at += 1
        ref[n] = first + part
        part += 1
        ptr[part] = at
    return part


@kernel
def settled_order(root: int, events: int, ptr: Int64s, refs: Int32s, alias: Int32s) -> Array:
    """Parts that the root reaches, inputs first; alias[p]: what a placeholder stands for, -1 none."""
    parts = len(ptr) - 1
    order = np.empty(parts, np.int32)
    at = np.zeros(parts, np.int64)
    stack = np.empty(parts + 1, np.int32)
    count = 0
    depth = 0
    if root >= events:
        stack[0] = root - events
        depth = 1
    while depth:
        p = stack[depth - 1]
        if at[p] < ptr[p + 1] - ptr[p]:
            child = refs[ptr[p] + at[p]]
            at[p] += 1
            while child >= events and alias[child - events] >= 0:
                child = alias[child - events]
            if child >= events:
                stack[depth] = child - events
                depth += 1
        else:
            order[count] = p
            count += 1
            depth -= 1
    return order[:count]


@kernel
def copy_parts(
    order: Int32s,
    events: int,
    ptr: Int64s,
    refs: Int32s,
    weight: Int32s,
    alias: Int32s,
    into: Int64s,
    refs_into: Int32s,
    weight_into: Int32s,
) -> None:
    """Inputs of the parts in their final order, renumbered."""
    place = np.empty(len(ptr), np.int32)
    at = 0
    for k in range(len(order)):
        p = order[k]
        for i in range(ptr[p], ptr[p + 1]):
            child = refs[i]
            while child >= events and alias[child - events] >= 0:
                child = alias[child - events]
            refs_into[at] = events + place[child - events] if child >= events else child
            weight_into[at] = weight[i]
            at += 1
        place[p] = k
        into[k + 1] = at


@dataclass(slots=True)
class _Parts:
    """Parts as they come, in chunks."""

    count: int = 0
    inputs: int = 0
    kind: list[Array] = field(default_factory=list)
    need: list[Array] = field(default_factory=list)
    ptr: list[Array] = field(default_factory=lambda: [np.zeros(1, np.int64)])
    refs: list[Array] = field(default_factory=list)
    weight: list[Array] = field(default_factory=list)
    alias: dict[int, int] = field(default_factory=dict)
    cores: list[Core] = field(default_factory=list)

    def add(self, kind: Array, need: Array, ptr: Array, refs: Array, weight: Array) -> int:
        """The number of the first of them."""
        first = self.count
        self.kind.append(kind)
        self.need.append(need)
        self.ptr.append(ptr[1:] + self.inputs)
        self.refs.append(refs)
        self.weight.append(weight)
        self.count += len(kind)
        self.inputs += len(refs)
        return first


def _core(parts: _Parts, events: int, store: Gates, root: int, refs: Array) -> int:
    """A part for a formula that has to be solved by a diagram; its reference."""
    number, order = (
        np.full(store.events + int(store.used[0]), -1, np.int32),
        np.empty(store.events + int(store.used[0]), np.int32),
    )
    leaf = np.zeros(len(number), np.bool_)
    store, root, nodes = module_formula(store, root, leaf, number, order)
    chosen = refs[nodes]
    ptr = np.array([0, len(chosen)], np.int64)
    part = parts.add(np.array([CORE], np.int8), np.ones(1, np.int32), ptr, chosen, np.ones(len(chosen), np.int32))
    parts.cores.append(Core(part, store, root))
    return events + part


def _step(parts: _Parts, events: int, store: Gates, root: int, refs: Array) -> tuple[int, list[tuple[Gates, int, Array, int]]]:
    """One formula into parts: the reference of its root, and the formulas left to do with the placeholders they are for."""
    store, root = smallest(store, root)
    if root >= store.events:
        store, root = separated(store, root)
    if root < store.events:
        return (int(refs[root]) if root >= 0 else root), []
    flags = find_modules(store, root)
    found = int(np.count_nonzero(flags))
    if found == 1 and flags[root] == TANGLED:
        return _core(parts, events, store, root, refs), []
    size = int(store.used[1])
    kind, need, ptr = np.empty(found, np.int8), np.empty(found, np.int32), np.zeros(found + 1, np.int64)
    inputs, weight = np.empty(size, np.int32), np.empty(size, np.int32)
    ref = np.full(len(flags), -1, np.int32)
    ref[: store.events] = refs
    plain_parts(store, root, flags, ref, events + parts.count, kind, need, ptr, inputs, weight)
    parts.add(kind, need, ptr, inputs[: ptr[-1]], weight[: ptr[-1]])
    tangled = np.flatnonzero(flags == TANGLED)
    todo = []
    if len(tangled):
        number, order = np.full(len(flags), -1, np.int32), np.empty(len(flags), np.int32)
        leaf = flags > 0
        for n in tangled.tolist():
            sub, top, nodes = module_formula(store, n, leaf, number, order)
            todo.append((sub, top, ref[nodes], int(ref[n]) - events))
    return int(ref[root]), todo


def skeleton_of(store: Gates, root: int) -> Skeleton:
    """The module tree of a formula.

    Example by hand: S = a or (b and c) -> parts ALL(b, c), ANY(a, part 0); no core.
    """
    events = store.events
    parts = _Parts()
    top, todo = (root, []) if root < 0 else _step(parts, events, store, root, np.arange(events, dtype=np.int32))
    while todo:
        sub, sub_root, refs, place = todo.pop()
        parts.alias[place], more = _step(parts, events, sub, sub_root, refs)
        todo += more
    return _finished(parts, events, top)


def _finished(parts: _Parts, events: int, root: int) -> Skeleton:
    """Placeholders resolved, inputs before their parents."""
    alias = np.full(parts.count + 1, -1, np.int32)
    for placeholder, ref in parts.alias.items():
        alias[placeholder] = ref
    while root >= events and alias[root - events] >= 0:
        root = int(alias[root - events])
    ptr = np.concatenate(parts.ptr)
    refs = np.concatenate([*parts.refs, np.zeros(0, np.int32)])
    weight = np.concatenate([*parts.weight, np.zeros(0, np.int32)])
    order = settled_order(root, events, ptr, refs, alias)
    kind = np.concatenate([*parts.kind, np.zeros(0, np.int8)])[order]
    need = np.concatenate([*parts.need, np.zeros(0, np.int32)])[order]
    into = np.zeros(len(order) + 1, np.int64)
    size = int((ptr[order + 1] - ptr[order]).sum()) if len(order) else 0
    refs_into, weight_into = np.empty(size, np.int32), np.empty(size, np.int32)
    copy_parts(order, events, ptr, refs, weight, alias, into, refs_into, weight_into)
    place = np.full(parts.count + 1, -1, np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    left = [Core(int(place[c.part]), c.store, c.root) for c in parts.cores if place[c.part] >= 0]  # some turned out not to matter
    cores = tuple(sorted(left, key=lambda c: c.part))
    if root >= events:
        root = events + int(place[root - events])
    return Skeleton(events, root, kind, need, into, refs_into, weight_into, cores)
