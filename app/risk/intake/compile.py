"""DependencyGraph -> CompiledGraph: the one gate where the estate is checked and brought into normal form (model 1.2)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from app.domain.errors import InvalidInput
from app.domain.graph import HARD, SOFT, SUPPLY, SUPPLY_GROUP, DependencyGraph, ServiceExposure
from app.risk.graph.compiled import GROUNDED, IN_CYCLE, CompiledGraph, CompileReport, Flat
from app.risk.graph.structure import all_providers, components_in_order, gathered, offsets_of, renumbered, transpose
from app.risk.intake import normal_form as nf
from app.risk.intake.at_rest import with_rest
from app.risk.jit import Array, Bools, Floats, Int8s, Int32s, Int64s, kernel
from app.risk.measures.loss import LossCurve
from app.risk.measures.reliability import rate_of_unavailability, unavailability

LISTED = 1000  # rejected records named one by one


@dataclass(slots=True)
class _Notes:
    """What the gate has to say; `unread`: needs by assessed number that are not in the graph, though somebody stated them."""

    unread: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    counts: dict[str, int] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    rejected: list[tuple[str, int, str]] = field(default_factory=list)

    def count(self, reason: str, number: int) -> None:
        if number:
            self.counts[reason] = self.counts.get(reason, 0) + int(number)

    def refuse(self, what: str, rows: Array, reason: str) -> None:
        self.count(reason, len(rows))
        self.rejected.extend((what, int(row), reason) for row in rows[: max(0, LISTED - len(self.rejected))])

    def open(self, dependent: Array, needs: Array | int = 1) -> None:
        """Needs of these CIs (numbers; below 0: not assessed) were not read."""
        known = dependent >= 0
        np.add.at(self.unread, dependent[known], needs if isinstance(needs, int) else needs[known])

    def report(self) -> CompileReport:
        return CompileReport(dict(sorted(self.counts.items())), tuple(self.messages), tuple(self.rejected))


def _numbers(ids: Array, ci_id: Array, assessed: Array) -> Array:
    """int32 numbers among the assessed CIs; UNKNOWN_CI or LEFT_OUT for the others."""
    number = np.where(assessed, np.cumsum(assessed) - 1, nf.LEFT_OUT).astype(np.int32)
    ids = np.asarray(ids, dtype=np.int64)
    if not len(ci_id) or not len(ids):
        return np.full(len(ids), nf.UNKNOWN_CI, dtype=np.int32)
    low, high = int(ci_id[0]), int(ci_id[-1])
    if high - low < 8 * len(ci_id) + 1024:
        table = np.full(high - low + 2, nf.UNKNOWN_CI, dtype=np.int32)
        table[ci_id - low] = number
        return np.asarray(table[np.where((ids < low) | (ids > high), high - low + 1, ids - low)])
    place = np.minimum(np.searchsorted(ci_id, ids), len(ci_id) - 1)
    return np.where(ci_id[place] == ids, number[place], np.int32(nf.UNKNOWN_CI))


@kernel
def _mark_cycles(
    component_ptr: Int32s, component: Int32s, reverse_ptr: Int32s, reverse: Int32s, reverse_kind: Int8s, group_ptr: Int32s,
    group_kind: Int8s, member_ptr: Int32s, member: Int32s
) -> Array:  # fmt: skip
    """uint8[N]: IN_CYCLE, and GROUNDED where a supply need lies inside the component."""
    size = len(component)
    flags = np.zeros(size, dtype=np.uint8)
    for c in range(len(component_ptr) - 1):
        start, end = component_ptr[c], component_ptr[c + 1]
        if end - start < 2:
            continue
        bits = IN_CYCLE
        for v in range(start, end):
            for e in range(reverse_ptr[v], reverse_ptr[v + 1]):
                if reverse_kind[e] == SUPPLY and component[reverse[e]] == c:
                    bits |= GROUNDED
            for g in range(group_ptr[v], group_ptr[v + 1]):
                if group_kind[g] == SUPPLY_GROUP:
                    for e in range(member_ptr[g], member_ptr[g + 1]):
                        if component[member[e]] == c:
                            bits |= GROUNDED
        for v in range(start, end):
            flags[v] = bits
    return flags


@kernel
def _take_groups(take: Int64s, ptr: Int64s, keep: Bools, member: Int32s, share: Floats) -> tuple[Array, Array, Array]:
    """Members of the groups `take`, in that order, without those lost."""
    out = np.zeros(len(take) + 1, dtype=np.int32)
    members = np.empty(len(member), dtype=np.int32)
    shares = np.empty(len(member), dtype=np.float64)
    at = 0
    for i in range(len(take)):
        for e in range(ptr[take[i]], ptr[take[i] + 1]):
            if keep[e]:
                members[at] = member[e]
                shares[at] = share[e]
                at += 1
        out[i + 1] = at
    return out, members[:at].copy(), shares[:at].copy()


@dataclass(slots=True)
class _Groups:
    row: Array
    dependent: Array
    kind: Array
    needed: Array
    ptr: Array
    member: Array
    share: Array
    shared: Array
    hours: Array
    success: Array

    def take(self, order: Array) -> _Groups:
        ptr, member, share = _take_groups(
            order.astype(np.int64), self.ptr.astype(np.int64), np.ones(len(self.member), dtype=np.bool_), self.member, self.share
        )
        return _Groups(
            self.row[order], self.dependent[order], self.kind[order], self.needed[order], ptr, member, share, self.shared[order],
            self.hours[order], self.success[order],
        )  # fmt: skip


def _groups(graph: DependencyGraph, ids: Array, assessed: Array, notes: _Notes) -> tuple[_Groups, tuple[Array, Array, Array]]:
    """The groups in normal form, and the edges that those with all members needed became."""
    columns = graph.groups
    dependent, member = _numbers(columns.dependent_id, ids, assessed), _numbers(columns.member_id, ids, assessed)
    kind, offsets = np.asarray(columns.kind, dtype=np.int8), np.asarray(columns.member_offsets, dtype=np.int64)
    share, needed = np.asarray(columns.share, dtype=np.float64), np.asarray(columns.needed, dtype=np.int64)
    minutes, success = (
        np.asarray(columns.failover_minutes, dtype=np.float64),
        np.asarray(columns.failover_success, dtype=np.float64),
    )
    verdict, left, keep, shared, unknown = nf.check_groups(
        int(assessed.sum()), dependent, kind, needed, offsets, member, share, minutes, success
    )
    notes.count("group_members_rejected_unknown_ci", unknown)
    for code, reason in nf.GROUP_REASONS.items():
        hit = np.flatnonzero(verdict == code)
        if code <= nf.GROUP_KIND and code != nf.GROUP_LEFT_OUT:
            notes.refuse("group", hit, reason)
        else:
            notes.count(reason, len(hit))
    live = (verdict == nf.KEPT) | (verdict == nf.GROUP_ALL_NEEDED)
    sizes = np.diff(offsets)
    lost = np.add.reduceat(np.append(member < 0, False), offsets[:-1]) * (sizes > 0) if len(sizes) else sizes
    notes.count("group_members_left_out", int(lost[live].sum()) if len(sizes) else 0)
    stated = (verdict != nf.GROUP_LEFT_OUT) & (verdict != nf.GROUP_NOTHING_NEEDED)
    notes.open(dependent[stated & ~live])
    notes.open(dependent[live & (lost > 0)], lost[live & (lost > 0)])
    shrunk = int(((lost > 0) & live & (left < needed)).sum()) if len(sizes) else 0
    notes.count("groups_with_lowered_need", shrunk)
    for number, text in (
        (shrunk, "groups lost members that are not assessed and need fewer now"),
        (int((verdict == nf.GROUP_NOTHING_NEEDED).sum()), "groups need none of their members and have no effect"),
        (int((verdict == nf.GROUP_NOBODY_LEFT).sum()), "groups lost every member and were dropped"),
    ):
        if number:
            notes.messages.append(f"{number} {text}")
    whole = np.flatnonzero(verdict == nf.GROUP_ALL_NEEDED)
    whole_ptr, whole_member, _ = _take_groups(whole, offsets, keep, member, share)
    repeat = np.diff(whole_ptr)
    edges = (
        np.repeat(dependent[whole], repeat), whole_member,
        np.repeat(np.where(kind[whole] == SUPPLY_GROUP, SUPPLY, HARD).astype(np.int8), repeat),
    )  # fmt: skip
    rows = np.flatnonzero(verdict == nf.KEPT)
    ptr, members, shares = _take_groups(rows, offsets, keep, member, share)
    groups = _Groups(
        rows.astype(np.int32), dependent[rows], kind[rows], left[rows], ptr, members, shares, shared[rows],
        np.where(np.isnan(minutes[rows]) & ~np.isnan(success[rows]), 0.0, minutes[rows] / 60.0),
        np.where(np.isnan(success[rows]), 1.0, success[rows]),
    )  # fmt: skip
    common = (groups.dependent, groups.kind, groups.needed, groups.ptr, groups.member, groups.share, groups.hours)
    hashes = nf.group_hashes(*common)
    twice = nf.equal_groups(np.argsort(hashes, kind="stable"), hashes, *common, groups.success)
    notes.count(nf.GROUP_REASONS[nf.GROUP_EQUAL], int(twice.sum()))
    stay = np.flatnonzero(~twice)
    return groups.take(stay[np.argsort(groups.dependent[stay], kind="stable")]), edges


def _edges(
    graph: DependencyGraph, ids: Array, assessed: Array, extra: tuple[Array, Array, Array], notes: _Notes
) -> tuple[Array, ...]:
    """Merged edges: (ptr, provider, kind) that fail and (ptr, provider, weight) soft, both by dependent."""
    columns = graph.dependencies
    dependent, provider = _numbers(columns.dependent_id, ids, assessed), _numbers(columns.provider_id, ids, assessed)
    kind, weight = np.asarray(columns.kind, dtype=np.int8), np.asarray(columns.weight, dtype=np.float64)
    verdict = nf.check_rows(dependent, provider, kind, weight)
    for code, number in enumerate(np.bincount(verdict, minlength=7).tolist()):
        if code and number:
            if code in (nf.ROW_UNKNOWN, nf.ROW_BAD_WEIGHT, nf.ROW_BAD_KIND):
                notes.refuse("dependency", np.flatnonzero(verdict == code), nf.ROW_REASONS[code])
            else:
                notes.count(nf.ROW_REASONS[code], number)
    if verdict.any():
        good = verdict == nf.KEPT
        notes.open(dependent[~good & (verdict != nf.ROW_SELF) & (verdict != nf.ROW_ZERO)])
        dependent, provider, kind, weight = dependent[good], provider[good], kind[good], weight[good]
    notes.count("soft_as_hard", int(((kind == SOFT) & (weight == 1.0)).sum()))
    if len(extra[0]):
        dependent, provider = np.concatenate([dependent, extra[0]]), np.concatenate([provider, extra[1]])
        kind, weight = np.concatenate([kind, extra[2]]), np.concatenate([weight, np.ones(len(extra[0]))])
    size = int(assessed.sum())
    order = gathered(
        provider, offsets_of(provider, size)
    )  # providers ascending, then stable by dependent: a radix sort of two digits
    dependent, provider, kind, weight = dependent[order], provider[order], kind[order], weight[order]
    ptr = offsets_of(dependent, size)
    order = gathered(dependent, ptr)
    *merged, duplicates, absorbed = nf.merge_edges(ptr, provider[order], kind[order], weight[order])
    notes.count("duplicate_dependencies_dropped", duplicates)
    notes.count("soft_absorbed", absorbed)
    return tuple(merged)


def _checked(values: Array, low: float, high: float, otherwise: float, reason: str, notes: _Notes) -> Array:
    """float64 copy with what lies outside [low, high] (infinite included) replaced and refused; NaN passes as unknown."""
    out = np.array(values, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        bad = ~np.isnan(out) & ~((out >= low) & (out <= high) & np.isfinite(out))
    if bad.any():
        notes.refuse("ci", np.flatnonzero(bad), reason)
        out[bad] = otherwise
    return out


def _profiles(graph: DependencyGraph, rows: Array, notes: _Notes) -> dict[str, Array]:
    """Rates, restore times and levels by assessed number, refused values unknown."""
    cis, nan, inf = graph.cis, math.nan, math.inf
    rate = _checked(cis.failures_per_year, 0.0, inf, nan, "failures_per_year_rejected", notes)
    repair = _checked(cis.repair_hours, 0.0, inf, nan, "repair_hours_rejected", notes)
    sigma = _checked(cis.repair_sigma, 0.0, inf, nan, "repair_sigma_rejected", notes)
    given = _checked(cis.unavailability, 0.0, 1.0, nan, "unavailability_rejected", notes)
    demand = np.nan_to_num(_checked(cis.failure_on_demand, 0.0, 1.0, 0.0, "failure_on_demand_rejected", notes))
    level = _checked(cis.level_share, 0.0, 1.0, 1.0, "level_share_rejected", notes)
    restart = np.nan_to_num(_checked(cis.restart_hours, 0.0, inf, 0.0, "restart_hours_rejected", notes))
    distribution = np.asarray(cis.repair_distribution)
    missing = (distribution == 1) & np.isnan(sigma)
    notes.count("lognormal_without_sigma_as_exponential", int(missing.sum()))
    sigma[distribution != 1] = nan
    known = ~np.isnan(given)
    rate = np.where(known, rate_of_unavailability(given, repair), rate)
    share = np.where(known, given, unavailability(rate, repair))
    share = np.where(~known & (repair == 0), 0.0, share)
    out = {
        "failures_per_year": rate, "repair_hours": repair, "repair_sigma": sigma, "unavailability": share,
        "failure_on_demand": demand,
        "restart_hours": restart, "level": np.where(np.isnan(level), 1.0, level),
    }  # fmt: skip
    return {name: column[rows] for name, column in out.items()}


def _services(services: Sequence[ServiceExposure], position: Array, notes: _Notes) -> dict[str, Array]:
    """Service columns by number; `position` answers ci_ids of services, LEFT_OUT or UNKNOWN_CI below 0."""
    kept = [i for i, at in enumerate(position.tolist()) if at >= 0]
    notes.refuse("service", np.flatnonzero(position == nf.UNKNOWN_CI), "services_rejected_unknown_ci")
    notes.count("services_left_out", int((position == nf.LEFT_OUT).sum()))
    columns: dict[str, list[float]] = {
        name: [] for name in ("customers", "money_per_hour", "mtpd_hours", "rto_hours", "mbco_share")
    }
    ptr, hours, losses = [0], [], []
    for i in kept:
        for name, column in columns.items():
            value = getattr(services[i], name)
            good = value is not None and math.isfinite(value) and value >= 0
            if value is not None and not good and not math.isnan(value):
                notes.refuse("service", np.array([i]), f"{name}_rejected")
            column.append(float(value) if good else math.nan)
        points = services[i].impact.get("money", ())
        if points:
            try:
                curve = LossCurve.of(points)
                hours.extend(curve.hours.tolist())
                losses.extend(curve.loss.tolist())
            except InvalidInput:
                notes.refuse("service", np.array([i]), "loss_curve_rejected")
        ptr.append(len(hours))
    return {
        "service_position": position[kept].astype(np.int32), "service_row": np.asarray(kept, dtype=np.int32),
        "curve_ptr": np.asarray(ptr, dtype=np.int32), "curve_hours": np.asarray(hours, dtype=np.float64),
        "curve_loss": np.asarray(losses, dtype=np.float64),
        **{name: np.asarray(c, dtype=np.float64) for name, c in columns.items()},
    }  # fmt: skip


def _key_blob(keys: Sequence[str]) -> tuple[Array, Array]:
    raw = [key.encode() for key in keys]
    offsets = np.zeros(len(raw) + 1, dtype=np.int64)
    np.cumsum([len(key) for key in raw], out=offsets[1:])
    return np.frombuffer(b"".join(raw), dtype=np.uint8).copy(), offsets


def compile_graph(graph: DependencyGraph) -> CompiledGraph:
    """Check, normalise, condense and relabel; O(N + E + M). What is refused is counted with its reason and the rest goes on.

    CIs with assessed = False are left out with their dependencies and memberships. An empty `services` takes the CIs nobody
    depends on. The order of rows changes positions, never an answer.
    """
    ids = np.asarray(graph.cis.ci_id, dtype=np.int64)
    if len(ids) > 1 and not (np.diff(ids) > 0).all():
        raise InvalidInput("ci_id must be strictly increasing")
    assessed = np.asarray(graph.cis.assessed, dtype=np.bool_)
    rows = np.flatnonzero(assessed).astype(np.int32)
    notes = _Notes(np.zeros(len(rows), dtype=np.int32))
    notes.count("cis_left_out", len(ids) - len(rows))
    groups, extra = _groups(graph, ids, assessed, notes)
    fail_ptr, provider, kind, soft_ptr, soft_provider, weight = _edges(graph, ids, assessed, extra, notes)
    if graph.open_needs is not None:
        notes.open(_numbers(graph.open_needs.dependent_id, ids, assessed), np.asarray(graph.open_needs.needs, dtype=np.int32))
    size = len(rows)
    group_ptr = offsets_of(groups.dependent, size)
    count, rank = components_in_order(
        *all_providers(fail_ptr, provider, soft_ptr, soft_provider, group_ptr, groups.ptr, groups.member)
    )
    component_ptr = offsets_of(rank, count)
    old = gathered(rank, component_ptr)
    new = np.empty(size, dtype=np.int32)
    new[old] = np.arange(size, dtype=np.int32)
    forward = transpose(*renumbered(fail_ptr, provider, kind, old, new))
    reverse = transpose(*forward)
    soft_forward = transpose(*renumbered(soft_ptr, soft_provider, weight, old, new))
    soft_reverse = transpose(*soft_forward)
    groups.dependent = new[groups.dependent]
    groups = groups.take(np.argsort(groups.dependent, kind="stable"))
    groups.member = new[groups.member]
    number = np.repeat(np.arange(len(groups.kind), dtype=np.int32), np.diff(groups.ptr))
    joined_ptr = offsets_of(groups.member, size)
    group_ptr = offsets_of(groups.dependent, size)
    component = rank[old]
    flags = _mark_cycles(component_ptr, component, *reverse, group_ptr, groups.kind, groups.ptr, groups.member)
    profiles = _profiles(graph, rows[old], notes)
    service_position = _numbers(np.array([s.ci_id for s in graph.services], dtype=np.int64), ids, assessed)
    if size:
        service_position = np.where(service_position >= 0, new[np.maximum(service_position, 0)], service_position)
    services = _services(graph.services, service_position, notes)
    if not len(graph.services):
        leaned = np.zeros(size, dtype=np.bool_)
        leaned[np.concatenate([reverse[1], soft_reverse[1], groups.member])] = True
        services = _assumed_services(np.flatnonzero(~leaned).astype(np.int32))
        notes.count("services_assumed", len(services["service_position"]))
    service_at = np.full(size, -1, dtype=np.int32)
    service_at[services["service_position"]] = np.arange(len(services["service_position"]), dtype=np.int32)
    flat = Flat(
        flags, *forward, *reverse, soft_forward[0], soft_forward[1], *soft_reverse, joined_ptr,
        number[gathered(groups.member, joined_ptr)],
        group_ptr, groups.dependent, groups.kind, groups.needed.astype(np.int32),
        (np.diff(groups.ptr) - groups.needed + 1).astype(np.int32), groups.shared, groups.ptr, groups.member, groups.share,
        component,
        component_ptr, profiles.pop("level"), np.ones(size, dtype=np.float64), service_at,
    )  # fmt: skip
    down = np.flatnonzero((flat.level == 0.0) | (profiles["unavailability"] == 1.0)).astype(np.int32)
    flat, rest_down = with_rest(flat, down, services["service_position"])
    notes.count("down_at_rest", len(rest_down))
    notes.count("degraded_at_rest", int((flat.rest_capability < 1).sum()) - len(rest_down))
    blob, key_offsets = _key_blob([graph.groups.key[row] for row in groups.row.tolist()])
    ci_ids = ids[rows[old]]
    return CompiledGraph(
        flat=flat, row=rows[old], ci_id=ci_ids, sorted_ci_id=ids[rows], sorted_position=new, **profiles, group_row=groups.row,
        group_key_blob=blob, group_key_offsets=key_offsets, failover_hours=groups.hours, failover_success=groups.success,
        **services,
        rest_down=rest_down, open_needs=notes.unread[old], report=notes.report(),
    )  # fmt: skip


def recompiled(base: CompiledGraph, before: DependencyGraph, graph: DependencyGraph) -> CompiledGraph | None:
    """`compile_graph(graph)` where only rates, restore times and the like differ from `before`, compiled as `base`; None where
    more does.

    Nothing of the structure is looked at again: dependencies and groups must be the same objects. Whatever the gate would have to
    report about a profile goes the long way.
    """
    notes, old_notes = _Notes(), _Notes()
    same = (
        graph.dependencies is before.dependencies
        and graph.groups is before.groups
        and graph.open_needs is before.open_needs
        and list(graph.services) == list(before.services)
    )
    if not same or not _same_array(graph.cis.ci_id, before.cis.ci_id) or not _same_array(graph.cis.assessed, before.cis.assessed):
        return None
    profiles, old = _profiles(graph, base.row, notes), _profiles(before, base.row, old_notes)
    quiet = notes.report() == old_notes.report() == CompileReport()
    down = (profiles["unavailability"] == 1.0) == (old["unavailability"] == 1.0)
    if not quiet or not down.all() or not _same_array(profiles.pop("level"), old["level"]):
        return None
    columns: dict[str, Any] = profiles
    return replace(base, **columns)


def _same_array(a: Array, b: Array) -> bool:
    return len(a) == len(b) and bool((np.asarray(a) == np.asarray(b)).all())


def _assumed_services(position: Array) -> dict[str, Array]:
    unknown = np.full(len(position), np.nan)
    names = ("customers", "money_per_hour", "mtpd_hours", "rto_hours", "mbco_share")
    return {
        "service_position": position, "service_row": np.full(len(position), -1, dtype=np.int32),
        "curve_ptr": np.zeros(len(position) + 1, dtype=np.int32), "curve_hours": np.zeros(0), "curve_loss": np.zeros(0),
        **{name: unknown.copy() for name in names},
    }  # fmt: skip
