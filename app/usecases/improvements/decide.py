"""Measures tried in the model: what some do together, the best of them under a budget, and measures that are worth a thought."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from app.domain.errors import InvalidInput
from app.domain.measures import (
    FAILOVER,
    MOST_COST,
    RATE,
    REMOVE,
    RESTORE,
    SECOND_SUPPLIER,
    TWIN,
    BestMeasures,
    HelpedService,
    Measure,
    MeasuresTried,
    SuggestedMeasure,
    SuggestedMeasures,
)
from app.risk.first_order.areas import services_felt
from app.risk.measures.best_set import best_set
from app.usecases.answers.areas import ranking_of
from app.usecases.answers.paths import known
from app.usecases.assess import Assessed, assessed
from app.usecases.improvements.trial import Trial, named, trial_of
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

SERVICES_SHOWN = 10
SUGGESTING_SECONDS = 5.0  # for what candidates do, those of the worst areas first
SECONDS = 15.0  # of the search
LOOKED_AT = 20  # problem areas
SUGGESTED_SWITCH_HOURS = 0.1  # a proposal: six minutes
SUGGESTED_SUCCESS = 0.95  # a proposal
LEAST_SHARE = 1e-6  # of the loss: less is not worth a line
RESTS_ON = {
    TWIN: "a twin is equal to its CI, needs what it needs and takes over at once; soft needs stay on the CI",
    SECOND_SUPPLIER: "the second supplier fails as often as the first, apart from it, and needs what it needs",
    FAILOVER: "the switch takes the time and works as often as stated",
    RESTORE: "the restore takes the time stated, at each failure",
    RATE: "what fails less often takes as long to restore",
    REMOVE: "whoever needs it no longer loses nothing by that",
}
FIRST_ORDER = "one failure at a time (first order): that both of two fail apart from each other in the same hours is not counted"


def try_measures(tools: Tools, measures: Sequence[Measure], revision: int | None = None) -> MeasuresTried:
    """Returns what measures do together, on the current revision or another; nothing is written."""
    trial = trial_of(tools, measures, revision)
    every = tuple(range(len(measures)))
    alone = [trial.less((m,)) for m in every]
    effect = trial.effect(every)
    costs = [measure.cost for measure in measures if measure.cost is not None]
    return MeasuresTried(
        stamp_of(trial.base.estate, tools.documents), list(measures), [one.sentence for one in trial.measures], effect, alone,
        effect.less - sum(alone), helped_services(trial, every), rests_on(measures),
        float(sum(costs)) if len(costs) == len(measures) else None,
    )  # fmt: skip


def best_measures(
    tools: Tools, measures: Sequence[Measure], budget: float, revision: int | None = None, seconds: float = SECONDS
) -> BestMeasures:
    """Returns the set of measures that takes most loss away within a budget. Each must say its cost."""
    if not 0.0 <= budget <= MOST_COST:
        raise InvalidInput(f"budget: from 0 to {MOST_COST:g}", field="budget")
    missing = [str(number + 1) for number, measure in enumerate(measures) if measure.cost is None]
    if missing:
        raise InvalidInput(f"cost: measures {', '.join(missing)} have none: people say what a measure costs", field="cost")
    trial = trial_of(tools, measures, revision)
    until = time.monotonic() + seconds
    costs = [measure.cost or 0.0 for measure in measures]
    found = best_set(costs, budget, trial.value, lambda: time.monotonic() < until)
    effect = trial.effect(found.chosen)
    alone = [trial.value((m,)).less for m in found.chosen]
    bound = max(found.bound, effect.less)
    return BestMeasures(
        stamp_of(trial.base.estate, tools.documents), trial.unit, budget, list(found.chosen),
        [trial.measures[m].sentence for m in found.chosen], found.cost, effect, alone, effect.less - sum(alone), bound,
        0.0 if found.exact else bound - effect.less, found.exact, found.tried, rests_on([measures[m] for m in found.chosen]),
    )  # fmt: skip


def suggested_measures(tools: Tools, limit: int) -> SuggestedMeasures:
    """Returns measures for the worst problem areas with what each takes away, most first. Nobody invents their costs."""
    base = assessed(tools.estates, tools.cache, None)
    candidates, until = _candidates(base), time.monotonic() + SUGGESTING_SECONDS
    found, worked_out = [], 0
    for measure, because in candidates:
        if time.monotonic() > until:
            break
        worked_out += 1
        one = _suggested(tools, base, measure, because)
        found += [one] if one is not None else []
    found.sort(key=lambda one: (-one.less, one.sentence))
    return SuggestedMeasures(
        stamp_of(base.estate, tools.documents), ranking_of(base, "ci").measure, found[:limit], len(found), worked_out,
        len(candidates), limit, len(found) > limit,
    )  # fmt: skip


def _candidates(base: Assessed) -> list[tuple[Measure, str]]:
    """Returns a twin for each single point, a restore in half the time, and groups that switch slowly or by hand, of the worst
    CIs."""
    estate, ranking = base.estate, ranking_of(base, "ci")
    places = [int(area) for area in ranking.area[: LOOKED_AT * 2].tolist() if area not in estate.causes][:LOOKED_AT]
    found: list[tuple[Measure, str]] = []
    for position in places:
        key, name = estate.key(position), estate.name(position)
        stops, _ = services_felt(base.first, position)
        if position not in estate.service_number and stops:
            services = "1 service" if stops == 1 else f"{stops} services"
            found.append((Measure(TWIN, key), f"{name} alone stops {services}"))
        hours = float(estate.compiled.repair_hours[position])
        if hours > 0:
            found.append((Measure(RESTORE, key, share=0.5), f"{name} takes {hours:.3g} h to restore"))
    return found + _slow_groups(base, set(places))


def _slow_groups(base: Assessed, places: set[int]) -> list[tuple[Measure, str]]:
    flat, compiled = base.estate.compiled.flat, base.estate.compiled
    found = []
    for group in range(len(flat.group_kind)):
        active = flat.member[flat.member_ptr[group] : flat.member_ptr[group] + flat.group_needed[group]]
        hours, success = float(compiled.failover_hours[group]), float(compiled.failover_success[group])
        slow = not np.isnan(hours) and (hours > SUGGESTED_SWITCH_HOURS or success < SUGGESTED_SUCCESS)
        if slow and places & set(active.tolist()):
            measure = Measure(
                FAILOVER, group=compiled.group_key(group), hours=min(hours, SUGGESTED_SWITCH_HOURS),
                success=max(success, SUGGESTED_SUCCESS),
            )  # fmt: skip
            found.append((measure, f"its switch takes {hours * 60:.3g} min and works {100 * success:.3g} % of the times"))
    return found


def _suggested(tools: Tools, base: Assessed, measure: Measure, because: str) -> SuggestedMeasure | None:
    """Returns a measure with what it does; None where the model has none of it to take away, or cannot try it."""
    try:
        one = named(tools, base, measure)
        trial = Trial(base, [one], ranking_of(base, "ci").measure)
        less = trial.less((0,))
    except InvalidInput:
        return None
    before = trial.losses(())[2]
    if not less > LEAST_SHARE * before:
        return None
    return SuggestedMeasure(measure, one.sentence, because, less, less / before)


def helped_services(trial: Trial, chosen: tuple[int, ...]) -> list[HelpedService]:
    """Returns the services whose hours down fall most, those first."""
    before, after = trial.base, trial.with_set(chosen)
    was, now = before.services.service_hours, after.services.service_hours
    there = [after.estate.service_number[after.estate.position(int(ci_id))] for ci_id in _service_ids(before)]
    less = np.nan_to_num(was) - np.nan_to_num(now[there])
    order = np.lexsort((np.arange(len(less)), -less))[:SERVICES_SHOWN].tolist()
    return [
        HelpedService(
            before.estate.service_keys[number], before.estate.service_name(number), known(was[number]), known(now[there[number]])
        )
        for number in order
        if less[number] > 1e-9
    ]


def _service_ids(base: Assessed) -> list[int]:
    return [base.estate.ci_id(int(position)) for position in base.estate.compiled.service_position.tolist()]


def rests_on(measures: Sequence[Measure]) -> list[str]:
    """Returns what the numbers assume."""
    kinds = dict.fromkeys(measure.kind for measure in measures)
    return [FIRST_ORDER, *(RESTS_ON[kind] for kind in kinds)]
