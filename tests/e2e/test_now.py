"""Now: what is reported by hand and by alerts, through API, command line and page; the inbox at its door."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.jobs.runner import _work_inbox
from app.usecases.keep.access import create_key
from tests.e2e.conftest import Service

HOUR = timedelta(hours=1)


def estate(service: Service, without: str = "") -> Service:
    cis = [
        {"key": "shop", "name": "Shop", "class": "business_service", "team": "front"},
        {"key": "pay", "name": "Pay", "class": "business_service", "team": "money"},
        {"key": "db", "name": "DB", "class": "database", "repair_hours": 2, "fqdn": "db.example.com"},
        {"key": "a", "name": "web-1", "class": "server", "repair_hours": 1},
        {"key": "b", "name": "web-2", "class": "server", "repair_hours": 1},
        {"key": "san", "name": "san-1", "class": "storage_array", "repair_hours": 4},
    ]
    service.csv(
        "cmdb",
        approve=True,
        cis=[ci for ci in cis if ci["key"] != without],
        dependencies=[{"dependent": "pay", "provider": "db"}, {"dependent": "db", "provider": "san"}],
        groups=[{"key": "pair", "dependent": "shop", "needed": 1, "members": "a|b"}],
        services=[
            {"key": "shop", "customers": 1000, "money_per_hour": 100, "mtpd_hours": 4},
            {"key": "pay", "customers": 50, "money_per_hour": 10, "mtpd_hours": 1, "rto_hours": 0.5},
        ],
    )
    return service


def key_of(service: Service, name: str) -> str:
    return str(service.get(f"/cis/{name}")["key"])


def put(service: Service, ci: str, status: int = 200, **body: Any) -> Any:
    answer = service.client.put(f"/api/v1/live/{ci}", json=body)
    assert answer.status_code == status, answer.text
    return answer.get_json()


def ago(hours: float) -> str:
    return (datetime.now(UTC).replace(second=0, microsecond=0) - hours * HOUR).isoformat()


def alert(fingerprint: str, started: str, status: str = "firing", **labels: str) -> dict[str, Any]:
    return {
        "status": status, "fingerprint": fingerprint, "startsAt": started, "endsAt": ago(0),
        "labels": {"alertname": "Down", "severity": "critical", **labels}, "annotations": {"summary": "host does not answer"},
    }  # fmt: skip


def body(*alerts: dict[str, Any], lost: int = 0) -> dict[str, Any]:
    return {"version": "4", "groupKey": "{}", "truncatedAlerts": lost, "status": "firing", "alerts": list(alerts)}


def sender(service: Service, **rules: Any) -> str:
    return str(service.post("/inbox/senders", {"name": "am", **rules})["secret"])


def deliver(service: Service, secret: str, *alerts: dict[str, Any], status: int = 200, lost: int = 0, **more: Any) -> Any:
    headers = {"Authorization": f"Bearer {secret}"}
    answer = service.client.post("/api/v1/inbox/alertmanager/am", json=body(*alerts, lost=lost), headers=headers, **more)
    assert answer.status_code == status, answer.text
    return answer.get_json()


def test_nothing_reported(service: Service) -> None:
    now = estate(service).get("/now")
    assert now["sentence"] == "Nothing is reported down, degraded or in maintenance."
    assert (now["cis_total"], now["services_total"], now["cis_down"], now["truncated"]) == (0, 0, 0, False)
    assert service.get("/now/causes")["items"] == [] and service.get("/now/restore-first")["items"] == []
    assert "Nothing is reported" in service.page("/now") and "Nothing is reported" in service.cli("now").output


def test_what_is_down_hits_services_and_the_clock_runs_from_its_start(service: Service) -> None:
    estate(service)
    put(service, "san-1", state="down", started_at=ago(0.5), reason="smoke")
    now = service.get("/now")
    (pay,) = now["services"]
    assert (pay["name"], pay["state"], pay["limit"], pay["limit_hours"]) == ("Pay", "down", "MTPD", 1.0)
    assert pay["minutes_left"] == pytest.approx(30, abs=2) and pay["band"] == "within 1 h"
    assert pay["money_so_far"] == pytest.approx(5, abs=0.4)
    assert [step["name"] for step in pay["path"]] == ["san-1", "DB", "Pay"]
    assert now["services_by_band"] == {"now": 0, "within 1 h": 1, "within 4 h": 0, "later": 0, "no limit given": 0}
    assert "Pay reaches its MTPD first" in now["sentence"]
    assert (now["cis_down"], now["customers"], now["money_per_hour"]) == (3, 50.0, 10.0)
    page = service.page("/now")
    assert "Pay" in page and "smoke" in page and "within 1 h" in page
    asked = service.cli_json("now", "--limit", "100")
    same = now.keys() - {"at", "services", "cis", "sentence"}  # these count minutes
    assert {name: asked[name] for name in same} == {name: now[name] for name in same} and asked.keys() == now.keys()
    assert "san-1" in service.cli("now").output


def test_a_ci_in_maintenance_uses_up_redundancy(service: Service) -> None:
    """T8."""
    estate(service)
    put(service, "web-1", state="maintenance", ends_at=(datetime.now(UTC) + HOUR).isoformat())
    now = service.get("/now")
    assert now["services"] == [] and now["redundancy_used_up_total"] == 1
    assert [(row["service_name"], row["cis"]) for row in now["one_failure_away"]] == [("Shop", [key_of(service, "b")])]
    put(service, "web-2", state="down")
    assert [row["name"] for row in service.get("/now")["services"]] == ["Shop"]


def test_an_end_that_has_passed_is_overdue_and_not_taken_for_up(service: Service) -> None:
    estate(service)
    put(service, "db", state="maintenance", started_at=ago(3), ends_at=ago(1))
    now = service.get("/now")
    assert (now["cis_overdue"], now["cis"][0]["overdue"], now["services"][0]["band"]) == (1, True, "now")


def test_a_degraded_ci_degrades_what_hangs_on_it_by_its_share_or_an_assumed_half(service: Service) -> None:
    estate(service)
    put(service, "db", state="degraded", share=0.8)
    (pay,) = service.get("/now")["services"]
    assert (pay["state"], pay["lost_share"], pay["since_at"]) == ("degraded", pytest.approx(0.2), "")
    assert [(step["name"], step["why"]) for step in pay["path"]] == [("DB", "at a part"), ("Pay", "hard")]
    put(service, "db", state="degraded")
    now = service.get("/now")
    assert now["services"][0]["lost_share"] == 0.5 and now["cis"][0]["share_assumed"]
    assert any("half is assumed" in text for text in now["assumptions"])


def test_what_is_cleared_is_gone_and_what_nobody_reported_cannot_be(service: Service) -> None:
    estate(service)
    put(service, "db", state="down")
    assert service.cli("now", "clear", "db").exit_code == 0
    assert service.get("/now")["cis_total"] == 0
    assert service.client.delete("/api/v1/live/db").status_code == 404
    assert service.client.put("/api/v1/live/nobody", json={"state": "down"}).status_code == 404
    put(service, "db", 422, state="gone")
    put(service, "db", 422, state="down", started_at="yesterday")
    actions = [row["action"] for row in service.get("/audit")["items"]]
    assert "live state set" in actions and "live state cleared" in actions


def test_a_ci_that_is_retired_is_listed_with_its_report(service: Service) -> None:
    estate(service)
    put(service, "san-1", state="down")
    estate(service, without="san")
    now = service.get("/now")
    assert (now["cis_total"], now["unplaced_total"]) == (0, 1)
    assert "no CI answers" in now["unplaced"][0]["why"] and "1 report names no CI" in now["sentence"]
    assert service.client.delete(f"/api/v1/live/{now['unplaced'][0]['names'][0]}").status_code == 200


def test_a_merged_ci_is_found_under_its_older_key(service: Service) -> None:
    estate(service)
    put(service, "web-2", state="down")
    assert service.cli("merge", "web-1", "web-2").exit_code == 0
    (ci,) = service.get("/now")["cis"]
    assert ci["key"] == key_of(service, "a") and ci["reports"][0]["named"].endswith("b")


def test_alerts_change_now_once_whatever_comes_twice_or_late(service: Service) -> None:
    secret = sender(estate(service))
    began = ago(0.5)
    first = deliver(service, secret, alert("f", began, instance="db.example.com:9100"))
    assert (first["state"], first["counts"]["applied"]) == ("worked", 1)
    now = service.get("/now")
    assert [(ci["name"], ci["reports"][0]["origin"]) for ci in now["cis"]] == [("DB", "alertmanager:am")]
    assert now["services"][0]["since_at"][:16] == began[:16]
    assert deliver(service, secret, alert("f", began, instance="db.example.com:9100"))["counts"]["duplicate"] == 1
    assert deliver(service, secret, alert("f", began, "resolved", instance="db.example.com:9100"))["counts"]["applied"] == 1
    assert deliver(service, secret, alert("f", began, instance="db.example.com:9100"))["counts"]["late"] == 1
    assert service.get("/now")["cis_total"] == 0
    counts = service.get("/inbox/senders")["items"][0]["counts"]
    assert (counts["deliveries"], counts["alerts"], counts["applied"], counts["duplicate"], counts["late"]) == (4, 4, 2, 1, 1)
    assert service.get("/inbox/deliveries")["waiting"] == 0 and len(service.get("/inbox/deliveries")["items"]) == 4


def test_what_cannot_be_matched_is_listed_with_what_it_may_be(service: Service) -> None:
    secret = sender(estate(service))
    deliver(service, secret, alert("f", ago(1), host="web-9"), alert("g", ago(1), job="node"), lost=3)
    now = service.get("/now")
    assert (now["unplaced_total"], now["alerts_lost"], now["cis_total"]) == (2, {"am": 3}, 0)
    unknown = next(row for row in now["unplaced"] if row["names"])
    assert unknown["near"] == [key_of(service, "a"), key_of(service, "b")]
    page = service.page("/now")
    assert "web-9" in page and "left 3 alerts out" in page
    assert service.client.delete(f"/api/v1/alerts/{unknown['alert_key']}").status_code == 200
    assert service.get("/now")["unplaced_total"] == 1


def test_severities_and_labels_are_read_by_the_rules_of_the_sender(service: Service) -> None:
    secret = sender(estate(service), labels=["box"], severities={"BAD": "degraded", "fyi": "noted"}, degraded_share=0.25)
    receipt = deliver(
        service,
        secret,
        alert("1", ago(1), box="db", severity="bad"),
        alert("2", ago(1), box="web-1", severity="fyi"),
        alert("3", ago(1), box="web-2", severity="unheard of"),
    )
    assert (receipt["counts"]["applied"], receipt["counts"]["noted"]) == (2, 1)
    assert {ci["name"]: (ci["state"], ci["share"]) for ci in service.get("/now")["cis"]} == {
        "DB": ("degraded", 0.25),
        "web-2": ("down", 0.0),
    }


def test_only_a_good_credential_gets_in_and_size_is_limited(make_service: Callable[..., Service]) -> None:
    service = estate(make_service(FORESTAY_WEB_SIGN_IN="keys", FORESTAY_WEB_REQUEST_BYTES="20000"))
    admin, _ = create_key(service.forestay.documents, "admin", "admin")
    viewer, _ = create_key(service.forestay.documents, "viewer", "viewer")
    made = service.client.post("/api/v1/inbox/senders", json={"name": "am"}, headers={"Authorization": f"Bearer {admin}"})
    secret = made.get_json()["secret"]

    def status(header: str, path: str = "am", **content: Any) -> int:
        content = content or {"json": body(alert("f", ago(1), host="db"))}
        return service.client.post(f"/api/v1/inbox/alertmanager/{path}", headers={"Authorization": header}, **content).status_code

    basic = base64.b64encode(f"am:{secret}".encode()).decode()
    wrong = base64.b64encode(f"other:{secret}".encode()).decode()
    assert [status(f"Bearer {secret}"), status(f"Basic {basic}")] == [200, 200]
    for header in ("", "Bearer", f"Bearer {secret}x", f"Basic {wrong}", "Basic %%%", f"Bearer {admin}"):
        assert status(header) == 401, header
    assert status(f"Bearer {secret}", "other") == 401
    assert status(f"Bearer {secret}", data=b"x" * 30_000) == 413
    assert status(f"Bearer {secret}", data=b"not json") == 400
    assert status(f"Bearer {secret}", json={"version": "3", "alerts": []}) == 400
    refused = service.client.put("/api/v1/live/db", json={"state": "down"}, headers={"Authorization": f"Bearer {viewer}"})
    assert refused.status_code == 403
    assert service.client.get("/api/v1/inbox/senders", headers={"Authorization": f"Bearer {secret}"}).status_code == 401


def test_a_delivery_that_cannot_be_kept_is_answered_503_and_one_that_cannot_be_worked_waits(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.domain.errors import Conflict
    from app.usecases.keep import inbox, live

    secret = sender(estate(service))

    def full(*_: Any, **__: Any) -> Any:
        raise Conflict("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(inbox.WAITING, "append", full)
        deliver(service, secret, alert("f", ago(1), host="db"), status=503)
    with monkeypatch.context() as patch:
        patch.setattr(live.FIRING_ALERTS, "put", full)
        assert deliver(service, secret, alert("f", ago(1), host="db"))["state"] == "waiting"
    assert service.get("/now")["deliveries_waiting"] == 1 and service.get("/now")["cis_total"] == 0
    assert _work_inbox(service.forestay) and not _work_inbox(service.forestay)
    assert (service.get("/now")["deliveries_waiting"], service.get("/now")["cis_total"]) == (0, 1)


def test_an_unchanged_minute_is_304_and_news_is_not(service: Service) -> None:
    estate(service)
    for path in ("/api/v1/now", "/now"):
        for _ in range(2):  # a minute may end in between
            tag = service.client.get(path).headers["ETag"]
            same = service.client.get(path, headers={"If-None-Match": tag})
            if same.status_code == 304:
                break
        assert same.status_code == 304
        put(service, "db", state="down", reason=f"seen by {path}")
        assert service.client.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_causes_and_what_to_restore_first(service: Service) -> None:
    estate(service)
    for name in ("san-1", "db", "web-1", "web-2"):
        put(service, name, state="down", started_at=ago(0.2))
    causes = service.get("/now/causes")
    assert causes["observed"] == 4 and causes["tried"] == causes["candidates"]
    assert {row["name"] for row in causes["items"]} == {"san-1", "DB", "web-1", "web-2"}
    order = service.get("/now/restore-first")
    names = [row["name"] for row in order["items"]]
    assert sorted(names) == ["san-1", "web-1", "web-2"] and names[-1] != "san-1" and names[0].startswith("web")
    assert (order["follow_total"], order["exact"], order["measure"]) == (1, True, "money an hour")
    assert order["items"][0]["services_back"] == ["Shop"] and order["items"][0]["avoided_per_hour"] == 100.0
    assert service.cli_json("now", "restore")["sentence"] == order["sentence"]
    assert service.cli_json("now", "causes")["sentence"] == causes["sentence"]
    page = service.page("/now")
    assert "Probable cause" in page and "What to restore first" in page


def test_lists_page_and_totals_are_whole(service: Service) -> None:
    estate(service)
    for name in ("db", "web-1", "web-2"):
        put(service, name, state="down")
    seen: list[str] = []
    after: dict[str, Any] = {}
    while True:
        page = service.get("/now", limit=1, **after)
        assert (page["cis_total"], page["services_total"], page["fallen_total"]) == (3, 2, 5)
        seen += [ci["name"] for ci in page["cis"]]
        if not page["truncated"]:
            break
        after = {"after": page["next"]}
    assert sorted(seen) == ["DB", "web-1", "web-2"]


def test_the_command_line_makes_senders(service: Service) -> None:
    made = service.cli("inbox", "add", "am", "--severity", "warning=noted")
    assert made.exit_code == 0 and made.stdout.startswith("fsi_")
    assert service.cli("inbox", "rotate", "am").stdout.startswith("fsi_")
    (row,) = json.loads(service.cli("inbox", "list", "--json").stdout)
    assert len(row["secrets_made_at"]) == 2 and row["rules"]["severities"] == {"warning": "noted"}
    assert service.cli("inbox", "rotate", "am", "--end-old").exit_code == 0
    assert service.cli("inbox", "remove", "am").exit_code == 0 and service.cli("inbox", "remove", "am").exit_code != 0
    assert service.cli("inbox", "deliveries").exit_code == 0
