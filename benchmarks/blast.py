"""Mean and largest blast radius of an estate: failed CIs of every single-CI outage, itself included."""

from __future__ import annotations

import time

import numpy as np

from app.domain.graph import DependencyGraph
from app.risk.graph.compiled import Flat
from app.risk.intake.compile import compile_graph
from app.risk.jit import Array, kernel
from app.risk.outage.failing import Marks, fail, marks


@kernel
def _sizes(flat: Flat, work: Marks) -> Array:
    root = np.zeros(1, dtype=np.int32)
    out = np.zeros(len(flat.flags), dtype=np.int32)
    for v in range(len(flat.flags)):
        root[0] = v
        out[v] = fail(flat, work, root)
    return out


def blast_figures(graph: DependencyGraph) -> dict[str, float]:
    """Figures of the untouched estate; seconds are for all CIs on one thread, without compiling kernels."""
    compiled = compile_graph(graph)
    components = np.diff(compiled.flat.component_ptr)
    _sizes(compiled.flat._replace(flags=compiled.flat.flags[:1]), marks(compiled.flat))  # compiles the kernels
    start = time.perf_counter()
    sizes = _sizes(compiled.flat, marks(compiled.flat))
    return {
        "mean_blast_radius": round(float(sizes.mean()), 2),
        "largest_blast_radius": int(sizes.max()),
        "seconds_for_all_failed_sets": round(time.perf_counter() - start, 2),
        "components_with_cycles": int((components > 1).sum()),
        "down_at_rest": len(compiled.rest_down),
    }
