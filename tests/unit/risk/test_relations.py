"""Relations that hold without a reference (model 1.15), over random estates with cycles, groups, soft and supply dependencies."""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from app.risk.exact.answers.importance import importance_of
from app.risk.exact.answers.service import ServiceExact, Want, exact_service
from app.risk.exact.diagrams.budget import Budget
from app.risk.first_order.pairs import FirstOrder
from app.risk.first_order.sweep import first_order
from app.risk.graph.compiled import CompiledGraph
from app.risk.intake.compile import compile_graph
from app.risk.measures.reliability import failure_frequency
from app.risk.sampling.worlds import sample_worlds
from app.risk.study.estate_redundancy import EstateRedundancy, estate_redundancy
from app.risk.study.exceedance import empirical
from app.risk.study.year_losses import simulate_losses
from tests.unit.risk.build import graph_of, random_estate
from tests.unit.risk.exact.fault_tree import built, plant_tree

Estate = dict[str, Any]
TIGHT = 1e-12
seeds = st.integers(0, 2**32 - 1)


def tried(examples: int) -> Any:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
    )


def drawn(seed: int, most: int = 8, failover: float = 0.0) -> tuple[Estate, random.Random]:
    rng = random.Random(seed)
    return random_estate(rng, rng.randint(3, most), failover), rng


class Answers:
    """Both parts of the loss by the names of the CIs, Q by the names of the services."""

    def __init__(self, estate: Estate) -> None:
        self.compiled = compile_graph(graph_of(estate))
        self.names = {self.compiled.position_of(10 + i): ci["key"] for i, ci in enumerate(estate["cis"])}
        self.at = {name: position for position, name in self.names.items()}
        self.first = first_order(self.compiled)
        self.more = estate_redundancy(self.compiled, self.first, Budget(), threads=1)
        self.services = [self.names[int(p)] for p in self.compiled.service_position]
        self.q = dict(zip(self.services, self.more.q.tolist(), strict=True))

    def loss(self, measure: str) -> dict[str, float]:
        both = np.nan_to_num(getattr(self.first, measure)) + getattr(
            self.more, "hours" if measure == "service_hours" else measure
        )
        return {self.names[p]: float(value) for p, value in enumerate(both)}

    def total(self, measure: str) -> float:
        return sum(self.loss(measure).values())

    def exact(self, name: str, forced: Sequence[str] = (), budget: Budget | None = None) -> ServiceExact:
        return exact_service(self.compiled, self.at[name], budget, forced=[self.at[f] for f in forced], want=Want())


def same(a: dict[str, float], b: dict[str, float], rel: float = 1e-9) -> None:
    for name, value in a.items():
        assert b[name] == pytest.approx(value, rel=rel, abs=1e-9), name


@tried(40)
@given(seeds)
def test_renaming_and_reordering_change_nothing(seed: int) -> None:
    estate, rng = drawn(seed, failover=0.3)
    before = Answers(estate)
    new = {ci["key"]: f"x{n}" for n, ci in enumerate(rng.sample(estate["cis"], len(estate["cis"])))}
    other: Estate = copy.deepcopy(estate)
    for ci in other["cis"]:
        ci["key"] = new[ci["key"]]
    for row in other["dependencies"]:
        row["dependent"], row["provider"] = new[row["dependent"]], new[row["provider"]]
    for number, group in enumerate(other["groups"]):
        pairs = list(zip(group["members"], group.get("shares", group["members"]), strict=True))
        if "failover_minutes" not in group:  # who is active goes by the order of the members
            rng.shuffle(pairs)
        group |= {"key": f"h{number}", "dependent": new[group["dependent"]], "members": [new[name] for name, _ in pairs]}
        if "shares" in group:
            group["shares"] = [share for _, share in pairs]
    for service in other["services"]:
        service["key"] = new[service["key"]]
    for rows in other.values():
        rng.shuffle(rows)
    after = Answers(other)
    same({new[name]: q for name, q in before.q.items()}, after.q, 1e-11)
    for measure in ("money", "customer_hours", "service_hours"):
        same({new[name]: value for name, value in before.loss(measure).items()}, after.loss(measure))


@tried(25)
@given(seeds)
def test_an_isolated_ci_changes_nothing(seed: int) -> None:
    estate, rng = drawn(seed, failover=0.3)
    before = Answers(estate)
    lonely = {"key": "lonely", "failures_per_year": 50.0, "repair_hours": 10.0}
    estate["cis"].insert(rng.randint(0, len(estate["cis"])), lonely)
    after = Answers(estate)
    same(before.q, after.q, TIGHT)
    same(before.loss("money"), after.loss("money"))
    assert after.loss("money")["lonely"] == after.loss("service_hours")["lonely"] == 0.0


@tried(50)
@given(seeds, st.sampled_from(["failures_per_year", "repair_hours"]), st.floats(1.01, 20.0))
def test_a_higher_rate_or_a_longer_restore_time_never_lowers_a_loss(seed: int, field: str, factor: float) -> None:
    estate, rng = drawn(seed)
    before = Answers(estate)
    ci = rng.choice(estate["cis"])
    ci[field] = max(ci[field], 0.1) * factor
    after = Answers(estate)
    for measure in ("money", "customer_hours", "service_hours"):
        assert after.total(measure) >= before.total(measure) * (1 - 1e-9) - 1e-9, measure
        assert getattr(after.first, measure).sum() >= getattr(before.first, measure).sum() * (1 - TIGHT)
    for name, q in before.q.items():
        assert after.q[name] >= q - TIGHT


@pytest.mark.compiled
@tried(40)
@given(seeds)
def test_one_more_member_never_raises_q_and_one_more_needed_never_lowers_it(seed: int) -> None:
    estate, rng = drawn(seed)
    assume(estate["groups"])
    before = Answers(estate).q
    number = rng.randrange(len(estate["groups"]))
    group = estate["groups"][number]
    spare = [ci["key"] for ci in estate["cis"] if ci["key"] not in (group["dependent"], *group["members"])]
    if spare:
        wider = copy.deepcopy(estate)
        grown = wider["groups"][number]
        grown["members"].append(rng.choice(spare))
        if "shares" in grown:
            grown["shares"].append(0.5)
        for name, q in Answers(wider).q.items():
            assert q <= before[name] + TIGHT
    if group["needed"] < len(group["members"]):
        group["needed"] += 1
        for name, q in Answers(estate).q.items():
            assert q >= before[name] - TIGHT


def stops(told: ServiceExact, compiled: CompiledGraph) -> float:
    omega = failure_frequency(compiled.failures_per_year[told.position], compiled.repair_hours[told.position])
    return float((omega * told.birnbaum).sum())


@tried(30)
@given(seeds)
def test_a_rate_split_over_two_serial_cis_keeps_the_frequency_to_first_order(seed: int) -> None:
    estate, rng = drawn(seed)
    for ci in estate["cis"]:
        ci["failures_per_year"] *= 1e-3  # second order is then below 1e-5
    whole = Answers(estate)
    ci = rng.choice(estate["cis"])
    ci["failures_per_year"] /= 2
    estate["cis"].append({**ci, "key": "half", "level_share": 1.0})
    estate["dependencies"].append({"dependent": ci["key"], "provider": "half", "kind": "hard"})
    halves = Answers(estate)
    for name in whole.services:
        a, b = stops(whole.exact(name), whole.compiled), stops(halves.exact(name), halves.compiled)
        assert b == pytest.approx(a, rel=1e-4, abs=1e-15)


@tried(30)
@given(seeds, st.lists(st.floats(0.0, 0.5), min_size=2, max_size=5))
def test_a_hard_chain_is_one_ci_with_the_union(seed: int, chain: list[float]) -> None:
    estate, rng = drawn(seed)
    place = rng.randrange(len(estate["cis"]))
    one, many = copy.deepcopy(estate), copy.deepcopy(estate)
    one["cis"][place]["unavailability"] = float(-np.expm1(np.log1p(-np.asarray(chain)).sum()))
    many["cis"][place]["unavailability"] = chain[0]
    key = many["cis"][place]["key"]
    for number, q in enumerate(chain[1:]):
        many["cis"].append({"key": f"chain{number}", "unavailability": q, "repair_hours": 2.0})
        many["dependencies"].append({"dependent": key, "provider": f"chain{number}", "kind": "hard"})
        key = f"chain{number}"
    same(Answers(one).q, Answers(many).q, 1e-11)


@tried(20)
@given(seeds)
def test_twice_the_customers_are_twice_the_customer_minutes(seed: int) -> None:
    estate, _ = drawn(seed)
    before = Answers(estate).loss("customer_hours")
    for service in estate["services"]:
        service["customers"] *= 2
    after = Answers(estate).loss("customer_hours")
    same({name: 2 * value for name, value in before.items()}, after)


@tried(40)
@given(seeds)
def test_shares_add_up_to_one_and_forcing_a_ci_down_gives_q_of_1(seed: int) -> None:
    answers = Answers(drawn(seed)[0])
    for name in answers.services:
        told = answers.exact(name)
        compiled, at = answers.compiled, told.position
        measured = importance_of(
            told.q, told.birnbaum, told.event_q, failure_frequency(compiled.failures_per_year[at], compiled.repair_hours[at])
        )
        if 0.0 < told.q < 1.0 and stops(told, compiled) > 0.0:
            for shares in (measured.initiator_share, measured.dim_equal, measured.dim_proportional):
                assert shares.sum() == pytest.approx(1.0, abs=1e-9)
        for k, position in enumerate(told.position.tolist()):
            forced = answers.exact(name, [answers.names[position]])
            assert forced.q == pytest.approx(told.q + (1 - told.event_q[k]) * told.birnbaum[k], rel=1e-9, abs=1e-14)


@tried(25)
@given(seeds)
def test_loss_by_ci_adds_up_to_what_the_services_lose(seed: int) -> None:
    answers = Answers(drawn(seed)[0])
    more = answers.more
    assert more.money.sum() == pytest.approx(np.nansum(more.service_money), rel=1e-9, abs=1e-9)
    assert more.hours.sum() == pytest.approx(np.nansum(more.service_hours), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("nodes", [60, 300, 1500])
@pytest.mark.compiled
def test_bounds_contain_the_exact_value(seed: int, nodes: int) -> None:
    """Plants of 60 to 100 events with a budget that does not do: certified intervals; and Esary-Proschan where it is given."""
    tree = built(plant_tree(seed, systems=8, trains=2, parts=3, sequences=5))
    exact = exact_service(tree.compiled, tree.top, want=Want(bounds=True, counts=True))
    assert exact.method == "exact"
    for bound in (exact.esary_proschan_upper, exact.rare_event_sum):
        assert bound is None or bound >= exact.q * (1 - TIGHT)
    assert exact.esary_proschan_lower is None or exact.esary_proschan_lower <= exact.q * (1 + TIGHT)
    told = exact_service(tree.compiled, tree.top, Budget(nodes=nodes), want=Want())
    assert told.q_low <= exact.q * (1 + TIGHT) and exact.q <= told.q_high * (1 + TIGHT)
    assert told.method == ("exact" if told.q_low == told.q_high else "bounded")


@tried(40)
@given(seeds)
def test_bounds_of_cycles_contain_the_exact_value(seed: int) -> None:
    answers = Answers(drawn(seed, most=10)[0])
    for name in answers.services:
        exact, told = answers.exact(name), answers.exact(name, budget=Budget(nodes=12))
        assert told.q_low <= exact.q + TIGHT and exact.q <= told.q_high + TIGHT


def busy(estate: Estate) -> CompiledGraph:
    for service in estate["services"]:
        service["money_per_hour"] = 100
    return compile_graph(graph_of(estate))


@tried(8)
@given(seeds)
def test_oep_never_exceeds_aep_and_workers_change_no_bit(seed: int) -> None:
    compiled = busy(drawn(seed, failover=0.3)[0])
    one, two = (simulate_losses(compiled, seed % 1000, 0, 2, threads=threads) for threads in (1, 2))
    assert one.sums.tobytes() == two.sums.tobytes() and one.largest.tobytes() == two.largest.tobytes()
    at = np.unique(np.concatenate([one.largest, one.sums, [0.0]]))
    assert (empirical(one.largest, at) <= empirical(one.sums, at)).all()


@tried(8)
@given(seeds)
def test_the_same_seed_gives_the_same_bits_for_any_number_of_workers(seed: int) -> None:
    compiled = busy(drawn(seed, failover=0.3)[0])
    worlds = [sample_worlds(compiled, 7, 0, 4, threads=threads) for threads in (1, 2, 4)]
    assert len({(world.failed.tobytes(), world.together.tobytes()) for world in worlds}) == 1
    first: FirstOrder = first_order(compiled)
    tables: list[EstateRedundancy] = [estate_redundancy(compiled, first, Budget(), threads=threads) for threads in (1, 2, 4)]
    assert len({b"".join(column.tobytes() for column in table.to_arrays().values()) for table in tables}) == 1


def test_a_pair_with_an_unavailability_and_no_restore_time_has_no_infinite_loss() -> None:
    """The pair's hours are 8,766 Q whatever the unknown restore time is, or unknown (NaN), but not infinite."""
    estate: Estate = {
        "cis": [
            {"key": "S", "unavailability": 0.0},
            {"key": "a", "failures_per_year": 2.0, "repair_hours": 8.0},
            {"key": "b", "unavailability": 0.01},
        ],
        "dependencies": [],
        "groups": [{"key": "g", "dependent": "S", "needed": 1, "members": ["a", "b"]}],
        "services": [{"key": "S", "money_per_hour": 100}],
    }
    more = Answers(estate).more
    assert more.hours.sum() < 8766 and more.money.sum() < 8766 * 100
