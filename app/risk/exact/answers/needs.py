"""One direct need of a CI on its own: how often a provider is down, or too many members of a group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.risk.exact.answers.service import ServiceExact, Want, exact_service, own_unavailability
from app.risk.exact.diagrams.budget import Budget
from app.risk.graph.compiled import CompiledGraph


def exact_group(compiled: CompiledGraph, group: int, budget: Budget | None = None, forced: Sequence[int] = ()) -> ServiceExact:
    """Q of "too many members of compiled group `group` are down": its dependent, asked with no other need and no failure of its
    own.

    Example by hand: 1 of a (.1) and b (.2) needed, the dependent hard on c as well: .02, whatever c.
    """
    flat = compiled.flat
    v = int(flat.group_dependent[group])
    first, last = int(flat.reverse_ptr[v]), int(flat.reverse_ptr[v + 1])
    ptr = flat.reverse_ptr.copy()
    ptr[v + 1 :] -= last - first
    needed = flat.group_needed.copy()
    others = np.arange(int(flat.group_ptr[v]), int(flat.group_ptr[v + 1]))
    needed[others[others != group]] = 0  # none of their members is needed
    alone = flat._replace(
        reverse_ptr=ptr, reverse=np.delete(flat.reverse, slice(first, last)),
        reverse_kind=np.delete(flat.reverse_kind, slice(first, last)),
        group_needed=needed,
    )  # fmt: skip
    q = own_unavailability(compiled, [p for p in forced if p != v]).copy()
    q[v] = 0.0
    return exact_service(replace(compiled, flat=alone), v, budget, unavailability=q, want=Want(birnbaum=False))
