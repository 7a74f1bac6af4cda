"""Why the expected loss changed between two revisions: parts by hand, and that they add up on random pairs of revisions."""

from __future__ import annotations

import copy
import json
import random
from dataclasses import replace
from typing import Any

import pytest

from app.usecases.answers.change_explained import explain_change
from app.usecases.assess import ASSESSMENTS, page_assessments
from tests.e2e.conftest import Service

BY_HAND = {"estate": 180.0, "evidence": 90.0, "exposure": 150.0}
SHOP = {"key": "shop", "name": "Shop", "class": "business_service", "failures_per_year": 0, "repair_hours": 1}


def estate(rate: float, customers: float, *servers: str, team: str = "ops") -> dict[str, Any]:
    """A shop that hangs on each of its servers; each fails `rate` times a year for 2 hours, and nothing else does."""
    cis = [{"key": key, "class": "server", "team": team, "failures_per_year": rate, "repair_hours": 2} for key in servers]
    return {
        "cis": [SHOP, *cis],
        "dependencies": [{"dependent": "shop", "provider": key} for key in servers],
        "services": [{"key": "shop", "customers": customers}],
    }


def test_parts_by_hand(service: Service) -> None:
    """Customer-hours of one server at 3 a year x 2 h x 10 customers: 60. Then a fails 6 times, b came, customers are 20: 480.

    Of the three changes, b always with its own rate: evidence alone 120, estate alone 60 + 120 = 180, both 240, and with the
    exposure twice as much. Estate: (180 - 60) / 3 + (240 - 120) / 6 + (360 - 120) / 6 + (480 - 240) / 3 = 180; evidence 90,
    exposure 150.
    """
    service.document(estate(3, 10, "a"))
    service.document(estate(6, 20, "a", "b"))
    told = explain_change(service.forestay, 1, None)
    hours = {part.part: part.amount for part in told.parts}
    # rates are of up time: 2 h of repair at 6 a year make 0.14 % of a year
    assert (told.before, told.after) == (pytest.approx(60, rel=2e-3), pytest.approx(480, rel=3e-3))
    assert sum(hours.values()) == pytest.approx(told.difference, rel=1e-12)
    assert hours == {part: pytest.approx(by_hand, rel=4e-3) for part, by_hand in BY_HAND.items()}
    assert told.earlier == 1 and told.later == 2 and told.assessments == 8


def test_what_did_not_change_has_no_part_and_costs_no_assessment(service: Service) -> None:
    service.document(estate(3, 10, "a"))
    service.document(estate(6, 10, "a"))
    told = explain_change(service.forestay, 1, 2)
    parts = {part.part: part.amount for part in told.parts}
    assert parts["estate"] == parts["exposure"] == 0.0 and parts["evidence"] == pytest.approx(60, rel=3e-3)
    assert told.assessments == 2, "all that changed is the rate: nothing lies between the two"
    (row,) = told.items
    assert row.what == ["failures: 3 a year (declared) became 6 a year (declared)"]
    assert told.sentence.startswith("The expected loss rose by") and "evidence +" in told.sentence
    teams = explain_change(service.forestay, 1, 2, "team")
    assert [(area.name, area.evidence) for area in teams.items] == [("ops", pytest.approx(parts["evidence"]))]


def test_a_ci_that_came_and_what_lost_a_need(service: Service) -> None:
    service.document(estate(3, 10, "a", "old"))
    service.document(estate(3, 10, "a", "new"))
    told = explain_change(service.forestay, 1, 2)
    what = {row.label: row.what for row in told.items}
    assert what["new"] == ["was not assessed before"] and what["old"] == ["is no longer assessed"]
    assert {row.label: (row.before is None, row.after is None) for row in told.items} == {
        "new": (True, False),
        "old": (False, True),
    }
    shop = explain_change(service.forestay, 1, 2, "service")
    assert not shop.items, "another server of the same kind makes the shop no better and no worse"


def test_what_an_earlier_model_said_is_a_part_of_its_own(service: Service) -> None:
    service.document(estate(3, 10, "a"))
    service.document(estate(6, 10, "a"))
    first = min(page_assessments(service.forestay.documents), key=lambda row: row.revision)
    totals = {**first.totals, "customer_hours_per_year": 50.0}
    ASSESSMENTS.put(service.forestay.documents, first.assessment, replace(first, model_version="0.9", totals=totals))
    told = explain_change(service.forestay, 1, 2)
    parts = {part.part: part.amount for part in told.parts}
    assert told.before == 50.0 and parts["model"] == pytest.approx(told.earlier_now - 50.0)
    assert sum(parts.values()) == pytest.approx(told.after - 50.0, rel=1e-12) and "model 0.9" in told.model_note


def changed(rng: random.Random, before: dict[str, Any]) -> dict[str, Any]:
    """An estate after a few changes of any sort."""
    after = copy.deepcopy(before)
    for _ in range(rng.randint(1, 3)):
        what, ci = rng.randrange(6), rng.choice(after["cis"][2:])
        if what == 0:
            ci["failures_per_year"] = rng.uniform(0, 20)
        elif what == 1:
            ci["repair_hours"] = rng.uniform(0.1, 50)
        elif what == 2:
            rng.choice(after["services"])["customers"] = rng.choice([None, rng.uniform(1, 1000)])
        elif what == 3:
            after["dependencies"] = [d for d in after["dependencies"] if rng.random() < 0.8]
        elif what == 4:
            pair = rng.sample([one["key"] for one in after["cis"]], 2)
            after["dependencies"].append(
                {"dependent": pair[0], "provider": pair[1], "kind": rng.choice(["hard", "hard", "soft"])}
            )
        else:
            key = f"c{len(after['cis'])}-{rng.randrange(1000)}"
            after["cis"].append(
                {"key": key, "class": "server", "team": rng.choice("xyz"), "failures_per_year": 1, "repair_hours": 1}
            )
            after["dependencies"].append({"dependent": rng.choice(after["cis"][:6])["key"], "provider": key})
    after["groups"][0]["failover_success"] = rng.choice([0.9, 0.5])
    return after


def test_doors_say_the_same(service: Service) -> None:
    service.document(estate(3, 10, "a"))
    service.document(estate(6, 20, "a", "b"))
    told = service.get("/revisions/2/why", since=1, limit=1)
    assert [row["label"] for row in told["items"]] == ["b"] and told["truncated"] and told["total_rows"] == 2
    rest = service.get("/revisions/2/why", since=1, after=told["next"])
    assert [row["label"] for row in rest["items"]] == ["a"] and rest["parts"] == told["parts"]
    assert service.get("/revisions/2/why")["earlier"] == 1, "the revision before, where none is named"
    printed = service.cli_json("why-changed", "1", "2", "--limit", "1")
    assert {**printed, "stamp": None, "next": None} == {**told, "stamp": None, "next": None}
    page = service.page("/why-changed", **{"from": 1, "to": 2})
    assert told["sentence"] in page and "was not assessed before" in page
    by = service.page("/why-changed", **{"from": 1, "to": 2, "kind": "service", "by": "exposure"})
    assert "customers: 10 became 20" in by
    assert "earlier" in service.get("/revisions/1/why", 422, since=1)["detail"]
    assert "earlier" in service.get("/revisions/2/why", 422, since=7)["detail"]


@pytest.mark.slow
def test_parts_add_up_on_random_pairs_of_revisions(service: Service) -> None:
    rng = random.Random(1907)
    services = [{**SHOP, "key": key, "name": key} for key in ("s", "t")]
    servers = [
        {"key": f"c{n}", "class": "server", "team": rng.choice("xyz"), "failures_per_year": rng.uniform(0, 9), "repair_hours": 3}
        for n in range(8)
    ]
    now: dict[str, Any] = {
        "cis": [*services, *servers],
        "dependencies": [{"dependent": rng.choice("st"), "provider": one["key"]} for one in servers],
        "groups": [
            {
                "key": "pair",
                "dependent": "s",
                "members": ["c0", "c1"],
                "needed": 1,
                "failover_minutes": 30,
                "failover_success": 0.9,
            }
        ],
        "services": [{"key": "s", "customers": 100}, {"key": "t", "customers": 10}],
    }
    while service.forestay.store.current().revision < 22:
        path = service.folder / "estate.json"
        path.write_text(json.dumps(now))
        service.sync("json", "json", path, approve=True)
        now = changed(rng, now)
    last = service.forestay.store.current().revision
    pairs = [(a, b) for a in range(1, last) for b in range(a + 1, last + 1)]
    mixed = 0
    for a, b in rng.sample(pairs, 200):
        for kind in ("ci", "service", "team"):
            told = explain_change(service.forestay, a, b, kind, limit=500)
            scale = max(abs(told.before), abs(told.after), 1.0)
            assert abs(sum(part.amount for part in told.parts) - told.difference) <= 1e-9 * scale, (a, b)
            assert abs(sum(row.difference for row in told.items) - told.difference) <= 1e-9 * scale, (a, b, kind)
            for row in told.items:
                assert abs(row.estate + row.evidence + row.exposure - row.difference) <= 1e-9 * scale
        mixed += told.assessments > 2
    assert mixed >= 100, "most pairs differ in more than one part"
