"""What was not read: needs that a source stated and that are not in the graph, and all that hangs on them.

Every state is computed without them, so "up" means "up as far as was read". N CIs.
"""

from __future__ import annotations

import numpy as np

from app.risk.graph.compiled import SERVES, CompiledGraph
from app.risk.graph.dependents import dependents_of
from app.risk.graph.needs import needs_of
from app.risk.jit import Array


def incomplete(compiled: CompiledGraph) -> Array:
    """bool[N]: the CI has a need that was not read, or leans on one that has, by any path.

    Example by hand: S needs A, A has a need that nobody could resolve, B needs nothing: S and A are incomplete, B is not.
    """
    found = np.zeros(len(compiled), dtype=np.bool_)
    found[dependents_of(compiled, np.flatnonzero(compiled.open_needs).astype(np.int32))] = True
    return found


def open_needs_below(compiled: CompiledGraph, position: int) -> int:
    """How many needs of a CI and of all it leans on were not read."""
    return int(compiled.open_needs[needs_of(compiled.flat, position)].sum())


def incomplete_services(compiled: CompiledGraph, marked: Array) -> Array:
    """Numbers, ascending, of the services among the CIs that are `incomplete`."""
    return np.flatnonzero(marked[compiled.service_position])


def needs_below_services(compiled: CompiledGraph) -> int:
    """How many needs of all CIs that some service leans on were not read."""
    return int(compiled.open_needs[(compiled.flat.flags & SERVES) != 0].sum())
