"""Attributes on which sources disagree: who says what, which value counts, by which rule, since when."""

from __future__ import annotations

import pytest

from app.usecases import decide
from app.usecases.answers.conflicts import ConflictQuestion, conflicts

WEB = {"key": "web", "name": "web", "class": "server", "fqdn": "web.example", "team": "ops", "site": "north"}
SAME = {"key": "w1", "name": "WEB", "class": "server", "fqdn": "web.example", "team": "dev", "site": "north", "repair_hours": 3}
DB = {"key": "db", "name": "db", "class": "database", "serial": "S9", "site": "north", "rack": "1"}


@pytest.fixture
def service(on_each_store):
    return on_each_store


def fill(service):
    service.csv("a", cis=[WEB, DB], approve=True)
    service.csv("b", cis=[SAME, {**DB, "key": "d1", "site": "south", "rack": "2"}], approve=True)


def told(page):
    return [
        (item["ci"], item["attribute"], item["value"], [value["value"] for value in item["values"]]) for item in page["items"]
    ]


def test_each_is_listed_with_the_value_that_counts_its_rule_and_since_when(service):
    fill(service)
    page = service.get("/conflicts")
    assert told(page) == [
        ("a:ci:db", "site", "north", ["north", "south"]),
        ("a:ci:db", "rack", "1", ["1", "2"]),
        ("a:ci:web", "team", "ops", ["ops", "dev"]),
    ]
    team = page["items"][2]
    assert team["rule"] == "a (priority 10) is believed before b (priority 20)" and team["since_revision"] == 2
    assert team["values"][1] == {"source": "b", "record": "ci:w1", "value": "dev"} and not page["truncated"]
    service.csv("b", cis=[{**SAME, "repair_hours": 4}, {**DB, "key": "d1", "site": "east"}], approve=True)
    later = {item["attribute"]: item["since_revision"] for item in service.get("/conflicts")["items"]}
    assert later == {"site": 3, "team": 2}
    shown = service.cli_json("conflicts", "--attribute", "team")
    assert [item["since_revision"] for item in shown["items"]] == [2]


def test_they_are_filtered_and_paged_and_a_page_goes_on_at_its_revision(service):
    fill(service)
    assert [row[1] for row in told(service.get("/conflicts", attribute="site"))] == ["site"]
    assert [row[0] for row in told(service.get("/conflicts", **{"class": "server"}))] == ["a:ci:web"]
    assert [row[0] for row in told(service.get("/conflicts", ci="b:ci:w1"))] == ["a:ci:web"]
    assert told(service.get("/conflicts", source="nobody")) == []
    found, after = [], {}
    while True:
        page = service.get("/conflicts", limit=1, **after)
        found += told(page)
        if not page["truncated"]:
            break
        after = {"after": page["next"]}
        service.csv("a", cis=[{**WEB, "team": f"team {len(found)}"}, DB], approve=True)
    assert [row[:3] for row in found] == [("a:ci:db", "site", "north"), ("a:ci:db", "rack", "1"), ("a:ci:web", "team", "ops")]
    service.get("/conflicts", after="x", status=422)


def test_a_correction_is_a_conflict_that_a_person_won(service):
    fill(service)
    decide.correct(service.forestay, "web", {"team": "night"}, "me")
    forestay = service.forestay
    [found] = conflicts(forestay, ConflictQuestion(attribute="team"), 10).items
    assert (found.value, found.source, found.rule) == ("night", "manual", "a person corrected it")
