"""One outage: the exact failed set, what is degraded, and which services feel it (model 1.3, 1.4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np

from app.risk.graph.compiled import CompiledGraph, Flat
from app.risk.jit import Array, Int32s, kernel
from app.risk.jit.borrowed import borrowed
from app.risk.outage.capability import PRODUCT, WORST, degrade
from app.risk.outage.failing import Marks, fail, in_order, marks, new_epoch

T = TypeVar("T")
RULES = {"product": PRODUCT, "worst": WORST}


@dataclass(frozen=True, slots=True)
class Workspace:
    """Reusable marks of one thread for one compiled graph; never share it between threads. `alone`: by position of a CI that
    takes down much the marks in which it has failed, so that other outages are laid upon it (`one_away`); `others`: by kind
    what else is used again."""

    work: Marks
    alone: dict[int, Alone] = field(default_factory=dict)
    others: dict[type, Any] = field(default_factory=dict)

    def kept(self, kind: type[T], make: Callable[[], T]) -> T:
        """The one of a kind, made when it is first asked for."""
        if kind not in self.others:
            self.others[kind] = make()
        return self.others[kind]  # type: ignore[no-any-return]


class Alone(NamedTuple):
    """The outage of one CI: marks that hold it, and how many CIs fail in it."""

    work: Marks
    failed: int


@dataclass(frozen=True, slots=True)
class Outage:
    """Answer of one scenario, beyond the state at rest. Positions are int32; service numbers index the service columns."""

    down: Array  # positions forced down, ascending
    failed: Array  # positions that fail, forced ones included, ascending; those down at rest are not repeated
    degraded: Array  # positions below their state at rest, ascending
    capability: Array  # float64, of `degraded`
    services_down: Array  # service numbers, ascending
    services_degraded: Array  # service numbers, ascending
    service_capability: Array  # float64, of `services_degraded`


def workspace(compiled: CompiledGraph) -> Workspace:
    """A fresh workspace for `outage`, about 33 bytes for each CI."""
    return Workspace(marks(compiled.flat))


@kernel
def _answer(
    flat: Flat, work: Marks, down: Int32s, rule: int, fallen: Int32s
) -> tuple[Array, Array, Array, Array, Array, Array, Array]:
    """The fields of an Outage, in one call of a kernel: a dozen small calls cost more than an average outage."""
    flat, work = borrowed(flat), borrowed(work)
    down = np.sort(down)
    size = 0
    for i in range(len(down)):
        if size == 0 or down[i] != down[size - 1]:
            down[size] = down[i]
            size += 1
    roots = down[:size].copy()
    failed_count = len(fallen)
    if failed_count > 0:
        epoch = new_epoch(work)
        for i in range(failed_count):
            work.stamp[fallen[i]], work.queue[i] = epoch, fallen[i]
    else:
        failed_count = fail(flat, work, roots)
    degraded_count = degrade(flat, work, failed_count, rule, 0)
    failed = fallen.copy() if len(fallen) > 0 else in_order(work, failed_count)
    degraded = np.sort(work.degraded[:degraded_count])
    capability = np.empty(degraded_count)
    stopped, hit = np.empty(failed_count, np.int32), np.empty(degraded_count, np.int32)
    stops, hits = 0, 0
    for i in range(failed_count):
        if flat.service_at[failed[i]] >= 0:
            stopped[stops] = flat.service_at[failed[i]]
            stops += 1
    for i in range(degraded_count):
        capability[i] = work.capability[degraded[i]]
        if flat.service_at[degraded[i]] >= 0:
            hit[hits] = i
            hits += 1
    numbers = flat.service_at[degraded[hit[:hits]]]
    order = np.argsort(numbers)
    return roots, failed, degraded, capability, np.sort(stopped[:stops]), numbers[order], capability[hit[:hits]][order]


def outage(
    compiled: CompiledGraph,
    down_positions: Array | Sequence[int],
    space: Workspace | None = None,
    rule: Literal["product", "worst"] = "product",
    fallen: Array | None = None,
) -> Outage:
    """What fails and what degrades when the CIs at `down_positions` (int, any number) are forced down and everything else is up.

    Exact: nu Y. mu X. Phi(X, Y) for failures, the greatest fixpoint of 1.4 for capabilities. Cost follows the affected part. CIs
    that are down at rest stay down and are not listed; capabilities are below those at rest. ValueError for a position out of
    range. `fallen`: what fails (int32, ascending), where that is known already; it is not worked out again.

    Example by hand (C22): D down, S soft .5 on A and on B, both hard on D: A, B, D fail, S keeps .5 * .5 = .25 (rule "worst":
    .5).
    """
    down = np.array(down_positions, dtype=np.int32).reshape(-1)
    if len(down) and (down.min() < 0 or down.max() >= len(compiled)):
        raise ValueError("a position lies outside the compiled graph")
    known = np.zeros(0, np.int32) if fallen is None else fallen.astype(np.int32)
    return Outage(*_answer(compiled.flat, (space or workspace(compiled)).work, down, RULES[rule], known))
