"""CompiledGraph: the estate as flat arrays in topological order, and the report of the gate that made it.

Letters: N assessed CIs, E edges that fail, W soft edges, G groups, M members, C components, S services. A position is the number
of a CI in this order: providers before dependents, the CIs of one strongly connected component side by side. CSR arrays
`x_ptr[i]:x_ptr[i+1]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import NamedTuple, Self

import numpy as np

from app.domain.errors import NotFound
from app.risk.jit import Array, Bools, Floats, Int8s, Int32s, UInt8s

IN_CYCLE, GROUNDED, SERVES, AT_REST_DOWN = 1, 2, 4, 8  # bits of `flags`
# IN_CYCLE: component of several CIs; GROUNDED: a supply need inside it; SERVES: some service is reached from here or is this CI


class Flat(NamedTuple):
    """What the kernels read. `group_left`: failed members that stop the dependent beyond those down at rest."""

    flags: UInt8s  # uint8[N]
    forward_ptr: Int32s  # int32[N+1] provider -> dependents, hard and supply
    forward: Int32s  # int32[E]
    forward_kind: Int8s  # int8[E]
    reverse_ptr: Int32s  # int32[N+1] dependent -> providers, hard and supply
    reverse: Int32s  # int32[E]
    reverse_kind: Int8s  # int8[E]
    soft_forward_ptr: Int32s  # int32[N+1]
    soft_forward: Int32s  # int32[W]
    soft_reverse_ptr: Int32s  # int32[N+1]
    soft_reverse: Int32s  # int32[W]
    soft_weight: Floats  # float64[W], of soft_reverse
    joined_ptr: Int32s  # int32[N+1] member -> groups
    joined: Int32s  # int32[M]
    group_ptr: Int32s  # int32[N+1] dependent -> groups g in [ptr, ptr+1)
    group_dependent: Int32s  # int32[G]
    group_kind: Int8s  # int8[G]
    group_needed: Int32s  # int32[G]
    group_left: Int32s  # int32[G]
    group_shared: Bools  # bool[G], members have shares
    member_ptr: Int32s  # int32[G+1]
    member: Int32s  # int32[M], in the given order
    member_share: Floats  # float64[M], NaN without shares
    component: Int32s  # int32[N]
    component_ptr: Int32s  # int32[C+1]
    level: Floats  # float64[N]
    rest_capability: Floats  # float64[N]; 0 where down at rest
    service_at: Int32s  # int32[N], number of the service or -1


@dataclass(frozen=True, slots=True)
class CompileReport:
    """What the gate kept, dropped, refused: `counts` by reason (0 left out), `messages` for people, `rejected` (what, row,
    reason)."""

    counts: Mapping[str, int] = field(default_factory=dict)
    messages: tuple[str, ...] = ()
    rejected: tuple[tuple[str, int, str], ...] = ()  # the first 1,000; `counts` has them all


@dataclass(frozen=True, slots=True)
class CompiledGraph:
    """Arrays only, safe to share between threads and to map from disk; nothing here is ever written to."""

    flat: Flat
    row: Array  # int32[N] row in DependencyGraph.cis
    ci_id: Array  # int64[N] by position
    sorted_ci_id: Array  # int64[N]
    sorted_position: Array  # int32[N]
    failures_per_year: Array  # float64[N] per year of up time, derived where U was given; NaN unknown
    repair_hours: Array  # float64[N] mean, NaN unknown
    repair_sigma: Array  # float64[N] lognormal sigma, NaN exponential
    unavailability: Array  # float64[N], NaN unknown
    failure_on_demand: Array  # float64[N]
    restart_hours: Array  # float64[N]
    group_row: Array  # int32[G] row in DependencyGraph.groups
    group_key_blob: Array  # uint8
    group_key_offsets: Array  # int64[G+1]
    failover_hours: Array  # float64[G], 0 switches at once, NaN no failover
    failover_success: Array  # float64[G] as given, 1 where not; see failover.py for the standbys' part
    service_position: Array  # int32[S]
    service_row: Array  # int32[S] index in DependencyGraph.services; -1 where assumed by compile
    customers: Array  # float64[S], NaN unknown
    money_per_hour: Array  # float64[S], NaN unknown; see curve
    curve_ptr: Array  # int32[S+1]; no points: linear by money_per_hour
    curve_hours: Array  # float64
    curve_loss: Array  # float64
    mtpd_hours: Array  # float64[S], NaN none
    rto_hours: Array  # float64[S], NaN none
    mbco_share: Array  # float64[S], NaN none
    rest_down: Array  # int32 positions down in the untouched estate
    open_needs: Array  # int32[N] needs of this CI itself that were not read
    report: CompileReport

    def __len__(self) -> int:
        return len(self.row)

    def position_of(self, ci_id: int) -> int:
        """The position of a CI. NotFound where it is unknown or not assessed."""
        place = int(np.searchsorted(self.sorted_ci_id, ci_id))
        if place == len(self.sorted_ci_id) or int(self.sorted_ci_id[place]) != ci_id:
            raise NotFound(f"CI {ci_id} is not part of the assessed estate", ci_id=ci_id)
        return int(self.sorted_position[place])

    def group_key(self, group: int) -> str:
        """The key of compiled group number `group`."""
        return bytes(self.group_key_blob[int(self.group_key_offsets[group]) : int(self.group_key_offsets[group + 1])]).decode()

    def to_arrays(self) -> dict[str, Array]:
        """Every array by name, to be saved one file each; the report is not among them."""
        arrays = {f"flat_{name}": getattr(self.flat, name) for name in Flat._fields}
        return arrays | {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("flat", "report")}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], report: CompileReport | None = None) -> Self:
        """A compiled graph from what `to_arrays` gave; arrays may be memory-mapped (`mmap_mode="c"` shares compiled kernels with
        arrays in memory)."""
        plain = {name: np.asarray(array).view(np.ndarray) for name, array in arrays.items()}
        flat = Flat(*(plain.pop(f"flat_{name}") for name in Flat._fields))
        return cls(flat=flat, report=report or CompileReport(), **plain)
