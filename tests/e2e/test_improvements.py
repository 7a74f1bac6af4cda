"""Improvements from plan to act, what was measured of them, and accepted risks: by API and command line."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.e2e.conftest import Service
from tests.e2e.test_measures import ci

NOW = datetime.now(UTC).replace(microsecond=0)
DONE = NOW - timedelta(days=365)


def history(before: int, after: int, seed: int = 3) -> list[dict[str, Any]]:
    """Outages of db of about 4 h in the two years before and the year after."""
    rng = random.Random(seed)
    starts = [DONE - timedelta(days=730 * (n + rng.random()) / before) for n in range(before)]
    starts += [DONE + timedelta(days=360 * (n + rng.random()) / after) for n in range(after)]
    return [
        {"key": f"i{n}", "ci": "db", "started_at": int(start.timestamp()),
         "ended_at": int((start + timedelta(hours=rng.uniform(3, 5))).timestamp()), "root_cause": True}
        for n, start in enumerate(sorted(starts))
    ]  # fmt: skip


def estate(incidents: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "cis": [ci("shop", 0.0, 1.0, "business_service"), ci("db", 12.0)],
        "dependencies": [{"dependent": "shop", "provider": "db"}],
        "services": [{"key": "shop", "customers": 10, "money_per_hour": 100.0}],
        "incidents": incidents,
        "observations": [
            {"scope": "*", "observed_from": int((DONE - timedelta(days=730)).timestamp()), "observed_until": int(NOW.timestamp())}
        ],
    }


PLAN = {
    "title": "Restore db in half the time", "owner": "DB team", "hypothesis": "Snapshots every hour halve the restore",
    "measures": [{"kind": "restore", "ci": "db", "share": 0.5, "cost": 5000}], "due_on": "2026-12-24",
}  # fmt: skip


def planned(service: Service, before: int, after: int) -> dict[str, Any]:
    service.document(estate(history(before, after)))
    made = service.post("/improvements", PLAN)
    step = f"/improvements/{made['improvement']}/steps"
    service.post(step, {"step": "start"}, 200)
    service.post(step, {"step": "done", "at": DONE.isoformat()}, 200)
    return service.get(f"/improvements/{made['improvement']}")


def test_an_improvement_that_worked_is_standardised(service: Service) -> None:
    told = planned(service, 48, 6)
    seen, less = told["measured"], told["predicted"]["effect"]["less"]
    assert (told["state"], told["verdict"], len(told["watched"])) == ("check", "worked", 1)
    assert (seen["outages_before"], seen["outages_after"]) == (48, 6) and seen["low"] > 0
    assert abs(seen["less"] - (24.25 - 6.5) * 4.0 * 100.0) < 0.25 * seen["less"] and less > 0
    made = service.post(f"/improvements/{told['improvement']}/steps", {"step": "standardise", "note": "into the runbook"}, 200)
    assert (made["state"], made["decision"], made["measured"]["low"] > 0) == ("act", "standardise", True)
    assert [one["step"] for one in made["steps"]] == ["start", "done", "standardise"]
    page = service.get("/improvements", state="act")
    assert page["total"] == 1 and page["states"]["act"] == 1 and service.get("/improvements", state="plan")["total"] == 0


def test_an_improvement_that_did_not_work_is_shown_so(service: Service) -> None:
    told = planned(service, 48, 27)
    assert told["verdict"] == "did not work" and told["measured"]["low"] < 0
    assert told["measured"]["high"] < told["predicted"]["effect"]["less"]
    assert "did not work" in service.cli("improvements", "show", told["improvement"]).output
    service.post(f"/improvements/{told['improvement']}/steps", {"step": "start"}, 409)


def test_what_is_said_of_an_improvement_is_checked(service: Service) -> None:
    service.document(estate([]))
    assert "due_on" in service.post("/improvements", {**PLAN, "due_on": "soon"}, 422)["detail"]
    made = service.cli_json(
        "improvements", "plan", json.dumps(PLAN["measures"][0]), "--title", "t", "--owner", "o", "--hypothesis", "h",
        "--due", "2027-01-01",
    )  # fmt: skip
    step = f"/improvements/{made['improvement']}/steps"
    service.post(step, {"step": "standardise"}, 409)
    service.post(step, {"step": "done", "at": "2099-01-01T00:00Z"}, 422)
    assert service.get(f"/improvements/{made['improvement']}")["verdict"] == "not measured yet"
    assert service.post(step, {"step": "drop"}, 200)["state"] == "dropped"
    assert {"improvement planned", "improvement: drop"} <= {row["action"] for row in service.get("/audit")["items"]}


def unwatched() -> dict[str, Any]:
    """The rates are those stated."""
    return estate([]) | {"observations": []}


def test_an_accepted_risk_is_raised_again_when_its_number_grows(service: Service) -> None:
    service.document(unwatched())
    until = (NOW + timedelta(days=90)).date().isoformat()
    service.post("/acceptances", {"ci": "db", "reason": "", "expires_on": until}, 422)
    service.post("/acceptances", {"ci": "db", "reason": "dear", "expires_on": "2020-01-01"}, 422)
    made = service.post("/acceptances", {"ci": "db", "reason": "too dear", "expires_on": until, "grows": 0.25})
    assert made["state"] == "holds" and made["loss_now"] == made["accepted"]["loss"] > 0
    worse = unwatched()
    worse["cis"][1]["failures_per_year"] = 14.0
    service.document(worse)
    assert service.get("/acceptances")["raised"] == 0
    worse["cis"][1]["failures_per_year"] = 24.0
    service.document(worse)
    page = service.get("/acceptances")
    assert page["raised"] == 1 and page["items"][0]["state"] == "grew" and "by more than the 25" in page["items"][0]["because"]
    assert service.cli_json("improvements", "accepted")["raised"] == 1
    service.client.delete(f"/api/v1/acceptances/{made['accepted']['acceptance']}")
    assert service.get("/acceptances")["total"] == 0


def test_measures_by_every_door(service: Service) -> None:
    service.document(estate([]))
    body = {"measures": PLAN["measures"]}
    told = service.post("/measures/effect", body, 200)
    assert told["effect"]["less"] > 0 and told["cost"] == 5000
    assert service.cli_json("measures", "try", json.dumps(PLAN["measures"][0]))["effect"] == told["effect"]
    best = service.post("/measures/best", {**body, "budget": 4999}, 200)
    assert best["chosen"] == [] and best["exact"]
    assert service.cli_json("measures", "best", json.dumps(PLAN["measures"][0]), "--budget", "5000")["chosen"] == [0]
    assert "cost" in service.post("/measures/best", {"measures": [{"kind": "restore", "ci": "db"}], "budget": 1}, 422)["detail"]
    assert service.get("/measures/suggested")["items"] and "db" in service.cli("measures", "suggest").output


def test_the_board_plans_and_takes_steps(service: Service) -> None:
    service.document(estate([]))
    form = {"title": "Faster <db>", "owner": "DB team", "hypothesis": "Snapshots", "due_on": "2027-01-01", "kind": "restore"}
    assert "None is planned yet" in service.page("/improvements")
    refused = service.client.post("/improvements", data={**form, "ci": "db", "share": "lots"})
    assert refused.status_code == 422 and "Share: a number" in refused.text
    made = service.client.post("/improvements", data={**form, "ci": "db", "share": "50"})
    assert made.status_code == 303
    assert "Faster &lt;db&gt;" in service.page("/improvements") and "is back in 50" in service.client.get(made.location).text
    (one,) = service.get("/improvements")["items"]
    taken = service.client.post("/improvements/one", data={"improvement": one["improvement"], "step": "done", "at": ""})
    assert taken.status_code == 303 and service.get(f"/improvements/{one['improvement']}")["state"] == "check"
    until = (NOW + timedelta(days=9)).date().isoformat()
    accepted = service.client.post("/improvements/accepted", data={"risk": "db", "reason": "dear", "expires_on": until})
    assert accepted.status_code == 303 and "dear" in service.page("/improvements")
