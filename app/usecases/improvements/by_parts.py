"""The value of sets of measures, put together from parts: what pairs of CI and service lose that the same measures touch.

What a part loses depends on the measures of a set that touch it, so a set is assessed only where some part has not been seen
with just these of its measures; and what further measures can take away of a part is at most what it loses beyond what is sure
whatever is done (model 1.20).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from app.domain.errors import InvalidInput
from app.risk.first_order.reassess import touched
from app.risk.first_order.touched_pairs import Touching, classes_of, sure_losses, touching
from app.risk.graph.compiled import CompiledGraph
from app.risk.intake.remade import Change, Removed, Restored, Switched, Twinned, reaching, row_of, sharing
from app.risk.measures.best_set import SetValue
from app.usecases.assess import Assessed
from app.usecases.estate import Estate

Chosen = tuple[int, ...]
PAIRED = {"money_per_year": "money", "service_hours_per_year": "hours"}


class Parts:
    """Measures (64 at most) on a base. `estate`: the estate with a set of them, InvalidInput where that cannot be; `assess`: it
    assessed; `made_of`: of a CI that measures made, the position in the base of the one that it was made of, or -1."""

    def __init__(
        self, base: Assessed, changes: Sequence[Change], unit: str, estate: Callable[[Chosen], Estate],
        assess: Callable[[Chosen], Assessed], made_of: Callable[[Assessed, int], int],
    ) -> None:  # fmt: skip
        self._base, self._changes, self._unit = base, changes, unit
        self._estate, self._assess, self._made_of = estate, assess, made_of
        self._touching, whole = self._touched()
        self._every = (1 << len(changes)) - 1
        self._classes = [int(one) for one in classes_of(base.estate.compiled, self._touching)]
        self._sure = (np.zeros(0, np.int64), np.zeros(0)) if whole else self._floor()
        self._known: dict[tuple[int, int], tuple[float, float]] = {}  # part, chosen of its measures → loss, what may go of it
        self._see(0, base)

    def value(self, chosen: Chosen) -> SetValue:
        """Returns what a set takes away, and what the others can at most."""
        bits = sum(1 << m for m in chosen)
        if any((part, bits & part) not in self._known for part in self._classes):
            self._see(bits, self._assess(chosen))
        less, all_reach, reach = 0.0, 0.0, np.zeros(len(self._changes))
        for part in self._classes:
            loss, most = self._known[part, bits & part]
            less += self._known[part, 0][0] - loss
            left = part & ~bits
            after = self._known.get((part, part)) if left and left & (left - 1) == 0 else None
            more = most if after is None else max(0.0, loss - after[0])
            if left and more > 0.0:
                all_reach += more
                reach[[m for m in range(len(reach)) if left >> m & 1]] += more
        return SetValue(less, reach, all_reach)

    def _touched(self) -> tuple[Touching, bool]:
        """Returns which measures touch what; and whether one changes how CIs stand at rest, or customers are shared, so that
        no service stands for itself: it touches every service then."""
        base, plain = self._base.estate.compiled, self._base.estate.plain
        own, reached, changed, whole = [], [], [], False
        nothing = np.zeros(0, np.int64)
        apart = self._unit in PAIRED or not self._base.populations.shared
        for m, change in enumerate(self._changes):
            new = self._estate((m,)).compiled
            there = places(base, new.ci_id)
            again, was = touched(base, new, nothing)
            row = places(new, base.ci_id) < 0
            row[was[again & (was >= 0)]] = True
            kept = there >= 0
            whole |= bool((base.flat.rest_capability[there[kept]] != new.flat.rest_capability[kept]).any())
            own.append(row)
            reached.append(_there(base, reaching(plain, [change])))
            changed.append(_there(base, _changed(self._base.estate, change)))
        found = touching(base, own, reached, changed)
        if whole or not apart:
            bits = np.uint64((1 << len(self._changes)) - 1)
            found = Touching(found.own, found.through, np.full_like(found.above, bits))
        if whole:
            found = Touching(np.full_like(found.own, bits), found.through, found.above)
        return found, whole or not apart

    def _floor(self) -> tuple[Any, Any]:
        """Returns keys of pairs of the base, ascending, and what each loses at least whatever set is chosen: with all measures
        that shorten or spare something taken, by what stops for sure."""
        base = self._base.estate
        chosen = tuple(m for m, change in enumerate(self._changes) if not _lengthens(base, change))
        try:
            best = self._estate(chosen).compiled
        except InvalidInput:  # not all of them together: nothing is sure then
            return np.zeros(0, np.int64), np.zeros(0)
        rows = np.flatnonzero(self._touching.own | self._touching.through)
        there = places(best, base.compiled.ci_id[rows])
        rows, there = rows[there >= 0], there[there >= 0]
        row, service, hours, money = sure_losses(best, there.astype(np.int32))
        number = _numbers(best, base.compiled)[service]
        value = {"money": money, "hours": hours}.get(PAIRED.get(self._unit, ""), hours * base.compiled.customers[number])
        keys = rows[row] * len(base.compiled.service_position) + number
        order = np.argsort(keys, kind="stable")
        return keys[order], np.nan_to_num(value[order])

    def _see(self, bits: int, then: Assessed) -> None:
        """Takes down what each part loses with the measures in `bits`."""
        base, first = self._base.estate.compiled, then.first
        at = places(base, then.estate.compiled.ci_id)
        made = at < 0
        bit_of_made = np.zeros(len(at), bool)
        for position in np.flatnonzero(made & (np.diff(first.pair_ptr) > 0)).tolist():
            at[position] = self._made_of(then, position)
            bit_of_made[position] = at[position] < 0
        ci = np.repeat(np.arange(len(at)), np.diff(first.pair_ptr))
        wanted = np.flatnonzero((at[ci] < 0) | ((self._touching.own | self._touching.through)[np.maximum(at[ci], 0)] != 0))
        ci, loss = ci[wanted], np.nan_to_num(then.pair_losses(self._unit)[wanted])
        service = _numbers(then.estate.compiled, base)[first.pair_service[wanted]]
        part = self._touching.of(np.maximum(at[ci], 0), service)
        part[bit_of_made[ci]] = np.uint64(self._every)
        sure = np.zeros(len(loss))
        keys, least = self._sure
        if len(keys):
            key = at[ci] * len(base.service_position) + service
            found = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
            sure = np.where((keys[found] == key) & ~made[ci], least[found], 0.0)
        names, inverse = np.unique(part, return_inverse=True)
        lost = dict(zip(names.tolist(), np.bincount(inverse, loss, minlength=len(names)).tolist(), strict=True))
        left = np.bincount(inverse, np.maximum(loss - sure, 0.0), minlength=len(names))
        most = dict(zip(names.tolist(), left.tolist(), strict=True))
        if not lost.keys() <= set(self._classes):  # what nobody foresaw: every set is assessed by itself from here on
            fresh = lost.keys() - set(self._classes)
            self._classes += sorted({*fresh, self._every} - set(self._classes))
            self._known.update({(one, 0): (0.0, 0.0) for one in {*fresh, self._every} if (one, 0) not in self._known})
        for one in self._classes:
            self._known.setdefault((one, bits & one), (lost.get(one, 0.0), most.get(one, 0.0)))


def _changed(estate: Estate, change: Change) -> Any:
    """Returns ci_ids: whatever is another by a change, rates and restore times aside, lies above these."""
    if isinstance(change, Removed):
        return np.asarray([change.dependent_id], np.int64)
    if isinstance(change, Switched):
        return np.asarray([int(estate.plain.groups.dependent_id[change.group])], np.int64)
    return np.asarray([change.ci_id] if isinstance(change, Twinned) else [], np.int64)


def _lengthens(estate: Estate, change: Change) -> bool:
    """Whether a restore would take longer than today."""
    if not isinstance(change, Restored) or change.hours is None:
        return False
    cis = estate.plain.cis
    return any(change.hours > float(cis.repair_hours[row_of(cis, one)]) for one in sharing(estate.plain, change.ci_id))


def _there(compiled: CompiledGraph, ci_ids: Any) -> Any:
    at = places(compiled, ci_ids)
    return at[at >= 0]


def _numbers(of: CompiledGraph, base: CompiledGraph) -> Any:
    """Returns the number in the base of each service of another estate of the same services."""
    return base.flat.service_at[places(base, of.ci_id[of.service_position])]


def places(compiled: CompiledGraph, ci_ids: Any) -> Any:
    """Returns the position of each CI in a compiled estate, -1 where it is not there."""
    if not len(compiled):
        return np.full(len(ci_ids), -1)
    at = np.minimum(np.searchsorted(compiled.sorted_ci_id, ci_ids), len(compiled) - 1)
    return np.where(compiled.sorted_ci_id[at] == ci_ids, compiled.sorted_position[at], -1)
