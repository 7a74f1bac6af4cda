"""An estate on which measures are tried: what it loses with a set of them, and what each could reach at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.domain.ci_classes import ci_classes
from app.domain.errors import InvalidInput, NotFound
from app.domain.measures import (
    FAILOVER,
    MOST_MEASURES,
    RATE,
    REMOVE,
    RESTORE,
    Effect,
    Measure,
    checked_measure,
    shared_by,
)
from app.domain.sentences import percent
from app.risk.intake.cause_rows import FIRST_ID
from app.risk.intake.remade import Change, Rarer, Removed, Restored, Switched, Twinned, has_need, reaching, remade, sharing
from app.risk.measures.best_set import SetValue
from app.risk.study.effect import effect_range
from app.risk.study.uncertainty import ranges_of
from app.usecases.answers.areas import ranking_of
from app.usecases.assess import Assessed, altered, assessed
from app.usecases.estate import Estate
from app.usecases.find import identify
from app.usecases.improvements.by_parts import Parts, places
from app.usecases.stability_tests.named_group import named_group
from app.usecases.tools import Tools

SURE = 1.0  # a failover of which nobody says how often it works


@dataclass(frozen=True, slots=True)
class Named:
    """A measure with what it names found in the estate."""

    measure: Measure
    change: Change
    sentence: str
    ci_ids: tuple[int, ...]  # of the ledger: what the measure works on


@dataclass(slots=True)
class Trial:
    """Measures on a base. Sets are named by the numbers of the measures; each is assessed once."""

    base: Assessed
    measures: Sequence[Named]
    unit: str
    _after: dict[tuple[int, ...], Assessed] = field(default_factory=dict)
    _losses: dict[tuple[int, ...], tuple[Any, float, float]] = field(default_factory=dict)
    _parts: Parts | None = None

    def with_set(self, chosen: tuple[int, ...]) -> Assessed:
        """Returns the assessment with these measures; the last few are kept."""
        if not chosen:
            return self.base
        if chosen not in self._after:
            self._after.clear()
            self._after[chosen] = self._assessed(chosen)
        return self._after[chosen]

    def _estate(self, chosen: tuple[int, ...]) -> Estate:
        estate = self.base.estate.remade(remade(self.base.estate.plain, self._changes(chosen)))
        refused = [text for text in estate.expanded.warnings if text not in self.base.estate.expanded.warnings]
        if refused:  # a common cause that was not used would make the measures look better than they are
            raise InvalidInput(f"measures: {refused[0]}", field="measures")
        return estate

    def _changes(self, chosen: tuple[int, ...]) -> list[Change]:
        return [self.measures[m].change for m in chosen]

    def _assessed(self, chosen: tuple[int, ...]) -> Assessed:
        return altered(self.base, self._estate(chosen), reaching(self.base.estate.plain, self._changes(chosen)))

    def losses(self, chosen: tuple[int, ...]) -> tuple[Any, float, float]:
        """Returns what each CI of the base loses a year with these measures (float64[N]), what CIs lose that they made, and the
        sum."""
        if chosen not in self._losses:
            then = self.with_set(chosen)
            column = np.nan_to_num(then.totals.values()[self.unit])
            at = places(then.estate.compiled, self.base.estate.compiled.ci_id)
            mine = np.where(at >= 0, column[np.maximum(at, 0)], 0.0)
            total = float(column.sum())
            self._losses[chosen] = mine, max(total - float(mine.sum()), 0.0), total
            if len(self._losses) > MOST_KEPT:
                self._losses.pop(next(iter(self._losses)))
        return self._losses[chosen]

    def less(self, chosen: tuple[int, ...]) -> float:
        return self.losses(())[2] - self.losses(chosen)[2]

    def value(self, chosen: tuple[int, ...]) -> SetValue:
        """Returns what a set takes away, and what the others can at most."""
        if self._parts is None:
            changes = [one.change for one in self.measures]
            self._parts = Parts(self.base, changes, self.unit, self._estate, self.with_set, self._made_of)
        return self._parts.value(chosen)

    def effect(self, chosen: tuple[int, ...]) -> Effect:
        """Returns the effect of a set, with its range."""
        before, after = self.losses(())[2], self.losses(chosen)[2]
        rows, less = self._less_by_ci(chosen)
        ranges = ranges_of(self.base.estate.graph.cis, self.base.estate.compiled.row, ci_classes())
        low, high = effect_range(ranges, self.base.estate.compiled.ci_id, rows, less)
        return Effect(self.unit, before, after, before - after, low, high)

    def _less_by_ci(self, chosen: tuple[int, ...]) -> tuple[Any, Any]:
        """Returns positions in the base and what their loss falls by; what measures made stands at the CI it was made of."""
        then = self.with_set(chosen)
        before = np.nan_to_num(self.base.totals.values()[self.unit])
        after = np.nan_to_num(then.totals.values()[self.unit])
        at = places(self.base.estate.compiled, then.estate.compiled.ci_id)
        for position in np.flatnonzero((at < 0) & (after != 0)).tolist():
            at[position] = self._made_of(then.estate, position)
        rows = np.concatenate([np.arange(len(before)), at])
        less = np.concatenate([before, -after])
        kept = rows >= 0
        sums = np.bincount(rows[kept], weights=less[kept], minlength=len(before))
        changed = np.flatnonzero(sums)
        return changed, sums[changed]

    def _made_of(self, then: Estate, position: int) -> int:
        ci_id = then.ci_id(position)
        twins = sorted(
            (named.change for named in self.measures if isinstance(named.change, Twinned)),
            key=lambda one: (one.ci_id, one.share, one.supplier),
        )
        if ci_id >= FIRST_ID:
            rows = next((cause.rows for cause in then.expanded.causes if cause.ci_id == ci_id), None)
            if rows is None:
                return -1
            ci_id = int(then.plain.cis.ci_id[int(rows[0])])
        place = int(places(self.base.estate.compiled, np.asarray([ci_id]))[0])
        if place >= 0 or not twins:
            return place
        key = then.key(position).rpartition("~")[0]
        return next((one for one in self._positions(twins) if self.base.estate.key(one) == key), -1)

    def _positions(self, twins: Sequence[Twinned]) -> list[int]:
        return [self.base.estate.position(one.ci_id) for one in twins]


MOST_KEPT = 2 * MOST_MEASURES


def trial_of(tools: Tools, measures: Sequence[Measure], revision: int | None = None) -> Trial:
    """Returns a trial of measures on a revision (default: the current one). InvalidInput, NotFound where one cannot be made."""
    if not 1 <= len(measures) <= MOST_MEASURES:
        raise InvalidInput(f"measures: 1 to {MOST_MEASURES}", field="measures")
    base = assessed(tools.estates, tools.cache, revision)
    return Trial(base, [named(tools, base, measure) for measure in measures], ranking_of(base, "ci").measure)


def named(tools: Tools, base: Assessed, measure: Measure) -> Named:
    """Returns a measure with what it names, and a sentence that says it."""
    checked_measure(measure)
    if measure.kind == FAILOVER:
        return _failover(tools, base, measure)
    ci_id, name = _ci(tools, base, measure.ci)
    if measure.kind == REMOVE:
        provider, provider_name = _ci(tools, base, measure.provider)
        if not has_need(base.estate.plain, ci_id, provider):
            raise InvalidInput(f"{name} does not need {provider_name} by itself", field="provider")
        return Named(measure, Removed(ci_id, provider), f"{name} no longer needs {provider_name}", (ci_id, provider))
    if measure.kind == RESTORE:
        share = 0.5 if measure.share is None else measure.share
        how = f"{measure.hours:g} h" if measure.hours is not None else f"{percent(share)} of the time it takes today"
        others = len(sharing(base.estate.plain, ci_id)) - 1
        also = f", and {others} that share failures with it" if others else ""
        return Named(measure, Restored(ci_id, measure.hours, measure.share), f"{name} is back in {how}{also}", (ci_id,))
    if measure.kind == RATE:
        share = 0.5 if measure.share is None else measure.share
        others = len(sharing(base.estate.plain, ci_id)) - 1
        also = f", and {others} that share failures with it" if others else ""
        return Named(measure, Rarer(ci_id, share), f"{name} fails {percent(share)} as often as it does today{also}", (ci_id,))
    if base.estate.position(ci_id) in base.estate.service_number:
        raise InvalidInput(f"{name} is a service, which has no twin: twin what it needs", field="ci")
    share = shared_by(measure)
    both = f"{percent(share)} of its failures take both" if share else "nothing takes both"
    what = f"a second supplier of {name}: {measure.supplier}" if measure.supplier else f"a twin of {name}"
    return Named(measure, Twinned(ci_id, share, measure.supplier), f"{what} ({both})", (ci_id,))


def _ci(tools: Tools, base: Assessed, text: str) -> tuple[int, str]:
    hit = identify(tools.store, base.estate.revision.revision, text)
    return hit.ci_id, base.estate.name(base.estate.position(hit.ci_id))


def _failover(tools: Tools, base: Assessed, measure: Measure) -> Named:
    key = named_group(tools, base.estate.revision.revision, measure.group)
    groups = base.estate.plain.groups
    if key not in groups.key:
        raise NotFound(f"the group {key} plays no part in the assessed estate")
    row, success = list(groups.key).index(key), SURE if measure.success is None else measure.success
    dependent = int(groups.dependent_id[row])
    name = base.estate.name(base.estate.position(dependent))
    assert measure.hours is not None
    sentence = f"the group of {name} switches by itself in {measure.hours * 60:g} min, {percent(success)} of the times"
    return Named(measure, Switched(row, measure.hours, success), sentence, (dependent,))
