"""Services measured in Prometheus: gaps, failed readings, resuming, both ways of measuring beside each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.usecases.answers.goals import service_goals
from app.usecases.goals.read import read_gauges
from app.usecases.keep.readings import GAUGES, READ_HEALTH, READINGS, days_read
from tests.e2e.conftest import Service
from tests.e2e.test_goals import fill, goal, moment, put
from tests.servers.prometheus_range import RangeServer
from tests.servers.running import Running

BEGIN = datetime(2026, 11, 20, tzinfo=UTC)
START = int(BEGIN.timestamp())
HOUR, DAY = 3600, 86400
WHO = "1-1 test"


@pytest.fixture
def prometheus() -> Iterator[tuple[RangeServer, str]]:
    server = RangeServer()
    running = Running(server)
    yield server, f"http://127.0.0.1:{running.port}"
    running.close()


@pytest.fixture
def measured(make_service: Callable[..., Service], prometheus: tuple[RangeServer, str]) -> tuple[Service, RangeServer]:
    """The shop is measured every minute, from 20 November on; samples speak for the minute that ends at them."""
    service = make_service(FORESTAY_OUTBOUND_HOSTS="127.0.0.1")
    fill(service)
    server, url = prometheus
    server.series["up"] = [lambda at: 1]
    gauge(service, url, up_query="up")
    goal(service, "availability", 0.99, window="1d")
    return service, server


def gauge(service: Service, url: str, status: int = 200, **fields: Any) -> Any:
    body = {"settings": {"url": url}, "step_seconds": 60, "since": BEGIN.isoformat(), **fields}
    return put(
        service,
        "/services/shop/gauge",
        body,
        status,
        **{"If-Match" if status == 200 and known(service) else "If-None-Match": "*"},
    )


def known(service: Service) -> bool:
    return bool(GAUGES.page(service.forestay.documents, "", 1))


def read(service: Service, hours: float) -> int:
    """Reads as if it were so many hours (and the two minutes that samples settle in) after the begin."""
    return read_gauges(service.forestay, WHO, BEGIN + timedelta(hours=hours, seconds=120))


def told(service: Service, hours: float) -> Any:
    return service_goals(service.forestay, "shop", BEGIN + timedelta(hours=hours))


def down_in(*minutes: tuple[int, int]) -> Callable[[int], float]:
    """0 in these minutes of the day (first, and the one after the last), else 1: of the sample that ends the minute."""
    return lambda at: 0 if any(a <= (at - START) / 60 - 1 < b for a, b in minutes) else 1


def test_down_up_and_missing_to_the_second(measured: tuple[Service, RangeServer]) -> None:
    service, server = measured
    # down 01:00-01:10 and 01:15-01:20; between them no sample (01:10-01:15): one outage of 20 minutes of which 15 are known;
    # NaN 02:00-02:30; nothing at all 03:00-04:00
    down = down_in((60, 70), (75, 80))

    def value(at: int) -> float | str | None:
        minute = (at - START) / 60 - 1
        return None if 70 <= minute < 75 or 180 <= minute < 240 else "NaN" if 120 <= minute < 150 else down(at)

    server.series["up"] = [value]
    assert read(service, 24) == 1
    found = told(service, 24)
    (way,) = [one for one in found.ways if one.way == "prometheus"]
    # missing 5 + 30 + 60 min = 5,700 s; down 15 min = 900 s; up 86,400 - 6,600 = 79,800 s
    assert (way.down_seconds, way.missing_seconds, way.up_seconds, way.outages) == (900, 5_700, 79_800, 1)
    assert (way.value, way.low, way.high) == (79_800 / 80_700, 79_800 / 86_400, 85_500 / 86_400)
    (day,) = days_read(service.forestay.documents, GAUGES.page(service.forestay.documents)[0].value.uid, 0)
    assert len(day.down) == 2 and len(day.missing) == 3  # stretches are kept, not 1,440 samples
    # the incident source says up all the time, and it knows more of the window: it speaks; the difference is shown
    assert found.kpis[0].way == "incidents" and found.kpis[0].value == 1.0
    assert found.difference is not None and found.difference.prometheus_alone_seconds == 900
    assert found.difference.value == 1.0 - 79_800 / 80_700


def test_a_reading_that_fails_is_no_uptime_and_is_made_up_for(measured: tuple[Service, RangeServer]) -> None:
    service, server = measured
    uid = GAUGES.page(service.forestay.documents)[0].value.uid
    assert read(service, 6) == 1
    for fault in ("503", "warnings", "two series", "samples that nobody asked for"):
        server.failing = 9 if fault == "503" else 0
        server.warnings = ["a store did not answer"] if fault == "warnings" else []
        server.series["up"] = [lambda at: 1] * (2 if fault == "two series" else 1)
        if fault.startswith("samples"):
            server.series["up"] = [lambda at: "one"]
        before = READINGS.page(service.forestay.documents)
        assert read(service, 12) == 0, fault
        health = READ_HEALTH.find(service.forestay.documents, uid)
        assert health is not None and health.error and health.read_to == START + 6 * HOUR, fault
        assert READINGS.page(service.forestay.documents) == before, fault
    way = next(one for one in told(service, 12).ways if one.way == "prometheus")
    assert (way.up_seconds, way.missing_seconds) == (6 * HOUR, 18 * HOUR)  # of the day that ends now
    row = service.get("/services/shop/gauge")
    assert "one" in row["error"] and row["failed_at"] and row["read_to"] == "2026-11-20T06:00:00+00:00"
    assert "one" in service.page("/goals/service", key="shop")
    server.series["up"] = [down_in((400, 410))]  # it had been down meanwhile, 06:40 to 06:50
    server.asked.clear()
    assert read(service, 12) == 1 and server.asked == [("up", START + 6 * HOUR + 60, START + 12 * HOUR)]
    way = next(one for one in told(service, 12).ways if one.way == "prometheus")
    assert (way.down_seconds, way.up_seconds) == (600, 12 * HOUR - 600) and service.get("/services/shop/gauge")["error"] == ""
    assert read(service, 12) == 0  # nothing new


def test_long_times_are_read_in_parts(measured: tuple[Service, RangeServer]) -> None:
    service, server = measured
    gauge(service, service.get("/services/shop/gauge")["settings"]["url"], up_query="up", step_seconds=5)  # 17,280 a day
    server.asked.clear()
    assert read(service, 36) == 2  # two days
    assert all((end - begin) / 5 <= 10_000 for _, begin, end in server.asked) and len(server.asked) == 3
    assert sum((end - begin) // 5 + 1 for _, begin, end in server.asked) == 36 * HOUR // 5
    service.client.delete("/api/v1/services/shop/gauge")
    assert READINGS.page(service.forestay.documents) == [] and READ_HEALTH.page(service.forestay.documents) == []


def test_readings_go_when_they_are_too_old(make_service: Callable[..., Service], prometheus: tuple[RangeServer, str]) -> None:
    service = make_service(FORESTAY_OUTBOUND_HOSTS="127.0.0.1", FORESTAY_GOALS_KEPT_DAYS="3", FORESTAY_GOALS_FIRST_DAYS="2")
    fill(service)
    server, url = prometheus
    server.series["up"] = [lambda at: 1]
    gauge(service, url, up_query="up", step_seconds=3600, since="")
    assert read(service, 24) == 2  # two days back, from the next whole hour on
    uid = GAUGES.page(service.forestay.documents)[0].value.uid
    assert [day.begin for day in days_read(service.forestay.documents, uid, 0)] == [START - DAY + HOUR, START]
    read(service, 24 * 4)
    assert [day.begin for day in days_read(service.forestay.documents, uid, 0)] == [START + n * DAY for n in (1, 2, 3)]


def test_error_rate_time_to_detect_and_burn(measured: tuple[Service, RangeServer]) -> None:
    service, server = measured
    server.series |= {
        "up": [down_in((600, 630), (1200, 1206))],  # 10:00-10:30, 20:00-20:06
        "came": [lambda at: 100],
        # in the first ten hours every tenth request fails; then the counter of failures is missing for two hours
        "failed": [lambda at: 10 if at - START <= 10 * HOUR else None if at - START <= 12 * HOUR else 0],
    }
    url = service.get("/services/shop/gauge")["settings"]["url"]
    gauge(service, url, up_query="up", errors_query="failed", requests_query="came")
    fill(service, ("a", "2026-11-20T10:12", "2026-11-20T10:40"), ("b", "2026-11-20T20:02", "2026-11-20T20:10"))
    goal(service, "error_rate", 0.05, window="1d")
    read(service, 24)
    found = told(service, 24)
    rate = next(row for row in found.kpis if row.kind == "error_rate")
    # 22 h known: 132,000 requests, of which 10 h * 60 * 10 = 6,000 failed; 2 h missing stand for 12,000 more
    assert (rate.n, rate.value) == (132_000, 6_000 / 132_000) and rate.verdict == "undecided"
    assert (rate.low, rate.high) == (pytest.approx(6_000 / 144_000), pytest.approx(18_000 / 144_000))
    # noted 12 and 2 minutes after they were measured: 7 minutes
    assert found.time_to_detect.hours == pytest.approx(7 / 60) and found.time_to_detect.n == 2
    assert found.kpis[0].way == "prometheus"  # both know all of the day
    assert found.difference is not None
    apart = found.difference
    both, noted, seen = apart.both_seconds, apart.incidents_alone_seconds, apart.prometheus_alone_seconds
    assert (both, noted, seen) == ((18 + 4) * 60, (10 + 4) * 60, (12 + 2) * 60)
    # the goal allows 1 %: at 20:30 6 of the last 60 minutes were down, 10 times as much
    late = told(service, 20.5).budget
    assert late is not None and (late.burn[0].hours, late.burn[0].rate) == (1, 10.0)
    # in the last six hours 6 of 360 minutes; of the last three days Prometheus knows less than the incidents: 28 + 8 minutes
    assert [row.rate for row in late.burn[1:]] == [pytest.approx(5 / 3), pytest.approx(36 / 4_320 / 0.01)]


def test_a_gauge_that_cannot_be_is_refused_and_another_begins_anew(measured: tuple[Service, RangeServer]) -> None:
    service, server = measured
    url = service.get("/services/shop/gauge")["settings"]["url"]
    for fields in (
        {"up_query": ""}, {"up_query": "up", "errors_query": "failed"}, {"up_query": "up", "step_seconds": 7},
        {"up_query": "up", "since": "yesterday"}, {"up_query": "up", "settings": {"url": url, "tls": "no"}},
        {"up_query": "up", "settings": {}}, {"up_query": "up", "settings": {"url": "http://10.0.0.1:9090"}},
        {"up_query": "up", "settings": {"url": url, "token_env": "FORESTAY_AUDIT_KEY"}},
    ):  # fmt: skip
        answer = service.client.put(
            "/api/v1/services/shop/gauge", json={"settings": {"url": url}, **fields}, headers={"If-Match": "*"}
        )
        assert answer.status_code in (403, 422), (fields, answer.text)
    read(service, 6)
    gauge(service, url, up_query="up")  # the same: what was read stays
    assert service.get("/services/shop/gauge")["read_to"]
    server.series["other"] = [lambda at: 1]
    gauge(service, url, up_query="other")
    assert service.get("/services/shop/gauge")["read_to"] == "" and READINGS.page(service.forestay.documents) == []
    assert service.cli_json("goals", "gauges")["items"][0]["up_query"] == "other"
    assert moment("2026-11-20T00:00") == START


def test_a_gauge_is_set_and_removed_by_the_form_of_the_page(measured: tuple[Service, RangeServer]) -> None:
    service, _ = measured
    url = service.get("/services/shop/gauge")["settings"]["url"]
    form = {"key": "shop", "url": url, "up_query": "min(up)", "step_seconds": "30"}
    assert service.client.post("/goals/gauge", data=form).status_code == 303
    row = service.get("/services/shop/gauge")
    assert (row["up_query"], row["step_seconds"], row["settings"]) == ("min(up)", 30, {"url": url})
    refused = service.client.post("/goals/gauge", data={**form, "step_seconds": "7"})
    assert refused.status_code == 422 and "a part of a day" in refused.text and 'value="min(up)"' in refused.text
    assert service.client.post("/goals/gauge", data={"key": "shop", "remove": "1"}).status_code == 303
    assert service.client.get("/api/v1/services/shop/gauge").status_code == 404
