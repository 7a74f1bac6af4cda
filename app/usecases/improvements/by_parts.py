"""The value of sets of measures, put together from parts: what pairs of CI and service lose that the same measures touch.

What a part loses depends on the measures of a set that touch it, so a set is assessed only where some part has not been seen
with just these of its measures; and what further measures can take away of a part is at most what it loses beyond what is sure
whatever is done (model 1.20).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from app.domain.errors import InvalidInput
from app.risk.first_order.reassess import touched
from app.risk.first_order.sweep import desk_of, sweep_rows
from app.risk.first_order.touched_pairs import Touching, classes_of, sure_losses, touching
from app.risk.graph.compiled import CompiledGraph
from app.risk.intake.remade import Change, Removed, Restored, Switched, Twinned, reaching, row_of, sharing
from app.risk.measures.best_set import SetValue
from app.risk.outage.rates_and_exposures import rates_and_exposures_of
from app.usecases.assess import Assessed
from app.usecases.estate import Estate

Chosen = tuple[int, ...]
MOST_SEEN = 6  # measures of a part whose sets are gone through for a bound
PAIRED = {"money_per_year": "money", "service_hours_per_year": "hours"}


class Parts:
    """Measures (64 at most) on a base. `estate`: the estate with a set of them, InvalidInput where that cannot be; `assess`: it
    assessed; `made_of`: of a CI that measures made, the position in the base of the one that it was made of, or -1."""

    def __init__(
        self, base: Assessed, changes: Sequence[Change], unit: str, estate: Callable[[Chosen], Estate],
        assess: Callable[[Chosen], Assessed], made_of: Callable[[Estate, int], int],
    ) -> None:  # fmt: skip
        self._base, self._changes, self._unit = base, changes, unit
        self._estate, self._assess, self._made_of = estate, assess, made_of
        self._touching, whole = self._touched()
        self._apart = not whole
        self._every = (1 << len(changes)) - 1
        self._classes = [int(one) for one in classes_of(base.estate.compiled, self._touching)]
        self._sure = (np.zeros(0, np.int64), np.zeros(0)) if whole else self._floor()
        self._known: dict[tuple[int, int], tuple[float, float]] = {}  # part, chosen of its measures → loss, what may go of it
        self._see(0, base)

    def value(self, chosen: Chosen) -> SetValue:
        """Returns what a set takes away, and what the others can at most."""
        bits = sum(1 << m for m in chosen)
        unseen = [part for part in self._classes if (part, bits & part) not in self._known]
        if unseen and self._apart:
            self._look(bits, chosen, unseen)
        elif unseen:
            self._see(bits, self._assess(chosen))
        less, all_reach, reach = 0.0, 0.0, np.zeros(len(self._changes))
        for part in self._classes:
            less += self._known[part, 0][0] - self._known[part, bits & part][0]
            left = part & ~bits
            if left:
                more, shares = self._further(part, bits & part, left)
                all_reach += more
                reach += shares
        return SetValue(less, reach, all_reach)

    def _further(self, part: int, taken: int, left: int) -> tuple[float, Any]:
        """Returns what measures in `left` can take away of a part at most, in all, and in shares whose sums over any of them are
        at least what these can: by what was seen, else by all that is not sure to stay."""
        loss, most = self._known[part, taken]
        shares = np.zeros(len(self._changes))
        each = [m for m in range(len(shares)) if left >> m & 1]
        if most <= 0.0:
            return 0.0, shares
        if len(each) > MOST_SEEN:
            shares[each] = most
            return most, shares
        gains = {}
        for size in range(1, len(each) + 1):
            for some in combinations(each, size):
                seen = self._known.get((part, taken | sum(1 << m for m in some)))
                gains[some] = most if seen is None else loss - seen[0]
        for some, gain in gains.items():
            lacks = gain - shares[list(some)].sum()
            if lacks > 0.0:
                shares[list(some)] += lacks / len(some)
        return max(0.0, *gains.values()), shares

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
        """Takes down what each part loses with the measures in `bits`, from an assessment."""
        first = then.first
        ci = np.repeat(np.arange(len(first.pair_ptr) - 1), np.diff(first.pair_ptr))
        self._take_down(bits, then.estate, ci, first.pair_service, then.pair_losses(self._unit), self._classes)

    def _look(self, bits: int, chosen: Chosen, parts: Sequence[int]) -> None:
        """Takes down what these parts lose with the measures in `bits`: only CIs and services that one of them has are swept."""
        base, then = self._base.estate.compiled, self._estate(chosen)
        wanted_parts = np.asarray(parts, np.uint64)
        own, through, above = self._touching.own, self._touching.through, self._touching.above
        roots = np.flatnonzero(own | through)
        kinds, of_kind = np.unique(np.stack([own[roots], through[roots]], axis=1), axis=0, return_inverse=True)
        words, of_word = np.unique(above, return_inverse=True)
        hit = np.isin(kinds[:, :1] | (kinds[:, 1:] & words), wanted_parts)
        roots = roots[np.asarray(hit.any(axis=1))[of_kind.reshape(-1)]]
        there = places(then.compiled, base.ci_id[roots])
        made = np.flatnonzero(places(base, then.compiled.ci_id) < 0)
        cis = np.concatenate([there[there >= 0], made]).astype(np.int32)
        numbers = _numbers(then.compiled, base)
        inputs = rates_and_exposures_of(then.compiled)
        desk = desk_of(then.compiled, inputs)
        _, _, _, pairs = sweep_rows(then.compiled, inputs, cis, desk, wanted=np.asarray(hit.any(axis=0))[of_word][numbers])
        paid = {"money": pairs.money, "hours": pairs.hours}.get(
            PAIRED.get(self._unit, ""), pairs.hours * then.compiled.customers[pairs.service]
        )
        self._take_down(bits, then, np.repeat(cis, np.diff(pairs.ptr)), pairs.service, paid, parts)

    def _take_down(self, bits: int, then: Estate, ci: Any, service: Any, paid: Any, parts: Sequence[int]) -> None:
        """Takes down what `parts` lose, from pairs of an estate: position, service, loss a year."""
        base, touching = self._base.estate.compiled, self._touching
        loss, service = np.nan_to_num(paid), _numbers(then.compiled, base)[service]
        of = places(base, then.compiled.ci_id)
        made = of < 0
        for position in np.unique(ci[made[ci]]).tolist():
            of[position] = self._made_of(then, position)
        known = of[ci] >= 0
        part = np.where(known, touching.of(np.maximum(of[ci], 0), service), np.uint64(self._every))
        sure = np.zeros(len(loss))
        keys, least = self._sure
        if len(keys):
            key = of[ci] * len(base.service_position) + service
            found = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
            sure = np.where((keys[found] == key) & ~made[ci], least[found], 0.0)
        names, inverse = np.unique(part, return_inverse=True)
        lost = dict(zip(names.tolist(), np.bincount(inverse, loss, minlength=len(names)).tolist(), strict=True))
        left = np.bincount(inverse, np.maximum(loss - sure, 0.0), minlength=len(names))
        most = dict(zip(names.tolist(), left.tolist(), strict=True))
        if fresh := lost.keys() - {0, *self._classes}:  # what nobody foresaw: every set is looked at by itself from here on
            self._apart = False
            self._classes += sorted({*fresh, self._every} - set(self._classes))
            self._known.update({(one, 0): (0.0, 0.0) for one in {*fresh, self._every} if (one, 0) not in self._known})
            self._see(bits, self._assess(tuple(m for m in range(len(self._changes)) if bits >> m & 1)))
            return
        for one in parts:
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
