"""Goals of services, set and measured: API, command line, page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.usecases.answers.goals import service_goals
from tests.e2e.conftest import Service

HOUR = 3600
NOVEMBER = datetime(2026, 11, 15, tzinfo=UTC)


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


WATCHED = {"observed_from": moment("2026-06-01T00:00"), "observed_until": moment("2027-01-01T00:00")}


def fill(service: Service, *incidents: tuple[str, str, str], windows: Any = None, **exposure: Any) -> None:
    """A service shop (and mail) with incidents of shop (key, from, until or "")."""
    service.document({
        "cis": [{"key": key, "name": key.title(), "class": "business_service"} for key in ("shop", "mail")]
        + [{"key": "db", "name": "db", "class": "server"}],
        "dependencies": [{"dependent": "shop", "provider": "db"}, {"dependent": "mail", "provider": "db"}],
        "services": [{"key": "shop", "customers": 10, **exposure}, {"key": "mail", "customers": 5}],
        "incidents": [incident(*one) for one in incidents],
        "observations": windows or [{"scope": "class:business_service", **WATCHED}],
    })  # fmt: skip


def incident(key: str, start: str, end: str) -> dict[str, Any]:
    ended = {"ended_at": moment(end)} if end else {}
    return {"key": key, "ci": "shop", "started_at": moment(start), "root_cause": False, **ended}


def put(service: Service, path: str, body: Any, status: int = 200, **headers: str) -> Any:
    answer = service.client.put(f"/api/v1{path}", json=body, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.get_json()


def goal(service: Service, kind: str, target: float, ci: str = "shop", status: int = 200, **terms: Any) -> Any:
    return put(service, f"/services/{ci}/goals/{kind}", {"target": target, **terms}, status)


def test_a_month_by_hand_with_overlap_maintenance_and_an_open_incident(service: Service) -> None:
    # October 2026 in Berlin: 2026-09-30T22:00Z to 2026-10-31T23:00Z, 745 h = 2,682,000 s
    fill(
        service,
        ("a", "2026-09-30T21:00", "2026-09-30T23:00"),  # began before the month: 1 h of it counts (22:00-23:00)
        ("b", "2026-10-10T10:00", "2026-10-10T11:00"),
        ("c", "2026-10-10T10:30", "2026-10-10T12:30:30"),  # overlaps b: 2 h 30 min 30 s together, one outage
        ("d", "2026-10-25T00:30", "2026-10-25T01:30"),  # the hour that comes twice on the clock
        ("e", "2026-10-31T22:00", ""),  # open: 1 h of the month
    )
    goal(service, "availability", 0.999, window="month", zone="Europe/Berlin", reason="contract")
    change = {"cis": ["shop"], "start": "2026-10-10T11:30Z", "end": "2026-10-10T12:00Z", "title": "upgrade"}
    keep_past(service, "up", change)
    told = service_goals(service.forestay, "shop", datetime(2026, 10, 31, 23, tzinfo=UTC) - timedelta(seconds=1))
    (way,) = told.ways
    # until a second before the end: 3600 + 9030 + 3600 + 3599 s down, all the rest watched
    assert (way.counted_seconds, way.down_seconds, way.missing_seconds, way.maintenance_seconds) == (2_681_999, 19_829, 0, 1_800)
    assert told.kpis[0].value == (2_681_999 - 19_829) / 2_681_999 and told.kpis[0].verdict == "missed"
    assert told.budget is not None and round(told.budget.allowed_seconds, 6) == 2_682.0  # 0.1 % of 745 h
    assert (told.budget.left_seconds, round(told.budget.overspent_seconds, 6)) == (0.0, 17_147.0)
    # began in the month: b with c (9,030 s), d (3,600 s), e (3,599 s, open): 16,229 s / 2 over = 8,114.5 s
    assert told.time_to_repair.hours == pytest.approx(8_114.5 / 3600, abs=1e-12) and told.time_to_repair.n == 2
    assert (way.outages, way.outages_open) == (3, 1)
    # time up by the outages that began: 2,662,170 s / 3
    assert told.time_between_failures.hours == pytest.approx(2_662_170 / 3 / 3600, abs=1e-9)

    # without maintenance: 1,800 s less time, and as much less down (it lies in c)
    goal(service, "availability", 0.999, window="month", zone="Europe/Berlin", maintenance_counts=False)
    less = service_goals(service.forestay, "shop", datetime(2026, 10, 31, 23, tzinfo=UTC) - timedelta(seconds=1))
    assert (less.ways[0].counted_seconds, less.ways[0].down_seconds) == (2_680_199, 18_029)
    # a change of what the service needs is no maintenance of the service
    keep_past(service, "up", {**change, "cis": ["db"]})
    assert service_goals(service.forestay, "shop", NOVEMBER).ways[0].maintenance_seconds == 0


def keep_past(service: Service, name: str, change: Any) -> None:
    """A change of the past is kept where it was planned before."""
    from app.usecases.plan_changes import plan_change

    begin = datetime.fromisoformat(change["start"])
    plan_change(service.forestay, name, {"kind": "change", **change}, "tester", lambda tag: None, begin - timedelta(days=1))


def test_what_nobody_watched_is_missing_and_decides_nothing(service: Service) -> None:
    fill(service)
    ten_days = {"observed_from": moment("2026-11-01T00:00"), "observed_until": moment("2026-11-11T00:00")}
    key = service.get("/services/shop")["service"]["key"]
    fill(service, ("a", "2026-11-01T00:00", "2026-11-01T06:00"), windows=[{"scope": f"ci:{key}", **ten_days}])
    goal(service, "availability", 0.99, window="20d")
    told = service_goals(service.forestay, "shop", datetime(2026, 11, 21, tzinfo=UTC))
    # 20 days of which 10 are watched, 6 h down: of what is known 234 / 240; it may be 234 / 480 or 474 / 480
    assert (told.kpis[0].value, told.kpis[0].low, told.kpis[0].high) == (234 / 240, 234 / 480, 474 / 480)
    assert told.kpis[0].missing_share == 0.5 and told.kpis[0].verdict == "missed"  # even if all that is missing was up
    goal(service, "availability", 0.98, window="20d")
    assert service_goals(service.forestay, "shop", datetime(2026, 11, 21, tzinfo=UTC)).kpis[0].verdict == "undecided"
    mail = service_goals(service.forestay, "mail", datetime(2026, 11, 21, tzinfo=UTC))
    assert mail.ways == [] and mail.kpis[0].value is None and "Nothing has measured Mail" in mail.sentence


def test_an_incident_that_nobody_closes_is_given_up_after_30_days_and_the_rest_is_missing(service: Service) -> None:
    fill(service, ("a", "2026-08-01T00:00", ""))
    told = service_goals(service.forestay, "shop", datetime(2026, 9, 10, tzinfo=UTC))
    # 30 days that end on 10 September: until 31 August (the 30th day) it was down, from then on nobody knows
    assert (told.ways[0].down_seconds, told.ways[0].missing_seconds) == (20 * 86400, 10 * 86400)
    assert told.ways[0].doubtful == 1 and told.kpis[0].value is None and told.kpis[0].low == 0.0


def test_the_availability_goal_is_one_thing(on_each_store: Service) -> None:
    """What a source states, what a person sets and what the goal answer reads are one number."""
    service = on_each_store
    fill(service, availability_target=0.95)
    stated = service.get("/services/shop/goals")["kpis"][0]["goal"]
    assert (stated["target"], stated["target_from"], stated["by"]) == (0.95, "the exposure of the service", "")
    made = goal(service, "availability", 0.99, reason="promised")
    assert made["revision"] > 1 and service.get("/services/shop/goal")["target"] == 0.99
    held = service.get("/services/shop/goals")["kpis"][0]["goal"]
    assert (held["target"], held["target_from"], held["by"], held["reason"]) == (0.99, "by hand", "local", "promised")
    # set at the exposure, it is the goal as well, and the other values of the exposure stay
    service.client.patch("/api/v1/services/shop", json={"availability_target": 0.97, "rto_hours": 4})
    held = service.get("/services/shop/goals")["kpis"][0]["goal"]
    assert (held["target"], held["target_from"], held["by"]) == (0.97, "the exposure of the service", "")  # not what was promised
    answer = service.client.delete("/api/v1/services/shop/goals/availability")
    assert answer.status_code == 200, answer.text
    assert service.get("/services/shop/goals")["kpis"][0]["goal"]["target"] == 0.95  # the source's again
    assert service.get("/services/shop")["service"]["rto_hours"] == 4
    # how the target of a source is judged can be set without stating it again
    terms = put(service, "/services/shop/goals/availability", {"target": None, "window": "month", "zone": "Asia/Tokyo"})
    held = service.get("/services/shop/goals")["kpis"][0]["goal"]
    assert (held["target"], held["zone"]) == (0.95, "Asia/Tokyo") and terms["revision"] == service.get("/health")["revision"]
    assert service.client.delete("/api/v1/services/shop/goals/availability").status_code == 200
    assert service.get("/services/shop/goals")["kpis"][0]["goal"]["zone"] == "UTC"
    assert service.client.delete("/api/v1/services/shop/goals/availability").status_code == 422
    assert service.client.delete("/api/v1/services/shop/goals/error_rate").status_code == 404
    assert goal(service, "error_rate", 1.5, status=422) and goal(service, "speed", 0.5, status=422)
    assert goal(service, "availability", 0.9, ci="db", status=404) and goal(
        service, "availability", 0.9, zone="Mars/X", status=422
    )
    trail = [
        (row["action"], row["details"].get("reason"))
        for row in service.get("/audit")["items"]
        if row["action"].startswith("goal")
    ]
    assert ("goal set", "promised") in trail


def test_the_list_puts_what_misses_its_goal_first(service: Service) -> None:
    fill(service, ("a", "2026-11-20T00:00", "2026-11-21T00:00"))
    goal(service, "availability", 0.9999, ci="mail")
    goal(service, "time_to_repair", 4)
    page = service.get("/goals")
    assert [row["name"] for row in page["items"]] == ["Shop", "Mail"] and page["services_total"] == 2
    assert service.get("/goals", limit=1)["truncated"] and len(service.cli_json("goals", "list")["items"]) == 2
    assert "Shop" in service.cli("goals", "list").output and "Shop" in service.page("/goals")
    shown = service.cli("goals", "show", "shop")
    assert shown.exit_code == 0, shown.output
    page = service.page("/goals/service", key="shop")
    assert "no goal" in page and "Take back" in page and "between failures" in page
    form = {
        "key": "shop",
        "kind": "availability",
        "target": "99,5",
        "window": "month",
        "zone": "Europe/Berlin",
        "reason": "agreed",
    }
    answer = service.client.post("/goals/service", data=form)
    assert answer.status_code == 303, answer.text
    held = service.get("/services/shop/goals")["kpis"][0]["goal"]
    assert (held["target"], held["window"], held["zone"], held["reason"]) == (0.995, "month", "Europe/Berlin", "agreed")
    assert "Error budget left" in service.page("/goals/service", key="shop")
    refused = service.client.post("/goals/service", data={**form, "zone": "Mars"})
    assert refused.status_code == 422 and "IANA" in refused.text and 'value="99,5"' in refused.text
    assert service.client.post("/goals/service", data={"key": "shop", "kind": "availability", "drop": "1"}).status_code == 303
    assert service.get("/services/shop/goals")["kpis"][0]["goal"] is None


SLO = """
apiVersion: openslo/v1
kind: SLO
metadata: {name: shop-up}
spec:
  service: shop
  description: The shop is there
  indicator: {spec: {ratioMetric: {good: {}, total: {}}}}
  timeWindow: [{duration: 1M, isRolling: false, calendar: {startTime: 2026-01-01 00:00:00, timeZone: Europe/Berlin}}]
  budgetingMethod: Timeslices
  objectives: [{target: 0.999}, {targetPercent: 99.5}]
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: mail-errors}
spec:
  service: mail
  indicator: {spec: {ratioMetric: {good: {}, total: {}}}}
  timeWindow: [{duration: 4w, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{targetPercent: 99}]
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: of-nobody}
spec:
  {service: fax, indicator: {spec: {ratioMetric: {}}}, timeWindow: [{duration: 28d, isRolling: true}],
   budgetingMethod: Occurrences, objectives: [{target: 0.9}]}
"""


def test_goals_come_from_openslo_files_and_what_cannot_be_read_is_listed(service: Service, tmp_path: Path) -> None:
    fill(service)
    answer = service.client.post("/api/v1/goals/openslo?filename=slo.yaml", data=SLO.encode())
    assert answer.status_code == 200, answer.text
    report = answer.get_json()
    assert [(row["key"].rpartition(":")[2], row["kind"]) for row in report["items"]] == [
        ("shop", "availability"),
        ("mail", "error_rate"),
    ]
    assert {(row["record"], row["field"]) for row in report["unread"]} == {
        ("document 1: shop-up", "spec.objectives"), ("document 3: of-nobody", "spec.service"),
    }  # fmt: skip
    held = {row["kind"]: row["goal"] for row in service.get("/services/shop/goals")["kpis"]}["availability"]
    assert (held["target"], held["window"], held["zone"], held["reason"], held["target_from"]) == (
        0.999, "month", "Europe/Berlin", "The shop is there", "file slo.yaml",
    )  # fmt: skip
    mail = {row["kind"]: row["goal"] for row in service.get("/services/mail/goals")["kpis"]}["error_rate"]
    assert (mail["target"], mail["window"]) == (0.01, "28d")
    for body in (b"a: [", b"a: &x [1]\nb: *x", b"\xff\xfe\x00", b"[" * 5000):
        assert service.client.post("/api/v1/goals/openslo", data=body).status_code == 422, body[:20]
    path = tmp_path / "slo.yaml"
    path.write_text(SLO)
    assert "of-nobody" in service.cli("goals", "import", str(path)).output
    answer = service.client.post("/goals", data={"file": (path.open("rb"), "slo.yaml")})
    assert answer.status_code == 200 and "3 documents, 2 goals set, 2 not read" in answer.text
    assert service.client.post("/goals", data={}).status_code == 422


def test_the_shared_page_is_closed_until_it_is_opened_and_shows_nothing_else(service: Service) -> None:
    fill(service, ("a", "2026-11-20T00:00", "2026-11-21T00:00"))
    goal(service, "availability", 0.99)
    assert service.client.get("/shared").status_code == 404 and service.get("/shared", 404)
    body = {"open": True, "title": "How we do", "services": [{"service": "shop", "label": "The shop"}]}
    opened = put(service, "/shared/opening", body, **{"If-None-Match": "*"})
    assert opened["open"] and opened["address"].endswith("/shared")
    told = service.get("/shared")
    assert [row["label"] for row in told["items"]] == ["The shop"] and told["title"] == "How we do"
    text, page = service.client.get("/api/v1/shared").text, service.page("/shared")
    for name in ("mail", "Mail", "db", "json:", "business_service", '"key"'):
        assert name not in text, name
    assert "The shop" in page and "Mail" not in page and 'href="/services' not in page
    assert put(service, "/shared/opening", body, 428) and put(service, "/shared/opening", body, 412, **{"If-None-Match": "*"})
    put(service, "/shared/opening", {**body, "open": False}, **{"If-Match": "*"})
    assert service.client.get("/shared").status_code == 404
    actions = [row["action"] for row in service.get("/audit")["items"]]
    assert actions.count("shared page opened") == 1 and actions.count("shared page closed") == 1


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_only_an_administrator_opens_it_and_a_stranger_reads_it(make_service: Any, role: str) -> None:
    from app.usecases.keep import access

    service = make_service(FORESTAY_WEB_SIGN_IN="keys")
    fill(service)
    secrets = {name: access.create_key(service.forestay.documents, name, name)[0] for name in (role, "admin")}
    heads = {name: {"Authorization": f"Bearer {secret}", "If-Match": "*"} for name, secret in secrets.items()}
    body = {"open": True, "services": [{"service": "shop"}]}
    ask = service.client.put
    assert ask("/api/v1/shared/opening", json=body, headers=heads[role]).status_code == 403
    assert service.client.get("/api/v1/shared").status_code == 404 and service.client.get("/shared").status_code == 404
    begun = ask("/api/v1/shared/opening", json=body, headers={**heads["admin"], "If-Match": "", "If-None-Match": "*"})
    assert begun.status_code == 200, begun.text
    assert service.client.get("/api/v1/shared").get_json()["items"][0]["label"] == "Shop"
    assert service.client.get("/shared").status_code == 200 and service.client.get("/api/v1/goals").status_code == 401
