"""A later revision's first-order part from an earlier one's: only what a change can touch is swept again (model 1.6).

The outage of a CI reads what depends on it, however far. So a CI whose own rate, restore time or unavailability changed is swept
again by itself; one whose needs, groups, level or state at rest changed, or a service whose exposure changed, takes all it leans
on with it, in the old graph and in the new one. Everything else keeps its row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from app.risk.first_order.pairs import FirstOrder, Pairs, Rows, first_order_of, fresh_rows
from app.risk.first_order.sweep import sweep
from app.risk.graph.compiled import CompiledGraph, Flat
from app.risk.graph.needs import needed_by
from app.risk.graph.ragged import ptr_of, spans
from app.risk.jit import Array, Bools, Floats, Int64s, UInt64, UInt64s, inner, kernel
from app.risk.outage.failover import mix
from app.risk.outage.rates_and_exposures import RatesAndExposures, can_fail, rates_and_exposures_of

FEW, SMALL = 4096, 32  # so few CIs are swept in small blocks, so that two threads share those that take long
WORTH = 0.5  # share of CIs to sweep above which everything is


@inner
def _mixed(a: UInt64, b: UInt64) -> UInt64:
    return mix(np.uint64(a) ^ mix(np.uint64(b)))


@kernel
def _needs_hash(flat: Flat, ci_id: Int64s, success: Floats, hours: Floats, switches: Bools, out: UInt64s) -> None:
    """uint64[N]: what each CI needs, by ci_id, in no order but that of group members; and its level and capability at rest."""
    bits = np.empty(2, np.float64)
    words = bits.view(np.uint64)
    for v in range(len(out)):
        bits[0], bits[1] = flat.level[v], flat.rest_capability[v]
        total = _mixed(words[0], words[1]) + np.uint64(flat.flags[v])
        for e in range(flat.reverse_ptr[v], flat.reverse_ptr[v + 1]):
            total += _mixed(ci_id[flat.reverse[e]], flat.reverse_kind[e] + 1)
        for e in range(flat.soft_reverse_ptr[v], flat.soft_reverse_ptr[v + 1]):
            bits[0] = flat.soft_weight[e]
            total += _mixed(ci_id[flat.soft_reverse[e]], words[0])
        for g in range(flat.group_ptr[v], flat.group_ptr[v + 1]):
            bits[0], bits[1] = success[g], hours[g]
            group = _mixed(words[0], words[1]) ^ np.uint64(flat.group_needed[g] * 4 + flat.group_kind[g] * 2 + switches[g])
            for e in range(flat.member_ptr[g], flat.member_ptr[g + 1]):
                bits[0] = flat.member_share[e]
                group = _mixed(group, _mixed(ci_id[flat.member[e]], words[0]))
            total += group
        out[v] = total


def _fingerprints(compiled: CompiledGraph, inputs: RatesAndExposures) -> Array:
    out = np.empty(len(compiled), np.uint64)
    _needs_hash(compiled.flat, compiled.ci_id, inputs.failovers.success, inputs.failovers.hours, inputs.failovers.switches, out)
    return out


def _own(compiled: CompiledGraph, inputs: RatesAndExposures) -> Array:
    """float64[N, 5]: what only the CI's own row reads."""
    return np.stack([inputs.rate, inputs.mean, inputs.sigma, compiled.unavailability, inputs.can_fail.astype(np.float64)], axis=1)


def _services_that_differ(old: CompiledGraph, new: CompiledGraph) -> Array:
    """ci_ids of services that came, went or have another exposure."""

    def exposures_in(compiled: CompiledGraph) -> dict[int, tuple[bytes, ...]]:
        ids = compiled.ci_id[compiled.service_position].tolist()
        plain = np.stack([compiled.customers, compiled.money_per_hour, compiled.mtpd_hours, compiled.mbco_share], axis=1)
        found: dict[int, tuple[bytes, ...]] = {}
        for number, ci_id in enumerate(ids):
            low, high = int(compiled.curve_ptr[number]), int(compiled.curve_ptr[number + 1])
            curve = (compiled.curve_hours[low:high].tobytes(), compiled.curve_loss[low:high].tobytes())
            found[ci_id] = (plain[number].tobytes(), *curve)
        return found

    before, after = exposures_in(old), exposures_in(new)
    return np.asarray(sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key)), np.int64)


def _places(sorted_ids: Array, positions: Array, wanted: Array) -> Array:
    """Position of each wanted ci_id, -1 where there is none."""
    if not len(sorted_ids):
        return np.full(len(wanted), -1, np.int64)
    at = np.minimum(np.searchsorted(sorted_ids, wanted), len(sorted_ids) - 1)
    return np.where(sorted_ids[at] == wanted, positions[at], -1)


def touched(old: CompiledGraph, new: CompiledGraph, reaching: Array | None = None) -> tuple[Array, Array]:
    """(bool[N] CIs of the new estate to sweep again, int64[N] position of each in the old one or -1). `reaching`: ci_ids; the
    caller knows that the structure differs only for outages that reach one of these (as `remade.reaching` says of measures).

    Example by hand: S hard on a, a hard on b, c apart; b's rate changed: b alone. a needs c as well now: a, b and c.
    """
    before, after = rates_and_exposures_of(old), rates_and_exposures_of(new)
    was = _places(old.sorted_ci_id, old.sorted_position, new.ci_id)
    now = _places(new.sorted_ci_id, new.sorted_position, old.ci_id)
    fresh = was < 0
    there = np.maximum(was, 0)
    if not len(old):
        return np.ones(len(new), np.bool_), was
    own_before, own_after = _own(old, before)[there], _own(new, after)
    own = fresh | (own_before.view(np.uint64) != own_after.view(np.uint64)).any(axis=1)
    if reaching is not None and not _same_at_rest(old, new, was):
        return np.ones(len(new), np.bool_), was
    if reaching is not None:
        again = own | needed_by(new.flat, np.unique(_known(_places(new.sorted_ci_id, new.sorted_position, reaching))), True)
        in_old = np.unique(_known(_places(old.sorted_ci_id, old.sorted_position, reaching)))
        leaned = now[needed_by(old.flat, in_old, True)]
        again[leaned[leaned >= 0]] = True
        return again, was
    if new.flat is old.flat and (before.failovers.success == after.failovers.success).all():
        shape = fresh  # compiled from the same structure
    else:
        shape = fresh | (_fingerprints(old, before)[there] != _fingerprints(new, after))
    services = _services_that_differ(old, new)
    starts_new = np.concatenate([np.flatnonzero(shape), _known(_places(new.sorted_ci_id, new.sorted_position, services))])
    gone = np.flatnonzero(now < 0)
    starts_old = np.concatenate([was[shape & ~fresh], gone, _known(_places(old.sorted_ci_id, old.sorted_position, services))])
    again = own | needed_by(new.flat, np.unique(starts_new), True)
    leaned = now[needed_by(old.flat, np.unique(starts_old), True)]
    again[leaned[leaned >= 0]] = True
    return again, was


def _same_at_rest(old: CompiledGraph, new: CompiledGraph, was: Array) -> bool:
    """Whether each CI of both stands in the untouched estate as it did."""
    there = np.flatnonzero(was >= 0)
    return bool((old.flat.rest_capability[was[there]] == new.flat.rest_capability[there]).all())


def _known(places: Array) -> Array:
    return np.asarray(places[places >= 0])


def reassess(
    old: CompiledGraph, first: FirstOrder, new: CompiledGraph, listen: Callable[[float], None] = lambda share: None,
    rule: int = 0, reaching: Array | None = None,
) -> FirstOrder | None:  # fmt: skip
    """`first_order(new)` from `first_order(old)`; None where so much changed that sweeping everything is as quick.

    Example by hand: a rate that doubled doubles the losses of its CI and leaves all other rows as they are.
    """
    again, was = touched(old, new, reaching)
    if not len(again) or again.mean() > WORTH:
        return None
    cis = np.flatnonzero(again).astype(np.int32)
    rows, point_ptr, point_service, pairs = sweep(new, cis, listen, rule=rule, block=SMALL if len(cis) < FEW else None)
    kept = np.flatnonzero(~again)
    number = _service_numbers(old, new)
    total = fresh_rows(len(new))
    for name in Rows._fields:
        column = getattr(total, name)
        column[kept] = getattr(first, name)[was[kept]]
        column[cis] = getattr(rows, name)
    every, old_rows = np.arange(len(cis)), was[kept]
    ptr, (services,) = _woven(
        len(new),
        _Ragged(kept, old_rows, first.point_ptr, [number[first.point_service]]),
        _Ragged(cis, every, point_ptr, [point_service]),
    )
    old_pairs = [number[first.pair_service], first.pair_hours, first.pair_money, first.pair_breaches]
    pair_ptr, parts = _woven(
        len(new), _Ragged(kept, old_rows, first.pair_ptr, old_pairs), _Ragged(cis, every, pairs.ptr, list(pairs[1:]))
    )
    return first_order_of(total, ptr, services, Pairs(pair_ptr, *parts), can_fail(new), len(new.service_position))


def _service_numbers(old: CompiledGraph, new: CompiledGraph) -> Array:
    """int32: the new number of each old service, -1 where it is none any more (no kept row names it)."""
    positions = _places(new.sorted_ci_id, new.sorted_position, old.ci_id[old.service_position])
    return np.where(positions >= 0, new.flat.service_at[np.maximum(positions, 0)], -1).astype(np.int32)


class _Ragged(NamedTuple):
    """Some CIs (positions in the new estate) and where their values lie: row rows[k] of a ragged table with these columns."""

    cis: Array
    rows: Array
    ptr: Array
    columns: list[Array]


def _woven(size: int, kept: _Ragged, swept: _Ragged) -> tuple[Array, list[Array]]:
    """A ragged table of `size` CIs from two that have its rows between them: ptr and columns."""
    counts = np.zeros(size, np.int64)
    for part in (kept, swept):
        counts[part.cis] = np.diff(part.ptr)[part.rows]
    ptr = ptr_of(counts)
    places = [
        (spans(ptr[:-1][part.cis], counts[part.cis]), spans(part.ptr[:-1][part.rows], counts[part.cis])) for part in (kept, swept)
    ]
    columns = []
    for old, new in zip(kept.columns, swept.columns, strict=True):
        column = np.empty(int(ptr[-1]), new.dtype)
        for (target, source), values in zip(places, (old, new), strict=True):
            column[target] = values[source]
        columns.append(column)
    return ptr, columns
