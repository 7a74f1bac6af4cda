"""Customers that services share: the rule against customers counted one by one, and that what is shared out adds up."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.ci_classes import ci_classes
from app.risk.exact.diagrams.budget import Budget
from app.risk.first_order.populations import (
    Populations,
    by_ci,
    by_service,
    customers_hit,
    of_service,
    pair_customer_hours,
    populations_of,
    said_of,
)
from app.risk.first_order.sweep import first_order
from app.risk.first_order.totals import service_totals, totals_of
from app.risk.study.estate_redundancy import estate_redundancy
from app.risk.study.tables import service_table
from app.risk.study.uncertainty import OuterDraws, drawn_services, ranges_of, response
from tests.builders import Built, estate

OFF = {"unavailability": 0.0}
NAN = float("nan")


def shops(**populations: str) -> Built:
    """C35 with a third service: db stops shop and crm, host stops crm and half of the kiosk."""
    return estate(
        "shop; crm; kiosk; db; host", hard="shop>db crm>db crm>host", soft="kiosk>host:.5",
        services={
            name: {"customers": customers, "customer_population": populations.get(name, "")}
            for name, customers in (("shop", 1000.0), ("crm", 200.0), ("kiosk", 300.0))
        },
        profiles={"shop": OFF, "crm": OFF, "kiosk": OFF, "db": {"failures_per_year": 2.0, "repair_hours": 1.5},
            "host": {"failures_per_year": 1.0, "repair_hours": 4.0}},
    )  # fmt: skip


def counted(made: Built) -> tuple[Populations, Any, Any]:
    of = populations_of(made.compiled, made.graph.services)
    first = first_order(made.compiled)
    return of, first, pair_customer_hours(first, of)


def test_c35_with_one_population_counts_the_larger_service() -> None:
    made = shops(shop="buyers", crm="buyers", kiosk="buyers")
    of, first, pairs = counted(made)
    db, host = made.at("db host")
    assert by_ci(first, pairs)[[db, host]].tolist() == pytest.approx([2 * 1.5 * 1000, 4.0 * (200 + 100 * 0.5)])
    assert first.customer_hours[[db, host]].tolist() == pytest.approx([2 * 1.5 * 1200, 4.0 * (200 + 300 * 0.5)])
    suffered = by_service(first, of, pairs)
    assert suffered.sum() == pytest.approx(4000.0)
    shop, crm, kiosk = (int(made.compiled.flat.service_at[p]) for p in made.at("shop crm kiosk"))
    assert suffered[[shop, crm, kiosk]].tolist() == pytest.approx(
        [3000 * 1000 / 1200, 3000 * 200 / 1200 + 1000 * 800 / 1400, 1000 * 600 / 1400]
    )
    assert of_service(first, pairs, crm, np.array([db, host])).tolist() == pytest.approx([500.0, 1000 * 800 / 1400])


def test_without_populations_nothing_changes_not_one_bit() -> None:
    made = shops(shop="buyers", crm="sellers")
    of, first, pairs = counted(made)
    assert not of.shared
    assert by_ci(first, None) is first.customer_hours
    assert by_ci(first, pairs) == pytest.approx(first.customer_hours, rel=1e-14)
    plain, same = totals_of(made.compiled, first), totals_of(made.compiled, first, by_ci(first, None))
    assert np.array_equal(plain.customer_hours, same.customer_hours, equal_nan=True)
    assert pairs.sum() == pytest.approx(first.customer_hours.sum())


def test_unknown_customers_stay_unknown() -> None:
    made = estate(
        "S; T; d", hard="S>d T>d", profiles={"S": OFF, "T": OFF},
        services={"S": {"customers": 10.0, "customer_population": "x"}, "T": {"customer_population": "x"}},
    )  # fmt: skip
    of, first, pairs = counted(made)
    assert not of.shared
    assert np.isnan(by_service(first, of, pairs)).tolist() == [bool(np.isnan(value)) for value in made.compiled.customers]
    assert customers_hit(of, [0, 1]) == 10.0


@pytest.mark.parametrize(
    ("services", "said"),
    [
        ([0], ""),
        ([0, 1], "customers that services share are counted once"),
        (
            [0, 2],
            "1 of 2 services names no customer population: customers it shares are counted once for each service, an upper bound",
        ),
        (
            [0, 1, 2, 3],
            "2 of 4 services name no customer population: customers they share are counted once for each service, an upper bound",
        ),
        ([0, 4], ""),
    ],
)
def test_an_answer_says_what_its_number_rests_on(services: list[int], said: str) -> None:
    of = Populations(np.array([0, 0, -1, -1, -1]), np.array([1.0, 2.0, 3.0, 4.0, NAN]), ("x",))
    assert said_of(of, services) == said


def test_a_study_adds_up_in_every_column() -> None:
    made = shops(shop="buyers", crm="buyers", kiosk="buyers")
    of, first, pairs = counted(made)
    compiled, measure = made.compiled, "customer_hours_per_year"
    answer = response(compiled, measure, populations=of)
    assert answer.table[made.at("db")[0], 2] == pytest.approx(3000.0)
    more = estate_redundancy(compiled, first, Budget())
    suffered = service_totals(compiled, first, by_service(first, of, pairs))
    ranges = ranges_of(made.graph.cis, compiled.row, ci_classes())
    services = len(compiled.service_position)
    drawn = drawn_services(OuterDraws(answer, ranges, compiled.ci_id, 10), first, pairs, services)
    table = service_table(compiled.customers, suffered, more, measure, drawn, np.zeros(services))
    assert table.first.sum() == pytest.approx(by_ci(first, pairs).sum())
    assert table.low == pytest.approx(table.first + table.redundancy)  # no spread: every draw is the value itself


def by_customer(customers: list[int], share: list[float], code: list[int]) -> float:
    """Each customer one by one: rank x of a population uses its services with at least x customers and loses the most of them."""
    total = sum(n * a for n, a, c in zip(customers, share, code, strict=True) if c < 0)
    for population in set(code) - {-1}:
        rows = [(n, a) for n, a, c in zip(customers, share, code, strict=True) if c == population]
        total += sum(max(a for n, a in rows if n >= x) for x in range(1, max(n for n, _ in rows) + 1))
    return total


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_the_rule_is_customers_counted_one_by_one(seed: int) -> None:
    rng = random.Random(seed)
    count = rng.randint(1, 8)
    customers = [rng.randint(0, 12) for _ in range(count)]
    share = [rng.choice((0.0, 0.25, 0.5, 1.0)) for _ in range(count)]
    code = [rng.randint(-1, 2) for _ in range(count)]
    of = Populations(np.array(code), np.array(customers, float), ("a", "b", "c"))
    hit = customers_hit(of, list(range(count)), np.array(share))
    assert hit == pytest.approx(by_customer(customers, share, code), abs=1e-9)
    largest = sum(max((n * a for n, a, c in zip(customers, share, code, strict=True) if c == p), default=0.0) for p in range(3))
    alone = [n * a for n, a, c in zip(customers, share, code, strict=True) if c < 0]
    assert largest + sum(alone) - 1e-9 <= hit <= sum(n * a for n, a in zip(customers, share, strict=True)) + 1e-9
    order = rng.sample(range(count), count)
    assert customers_hit(of, order, np.array(share)[order]) == pytest.approx(hit, rel=1e-12)
