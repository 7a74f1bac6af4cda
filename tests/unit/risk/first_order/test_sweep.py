"""The first-order sweep against every outcome written out in plain Python, and the branches of `switching` one by one."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest

from app.risk.first_order.clusters import alike, taken_along
from app.risk.first_order.pairs import FirstOrder
from app.risk.first_order.sweep import contributions_to, desk_of, first_order, sweep_rows
from app.risk.intake.compile import compile_graph
from app.risk.outage.outcome_losses import SAMPLES
from app.risk.outage.rates_and_exposures import rates_and_exposures_of
from tests.unit.risk.build import graph_of, random_estate
from tests.unit.risk.switch_oracle import SwitchOracle

JUMPY = [(0, 0), (0.1, 0), (0.1, 40), (1, 100), (4, 100), (4, 900), (9, 2000)]


def rich_estate(rng: random.Random, cis: int) -> dict[str, Any]:
    """`random_estate` with failovers in most groups, curves, MBCO, unknown money and customers, spreads, failure on demand, R =
    0."""
    estate = random_estate(rng, cis, failover=0.7)
    if rng.random() < 0.8:  # sparser, so that more dependents stand and switch
        estate["dependencies"] = [row for row in estate["dependencies"] if rng.random() < 0.4]
        estate["groups"] = [group for group in estate["groups"] if rng.random() < 0.5]
    keys = [ci["key"] for ci in estate["cis"]]
    for own in range(2, cis):
        if rng.random() < 0.4:
            members = rng.sample(keys[:own], rng.randint(2, min(own, 3)))
            estate["groups"].append(
                {
                    "key": f"f{own}", "dependent": keys[own], "needed": rng.randint(1, len(members) - 1), "members": members,
                    "failover_minutes": rng.choice((3, 6, 15, 60)), "failover_success": rng.choice((0.5, 0.8, 0.9, 1.0)),
                }
            )  # fmt: skip
    for ci in estate["cis"]:
        if rng.random() < 0.3:
            ci["repair_distribution"] = {"kind": "lognormal", "sigma": rng.choice((0.4, 1.2))}
        if rng.random() < 0.2:
            ci["failure_on_demand"] = rng.choice((0.05, 0.5))
        if rng.random() < 0.05:
            ci["repair_hours"] = 0.0
    for group in estate["groups"]:
        if "failover_minutes" in group:
            if rng.random() < 0.1:
                del group["failover_success"]
            if rng.random() < 0.1:
                group["failover_minutes"] = 0
    for service in estate["services"]:
        service["mtpd_hours"] = rng.choice((None, 0.1, 1.0, 4.0))
        service["mbco_share"] = rng.choice((None, 0.4, 0.8))
        if rng.random() < 0.4:
            service["impact"] = {"money": JUMPY}
        elif rng.random() < 0.15:
            service["money_per_hour"] = None
        if rng.random() < 0.15:
            service["customers"] = None
    return estate


def shuffled(rng: random.Random, estate: dict[str, Any]) -> dict[str, Any]:
    return {name: rng.sample(rows, len(rows)) for name, rows in estate.items()}


def run(estate: dict[str, Any], **more: Any) -> tuple[FirstOrder, dict[str, int], dict[str, int]]:
    """The sweep, position by CI key and service number by key."""
    compiled = compile_graph(graph_of(estate))
    at = {estate["cis"][row]["key"]: v for v, row in enumerate(compiled.row.tolist())}
    number = {s["key"]: int(compiled.flat.service_at[at[s["key"]]]) for s in estate["services"]}
    return first_order(compiled, **more), at, number


def compare(estate: dict[str, Any], moved: dict[str, Any]) -> int:
    """Every column of every CI and service; how many CIs had switches to decide."""
    oracle = SwitchOracle(estate)
    got, at, number = run(moved)
    assert not got.simulated.any()
    suffered = {s["key"]: [0.0, 0.0, 0.0, 0] for s in estate["services"]}
    switching = 0
    for ci in estate["cis"]:
        v, forced = at[ci["key"]], frozenset({ci["key"]})
        failed, capability = oracle.state(forced)
        rate = ci["failures_per_year"] if ci["repair_hours"] > 0 else 0.0
        want = dict.fromkeys(("service_hours", "customer_hours", "money", "breaches"), 0.0)
        unknown = [0, 0]
        stopped = {s["key"] for s in estate["services"] if s["key"] in failed - oracle.rest_failed}
        weak = [s for s in estate["services"] if s["key"] not in failed and capability[s["key"]] < oracle.rest[s["key"]] - 1e-11]
        switching += bool(oracle.triggered(forced))
        for s in estate["services"]:
            hit = oracle.expected(ci, s)
            paid, row = s.get("impact") or s["money_per_hour"] is not None, suffered[s["key"]]
            want["service_hours"] += rate * hit.hours
            want["customer_hours"] += rate * hit.hours * (s["customers"] or 0)
            want["money"] += rate * hit.money if paid else 0.0
            want["breaches"] += rate * hit.breach
            if rate and hit.hours > 0:
                unknown[0] += s["customers"] is None
                unknown[1] += not paid
            row[0] += rate * hit.hours
            row[1] += rate * hit.money if paid else (math.nan if rate and hit.hours else 0.0)
            row[2] += rate * hit.breach
            row[3] += s["key"] in stopped and rate > 0
        assert {n: getattr(got, n)[v] for n in want} == pytest.approx(want, rel=1e-9, abs=1e-9), ci["key"]
        assert (got.failed[v], got.services_down[v], got.services_degraded[v]) == (
            len(failed - oracle.rest_failed),
            len(stopped),
            len(weak),
        )
        points = got.point_service[got.point_ptr[v] : got.point_ptr[v + 1]].tolist()
        assert sorted(points) == sorted(number[key] for key in stopped)
        if rate:
            assert got.customers_unknown[v] >= unknown[0] and got.money_unknown[v] >= unknown[1]
    for key, (hours, money, breaches, points) in suffered.items():
        s = number[key]
        assert [got.suffered_hours[s], got.suffered_breaches[s]] == pytest.approx([hours, breaches], rel=1e-9, abs=1e-9)
        assert got.suffered_points[s] == points
        assert got.suffered_money[s] == pytest.approx(money, rel=1e-9, abs=1e-9, nan_ok=True)
    return switching


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.compiled
def test_random_estates_agree_with_every_outcome_written_out(seed: int) -> None:
    rng = random.Random(1000 + seed)
    switching = 0
    for _ in range(200):
        estate = rich_estate(rng, rng.randint(2, 9))
        switching += compare(estate, estate)
        compare(estate, shuffled(rng, estate))
    assert switching > 150


@pytest.mark.parametrize("seed", range(3))
def test_contributions_to_a_service_add_up_to_what_it_suffers(seed: int) -> None:
    rng = random.Random(2000 + seed)
    for _ in range(100):
        estate = rich_estate(rng, rng.randint(2, 9))
        compiled = compile_graph(graph_of(estate))
        first = first_order(compiled)
        for s in range(len(estate["services"])):
            made = contributions_to(compiled, s)
            assert made.service_hours.sum() == pytest.approx(first.suffered_hours[s], rel=1e-12, abs=1e-12)
            known = not math.isnan(compiled.customers[s])
            assert made.customer_hours.sum() == pytest.approx(
                first.suffered_hours[s] * compiled.customers[s] if known else 0.0, rel=1e-12
            )
            if not math.isnan(first.suffered_money[s]):
                assert made.money.sum() == pytest.approx(first.suffered_money[s], rel=1e-12, abs=1e-12)
            assert made.stops.sum() == first.suffered_points[s]


def fan(switches: int, kind: str, success: float = 0.9, per_service: int | None = None) -> dict[str, Any]:
    """db is active for apps 0.., standby x; S needs all apps, or service k needs `per_service` neighbours from app k on."""
    apps = [f"a{k}" for k in range(switches)]
    names = ["S"] if per_service is None else [f"S{k}" for k in range(switches)]
    needs = [("S", a) for a in apps] if per_service is None else [
        (f"S{k}", apps[(k + j) % switches]) for k in range(switches) for j in range(per_service)
    ]  # fmt: skip
    return {
        "cis": [
            {"key": k, "failures_per_year": 2.0 if k == "db" else 0.0, "repair_hours": 8.0} for k in (*names, *apps, "db", "x")
        ],
        "dependencies": [{"dependent": a, "provider": b, "kind": kind, "weight": 0.1} for a, b in needs],
        "groups": [
            {"key": f"g{k}", "dependent": a, "needed": 1, "members": ["db", "x"], "failover_minutes": 5 + 5 * k,
                "failover_success": success}
            for k, a in enumerate(apps)
        ],
        "services": [
            {"key": n, "customers": 10, "impact": {"money": JUMPY}, "mtpd_hours": 4.0, "mbco_share": 0.5} for n in names
        ],
    }  # fmt: skip


def test_more_than_ten_switches_that_stop_alone_have_a_closed_form() -> None:
    estate = fan(11, "hard")
    compare(estate, estate)
    estate["groups"][0]["failover_success"] = 1.0  # cannot fail, so it need not stop S alone
    estate["groups"].append({**estate["groups"][1], "key": "twin", "failover_success": 0.8})
    compare(estate, estate)


def test_more_than_ten_switches_in_a_cluster_of_small_sets_are_enumerated_by_service() -> None:
    got, _at, number = run(fan(14, "soft", per_service=3))
    assert not got.simulated.any()
    small = fan(3, "soft")
    want = SwitchOracle(small).expected(small["cis"][4], small["services"][0])
    assert got.suffered_hours[number["S0"]] == pytest.approx(2 * want.hours)
    assert got.suffered_money[number["S0"]] == pytest.approx(2 * want.money)


def test_beyond_it_outcomes_are_sampled_and_marked() -> None:
    estate = fan(11, "soft", 0.6)
    got, at, _ = run(estate)
    oracle = SwitchOracle(estate)
    db = next(ci for ci in estate["cis"] if ci["key"] == "db")
    rows = oracle.hits(db, estate["services"][0])
    assert got.simulated[at["db"]] and got.simulated.sum() == 1
    for name, column in (("hours", got.service_hours), ("money", got.money), ("breach", got.breaches)):
        mean = sum(p * getattr(h, name) for p, h in rows)
        error = math.sqrt(sum(p * (getattr(h, name) - mean) ** 2 for p, h in rows) / SAMPLES)
        assert error > 0
        assert abs(column[at["db"]] / 2 - mean) < 5 * error
        assert column[at["db"]] / 2 != pytest.approx(mean, rel=1e-9)
        if name != "breach":
            told = getattr(got, f"{name}_error")[at["db"]] / 2
            assert told == pytest.approx(error, rel=0.35) and abs(column[at["db"]] / 2 - mean) < 4 * told
    assert np.count_nonzero(got.hours_error) == 1 and got.hours_error[at["db"]] > 0
    for seed in range(5):
        moved = shuffled(random.Random(seed), estate)
        moved["cis"].sort(key=lambda ci: [c["key"] for c in estate["cis"]].index(ci["key"]))  # same ids, all other rows elsewhere
        again, there, _ = run(moved)
        assert again.service_hours[there["db"]] == pytest.approx(got.service_hours[at["db"]], rel=1e-12)


def chain(length: int) -> dict[str, Any]:
    """Switch k needs c(k-1): a failed switch of c(k-1) triggers that of ck; S needs the last."""
    keys = [f"c{k}" for k in range(length + 1)]
    return {
        "cis": [{"key": k, "failures_per_year": 1.0 if k == "c0" else 0.0, "repair_hours": 8.0} for k in ("S", "x", *keys)],
        "dependencies": [{"dependent": "S", "provider": keys[-1], "kind": "hard"}],
        "groups": [
            {"key": f"g{k}", "dependent": keys[k], "needed": 1, "members": [keys[k - 1], "x"], "failover_minutes": 6,
                "failover_success": 0.5}
            for k in range(1, length + 1)
        ],
        "services": [{"key": "S", "customers": 1, "money_per_hour": 10, "mtpd_hours": 4}],
    }  # fmt: skip


def cascade(width: int) -> dict[str, Any]:
    """A fan whose db has a failover of its own: only where that fails do the others switch."""
    estate = fan(width, "soft", 0.5)
    estate["cis"].append({"key": "root", "failures_per_year": 1.0, "repair_hours": 1.0})
    estate["groups"].append(
        {"key": "first", "dependent": "db", "needed": 1, "members": ["root", "x"], "failover_minutes": 1, "failover_success": 0.5}
    )
    return estate


def test_failed_switches_trigger_others() -> None:
    compare(chain(9), chain(9))
    got, at, _ = run(chain(2))
    # c1 works: 6 min of nothing for S, which leans on c2: interrupted c1 triggers nothing. c1 fails: c2 works (6 min) or S is
    # down 8 h.
    assert got.service_hours[at["c0"]] == pytest.approx(0.5 * (0.5 * 0.1 + 0.5 * 8))


def test_a_long_chain_of_failed_switches_is_exact() -> None:
    compare(chain(12), chain(12))


def test_failed_switches_that_trigger_too_many_others_are_sampled_and_marked() -> None:
    got, at, _ = run(cascade(16))
    assert got.simulated[at["root"]] and got.simulated[at["db"]]
    got, at, _ = run(cascade(8))  # 2^8 + 1 outcomes
    assert not got.simulated.any()


def test_failure_on_demand_of_standbys_lowers_the_success_once() -> None:
    estate = fan(1, "hard", 0.95)
    estate["cis"][-1]["failure_on_demand"] = 0.1  # x, the standby
    estate["cis"][-2]["failure_on_demand"] = 0.7  # db, active: counts for nothing
    got, at, _ = run(estate)
    assert got.service_hours[at["db"]] == pytest.approx(2 * (0.855 / 12 + 0.145 * 8))
    estate["groups"][0] |= {"members": ["db", "x", "S2"]}
    estate["cis"].append({"key": "S2", "failures_per_year": 0.0, "repair_hours": 1.0, "failure_on_demand": 0.5})
    got, at, _ = run(estate)
    assert got.service_hours[at["db"]] == pytest.approx(2 * (0.4275 / 12 + 0.5725 * 8))


def test_a_group_without_failover_never_switches_whatever_its_standby() -> None:
    estate = fan(1, "hard")
    del estate["groups"][0]["failover_minutes"], estate["groups"][0]["failover_success"]
    estate["cis"][-1]["failure_on_demand"] = 0.5
    got, at, _ = run(estate)
    assert got.service_hours[at["db"]] == 0


def test_a_restore_time_of_zero_never_fails() -> None:
    estate = fan(1, "hard")
    estate["cis"][2]["repair_hours"] = 0.0
    estate["cis"][1] |= {"failures_per_year": 3.0, "repair_hours": 0.0}  # a0, which S needs
    got, _at, _ = run(estate)
    assert got.service_hours.sum() == 0 and got.money.sum() == 0 and got.breaches.sum() == 0 and got.suffered_points.sum() == 0


def test_an_interruption_beyond_the_mtpd_breaches_it_for_sure() -> None:
    estate = fan(1, "hard", 1.0)
    estate["groups"][0]["failover_minutes"] = 300
    estate["dependencies"].append(
        {"dependent": "S", "provider": "db", "kind": "soft", "weight": 0.6}
    )  # below the MBCO until the restore
    got, at, _ = run(estate)
    assert got.breaches[at["db"]] == pytest.approx(2.0)
    compare(estate, estate)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.compiled
def test_threads_and_blocks_change_no_bit_of_a_column(seed: int) -> None:
    from benchmarks.estate import generate

    compiled = compile_graph(generate(4000, 18000, 20, seed))
    want = first_order(compiled, threads=1, block=4096).to_arrays()
    for threads, block in ((2, 4096), (4, 64), (1, 64)):
        got = first_order(compiled, threads=threads, block=block).to_arrays()
        for name in want:
            if block == 4096 or not name.startswith("suffered_"):
                assert got[name].tobytes() == want[name].tobytes(), name
            else:
                np.testing.assert_allclose(got[name], want[name], rtol=1e-12)
    small = [first_order(compiled, threads=t, block=64).to_arrays() for t in (1, 2, 4)]
    assert all(small[0][n].tobytes() == other[n].tobytes() for other in small[1:] for n in want)


@pytest.mark.parametrize("lost", ["standby", "both", "none"])
def test_a_closed_form_is_taken_only_where_no_failed_switch_changes_another(lost: str) -> None:
    estate = fan(5, "hard", 0.5)
    estate["services"][0]["impact"] = {"money": [(0, 0), (100, 100)]}
    last = estate["groups"][-1]
    if lost == "standby":  # the switch of a0 fails: a4 has no standby left, and falls
        last["members"] = ["db", "a0"]
    if lost == "both":  # only where those of a0 and a1 fail
        last["members"] = ["db", "y"]
        estate["cis"].append({"key": "y", "failures_per_year": 0.0, "repair_hours": 8.0})
        estate["groups"].append({"key": "y", "dependent": "y", "needed": 1, "members": ["a0", "a1"]})
    compare(estate, estate)


def test_what_is_asked_of_some_services_is_what_they_lose_among_all() -> None:
    """Services by sets of switches that lie within each other, and one that no switch reaches."""
    estate = fan(6, "hard", 0.8, per_service=3)
    estate["services"] += [{"key": key, "customers": 7, "money_per_hour": 50.0} for key in ("few", "apart")]
    estate["cis"] += [{"key": key, "failures_per_year": 0.0, "repair_hours": 1.0} for key in ("few", "apart")]
    estate["dependencies"] += [
        {"dependent": "few", "provider": "a2", "kind": "hard"},
        {"dependent": "apart", "provider": "db", "kind": "soft", "weight": 0.5},
    ]
    compare(estate, estate)
    compiled = compile_graph(graph_of(estate))
    inputs, cis = rates_and_exposures_of(compiled), np.arange(len(compiled), dtype=np.int32)
    rows, ptr, points, pairs = sweep_rows(compiled, inputs, cis, desk_of(compiled, inputs))
    for seed in range(10):
        wanted = np.random.default_rng(seed).random(len(compiled.service_position)) < 0.4
        got, got_ptr, got_points, some = sweep_rows(compiled, inputs, cis, desk_of(compiled, inputs), wanted=wanted)
        kept = wanted[pairs.service]
        assert some.service.tolist() == pairs.service[kept].tolist()
        np.testing.assert_allclose(some.money, pairs.money[kept], rtol=1e-12)
        np.testing.assert_allclose(got.service_hours.sum(), pairs.hours[kept].sum(), rtol=1e-12)
        for name in ("failed", "degraded", "services_down", "services_degraded", "customers_unknown", "money_unknown"):
            assert getattr(got, name).tolist() == getattr(rows, name).tolist()
        assert (got_ptr.tolist(), got_points.tolist()) == (ptr.tolist(), points.tolist())


def test_services_are_alike_by_their_switches() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        touches = rng.random((rng.integers(1, 6), rng.integers(1, 9))) < 0.5  # by switch and service
        in_doubt = rng.random(len(touches)) < 0.7
        index, service = np.nonzero(touches)
        sets = alike(index.astype(np.int32), service.astype(np.int32), in_doubt)
        found = {}
        for d in range(len(sets.doubtful)):
            switches = tuple(sets.switch[sets.switch_ptr[d] : sets.switch_ptr[d + 1]].tolist())
            found[switches] = sets.service[sets.service_ptr[d] : sets.service_ptr[d + 1]].tolist()
            assert sets.doubtful[d] == in_doubt[list(switches)].sum()
        want: dict[tuple[int, ...], list[int]] = {}
        for s in range(touches.shape[1]):
            if touches[:, s].any():
                want.setdefault(tuple(np.flatnonzero(touches[:, s]).tolist()), []).append(s)
        assert found == want and sets.doubtful.tolist() == sorted(sets.doubtful.tolist(), reverse=True)
        for a in range(len(sets.doubtful)):
            along = taken_along(sets, a, np.zeros(len(sets.doubtful), np.bool_), 1 << 20).tolist()
            names = list(found)
            assert along[0] == a and along[1:] == [b for b in range(a + 1, len(names)) if set(names[b]) <= set(names[a])]
