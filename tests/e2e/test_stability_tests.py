"""Tests as evidence, through the API, the command line and the page: what they change, and what they never change."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.jobs import runner
from app.usecases.answers import group_evidence
from app.usecases.assess import assessed
from app.usecases.keep.seal import Seal
from app.usecases.keep.stability_tests import TESTS
from app.usecases.stability_tests import work_ahead
from app.usecases.stability_tests.game_days import next_experiments
from app.usecases.write_revision import KEY, UNSEALED, Unsealed, settle, turn
from tests.e2e.conftest import Service

ACTIVE = {"failures_per_year": 3.0, "repair_hours": 6.0}


def shop(**group: Any) -> dict[str, Any]:
    """One shop on a pair; another that nobody tested."""
    return {
        "cis": [
            {"key": "S", "unavailability": 0, "team": "shop", "name": "Shop"}, {"key": "a", **ACTIVE, "team": "dba"},
            {"key": "b", "failures_per_year": 1.0, "repair_hours": 2.0, "team": "dba"},
            {"key": "T", "unavailability": 0}, {"key": "c", **ACTIVE}, {"key": "d", **ACTIVE},
        ],
        "dependencies": [],
        "groups": [
            {"key": "pair", "dependent": "S", "needed": 1, "members": ["a", "b"], "failover_minutes": 12.0,
             "failover_success": 0.9, **group},
            {"key": "bare", "dependent": "T", "needed": 1, "members": ["c", "d"]},
        ],
        "services": [{"key": "S", "money_per_hour": 1000.0, "rto_hours": 1.0}, {"key": "T", "money_per_hour": 10.0}],
    }  # fmt: skip


def ago(days: float = 0.0) -> str:
    return (datetime.now(UTC) - timedelta(days=days, seconds=60)).isoformat()


def add(service: Service, body: bytes = b"", status: int = 201, **said: Any) -> Any:
    answer = service.client.post("/api/v1/tests", data=body, query_string=said, content_type="application/octet-stream")
    assert answer.status_code == status, answer.text
    return answer.get_json()


def tried(service: Service, outcome: str, days: float = 0.0, group: str = "S", **said: Any) -> Any:
    return add(service, kind="failover", group=group, outcome=outcome, started_at=ago(days), **said)["items"][0]


def groups(service: Service) -> dict[str, Any]:
    return {row["dependent_name"].upper()[:1]: row for row in service.get("/redundancy")["items"]}


def loss(service: Service) -> float:
    return float(sum(row["money_per_year"] for row in service.get("/areas")["items"]))


def test_a_failed_and_a_passed_switch_change_the_expected_loss_by_hand(service: Service) -> None:
    """3 failures a year of a, 6 h; stated .9 and 12 min: 3 * (.9 * .2 + .1 * 6) h * 1000. One failed: .45; one passed in 8 min:
    .95 and 10 min."""
    service.document(shop())
    assert groups(service)["S"]["state"] == "configured"
    before = service.get("/areas")["items"][0]["money_per_year"]
    assert before == pytest.approx(3 * (0.9 * 0.2 + 0.1 * 6) * 1000)
    failed = tried(service, "failed")
    assert failed["counts"] and not failed["not_counted"]
    row = groups(service)["S"]
    assert (row["state"], row["success"], row["success_origin"], row["tests_failed"]) == ("failed", 0.45, "measured", 1)
    assert service.get("/areas")["items"][0]["money_per_year"] == pytest.approx(3 * (0.45 * 0.2 + 0.55 * 6) * 1000)
    service.client.delete(f"/api/v1/tests/{failed['test']}")
    passed = tried(service, "passed", failover_minutes=8.0)
    row = groups(service)["S"]
    assert (row["state"], row["success"], row["failover_minutes"]) == ("validated", 0.95, 10.0)
    assert service.get("/areas")["items"][0]["money_per_year"] == pytest.approx(3 * (0.95 / 6 + 0.05 * 6) * 1000)
    revisions = service.get("/revisions")["items"]
    assert revisions[0]["note"].startswith("test ")
    assert service.get(f"/tests/{passed['test']}")["group"] == row["group"]
    earlier = service.get("/areas", revision=1)["items"][0]["money_per_year"]
    assert earlier == pytest.approx(before), "an earlier revision knows nothing of later tests"


@pytest.mark.slow
def test_old_evidence_counts_less_and_an_old_pass_validates_no_longer(service: Service) -> None:
    service.document(shop())
    tried(service, "passed", days=800)
    row = groups(service)["S"]
    assert row["state"] == "configured"
    assert 0.9 < row["success"] < 0.93


def test_a_failure_that_would_lower_the_loss_changes_no_number(service: Service) -> None:
    """T10: switching takes 10 h and the repair 6 h, so a lower chance of it would be good news."""
    service.document(shop(failover_minutes=600.0))
    before = loss(service)
    test = tried(service, "failed")
    assert not test["counts"]
    assert "waiting" in test["not_counted"]
    assert groups(service)["S"]["state"] == "failed"
    assert loss(service) == before


def journal(**changes: Any) -> bytes:
    probes = [{"activity": {"name": "the shop answers", "type": "probe"}, "status": "succeeded", "tolerance_met": False}]
    found = {
        "chaoslib-version": "1.44.0", "platform": "Linux", "node": "n", "experiment": {"title": "a goes out", "method": []},
        "start": "2026-11-20T10:00:00+00:00", "status": "completed", "deviated": True, "end": "2026-11-20T10:01:03+00:00",
        "steady_states": {"before": {"steady_state_met": True, "probes": []},
                          "after": {"steady_state_met": False, "probes": probes}, "during": []},
        "run": [], "rollbacks": [], "duration": 63.2, **changes,
    }  # fmt: skip
    return json.dumps(found).encode()


def rates(service: Service) -> list[tuple[str, float, float]]:
    found = []
    for key in "abcdST":
        values = {row["name"]: row["value"] for row in service.get(f"/cis/{key}")["values"]}
        found.append((key, values.get("failures_per_year"), values.get("repair_hours")))
    return found


def test_a_game_day_never_changes_a_failure_rate(service: Service) -> None:
    service.document(shop())
    before = rates(service)
    alone = add(service, journal(), ci="a")["items"][0]
    assert (alone["kind"], alone["outcome"], alone["fell"], alone["counts"]) == (
        "game_day",
        "failed",
        ["the shop answers"],
        False,
    )
    assert service.get("/revisions")["items"][0]["revision"] == 1, "nothing changed, so there is no revision"
    grouped = add(service, journal(duration=64.0), group="S")["items"][0]
    assert grouped["counts"]
    assert groups(service)["S"]["success"] < 0.9
    assert rates(service) == before


def test_the_same_file_twice_and_what_cannot_be(service: Service) -> None:
    service.document(shop())
    add(service, journal())
    assert "kept already" in add(service, journal(), status=409)["detail"]
    assert (
        "zone" in add(service, status=422, kind="failover", outcome="passed", group="S", started_at="2026-11-20T10:00")["detail"]
    )
    assert "past" in add(service, status=422, kind="failover", outcome="passed", group="S", started_at=ago(-3))["detail"]
    assert (
        "no redundancy group"
        in add(service, status=404, kind="failover", outcome="passed", group="zzz", started_at=ago())["detail"]
    )
    assert "nobody reads" in add(service, b"a,b\n1,2\n", status=422)["detail"]
    assert service.get("/tests")["total"] == 1


@pytest.mark.slow
def test_a_load_test_gives_the_share_of_a_member(service: Service) -> None:
    """k6: 100 requests a second, of which 4 % fail; the full load is 120 a second: .8."""
    service.document(shop(shares=[0.5, 0.5], failover_minutes=None, failover_success=None))
    summary = {"metrics": {"http_reqs": {"count": 6000, "rate": 100.0}, "http_req_failed": {"value": 0.04, "passes": 240}}}
    said = {"ci": "a", "group": "S", "started_at": ago(), "full_load_per_second": 120}
    test = add(service, json.dumps(summary).encode(), **said)["items"][0]
    assert test["capacity_share"] == pytest.approx(0.8)
    shares = [row["shares"] for row in service.get("/cis/S")["groups"]]
    assert shares == [[0.5, 0.5]], "what a source states stays as it was stated"
    estate = service.forestay.estates.at()
    assert [share for share in estate.compiled.flat.member_share.tolist() if share == share] == pytest.approx([0.65, 0.5])


def test_the_next_game_day_its_sheet_and_its_result(service: Service) -> None:
    service.document(shop())
    found = service.get("/experiments")
    best = found["items"][0]
    assert best["group"]["dependent_name"].startswith("S"), "more money hangs on it"
    assert best["less_loss"] == pytest.approx(best["group"]["loss_at_stake"] / 4)
    start = (datetime.now(UTC) + timedelta(days=3)).replace(microsecond=0)
    body = {"group": best["group"]["group"], "start_at": start.isoformat(), "people": ["Ada, +49 30 1"]}
    day = service.post("/game-days", body)
    assert (day["hit"], day["stays"]) == (["Shop"], [])
    assert day["abort_minutes"] == 24.0  # twice 12 minutes, below half of the RTO
    assert day["people"][-1] == "Ada, +49 30 1" and day["people"][0].startswith("dba: ")
    entry = service.client.get(f"/api/v1/game-days/{day['day']}/calendar")
    assert entry.mimetype == "text/calendar" and b"BEGIN:VEVENT" in entry.data
    answer = service.client.put("/api/v1/calendars/days?format=ics", data=entry.data, headers={"If-None-Match": "*"})
    assert answer.status_code == 201 and answer.get_json()["changes"] == 1, answer.text
    test = tried(service, "passed", group="", day=day["day"], failover_minutes=11.0)
    assert test["group"] == day["group"]
    held = service.get(f"/game-days/{day['day']}")
    assert (held["state"], held["tests"]) == ("held", [test["test"]])
    assert service.get("/experiments")["items"][0]["less_loss"] < best["less_loss"]
    assert service.client.delete(f"/api/v1/game-days/{day['day']}").status_code == 409


@pytest.mark.slow
def test_what_hangs_on_a_group_is_worked_out_ahead_for_every_process(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.document(shop())
    service.get("/areas")
    asked = next_experiments(service.forestay, 10)
    found = assessed(service.forestay.estates, service.forestay.cache, None).found
    found.clear()
    monkeypatch.setattr(runner, "KEEPERS", (work_ahead.keep_stakes,))
    ahead = runner._Ahead(service.forestay)
    assert ahead.look() and not ahead.look(), "it is there"
    found.clear()
    monkeypatch.setattr(group_evidence.Groups, "_work_out", lambda *given: None)
    assert next_experiments(service.forestay, 10).items == asked.items != []


def test_the_command_line_says_the_same(service: Service, tmp_path: Any) -> None:
    service.document(shop())
    file = tmp_path / "tests.csv"
    file.write_text(
        "kind,started_at,title,about,outcome,failover_minutes,step,planned_minutes,actual_minutes\n"
        "failover,2026-11-20T03:00:00Z,Switch,S,passed,4,,,\n"
        "recovery_exercise,2026-11-21T03:00:00Z,Restore,S,,,restore,60,75\n"
        "recovery_exercise,2026-11-21T03:00:00Z,Restore,S,,,check,10,5\n"
        "failover,yesterday,Switch,S,passed,4,,,\n"
    )
    found = service.cli_json("tests", "add", str(file))["items"]
    assert [(row["kind"], row["outcome"], row["counts"]) for row in found] == [
        ("failover", "passed", True), ("recovery_exercise", "failed", False),
    ]  # fmt: skip
    assert found[0]["refused"] == [
        {
            "record": "line 5",
            "field": "started_at",
            "reason": "'yesterday' is no time with a zone",
            "remedy": "like 2026-11-20T03:00:00Z",
        }
    ]
    assert found[1]["seconds"] == 80 * 60
    row = groups(service)["S"]  # a late restore of what hangs on the group is no failed switch
    assert (row["state"], row["tests_passed"], row["tests_failed"]) == ("validated", 1, 0)
    assert service.cli_json("tests", "list")["items"] == service.get("/tests")["items"]
    assert service.cli_json("tests", "groups")["items"] == service.get("/redundancy")["items"]
    assert service.cli_json("game-day", "next")["items"] == service.get("/experiments")["items"]
    for words in (("tests", "list"), ("tests", "groups"), ("game-day", "next"), ("game-day", "plan", "S"), ("game-day", "list")):
        assert service.cli(*words).exit_code == 0


@pytest.mark.slow
def test_the_pages_show_the_next_experiment_its_sheet_and_the_evidence(service: Service) -> None:
    service.document(shop())
    assert "Shop" in service.page("/game-days")
    group = service.get("/experiments")["items"][0]["group"]["group"]
    assert "takes over within 12 minutes" in service.page("/game-days/sheet", group=group)
    start = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%dT09:00}"
    answer = service.client.post("/game-days/sheet", data={"group": group, "start_at": start, "hours": "2", "people": "Ada\nBob"})
    assert answer.status_code == 303, answer.text
    sheet = service.client.get(answer.location).text
    assert "Calendar entry" in sheet and "Bob" in sheet
    day = service.get("/game-days")["items"][0]["day"]
    result = {"day": day, "group": group, "kind": "failover", "outcome": "failed", "started_at": ago()[:16]}
    answer = service.client.post("/game-days/tests", data=result)
    assert answer.status_code == 303, answer.text
    assert "failed" in service.client.get(answer.location).text
    key = service.get("/services")["items"][0]["key"]
    page = service.page("/service", key=key)
    assert "/game-days/test?test=t-" in page
    wrong = service.client.post("/game-days/tests", data={**result, "started_at": ""})
    assert wrong.status_code == 422 and "started_at" in wrong.text


@pytest.mark.slow
def test_a_writer_that_dies_before_the_pointer_moves_leaves_the_test_to_the_next_one(service: Service) -> None:
    """The test stands in the seal of its revision: it is written with the pointer, by whoever moves it, and once."""
    service.document(shop())
    tools = service.forestay
    kept = TESTS.get(tools.documents, tried(service, "passed", days=1)["test"])
    kept = replace(kept, test="t-dead", outcome="failed", started_at=ago())
    current = tools.store.current()
    with turn(tools.store, tools.documents, "test:dead", "a test of one who dies") as mine:
        mine.open(current)
        text = TESTS.text(replace(kept, since=mine.revision))
        seal = Seal("ada", "test kept", "t-dead", keeps=((TESTS.kind, "t-dead", text),))
        UNSEALED.put(tools.documents, KEY, Unsealed("test:dead", 0, current.counters, seal))
        mine._revision = 0  # dies here: nothing is taken back
    assert TESTS.find(tools.documents, "t-dead") is None
    assert settle(tools.store, tools.documents, 1.0)
    assert tools.store.current().revision == current.revision + 1
    row = groups(service)["S"]
    assert (row["state"], row["tests_passed"], row["tests_failed"]) == ("failed", 1, 1)
    assert list(tools.store.check()) == []


def test_both_stores_answer_alike(on_each_store: Service) -> None:
    service = on_each_store
    service.document(shop())
    test = tried(service, "failed")
    assert groups(service)["S"]["success"] == 0.45
    service.client.delete(f"/api/v1/tests/{test['test']}")
    assert groups(service)["S"]["success"] == 0.9
    assert [row["tests_failed"] for row in service.get("/redundancy")["items"]] == [0, 0]
