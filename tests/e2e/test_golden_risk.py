"""Golden cases of the risk model with published or hand-derived results, through the API: availability, importance, cut sets,
loss, goal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.e2e.conftest import Service
from tests.e2e.test_golden import CASES, ENUMERATED


def wanted(name: str, quantity: str) -> Any:
    """The number expected, to its tolerance."""
    row = next(row for row in CASES[name]["expected"] if row["quantity"] == quantity)
    return pytest.approx(row["value"], rel=max(row["rel_tol"], 1e-12))


def loaded(service: Service, name: str, variant: str | None = None) -> Mapping[str, Any]:
    estate = CASES[name]["variants"][variant] if variant else CASES[name]["estate"]
    service.document(estate)
    return estate


UNAVAILABILITY = [
    *ENUMERATED,
    ("C11", "Q", None, ()),
    ("C11", "Q without common cause", "no common cause", ()),
    ("C12", "Q", None, ()),
    ("C13", "Q", None, ()),
    ("C15", "unavailability", None, ()),
    ("C16", "unavailability", None, ()),
    ("C17", "unavailability", None, ()),
    ("C18", "unavailability", None, ()),
]


@pytest.mark.parametrize(("name", "quantity", "variant", "down"), UNAVAILABILITY, ids=str)
@pytest.mark.compiled
def test_unavailability_exact_and_simulated(
    service: Service, name: str, quantity: str, variant: str | None, down: tuple[str, ...]
) -> None:
    loaded(service, name, variant)
    exact = service.get("/services/S/availability", down=list(down))
    assert exact["unavailability"]["method"] == "exact"
    assert exact["unavailability"]["value"] == wanted(name, quantity)
    drawn = service.get("/services/S/availability", down=list(down), method="simulated", seed=7)["unavailability"]
    assert drawn["method"] == "simulated"
    value = exact["unavailability"]["value"]  # strata can be exact to rounding; else 95 %, pinned by the seed
    assert drawn["low"] * (1 - 1e-12) <= value <= drawn["high"] * (1 + 1e-12)


def test_c37_the_least_fixpoint_does_not_come_out(service: Service) -> None:
    loaded(service, "C37")
    assert service.get("/services/S/availability")["unavailability"]["value"] != pytest.approx(0.01261, rel=1e-3)


@pytest.mark.parametrize(("name", "count"), [("C03", 3), ("C04", 4)])
def test_minimal_cut_sets(service: Service, name: str, count: int) -> None:
    loaded(service, name)
    told = service.get("/services/S/cut-sets")
    assert told["total"] == count == len(told["items"]) and told["total_digits"] == str(count) and not told["truncated"]
    assert told["probability_not_listed"] == 0.0
    one = service.get("/services/S/cut-sets", limit=1)
    rest = sum(row["probability"] for row in told["items"][1:])
    assert one["truncated"] and one["probability_not_listed"] == pytest.approx(rest)


def test_c04_bounds_and_birnbaum(service: Service) -> None:
    loaded(service, "C04")
    told = service.get("/services/S/availability")
    assert told["rare_event_sum"] == wanted("C04", "rare-event sum")
    assert told["esary_proschan_upper"] == wanted("C04", "min-cut upper bound (Esary-Proschan)")
    assert told["esary_proschan_lower"] == wanted("C04", "min-path lower bound (Esary-Proschan)")
    birnbaum = {row["name"]: row["birnbaum"] for row in service.get("/services/S/importance", by="birnbaum")["items"]}
    assert birnbaum["3"] == wanted("C04", "Birnbaum of 3 (the bridge)")
    assert birnbaum["1"] == wanted("C04", "Birnbaum of 1")


@pytest.mark.parametrize(("name", "count"), [("C05", 1), ("C36", 2)])
def test_single_points(service: Service, name: str, count: int) -> None:
    loaded(service, name)
    assert service.get("/services/S/availability")["single_points"] == count


MEASURES = {
    "Birnbaum": "birnbaum",
    "criticality": "criticality",
    "Fussell-Vesely": "fussell_vesely",
    "RAW": "raw",
    "RRW": "rrw",
    "DIM, equal changes": "dim_equal",
    "DIM, proportional": "dim_proportional",
}


def test_c13_importance_measures(service: Service) -> None:
    loaded(service, "C13")
    rows = {row["name"]: row for row in service.get("/services/S/importance")["items"]}
    for label, field in MEASURES.items():
        for name in "abc":
            assert rows[name][field] == wanted("C13", f"{label} {name}"), (label, name)


def test_c15_frequency_and_downtime(service: Service) -> None:
    loaded(service, "C15")
    told = service.get("/services/S/availability")
    assert told["failures_per_year"]["value"] == wanted("C15", "failures")
    assert told["downtime_minutes_per_year"]["value"] == wanted("C15", "downtime")


def test_c16_mean_outage_and_its_distribution(service: Service) -> None:
    loaded(service, "C16")
    told = service.get("/services/S/availability", longer_than=[10])
    assert told["failures_per_year"]["value"] == wanted("C16", "failures")
    assert told["mean_outage_hours"]["value"] == wanted("C16", "mean outage")
    assert dict(told["outages_longer_than"])[10.0] == wanted("C16", "P(outage > 10 h)")
    assert told["outages_longer_than_method"] == "exact"


def test_c17_frequency_mean_and_initiators(service: Service) -> None:
    loaded(service, "C17")
    told = service.get("/services/S/availability")
    assert told["failures_per_year"]["value"] == wanted("C17", "failures")
    assert told["mean_outage_hours"]["value"] == wanted("C17", "mean outage")
    shares = {row["name"]: row["initiator_share"] for row in service.get("/services/S/importance")["items"]}
    assert shares["a"] == wanted("C17", "initiator share of a (Barlow-Proschan)")


def test_c18_frequency_and_initiator_shares(service: Service) -> None:
    loaded(service, "C18")
    assert service.get("/services/S/availability")["failures_per_hour"]["value"] == wanted("C18", "failures")
    told = service.get("/services/S/importance", by="initiator_share")
    shares = {row["name"]: row["initiator_share"] for row in told["items"]}
    assert shares["a"] == wanted("C18", "initiator share of a") and shares["b"] == wanted("C18", "initiator share of b")
    assert told["initiator_shares_total"] == wanted("C18", "sum of shares")


def test_c20_active_and_passive(service: Service) -> None:
    loaded(service, "C20")
    (row,) = service.get("/services/S/availability")["failovers"]
    assert row["hours_per_year"] == wanted("C20", "downtime")
    assert row["p_works"] == wanted("C20", "P(failover works)")
    assert row["hours_per_year_without_standby"] == wanted("C20", "downtime without standby")


def test_c21_expected_loss_by_both_rules(service: Service) -> None:
    loaded(service, "C21")
    told = service.get("/services/S/availability")
    assert told["lost_share"]["value"] == wanted("C21", "expected loss of service, product rule")
    assert told["lost_share_worst_rule"]["value"] == wanted("C21", "worst rule")
    assert told["lost_share"]["method"] == "exact" and not told["rules_differ"]
    drawn = service.get("/services/S/availability", method="simulated", seed=3)["lost_share"]
    assert drawn["method"] == "simulated" and drawn["low"] <= 0.13573 <= drawn["high"]


def test_c24_expected_loss_of_an_outage(service: Service) -> None:
    loaded(service, "C24")
    told = service.get("/services/S/loss")
    (row,) = [row for row in told["items"] if row["name"] == "a"]
    assert row["money_first_order"] == wanted("C24", "expected loss per outage")


def test_c26_lognormal_outages(service: Service) -> None:
    loaded(service, "C26")
    told = service.get("/services/S/availability")
    assert told["p_outage_breaches_mtpd"]["value"] == wanted("C26", "P(outage > MTPD)")
    assert told["mean_outage_hours"]["value"] == wanted("C26", "mean outage")
    until = {"impact": {"money": [[0, 0], [8, 8], [9, 8]]}}
    answer = service.client.put("/api/v1/services/S", json=until, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    (row,) = [row for row in service.get("/services/S/loss")["items"] if row["name"] == "a"]
    assert row["money_first_order"] == wanted("C26", "E min(outage, 8 h)")


def test_c35_bad_customer_minutes(service: Service) -> None:
    loaded(service, "C35")
    told = [service.get(f"/services/{name}/availability") for name in ("shop", "crm")]
    first = sum(answer["bad_customer_minutes_first_order"]["value"] for answer in told)
    total = sum(answer["bad_customer_minutes"]["value"] for answer in told)
    assert first == wanted("C35", "bad customer-minutes, first-order part")
    assert total == wanted("C35", "bad customer-minutes, total 60*8766*E[1-c]*customers")


def test_c39_loss_by_initiating_ci_over_two_services(service: Service) -> None:
    loaded(service, "C39")
    sums: dict[str, float] = {}
    for name in ("S1", "S2"):
        told = service.get(f"/services/{name}/loss")
        assert told["money_total"]["method"] == "exact"
        assert told["money_first_order"]["value"] + told["money_redundancy"]["value"] == pytest.approx(
            told["money_total"]["value"]
        )
        for row in told["items"]:
            sums[row["name"]] = sums.get(row["name"], 0.0) + row["money_total"]
    for name in "dbc":
        assert sums[name] == wanted("C39", f"by {name}")
    assert sum(sums.values()) == wanted("C39", "total")


def test_c30_failure_rate_from_incidents(service: Service) -> None:
    data = CASES["C30"]["data"]
    shape, years = data["prior"]
    told = service.get(
        "/estimates/failure-rate", incidents=data["incidents"], years=data["years"], prior_shape=shape, prior_years=years
    )
    assert told["mean_per_year"] == wanted("C30", "mean")
    assert told["low_per_year"] == wanted("C30", "5 %") and told["high_per_year"] == wanted("C30", "95 %")
    for years in (0, 1e-300, 2.3e-309):
        service.get("/estimates/failure-rate", incidents=0, years=years, status=422)
