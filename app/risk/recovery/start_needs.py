"""The needs that CIs wait for to start: those that they run by, without the ones that they start without (model 1.11)."""

from __future__ import annotations

import numpy as np

from app.domain.graph import HARD
from app.risk.graph.compiled import CompiledGraph, Flat
from app.risk.graph.structure import all_providers, components_in_order, transpose
from app.risk.jit import Array


def start_needs(compiled: CompiledGraph, dependent: Array, provider: Array) -> Flat:
    """Return the flat arrays without the hard needs dependent[i] -> provider[i] (int32 positions); components are those of the
    start, in order of their needs. Nothing starts without its supply.

    Example by hand: A needs B and B needs A; A starts without B: two components, A before B.
    """
    flat = compiled.flat
    count = np.int64(len(compiled))
    row = np.repeat(np.arange(count), np.diff(flat.reverse_ptr))
    wanted = np.asarray(dependent, np.int64) * count + np.asarray(provider, np.int64)
    kept = ~np.isin(row * count + flat.reverse, wanted) | (flat.reverse_kind != HARD)
    ptr = np.concatenate([[0], np.cumsum(np.bincount(row[kept], minlength=int(count)))]).astype(np.int32)
    reverse, kind = flat.reverse[kept], flat.reverse_kind[kept]
    forward_ptr, forward, forward_kind = transpose(ptr, reverse, kind)
    none = np.zeros(count + 1, np.int32)
    needs = all_providers(ptr, reverse, none, np.empty(0, np.int32), flat.group_ptr, flat.member_ptr, flat.member)
    _, component = components_in_order(*needs)
    return flat._replace(
        forward_ptr=forward_ptr, forward=forward, forward_kind=forward_kind, reverse_ptr=ptr, reverse=reverse, reverse_kind=kind,
        component=component,
    )  # fmt: skip
