"""Simulated years against the same years in plain Python, against closed forms, and bit by bit for any threads and splits."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest

from app.domain.errors import InvalidInput
from app.domain.quantities import HOURS_PER_YEAR
from app.risk.graph.subestate import subestate_of
from app.risk.intake.compile import compile_graph
from app.risk.sampling.events import BLOCK_YEARS
from app.risk.sampling.years import Years, simulate_years
from tests.builders import estate
from tests.unit.risk.build import graph_of
from tests.unit.risk.first_order.test_sweep import rich_estate
from tests.unit.risk.sampling.year_oracle import YearOracle


def years_of(built: Any, seed: int, blocks: int, service: str = "S", first: int = 0) -> Years:
    return simulate_years(subestate_of(built.compiled, int(built.at(service)[0])), seed, first, first + blocks)


def never(*names: str) -> dict[str, dict[str, float]]:
    return {name: {"failures_per_year": 0.0, "repair_hours": 1.0} for name in names}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.compiled
def test_years_are_what_plain_python_makes_of_the_same_times(seed: int) -> None:
    rng = random.Random(seed)
    outages = stops = switched = 0
    for number in range(40):
        built = rich_estate(rng, rng.randint(2, 8))
        for ci in built["cis"]:
            ci["failures_per_year"] = rng.choice((0.0, 1.0, 12.0, 60.0))
            ci["repair_hours"] = rng.choice((0.0, 2.0, 30.0, 150.0))
        compiled = compile_graph(graph_of(built))
        for service, position in enumerate(compiled.service_position.tolist()):
            cut = subestate_of(compiled, position)
            if cut.compiled.flat.rest_capability[cut.target] == 0:
                continue
            got = simulate_years(cut, seed, number, number + 1)
            oracle = YearOracle(built, cut, seed, number)
            want_outages, want_stops, sums = oracle.run()
            assert got.lost_hours.sum() == pytest.approx(sums["lost"], rel=1e-9, abs=1e-9)
            assert got.down_hours.sum() == pytest.approx(sums["down"], rel=1e-9, abs=1e-9)
            assert got.out_hours.sum() == pytest.approx(sums["out"], rel=1e-9, abs=1e-9)
            paid = (
                not math.isnan(compiled.money_per_hour[service]) or compiled.curve_ptr[service + 1] > compiled.curve_ptr[service]
            )
            for mine, theirs in ((got.outages, want_outages), (got.stops, want_stops)):
                assert mine.start_hours.tolist() == [s.start for s in theirs]
                assert [oracle.names[i] for i in mine.initiator] == [s.initiator for s in theirs]
                assert mine.alone.tolist() == [s.alone for s in theirs]
                assert mine.hours == pytest.approx([s.end - s.start for s in theirs], rel=1e-12)
                assert (mine.hours[~mine.cut_off] > 0).all()
            assert got.outages.lost_hours == pytest.approx([s.lost for s in want_outages], rel=1e-9, abs=1e-9)
            assert got.outages.down_hours == pytest.approx([s.down for s in want_outages], rel=1e-9, abs=1e-9)
            if paid:
                assert got.outages.loss == pytest.approx([s.loss for s in want_outages], rel=1e-9, abs=1e-6)
            outages, stops, switched = outages + len(want_outages), stops + len(want_stops), switched + bool(oracle.groups)
    assert outages > 3000 and stops > 2000 and switched > 20


def bits(years: Years) -> list[Any]:
    parts = [getattr(years, name) for name in ("down_hours", "out_hours", "lost_hours", "begun_away")]
    for outages in (years.outages, years.stops):
        parts += [getattr(outages, name) for name in outages.__slots__]
    return [part.tobytes() for part in parts] + [years.first_block, years.years, years.unknown, years.without_restore_time]


@pytest.mark.compiled
def test_threads_and_splits_change_no_bit() -> None:
    from benchmarks.estate import generate

    compiled = compile_graph(generate(3000, 14000, 6, 1))
    cut = subestate_of(compiled, int(compiled.service_position[2]))
    want = simulate_years(cut, 5, 3, 9)
    assert len(want.outages.hours) > 500
    for threads in (2, 4):
        assert bits(simulate_years(cut, 5, 3, 9, threads=threads)) == bits(want)
    for middle in (3, 4, 8, 9):
        assert bits(Years.merged(simulate_years(cut, 5, 3, middle), simulate_years(cut, 5, middle, 9, threads=2))) == bits(want)
    assert bits(simulate_years(cut, 6, 3, 9)) != bits(want)
    with pytest.raises(InvalidInput):
        Years.merged(want, want)


def test_services_that_share_a_ci_see_the_same_failures() -> None:
    rates = {"d": {"failures_per_year": 20.0, "repair_hours": 5.0}, "x": {"failures_per_year": 5.0, "repair_hours": 1.0}}
    built = estate("S; T; d; x", hard="S>d T>d T>x", services={"S": {}, "T": {}}, profiles={**never("S", "T"), **rates})
    one, two = years_of(built, 3, 5).outages, years_of(built, 3, 5, "T").outages
    d = int(built.compiled.ci_id[built.at("d")[0]])
    mine = set(zip(one.block.tolist(), one.start_hours.tolist(), strict=True))
    theirs = {
        (b, t)
        for b, t, i in zip(two.block.tolist(), two.start_hours.tolist(), two.initiator_ci_id.tolist(), strict=True)
        if i == d
    }
    assert theirs <= mine and len(theirs) > 0.9 * len(mine)  # the others began while x was out


def within(values: Any, want: float) -> bool:
    """Mean of independent values within 4 standard errors of `want`, and the error small enough to tell."""
    values = np.asarray(values, float)
    error = values.std(ddof=1) / math.sqrt(len(values))
    assert 0 < error < 0.1 * want
    return abs(values.mean() - want) < 4 * error


def per_block(years: Years, hours: Any) -> Any:
    return np.asarray(hours).reshape(-1, BLOCK_YEARS).mean(axis=1)


def counted(years: Years, choose: Any = slice(None)) -> Any:
    """Stops a year, block by block."""
    block = years.stops.block[choose] - years.first_block
    return np.bincount(block, minlength=years.years // BLOCK_YEARS) / BLOCK_YEARS


REPAIRABLE = {"failures_per_year": 8.766, "repair_hours": 10.0}


@pytest.mark.compiled
def test_c15_one_ci() -> None:
    years = years_of(estate("S; a", hard="S>a", profiles={**never("S"), "a": REPAIRABLE}), 1, 400)
    assert within(per_block(years, years.down_hours), 0.0099009901 * HOURS_PER_YEAR)
    assert within(counted(years), 8.67920792)
    assert within(years.stops.hours, 10.0)
    assert years.stops.alone.all()


@pytest.mark.compiled
def test_c16_pair() -> None:
    built = estate("S; a; b", groups={"S": [(1, "a b")]}, profiles={**never("S"), "a": REPAIRABLE, "b": REPAIRABLE})
    years = years_of(built, 1, 2000)
    assert within(counted(years), 0.171865503)
    assert within(years.stops.hours, 5.0)
    assert within(years.stops.hours > 10.0, math.exp(-2))
    assert within(per_block(years, years.down_hours), 9.80296049e-05 * HOURS_PER_YEAR)
    assert not years.stops.alone.any()


@pytest.mark.compiled
def test_c17_series() -> None:
    built = estate(
        "S; a; b",
        hard="S>a S>b",
        profiles={**never("S"), "a": REPAIRABLE, "b": {"failures_per_year": 4.383, "repair_hours": 40.0}},
    )
    years = years_of(built, 1, 300)
    assert within(years.stops.hours, 20.1333333)
    assert within(counted(years), 12.7635411)
    assert within(per_block(years, years.down_hours), 0.0293146962 * HOURS_PER_YEAR)
    assert within(years.stops.initiator == built.at("a")[0] - (len(built.compiled) - 3), 2 / 3)


@pytest.mark.compiled
def test_c18_shares_of_initiators() -> None:
    many = {"failures_per_year": 87.66, "repair_hours": 8.0}
    built = estate(
        "S; a; b; c",
        hard="S>a",
        groups={"S": [(1, "b c")]},
        profiles={**never("S"), "a": {"failures_per_year": 0.8766, "repair_hours": 4.0}, "b": many, "c": many},
    )
    years = years_of(built, 1, 400)
    assert within(counted(years), 0.00147060517 * HOURS_PER_YEAR)
    for name, share in (("a", 0.0675990676), ("b", 0.466200466), ("c", 0.466200466)):
        ci_id = int(built.compiled.ci_id[built.at(name)[0]])
        assert within(years.stops.initiator_ci_id == ci_id, share)
        assert (years.stops.alone[years.stops.initiator_ci_id == ci_id] == (name == "a")).all()


@pytest.mark.compiled
def test_c20_failover_with_a_standby_that_never_fails() -> None:
    switch = {"failover_minutes": 5, "failover_success": 0.95}
    built = estate(
        "S; a; b",
        groups={"S": [(1, "a b", switch)]},
        profiles={**never("S", "b"), "a": {"failures_per_year": 20.0, "repair_hours": 8.0}},
    )
    years = years_of(built, 1, 600)
    frequency = 20 / (1 + 20 / HOURS_PER_YEAR * 8)
    assert within(per_block(years, years.down_hours), frequency * (0.95 / 12 + 0.05 * 8))
    assert within(np.isclose(years.stops.hours, 1 / 12), 0.95)
    assert years.stops.alone.all()


@pytest.mark.compiled
def test_c20_with_a_standby_that_fails_and_one_that_does_not_start() -> None:
    switch = {"failover_minutes": 5, "failover_success": 0.95}
    rates = {
        "a": {"failures_per_year": 40.0, "repair_hours": 8.0},
        "b": {"failures_per_year": 30.0, "repair_hours": 6.0, "failure_on_demand": 0.1},
    }
    built = estate("S; a; b", groups={"S": [(1, "a b", switch)]}, profiles={**never("S"), **rates})
    years = years_of(built, 1, 500)
    load_b = 30 / HOURS_PER_YEAR * 6
    u_b, works = load_b / (1 + load_b), 0.95 * 0.9
    a, b = (int(built.compiled.ci_id[built.at(name)[0]]) for name in "ab")
    by_a = years.stops.initiator_ci_id == a
    frequency = 40 / (1 + 40 / HOURS_PER_YEAR * 8)
    # stops that a starts: the standby up and switching works, up and it does not, or down until the first of both is back
    short = np.isclose(years.stops.hours, 1 / 12)
    assert within(short[by_a], (1 - u_b) * works)
    both_down = ~years.stops.alone
    assert within(both_down[by_a], u_b)
    assert within(years.stops.hours[by_a & both_down], 1 / (1 / 8 + 1 / 6))
    # switching failed: until a is back, or b, should it fail meanwhile: 1/(mu_a + l_b) + l_b/(mu_a + l_b)/(mu_a + mu_b)
    mu_a, mu_b, l_b = 1 / 8, 1 / 6, 30 / HOURS_PER_YEAR
    assert within(years.stops.hours[by_a & ~both_down & ~short], 1 / (mu_a + l_b) + l_b / (mu_a + l_b) / (mu_a + mu_b))
    assert within(counted(years, by_a), frequency)
    # b stops it only where it was running on b: a down and switched to it
    assert years.stops.initiator_ci_id[~by_a].tolist() == [b] * int((~by_a).sum()) and (~by_a).sum() > 50


def test_losing_a_standby_interrupts_nothing() -> None:
    switch = {"failover_minutes": 5, "failover_success": 0.5}
    built = estate(
        "S; a; b",
        groups={"S": [(1, "a b", switch)]},
        profiles={**never("S", "a"), "b": {"failures_per_year": 50.0, "repair_hours": 8.0}},
    )
    years = years_of(built, 1, 20)
    assert len(years.outages.hours) == len(years.stops.hours) == 0


def test_c24_expected_loss_of_an_outage() -> None:
    curve = {"money": ((0, 0), (1, 10e3), (4, 100e3), (24, 2e6))}
    built = estate(
        "S; a",
        hard="S>a",
        services={"S": {"impact": curve}},
        profiles={**never("S"), "a": {"failures_per_year": 1.0, "repair_hours": 4.0}},
    )
    years = years_of(built, 1, 1500)
    assert within(years.outages.loss, 197952.717)
    assert within(per_block(years, years.loss()), 197952.717 / (1 + 4 / HOURS_PER_YEAR))


@pytest.mark.compiled
def test_c26_lognormal_restore_against_the_mtpd() -> None:
    built = estate(
        "S; a",
        hard="S>a",
        services={"S": {"mtpd_hours": 8.0}},
        profiles={**never("S"), "a": {"failures_per_year": 5.0, "repair_hours": 4.108866421287775, "repair_sigma": 1.2}},
    )
    years = years_of(built, 1, 500)
    assert within(years.stops.hours > 8.0, 0.123994994)
    assert within(np.minimum(years.stops.hours, 8.0), 2.97305572)


@pytest.mark.parametrize("spread", ({}, {"repair_sigma": 1.0}, {"repair_sigma": 0.0}))
@pytest.mark.compiled
def test_blocks_begin_in_steady_state(spread: dict[str, float]) -> None:
    """Hours down in the first year of a block are those of any year, although restores take a month on average."""
    built = estate("S; a", hard="S>a", profiles={**never("S"), "a": {"failures_per_year": 6.0, "repair_hours": 720.0, **spread}})
    years = years_of(built, 1, 1200)
    load = 6 / HOURS_PER_YEAR * 720
    want = HOURS_PER_YEAR * load / (1 + load)
    for year in (0, 1, 9):
        assert within(years.down_hours.reshape(-1, BLOCK_YEARS)[:, year], want)
    assert within(years.begun_away, load / (1 + load))
    first = years.stops.start_hours < HOURS_PER_YEAR
    assert within(np.bincount(years.stops.block[first], minlength=1200), 6 / (1 + load))
    assert within(years.stops.hours, 720.0) if spread.get("repair_sigma") != 0 else (years.stops.hours == pytest.approx(720.0))


@pytest.mark.compiled
def test_c39_loss_by_initiator() -> None:
    from app.risk.sampling.years_summary import summary_of

    jump = {
        "S1": {"impact": {"money": ((0, 0), (0, 1000), (1, 1000))}},
        "S2": {"impact": {"money": ((0, 0), (0, 400), (1, 400))}},
    }
    many = {"failures_per_year": 87.66, "repair_hours": 8.0}
    rates = {"d": {"failures_per_year": 1.7532, "repair_hours": 5.0}, "b": many, "c": many}
    built = estate(
        "S1; S2; d; b; c", hard="S1>d S2>d", groups={"S1": [(1, "b c")]}, services=jump, profiles={**never("S1", "S2"), **rates}
    )
    total: dict[str, Any] = {}
    for service in ("S1", "S2"):
        years = years_of(built, 1, 800, service)
        for name in "dbc":
            ci_id = int(built.compiled.ci_id[built.at(name)[0]])
            mine = years.outages.initiator_ci_id == ci_id
            loss = np.bincount(years.outages.block[mine], weights=years.outages.loss[mine], minlength=800) / BLOCK_YEARS
            total[name] = total.get(name, 0) + loss
        assert summary_of(years).loss_per_year.value == pytest.approx(years.loss().mean())
    for name, want in (("d", 2442.41783), ("b", 6006.33934), ("c", 6006.33934)):
        assert within(total[name], want)
    assert within(sum(total.values()), 14455.0965)


@pytest.mark.compiled
def test_c35_bad_customer_hours_of_a_shared_database() -> None:
    built = estate(
        "S; T; db",
        hard="S>db T>db",
        services={"S": {"customers": 1000}, "T": {"customers": 200}},
        profiles={**never("S", "T"), "db": {"failures_per_year": 2.0, "repair_hours": 1.5}},
    )
    hours = [years_of(built, 1, 1000, name) for name in ("S", "T")]
    assert within(per_block(hours[0], sum(y.lost_hours * y.customers for y in hours)), 215926.1033185084 / 60)


def test_cis_that_cannot_take_part_are_counted() -> None:
    built = estate(
        "S; a; b; c",
        hard="S>a S>b S>c",
        profiles={
            **never("S"),
            "a": {"unavailability": 0.5, "repair_hours": math.nan, "failures_per_year": math.nan},
            "b": {"failures_per_year": math.nan},
            "c": {"repair_hours": math.nan},
        },
    )
    years = years_of(built, 1, 3)
    assert (years.without_restore_time, years.unknown, len(years.outages.hours)) == (1, 2, 0)


def test_a_service_down_at_rest_has_no_outages() -> None:
    built = estate("S; a; b", hard="S>a S>b", profiles={"a": {"unavailability": 1.0}})
    years = years_of(built, 1, 2)
    assert years.years == 20 and len(years.outages.hours) == 0 and years.down_hours.tolist() == [0.0] * 20


def test_outages_that_outlast_the_block_are_followed_or_cut_off() -> None:
    built = estate(
        "S; a", hard="S>a", profiles={**never("S"), "a": {"failures_per_year": 0.1, "repair_hours": 1e6, "repair_sigma": 0.0}}
    )
    years = years_of(built, 1, 400)
    assert years.outages.cut_off.all() and len(years.outages.hours) > 20
    assert (years.outages.hours >= 10 * HOURS_PER_YEAR).all()
    assert abs(years.begun_away.mean() - 1e6 * 0.1 / HOURS_PER_YEAR / (1 + 1e6 * 0.1 / HOURS_PER_YEAR)) < 0.1


@pytest.mark.compiled
def test_a_switch_that_failed_lasts_until_the_first_restore() -> None:
    """Two of three needed, all switches fail, c never does: down from the first failure until that CI is back, whatever the other
    does."""
    switch = {"failover_minutes": 5, "failover_success": 0.0}
    fixed = {"failures_per_year": 50.0, "repair_hours": 8.0, "repair_sigma": 0.0}
    built = estate("S; a; b; c", groups={"S": [(2, "a b c", switch)]}, profiles={**never("S", "c"), "a": fixed, "b": fixed})
    stops = years_of(built, 1, 100).stops
    overlaps = 50 / HOURS_PER_YEAR * 8
    assert stops.hours.max() < 8.0 + 1e-6
    assert np.isclose(stops.hours, 8.0).mean() > 0.99  # shorter ones: both down by count, after a switch that failed
    assert stops.alone.mean() > 1 - 2 * overlaps and not stops.alone.all()
