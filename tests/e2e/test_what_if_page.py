"""What if by things that are out: now and later, what only the combination breaks, another scenario beside it, kept and taken
back."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.e2e.conftest import Service
from tests.e2e.test_page_sentences import text_of


@pytest.fixture
def pair(service: Service) -> Service:
    """The shop stops with both databases, the till with the first, and is at half without the second."""
    service.csv(
        cis=[
            {"key": "shop", "name": "Shop", "class": "business_service"},
            {"key": "till", "name": "Till", "class": "business_service"},
            {"key": "db1", "name": "db-1", "class": "database", "site": "north", "team": "data", "repair_hours": 2},
            {"key": "db2", "name": "db-2", "class": "database", "site": "south", "repair_hours": 2},
        ],
        dependencies=[
            {"dependent": "till", "provider": "db1", "kind": "soft", "weight": 0.5},
            {"dependent": "till", "provider": "db2", "kind": "soft", "weight": 0.5},
        ],
        groups=[{"key": "dbs", "dependent": "shop", "needed": 1, "members": "db1|db2"}],
        services=[
            {"key": "shop", "customers": 100, "money_per_hour": 1000, "mtpd_hours": 3},
            {"key": "till", "customers": 10, "money_per_hour": 10},
        ],
    )
    return service


def test_the_combination_breaks_what_no_part_does(pair: Service) -> None:
    answer = pair.get("/what-if", ci="db1", site="south", hours="6")
    together = answer["together"]
    assert [(part["kind"], part["name"], part["services_down"]) for part in together["parts"]] == [
        ("ci", "db1", 0), ("site", "south", 0),
    ]  # fmt: skip
    assert [(row["name"], row["state"], row["worst_alone_share"]) for row in together["services"]] == [
        ("Shop", "down", 0.0), ("Till", "degraded", 0.5),
    ]  # fmt: skip
    assert [row["lost_share"] for row in together["services"]] == [1.0, 0.75]  # the till keeps .5 * .5
    assert (together["services_total"], together["stopped_total"]) == (2, 1)
    # by hand: 1000 an hour of the shop and three quarters of 10 of the till; over after 6 h
    assert [(row["hours"], row["services_down"], row["money"]) for row in answer["at"]] == [
        (0.0, 1, 0.0), (1.0, 1, 1007.5), (4.0, 1, 4030.0), (24.0, 0, 6045.0),
    ]  # fmt: skip
    assert answer["money_over_time"][-1] == [6.0, 6045.0] and answer["timeline"]["first_mtpd_breached_at_hours"] == 3.0
    assert pair.get("/what-if", ci="db1", hours="6")["together"] is None


def test_what_is_out_is_in_the_address_and_each_chip_goes_by_a_link(pair: Service) -> None:
    added = pair.client.get("/what-if?ci=csv:ci:db1&hours=6&add=db-2")
    assert added.status_code == 302 and parse_qs(urlsplit(added.location).query)["ci"] == ["csv:ci:db1", "csv:ci:db2"]
    assert parse_qs(urlsplit(pair.client.get("/what-if?add=site:south").location).query) == {"site": ["south"]}
    page = pair.page("/what-if", ci=["csv:ci:db1", "csv:ci:db2"], hours="6", **{"with": "t=0 fail ci:db1 for 6h"})
    assert 'aria-label="Remove db-2"' in page and 'href="/what-if?ci=csv:ci:db1&amp;hours=6&amp;with=' in page
    text = text_of(page)
    assert "What only the combination breaks" in text and "180 min" in text and "Compared with" in text
    several = text_of(pair.page("/what-if", ci="csv:ci:db1", add="db"))
    assert "Which one?" in several and "db-2" in several
    assert pair.client.get("/what-if?ci=nowhere").status_code == 404
    assert pair.client.get("/what-if?ci=db1&hours=-1").status_code == 422


def test_a_scenario_is_kept_once_and_replaced_only_knowingly(pair: Service) -> None:
    form = {"name": "both", "title": "Both databases", "scenario": "t=0 fail ci:db1 ci:db2 for 6h"}
    assert pair.client.post("/what-if/keep", data=form).location == "/what-if?scenario=both&saved=1"
    assert "Undo: take it off the list" in pair.page("/what-if", scenario="both", saved="1")
    again = pair.client.post("/what-if/keep", data=form)
    assert again.status_code == 409 and "there is a scenario of this name" in again.get_data(as_text=True).lower()
    tag = again.get_data(as_text=True).partition('name="replaces" value="')[2].partition('"')[0]
    assert pair.client.post("/what-if/keep", data={**form, "replaces": tag}).status_code == 303
    assert pair.get("/scenarios/both")["version"] == 2
    assert pair.client.post("/what-if/keep", data={**form, "replaces": tag}).status_code == 409  # it is another one by now
    assert pair.client.post("/what-if/keep", data={**form, "name": "No!"}).status_code == 422
    assert pair.client.post("/what-if/remove", data={"name": "both"}).status_code == 303
    assert pair.get("/scenarios")["items"] == []
