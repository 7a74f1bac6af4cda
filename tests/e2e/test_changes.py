"""Planned changes: kept, read from calendars, checked, and collisions between them, through API, command line and page."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.change_answers import APPROVALS
from tests.e2e.conftest import Service

DAY = timedelta(days=1)
NEW = {"If-None-Match": "*"}


def estate(service: Service) -> Service:
    service.csv(
        "cmdb",
        cis=[
            {"key": "shop", "name": "Shop", "class": "business_service", "team": "front", "site": "north"},
            {"key": "pay", "name": "Pay", "class": "business_service", "team": "money", "site": "south"},
            {"key": "db", "name": "DB", "class": "database", "repair_hours": 2, "failures_per_year": 2, "fqdn": "db.example.com"},
            {"key": "a", "name": "web-1", "class": "server", "repair_hours": 1, "failures_per_year": 4},
            {"key": "b", "name": "web-2", "class": "server", "repair_hours": 1, "failures_per_year": 4},
            {"key": "printer", "name": "Printer", "class": "server", "team": "office"},
        ],
        dependencies=[{"dependent": "pay", "provider": "db"}],
        groups=[{"key": "pair", "dependent": "shop", "needed": 1, "members": "a|b"}],
        services=[
            {"key": "shop", "customers": 1000, "money_per_hour": 100, "mtpd_hours": 4},
            {"key": "pay", "customers": 50, "money_per_hour": 10, "mtpd_hours": 1, "rto_hours": 0.5},
        ],
    )
    return service


def at(days: float, hour: int = 0) -> str:
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (day + days * DAY + timedelta(hours=hour)).isoformat()


def plan(service: Service, name: str, cis: str, days: float, hour: int, hours: float, status: int = 200, **more: Any) -> Any:
    body = {"title": name, "cis": cis.split(), "start": at(days, hour), "duration_hours": hours, **more}
    answer = service.client.put(f"/api/v1/changes/entries/{name}", json=body, headers=NEW)
    assert answer.status_code == status, answer.text
    return answer.get_json()


def close(service: Service, name: str, kind: str, scope: str, days: float, until: float) -> None:
    body = {"kind": kind, "scope": scope, "start": at(days), "end": at(until), "title": name}
    assert service.client.put(f"/api/v1/changes/entries/{name}", json=body, headers=NEW).status_code == 200


def upload(
    service: Service, name: str, file_format: str, body: bytes, status: int = 201, match: str = "*", zone: str = ""
) -> Any:
    query = {"format": file_format} | ({"zone": zone} if zone else {})
    headers = {"If-Match": match} if match != "*" else NEW
    answer = service.client.put(f"/api/v1/calendars/{name}", data=body, query_string=query, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.get_json()


def check(service: Service, status: int = 200, **question: Any) -> Any:
    return service.post("/changes/check", question, status)


def test_nothing_planned(service: Service) -> None:
    estate(service)
    assert service.get("/changes")["total"] == 0
    page = service.get("/changes/collisions")
    assert (page["sentence"], page["total"], page["gaps"]["sentence"]) == ("No collision is known.", 0, "")
    assert "No collision is known" in service.cli("change", "collisions").output
    assert "No collision is known" in service.page("/changes")


def test_two_changes_that_together_stop_a_service(service: Service) -> None:
    estate(service)
    plan(service, "patch-1", "web-1", 3, 20, 4)
    plan(service, "patch-2", "web-2", 3, 22, 4)
    plan(service, "patch-3", "web-2", 4, 0, 1)
    page = service.get("/changes/collisions")
    (row,) = page["items"]
    assert [party["entry"] for party in row["parties"]] == ["patch-1", "patch-2"] and row["services"] == ["Shop"]
    assert row["spans"] == [{"start_at": at(3, 22), "end_at": at(4, 0)}]
    assert row["sentence"] == "patch-1 and patch-2 together stop Shop; none of them does without the others."
    assert row["path"][-1]["key"] == service.get("/cis/shop")["key"]
    assert "patch-1 and patch-2" in service.page("/changes")
    asked = service.cli_json("change", "collisions", "--limit", "100")
    assert asked["items"] == page["items"] and asked.keys() == page.keys()
    found = check(service, change="patch-1")
    assert (found["verdict"], found["approval"]) == ("collides", "another time")
    assert found["collisions"] == page["items"]
    assert found["better_windows"] and all(
        not (one["start_at"] < at(4, 2) and one["end_at"] > at(3, 22)) for one in found["better_windows"]
    )


def test_a_change_while_its_partner_is_down_and_while_it_is_back(service: Service) -> None:
    estate(service)
    end = (datetime.now(UTC) + timedelta(hours=30)).isoformat()
    assert service.client.put("/api/v1/live/web-2", json={"state": "maintenance", "ends_at": end}).status_code == 200
    soon, later = (
        check(service, cis=["a"], start_at=at(1), end_at=at(1, 2)),
        check(service, cis=["a"], start_at=at(3), end_at=at(3, 2)),
    )
    assert soon["verdict"] == "collides" and [party["entry"] for party in soon["collisions"][0]["parties"]] == ["asked", "now"]
    assert soon["collisions"][0]["parties"][1]["cis"] == [service.get("/cis/b")["key"]]
    assert later["verdict"] == "clear"
    assert service.client.put("/api/v1/live/web-2", json={"state": "down"}).status_code == 200
    assert check(service, cis=["a"], start_at=at(3), end_at=at(3, 2))["verdict"] == "collides"  # nobody knows until when
    assert check(service, cis=["db"], start_at=at(3), end_at=at(3, 2))["verdict"] == "clear"  # its partner is another


def test_freezes_and_peaks_touch_what_they_cover(service: Service) -> None:
    estate(service)
    close(service, "yearend", "freeze", "service=shop", 3, 5)
    close(service, "sale", "peak", "site=south", 3, 5)
    plan(service, "patch", "web-1", 3, 1, 2)
    plan(service, "upgrade", "db.example.com", 3, 1, 2)
    plan(service, "paper", "Printer", 3, 1, 2)
    plan(service, "later", "web-1", 5, 0, 2)
    kinds = {
        (row["parties"][0]["entry"], row["kind"], row["parties"][1]["entry"])
        for row in service.get("/changes/collisions")["items"]
    }
    assert kinds == {("patch", "freeze", "yearend"), ("upgrade", "peak", "sale")}
    assert check(service, change="paper")["verdict"] == "clear" and check(service, change="later")["verdict"] == "clear"
    frozen, peak = check(service, change="patch"), check(service, change="upgrade")
    assert (frozen["approval"], peak["approval"]) == ("another time", "board")
    assert all(one["start_at"] >= at(5) or one["end_at"] <= at(3) for one in frozen["better_windows"])
    close(service, "all", "freeze", "everything", 3, 4)
    assert check(service, change="paper")["verdict"] == "collides"


def test_loss_probability_and_approval_of_one_change(service: Service) -> None:
    estate(service)
    spare = check(service, cis=["a"], start_at=at(2), end_at=at(2, 5))
    p = 1 - 2.718281828459045 ** (-4 * 5 / 8766)
    assert spare["p_further_failure"] == pytest.approx(p, rel=1e-6) and spare["loss_planned"] == 0
    assert spare["loss_expected"] == pytest.approx(p * 500) and spare["loss_highest"] == 500
    assert (spare["approval"], spare["services_down"], spare["redundancy_used_up_total"]) == ("owner", 0, 1)
    stop = check(service, cis=["a", "b"], start_at=at(2), end_at=at(2, 5))
    assert (stop["services_down"], stop["loss_planned"], stop["customers"], stop["approval"]) == (1, 500.0, 1000.0, "board")
    none = check(service, cis=["printer"], start_at=at(2), end_at=at(2, 5))
    assert (none["approval"], none["verdict"], none["loss_planned"]) == ("standard", "clear", 0)
    assert none["priority_row"] == "none/later" and APPROVALS[0] == "standard"
    assert service.cli_json("change", "check", "printer", "--start", at(2), "--hours", "5")["approval"] == "standard"


def test_what_is_not_known_makes_no_change_safe(service: Service) -> None:
    estate(service)
    plan(service, "ghost", "web-99 a", 2, 0, 2)
    found = check(service, cis=["printer"], start_at=at(2), end_at=at(2, 5))
    assert (found["verdict"], found["approval"]) == ("unclear", "owner")
    (name,) = found["gaps"]["not_placed"]
    assert (name["entry"], name["name"]) == ("ghost", "web-99") and set(name["near"]) == {
        service.get("/cis/a")["key"], service.get("/cis/b")["key"],
    }  # fmt: skip
    lost = check(service, cis=["nowhere"], start_at=at(2), end_at=at(2, 5))
    assert lost["verdict"] == "unclear" and lost["loss_planned"] is None and lost["customers"] is None
    assert "No collision is known" in lost["sentence"] and "not all is known" in lost["sentence"]


CSV = """id,kind,title,cis,scope,start,end,duration_hours,zone,rrule,exdates,state
p1,change,Patch,web-1|web-2,,2030-07-01T22:00,2030-07-02T02:00,,Europe/Berlin,,,
p2,change,No end,web-1,,2030-07-01T22:00,,,Europe/Berlin,,,
p3,change,No CI,,,2030-07-01T22:00,,2,Europe/Berlin,,,
p4,freeze,Freeze,,site=north,2030-12-24,2030-12-27,,Europe/Berlin,,,
p1,change,Twice,web-1,,2030-07-01,,,Europe/Berlin,,,
p6,change,Zone,web-1,,2030-07-01T22:00,,2,Mars/Base,,,
p7,change,Cancelled,web-1,,2030-07-01T22:00Z,,2,,,,cancelled
"""


def test_a_calendar_reads_what_it_can_and_lists_the_rest(service: Service) -> None:
    estate(service)
    row = upload(service, "ops", "csv", CSV.encode())
    assert (row["records"], row["entries"], row["unread_total"]) == (7, 3, 4)
    assert [(one["record"], one["field"]) for one in row["unread"]] == [
        ("line 3", "end"), ("line 4", "cis"), ("line 6", "id"), ("line 7", "zone"),
    ]  # fmt: skip
    entry = service.get("/changes/entries/ops:p1")
    assert entry["windows"] == [{"start_at": "2030-07-01T20:00:00+00:00", "end_at": "2030-07-02T00:00:00+00:00"}]
    assert service.get("/changes/entries/ops:p7")["state"] == "cancelled" and service.get("/changes")["unread_total"] == 4
    assert service.get("/changes/collisions")["gaps"]["unread_total"] == 4
    assert check(service, cis=["printer"], start_at=at(2), end_at=at(2, 5))["verdict"] == "unclear"
    answer = service.client.get("/api/v1/calendars/ops")
    upload(service, "ops", "csv", CSV.encode(), 412, match='"x.0000"')
    upload(service, "ops", "csv", b"\xff", 422, match=answer.headers["ETag"])
    assert service.get("/changes")["total"] == 3
    good = json.dumps({"entries": [{"id": "x", "cis": ["a"], "start": at(2), "duration_hours": 1}]}).encode()
    assert upload(service, "ops", "json", good, match=answer.headers["ETag"])["entries"] == 1
    assert [one["entry"] for one in service.get("/changes")["items"]] == ["ops:x"]
    assert check(service, cis=["printer"], start_at=at(2), end_at=at(2, 5))["verdict"] == "clear"
    assert service.client.delete("/api/v1/calendars/ops").get_json() == {"removed": "ops"}
    assert service.get("/changes")["total"] == 0
    acts = [line["action"] for line in service.get("/audit")["items"]]
    assert acts.count("calendar read") == 2 and "calendar removed" in acts


def test_a_calendar_from_a_file(service: Service) -> None:
    estate(service)
    file = service.folder / "Ops.ics"
    start = datetime.fromisoformat(at(2, 20))
    file.write_text(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Patch\r\n"
        f"DTSTART:{start:%Y%m%dT%H%M%SZ}\r\nDURATION:PT2H\r\nRRULE:FREQ=DAILY;COUNT=3\r\n"
        "DESCRIPTION:Please\\nCI: web-1\\, web-2\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    row = service.cli_json("change", "import", str(file))
    assert (row["name"], row["records"], row["changes"]) == ("ops", 1, 1)
    (one,) = service.cli_json("change", "list")["items"]
    assert (one["entry"], one["cis"], one["windows_total"]) == ("ops:1", ["web-1", "web-2"], 3)
    assert "Patch" in service.cli("change", "list").output and "Patch" in service.page("/changes")
    assert "stops 1 service" in service.cli("change", "check", "--change", "ops:1").output


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"change": "nope"}, 404),
        ({}, 422),
        ({"cis": ["a"], "start_at": "2030-01-01T00:00", "end_at": "2030-01-02T00:00Z"}, 422),
        ({"cis": ["a"], "start_at": "2030-01-02T00:00Z", "end_at": "2030-01-02T00:00Z"}, 422),
        ({"cis": ["a"], "start_at": "2020-01-01T00:00Z", "end_at": "2020-01-02T00:00Z"}, 422),
        ({"cis": ["a"], "change": "x", "start_at": "2030-01-02T00:00Z", "end_at": "2030-01-03T00:00Z"}, 422),
    ],
)
def test_questions_that_cannot_be_answered(service: Service, body: dict[str, Any], status: int) -> None:
    estate(service)
    check(service, status, **body)


def test_replacing_a_change_says_what_it_replaces(service: Service) -> None:
    estate(service)
    plan(service, "x", "a", 2, 0, 2)
    plan(service, "x", "a", 2, 0, 2, 412)
    assert (
        service.client.put("/api/v1/changes/entries/x", json={"cis": ["a"], "start": at(2)[:10], "zone": "UTC"}).status_code
        == 428
    )
    tag = service.client.get("/api/v1/changes/entries/x").headers["ETag"]
    body = {"cis": ["b"], "start": at(2), "duration_hours": 0.5}
    for status in (422, 200, 412):
        good = body if status != 422 else body | {"kind": "party"}
        good = good | {"start": at(2, 1)}
        answer = service.client.put("/api/v1/changes/entries/x", json=good, headers={"If-Match": tag})
        assert answer.status_code == status, answer.text
    assert service.get("/changes/entries/x")["cis"] == ["b"]
    assert service.client.delete("/api/v1/changes/entries/x").status_code == 200
    assert service.client.delete("/api/v1/changes/entries/x").status_code == 404
