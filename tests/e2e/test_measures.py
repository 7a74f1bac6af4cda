"""Measures tried in the model: by hand, against the estate that was really changed, and the best of them against all sets."""

from __future__ import annotations

import random
from itertools import combinations
from typing import Any

import pytest

from app.domain.measures import Measure
from app.usecases.assess import assessed
from app.usecases.improvements.decide import best_measures, suggested_measures, try_measures
from app.usecases.improvements.trial import trial_of
from tests.e2e.conftest import Service


def ci(key: str, rate: float = 1.0, hours: float = 4.0, kind: str = "server") -> dict[str, Any]:
    return {"key": key, "name": key, "class": kind, "failures_per_year": rate, "repair_hours": hours}


def shop(**more: Any) -> dict[str, Any]:
    """shop needs app and 1 of n1, n2; app needs db: 100 an hour. db and app fail once a year for 4 h, shop never."""
    estate = {
        "cis": [ci("shop", 0.0, 1.0, "business_service"), *map(ci, ("app", "db", "n1", "n2"))],
        "dependencies": [{"dependent": "shop", "provider": "app"}, {"dependent": "app", "provider": "db"}],
        "groups": [
            {"key": "nodes", "dependent": "shop", "needed": 1, "members": ["n1", "n2"], "failover_minutes": 60,
             "failover_success": 0.5},
        ],
        "services": [{"key": "shop", "customers": 10, "money_per_hour": 100.0}],
    }  # fmt: skip
    return estate | more


YEAR = 8766.0


def test_measures_by_hand(service: Service) -> None:
    """app and db cost 400 a year each (less their own share of down time); a twin of db that shares a tenth leaves 40."""
    service.document(shop())
    alone = 400.0 * YEAR / (YEAR + 4.0)
    told = try_measures(service.forestay, [Measure("twin", "db")])
    assert told.effect.less == pytest.approx(0.9 * alone, rel=1e-3) and told.effect.unit == "money_per_year"
    assert told.effect.less_low == pytest.approx(told.effect.less) == pytest.approx(told.effect.less_high)
    both = try_measures(service.forestay, [Measure("twin", "db"), Measure("restore", "db", share=0.5)])
    assert both.effect.less == pytest.approx(0.95 * alone, rel=1e-3)
    assert both.alone == pytest.approx([0.9 * alone, 0.5 * alone], rel=1e-3)
    assert both.together_more == pytest.approx(-0.45 * alone, rel=1e-3)
    rarer = try_measures(service.forestay, [Measure("rate", "db", share=0.25)])
    assert rarer.effect.less == pytest.approx(0.75 * alone, rel=1e-3)
    assert rarer.sentences == ["db fails 25 % as often as it does today"]
    twins = try_measures(service.forestay, [Measure("twin", "db"), Measure("twin", "db")])
    assert twins.effect.less == pytest.approx(told.effect.less)
    second = try_measures(service.forestay, [Measure("second_supplier", "db", supplier="B")])
    assert second.effect.less == pytest.approx(alone, rel=1e-3)
    gone = try_measures(service.forestay, [Measure("remove", "app", provider="db")])
    assert gone.effect.less == pytest.approx(alone, rel=1e-3)
    assert [(row.name, row.hours_before > row.hours_after) for row in gone.services] == [("shop", True)]
    switch = try_measures(service.forestay, [Measure("failover", group="shop", hours=0.0, success=1.0)])
    assert switch.effect.less == pytest.approx(0.5 * 100 + 0.5 * 400, rel=2e-2)


def test_the_effect_is_that_of_the_estate_that_was_really_changed(service: Service) -> None:
    estate = shop()
    service.document(estate)
    measures = [
        Measure("twin", "db", common_cause_share=0.2), Measure("restore", "app", hours=1.0),
        Measure("failover", group="shop", hours=0.1, success=0.9),
    ]  # fmt: skip
    told = try_measures(service.forestay, measures)
    before = assessed(service.forestay.estates, service.forestay.cache, None).totals.sums()["money_per_year"]
    estate["cis"] = [{**row, "repair_hours": 1.0} if row["key"] == "app" else row for row in estate["cis"]] + [ci("db2")]
    estate["dependencies"] = estate["dependencies"][:1]
    estate["groups"] = [
        {**estate["groups"][0], "failover_minutes": 6, "failover_success": 0.9},
        {"key": "dbs", "dependent": "app", "needed": 1, "members": ["db", "db2"], "common_cause_share": 0.2},
    ]
    service.document(estate)
    after = assessed(service.forestay.estates, service.forestay.cache, None).totals.sums()["money_per_year"]
    assert told.effect.before == pytest.approx(before, rel=1e-12) and told.effect.after == pytest.approx(after, rel=1e-9)


def test_members_of_a_common_cause_are_restored_alike(service: Service) -> None:
    """A common cause has the restore time of its members: if one of them was restored faster by itself it would be dropped."""
    pair = {"key": "nodes", "dependent": "shop", "needed": 1, "members": ["n1", "n2"], "common_cause_share": 0.25}
    service.document(shop(groups=[pair]))
    told = try_measures(service.forestay, [Measure("restore", "n1", share=0.5)])
    assert told.effect.less == pytest.approx(0.5 * 0.25 * 400, rel=1e-2)
    assert "and 1 that share failures with it" in told.sentences[0]


@pytest.mark.parametrize(
    ("measure", "field"),
    [
        (Measure("triplet", "db"), "kind"), (Measure("twin"), "ci"), (Measure("twin", "shop"), "ci"),
        (Measure("remove", "shop", provider="db"), "provider"), (Measure("restore", "db", hours=1.0, share=0.5), "share"),
        (Measure("failover", group="shop"), "hours"), (Measure("failover", group="nodes", hours=1.0, success=1.5), "success"),
    ],
)  # fmt: skip
def test_what_cannot_be_tried_is_refused(service: Service, measure: Measure, field: str) -> None:
    service.document(shop())
    with pytest.raises(Exception) as refused:
        try_measures(service.forestay, [measure])
    assert refused.value.details["field"] == field


def random_estate(seed: int) -> dict[str, Any]:
    """A layered estate with chains, groups that share failures, and slow switches."""
    rng = random.Random(seed)
    keys = [f"c{n}" for n in range(9)]
    estate: dict[str, Any] = {
        "cis": [ci(key, rng.choice((0.5, 1.0, 3.0)), rng.choice((1.0, 4.0, 12.0))) for key in keys]
        + [ci(key, 0.0, 1.0, "business_service") for key in ("s1", "s2")],
        "dependencies": [], "groups": [],
        "services": [{"key": key, "money_per_hour": rng.choice((50.0, 300.0))} for key in ("s1", "s2")],
    }  # fmt: skip
    for key in ("s1", "s2"):
        estate["dependencies"] += [{"dependent": key, "provider": provider} for provider in rng.sample(keys[:4], 2)]
    for number, key in enumerate(keys[:6]):
        estate["dependencies"] += [{"dependent": key, "provider": rng.choice(keys[number + 1 :])}]
    for number in range(2):
        members = rng.sample(keys[5:], 2)
        estate["groups"].append(
            {"key": f"g{number}", "dependent": keys[number], "needed": 1, "members": members, "failover_minutes": 60,
             "failover_success": 0.6}
        )  # fmt: skip
    return estate


def random_measures(seed: int, count: int) -> list[Measure]:
    rng = random.Random(seed)
    found = [Measure("failover", group=f"c{n}", hours=0.1, success=0.95, cost=rng.choice((1.0, 2.0))) for n in range(2)]
    while len(found) < count:
        key = f"c{rng.randrange(9)}"
        cost = rng.choice((1.0, 2.0, 3.0))
        found.append(Measure("twin", key, cost=cost) if rng.random() < 0.6 else Measure("restore", key, share=0.5, cost=cost))
    return found


def best_of_all(service: Service, measures: list[Measure], budget: float) -> float:
    trial = trial_of(service.forestay, measures)
    numbers = range(len(measures))
    sets = (chosen for size in range(len(measures) + 1) for chosen in combinations(numbers, size))
    return max(trial.less(chosen) for chosen in sets if sum(measures[m].cost or 0.0 for m in chosen) <= budget)


@pytest.mark.parametrize("seed", range(2))
def test_the_best_measures_are_the_best_of_all_sets(service: Service, seed: int) -> None:
    service.document(random_estate(seed))
    measures = random_measures(seed, 5)
    found = best_measures(service.forestay, measures, 5.0, seconds=600.0)
    assert found.exact and found.gap == 0.0
    assert found.effect.less == pytest.approx(best_of_all(service, measures, 5.0), rel=1e-9)


@pytest.mark.parametrize("seed", [0, 3])
def test_a_set_is_worth_its_parts_and_no_further_set_more_than_the_bound(service: Service, seed: int) -> None:
    """Of every set of five measures and every set that contains it, whatever was asked before."""
    service.document(random_estate(seed))
    trial = trial_of(service.forestay, random_measures(seed, 5))
    sets = [chosen for size in range(6) for chosen in combinations(range(5), size)]
    less = {chosen: trial.less(chosen) for chosen in sets}
    random.Random(seed).shuffle(sets)
    for chosen in [*sets, *sets[:8]]:
        value = trial.value(chosen)
        assert value.less == pytest.approx(less[chosen], rel=1e-9, abs=1e-9)
        for more in sets:
            if set(more) >= set(chosen):
                further = sum(value.reach[m] for m in more if m not in chosen)
                assert less[more] <= value.less + min(further, value.all_reach) + 1e-6


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "count"), [(11, 12), (12, 8)])
def test_the_best_of_up_to_twelve_measures(service: Service, seed: int, count: int) -> None:
    service.document(random_estate(seed))
    measures = random_measures(seed, count)
    found = best_measures(service.forestay, measures, 7.0, seconds=600.0)
    assert found.exact and found.effect.less == pytest.approx(best_of_all(service, measures, 7.0), rel=1e-9)
    ended = best_measures(service.forestay, measures, 7.0, seconds=0.0)
    assert ended.effect.less <= found.effect.less * (1 + 1e-9) <= ended.bound * (1 + 2e-9)
    assert not ended.exact and ended.gap > 0


def test_suggestions_name_no_costs_and_say_why(service: Service) -> None:
    service.document(shop())
    told = suggested_measures(service.forestay, 10)
    assert {one.measure.kind for one in told.items} == {"twin", "restore", "failover"}
    assert all(one.measure.cost is None and one.less > 0 for one in told.items)
    assert [one.less for one in told.items] == sorted((one.less for one in told.items), reverse=True)
    assert {one.because for one in told.items} >= {"db alone stops 1 service", "db takes 4 h to restore"}
