"""What is one failure away: CIs whose further outage stops a service now and would not have stopped it in the untouched estate
(model 1.10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from app.risk.graph.compiled import GROUNDED, SERVES, CompiledGraph, Flat
from app.risk.graph.needs import all_needs
from app.risk.graph.places import place_of, places_of
from app.risk.graph.ragged import among
from app.risk.jit import Array, Bools, Int32s, inner, kernel
from app.risk.jit.borrowed import borrowed
from app.risk.jit.clock import working_time
from app.risk.outage.causes import StandingGroups, standing_groups
from app.risk.outage.failing import ALWAYS, Marks, fail, fail_more, marks
from app.risk.outage.increments import no_log, take_back
from app.risk.outage.propagation import Alone, Outage, Workspace, workspace

BLOCK, LARGEST_BLOCK = 64, 1024
MUCH, MOST_KEPT = 10_000, 16  # so many CIs fall with a candidate whose outage is kept for the next question, of so many


@dataclass(frozen=True, slots=True)
class OneAway:
    """By service number the positions whose further outage stops it, ascending. `tried` of `candidates` CIs were examined."""

    positions: Mapping[int, Sequence[int]]
    tried: int
    candidates: int

    @property
    def truncated(self) -> bool:
        return self.tried < self.candidates


def one_failure_away(
    compiled: CompiledGraph, result: Outage, seconds: float = 2.0, space: Workspace | None = None,
    groups: StandingGroups | None = None,
) -> OneAway:  # fmt: skip
    """Examine every CI behind the groups that the outage took a member from, for at most `seconds`: first those with nothing left
    to lose. `groups`: those of the outage, where they are known.

    A new single point must act through a group that lost a member (else it would do alone what it does now), so the members left
    and everything they need are the candidates; each that takes such a group's last spare member is tried with and without the
    outage, exactly. A CI under several members may do what no single member does.

    Example by hand: S needs 1 of A and B, B hard on D, A forced: S is one failure away by B and D.
    """
    space = space or workspace(compiled)
    seen = np.zeros(len(compiled), np.bool_)
    seen[result.failed] = seen[compiled.rest_down] = True
    groups = groups or standing_groups(compiled, result)
    if not len(groups.touched):
        return OneAway({}, 0, 0)
    candidates = np.concatenate([_behind(compiled.flat, numbers, seen) for numbers in (groups.worn, groups.touched)])
    down = np.zeros(len(compiled.service_position), np.bool_)
    down[result.services_down] = True
    found: dict[int, list[int]] = {}
    able = np.flatnonzero(_takes_a_group(compiled.flat, space.work, result.down, candidates, groups.touched))
    deadline = working_time() + seconds
    kept = [c for c in candidates[able].tolist() if c in space.alone and len(result.failed) < space.alone[c].failed]
    for candidate in kept:
        alone = space.alone[candidate]
        for service in _stopped_beside(compiled.flat, alone.work, alone.failed, result.down, down).tolist():
            found.setdefault(service, []).append(candidate)
    if kept:
        able = able[~among(candidates[able], np.asarray(sorted(kept), np.int32))]
    work = space.kept(_Serving, lambda: _serving(compiled.flat)).work if len(able) else space.work
    done, size = 0, BLOCK
    while done < len(able):
        block = candidates[able[done : done + size]]
        pairs, large = _stopped_by(compiled.flat, work, result.down, block, down, MUCH)
        for candidate, service in pairs:
            found.setdefault(int(service), []).append(int(candidate))
        for candidate in large[: MOST_KEPT - len(space.alone)]:
            own = _serving(compiled.flat).work
            space.alone[candidate] = Alone(own, fail(compiled.flat, own, np.asarray([candidate], np.int32)))
        done, size = done + len(block), min(2 * size, LARGEST_BLOCK)
        if working_time() > deadline:
            break
    tried = int(able[done]) if done < len(able) else len(candidates)
    return OneAway({service: sorted(positions) for service, positions in sorted(found.items())}, tried, len(candidates))


class _Serving(NamedTuple):
    """Marks in which only those CIs can fail that some service hangs on: whatever these need is among them."""

    work: Marks


def _serving(flat: Flat) -> _Serving:
    work = marks(flat)
    work.stamp[np.flatnonzero(flat.flags & SERVES == 0)] = ALWAYS
    return _Serving(work)


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


class _Behind(NamedTuple):
    """The candidates (n of them) as an estate of their own: what fails among them with one of them depends on nothing else.

    Its groups are first those that the outage took a member from, then those of the candidates."""

    forward_ptr: Int32s  # int32[n + 1] provider -> dependents
    forward: Int32s
    joined_ptr: Int32s  # int32[n + 1] member -> groups
    joined: Int32s
    dependent: Int32s  # int32[groups] place of the dependent, -1 for the first ones
    spare: Int32s  # int32[groups] members that may still fail before the group does


@inner
def _ends(counts: Int32s) -> Array:
    """ptr of rows of these lengths, counts[i + 1] being that of row i."""
    for i in range(1, len(counts)):
        counts[i] += counts[i - 1]
    return counts


@inner
def _behind_alone(flat: Flat, work: Marks, candidates: Int32s, groups: Int32s) -> _Behind:
    """The candidates as an estate of their own, after the outage."""
    size, first = len(candidates), len(groups)
    place = places_of(candidates, len(flat.flags))
    total = first
    for i in range(size):
        total += flat.group_ptr[candidates[i] + 1] - flat.group_ptr[candidates[i]]
    number, dependent, spare = np.empty(total, np.int32), np.full(total, -1, np.int32), np.empty(total, np.int32)
    number[:first] = groups
    at = first
    for i in range(size):
        for g in range(flat.group_ptr[candidates[i]], flat.group_ptr[candidates[i] + 1]):
            number[at], dependent[at] = g, i
            at += 1
    forward_ptr, joined_ptr = np.zeros(size + 2, np.int32), np.zeros(size + 2, np.int32)
    for k in range(total):
        g = number[k]
        lost = work.group_count[g] if work.group_stamp[g] == work.epoch[0] else 0
        spare[k] = flat.group_left[g] - lost - 1
        for e in range(flat.member_ptr[g], flat.member_ptr[g + 1]):
            u = place_of(candidates, place, flat.member[e])
            if u >= 0:
                joined_ptr[u + 2] += 1
    for i in range(size):
        for e in range(flat.reverse_ptr[candidates[i]], flat.reverse_ptr[candidates[i] + 1]):
            u = place_of(candidates, place, flat.reverse[e])
            if u >= 0:
                forward_ptr[u + 2] += 1
    forward_ptr, joined_ptr = _ends(forward_ptr), _ends(joined_ptr)
    forward, joined = np.empty(forward_ptr[size + 1], np.int32), np.empty(joined_ptr[size + 1], np.int32)
    for k in range(total):
        for e in range(flat.member_ptr[number[k]], flat.member_ptr[number[k] + 1]):
            u = place_of(candidates, place, flat.member[e])
            if u >= 0:
                joined[joined_ptr[u + 1]] = k
                joined_ptr[u + 1] += 1
    for i in range(size):
        for e in range(flat.reverse_ptr[candidates[i]], flat.reverse_ptr[candidates[i] + 1]):
            u = place_of(candidates, place, flat.reverse[e])
            if u >= 0:
                forward[forward_ptr[u + 1]] = i
                forward_ptr[u + 1] += 1
    return _Behind(forward_ptr[: size + 1], forward, joined_ptr[: size + 1], joined, dependent, spare)


@kernel
def _takes_a_group(flat: Flat, work: Marks, roots: Int32s, candidates: Int32s, groups: Int32s) -> Array:
    """Return bool[len(candidates)]: with the outage of `roots` and the candidate, one of `groups` has too few members left, and
    some service hangs on its dependent. `candidates` hold all that the members left in `groups` need.

    Whatever the two stop together that neither stops alone falls with such a group. A candidate that reaches a loop of supply
    counts as one that may take a group.
    """
    flat, work = borrowed(flat), borrowed(work)
    size, first = len(candidates), len(groups)
    out = np.zeros(size, np.bool_)
    fail(flat, work, roots)
    behind = _behind_alone(flat, work, candidates, groups)
    queue, stamp = np.empty(size, np.int32), np.full(size, -1, np.int32)
    counted, lost = np.full(len(behind.spare), -1, np.int32), np.zeros(len(behind.spare), np.int32)
    for c in range(size):
        queue[0], stamp[c] = c, c
        head, tail = 0, 1
        while head < tail and not out[c]:
            u = queue[head]
            head += 1
            if flat.flags[candidates[u]] & GROUNDED:
                out[c] = True
            for e in range(behind.forward_ptr[u], behind.forward_ptr[u + 1]):
                v = behind.forward[e]
                if stamp[v] != c:
                    queue[tail], stamp[v] = v, c
                    tail += 1
            for e in range(behind.joined_ptr[u], behind.joined_ptr[u + 1]):
                g = behind.joined[e]
                if counted[g] != c:
                    counted[g], lost[g] = c, 0
                lost[g] += 1
                v = flat.group_dependent[groups[g]] if g < first else candidates[behind.dependent[g]]
                if flat.flags[v] & GROUNDED:
                    out[c] = True
                if lost[g] <= behind.spare[g]:
                    continue
                if g < first:
                    out[c] = out[c] or flat.flags[v] & SERVES != 0
                elif stamp[behind.dependent[g]] != c:
                    queue[tail], stamp[behind.dependent[g]] = behind.dependent[g], c
                    tail += 1
    return out


@kernel
def _stopped_beside(flat: Flat, work: Marks, failed: int, roots: Int32s, down: Bools) -> Array:
    """The services (numbers) that stop with the outage of `roots` and another one, which `work` holds, and with neither alone
    (`down`: bool[S], with the former). `work` is as it was after it."""
    flat, work = borrowed(flat), borrowed(work)
    grown = failed
    for i in range(len(roots)):
        grown = fail_more(flat, work, grown, roots[i])
    out = np.empty(grown - failed, np.int32)
    count = 0
    for k in range(failed, grown):
        s = flat.service_at[work.queue[k]]
        if s >= 0 and not down[s]:
            out[count] = s
            count += 1
    take_back(flat, work, failed, grown, no_log(), 0, 0)
    return out[:count]


@kernel
def _stopped_by(
    flat: Flat, work: Marks, roots: Int32s, candidates: Int32s, down: Bools, much: int
) -> tuple[list[tuple[int, int]], list[int]]:
    """Pairs (candidate, service): the service stops with the outage and the candidate, and with neither alone; and the
    candidates that take down more than `much` CIs more.

    Each candidate is pushed onto the outage and taken back, so it costs what it adds; what it does alone is asked only of one
    that stops a service with it."""
    flat, work = borrowed(flat), borrowed(work)
    found = [(0, 0) for _ in range(0)]  # typed for the compiler: empty, of pairs
    large = [0 for _ in range(0)]
    log = no_log()
    tail = fail(flat, work, roots)
    for i in range(len(candidates)):
        grown = fail_more(flat, work, tail, candidates[i])
        for k in range(tail, grown):
            s = flat.service_at[work.queue[k]]
            if s >= 0 and not down[s]:
                found.append((candidates[i], s))
        if grown - tail > much:
            large.append(candidates[i])
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
    return pairs, large


@inner
def _mark_services(flat: Flat, work: Marks, failed: int, mark: Bools, value: bool) -> None:
    """Mark the services of work.queue[:failed], or take the marks away."""
    for k in range(failed):
        s = flat.service_at[work.queue[k]]
        if s >= 0:
            mark[s] = value
