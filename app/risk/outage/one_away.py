"""What is one failure away: CIs whose further outage stops a service now and would not have stopped it in the untouched estate
(model 1.10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.risk.graph.compiled import CompiledGraph, Flat
from app.risk.graph.needs import all_needs, needed_by
from app.risk.graph.subestate import cut_out
from app.risk.jit import Array, Bools, Int32s, inner, kernel
from app.risk.jit.clock import working_time
from app.risk.outage.causes import standing_groups
from app.risk.outage.failing import Marks, fail, fail_more, marks
from app.risk.outage.increments import no_log, take_back
from app.risk.outage.propagation import Outage, Workspace, workspace

BLOCK, LARGEST_BLOCK = 64, 1024


@dataclass(frozen=True, slots=True)
class OneAway:
    """By service number the positions whose further outage stops it, ascending. `tried` of `candidates` CIs were examined."""

    positions: Mapping[int, Sequence[int]]
    tried: int
    candidates: int

    @property
    def truncated(self) -> bool:
        return self.tried < self.candidates


def one_failure_away(compiled: CompiledGraph, result: Outage, seconds: float = 2.0, space: Workspace | None = None) -> OneAway:
    """Examine every CI behind the groups that the outage took a member from, for at most `seconds`: first those with nothing left
    to lose.

    A new single point must act through a group that lost a member (else it would do alone what it does now), so the members left
    and everything they need are the candidates; each is tried with and without the outage, exactly. A CI under several members
    may do what no single member does. What a CI does among the needs of the groups is asked first, at a cost that follows these:
    what it does above them is asked only where it stops the dependent of a group there that it would not stop alone.

    Example by hand: S needs 1 of A and B, B hard on D, A forced: S is one failure away by B and D.
    """
    space = space or workspace(compiled)
    seen = np.zeros(len(compiled), np.bool_)
    seen[result.failed] = seen[compiled.rest_down] = True
    groups = standing_groups(compiled, result)
    candidates = np.concatenate([_behind(compiled.flat, numbers, seen) for numbers in (groups.worn, groups.touched)])
    down = np.zeros(len(compiled.service_position), np.bool_)
    down[result.services_down] = True
    near = _near(compiled.flat, result.down, groups.touched) if len(candidates) else None
    found: dict[int, list[int]] = {}
    tried, size, deadline = 0, BLOCK, working_time() + seconds
    while tried < len(candidates):
        block = candidates[tried : tried + size]
        stopping = near.stopping(block) if near is not None else block
        for candidate, service in _stopped_by(compiled.flat, space.work, result.down, stopping, down) if len(stopping) else ():
            found.setdefault(int(service), []).append(int(candidate))
        tried, size = tried + len(block), min(2 * size, LARGEST_BLOCK)
        if working_time() > deadline:
            break
    return OneAway({service: sorted(positions) for service, positions in sorted(found.items())}, tried, len(candidates))


@dataclass(frozen=True, slots=True)
class _Near:
    """The dependents of touched groups with all that they need, as an estate whose services are these dependents."""

    flat: Flat
    work: Marks
    number: Array  # int32[N] local position of each CI
    down: Array  # int32: local positions of what is out
    services: Array  # bool: none of them is down

    def stopping(self, candidates: Array) -> Array:
        """Those of the CIs that stop the dependent of a group with the outage and not alone."""
        pairs = _stopped_by(self.flat, self.work, self.down, self.number[candidates], self.services)
        local = np.unique(np.asarray([candidate for candidate, _ in pairs], np.int32))
        return candidates[np.isin(self.number[candidates], local)]


def _near(flat: Flat, down: Array, groups: Array) -> _Near:
    dependents = np.unique(flat.group_dependent[groups])
    cone = np.flatnonzero(needed_by(flat, dependents, True)).astype(np.int32)
    number = np.full(len(flat.flags), -1, np.int32)
    number[cone] = np.arange(len(cone), dtype=np.int32)
    service_at = np.full(len(cone), -1, np.int32)
    service_at[number[dependents]] = np.arange(len(dependents), dtype=np.int32)
    inner, _ = cut_out(flat, cone, number, service_at)
    inside = number[down]
    return _Near(inner, marks(inner), number, inside[inside >= 0], np.zeros(len(dependents), np.bool_))


@kernel
def _behind(flat: Flat, groups: Int32s, seen: Bools) -> Array:
    """Members left in the groups and all they need, breadth first, but for those `seen`, which is added to."""
    queue = np.empty(len(seen), np.int32)
    tail = 0
    for i in range(len(groups)):
        for e in range(flat.member_ptr[groups[i]], flat.member_ptr[groups[i] + 1]):
            u = flat.member[e]
            if not seen[u]:
                seen[u] = True
                queue[tail] = u
                tail += 1
    return queue[: all_needs(flat, queue, tail, seen, False, np.zeros(0))].copy()


@kernel
def _stopped_by(flat: Flat, work: Marks, roots: Int32s, candidates: Int32s, down: Bools) -> list[tuple[int, int]]:
    """Pairs (candidate, service): the service stops with the outage and the candidate, and with neither alone.

    Each candidate is pushed onto the outage and taken back, so it costs what it adds; what it does alone is asked only of one
    that stops a service with it."""
    found = [(0, 0) for _ in range(0)]  # typed for the compiler: empty, of pairs
    log = no_log()
    tail = fail(flat, work, roots)
    for i in range(len(candidates)):
        grown = fail_more(flat, work, tail, candidates[i])
        for k in range(tail, grown):
            s = flat.service_at[work.queue[k]]
            if s >= 0 and not down[s]:
                found.append((candidates[i], s))
        take_back(flat, work, tail, grown, log, 0, 0)
    pairs = [(0, 0) for _ in range(0)]
    one = np.empty(1, np.int32)
    asked, alone = -1, 0
    mark = np.zeros(len(down), np.bool_)
    for k in range(len(found)):
        candidate, service = found[k]
        if candidate != asked:
            _mark_services(flat, work, alone, mark, False)
            asked = candidate
            one[0] = candidate
            alone = fail(flat, work, one)
            _mark_services(flat, work, alone, mark, True)
        if not mark[service]:
            pairs.append((candidate, service))
    return pairs


@inner
def _mark_services(flat: Flat, work: Marks, failed: int, mark: Bools, value: bool) -> None:
    """Mark the services of work.queue[:failed], or take the marks away."""
    for k in range(failed):
        s = flat.service_at[work.queue[k]]
        if s >= 0:
            mark[s] = value
