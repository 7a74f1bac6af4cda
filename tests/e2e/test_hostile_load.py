"""A served service under 50 hostile questions at once: it lives, answers others, stops when told, and shows no secret in its list
of processes. The figures of a quiet machine: `python -m tests.hostile`."""

from __future__ import annotations

import json
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from app.api import waiting_pages
from app.api.lane import Lane, Limits, Question
from app.domain.concealed import forms
from app.usecases.keep import runs
from app.wsgi import create_app, lane_of
from tests.e2e.conftest import Service
from tests.hostile import Served, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(280)]
PATIENCE = 20.0  # a machine that does other work too: figures may be so many times what they shall be on an idle one
FIELDS = b"{" + b",".join(b'"f%d":%d' % (n, n) for n in range(200_000)) + b"}"
LONG = "/api/v1/services/shop/availability?method=simulated&years=100000&seconds=60&nodes=20000000&seed={}"


@dataclass
class Guarded:
    """A service, and a secret that it holds."""

    served: Served
    secret: str


@pytest.fixture
def estate(service: Service, tmp_path: Path) -> Service:
    """Chains behind groups, so that years have something to simulate."""
    cis: list[dict[str, Any]] = [{"key": name, "class": "business_service"} for name in ("shop", "kiosk")]
    groups = [{"key": "small", "dependent": "kiosk", "needed": 1, "members": "s0-0|s0-1"}]
    for number in range(60):
        members = [f"s{number}-{part}" for part in range(4)]
        cis += [{"key": name, "class": "server", "failures_per_year": 50, "repair_hours": 20} for name in members]
        groups.append({"key": f"g{number}", "dependent": "shop", "needed": 2, "members": "|".join(members)})
    service.csv(
        "cmdb",
        cis=cis,
        groups=groups,
        services=[{"key": key, "customers": 1000, "money_per_hour": 5} for key in ("shop", "kiosk")],
    )
    return service


@pytest.fixture
def guarded(estate: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Guarded]:
    monkeypatch.delenv("FORESTAY_KERNELS", raising=False)
    secret = secrets.token_urlsafe(24)
    environment = {
        "FORESTAY_WEB_REQUESTS_PER_MINUTE": "1000000",
        "FORESTAY_STORE_PASSWORD": secret,
        "FORESTAY_WEB_SESSION_SECRET": secret[::-1],
        "FORESTAY_WEB_ANSWER_SECONDS": "2",
    }
    with serving(estate.folder / "data", environment, "--no-runner") as found:
        yield Guarded(found, secret)


@pytest.fixture
def served(guarded: Guarded) -> Served:
    return guarded.served


def hostile(served: Served, number: int) -> int:
    """One of the questions that take what they get: endless ones, huge bodies, deep ones, readers and writers that are slow."""
    kind = number % 6
    if kind in (0, 1):
        return served.ask("GET", LONG.format(number))[0]
    if kind == 2:
        return served.ask("POST", "/api/v1/simulations", FIELDS)[0]
    if kind == 3:
        return served.ask("POST", "/api/v1/simulations", b'{"cis": ["' + b'\\"' * 500_000)[0]
    if kind == 4:
        return served.ask("POST", "/api/v1/decisions/merge", b"[" * 1_000_000)[0]
    with socket.create_connection(("127.0.0.1", served.port)) as slow:  # a request that never ends
        slow.sendall(b"POST /api/v1/simulations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n{")
        time.sleep(3)
    return 0


def test_fifty_hostile_questions_hold_nobody_up(served: Served) -> None:
    for path in ("/livez", "/api/v1/areas?limit=10", "/api/v1/services"):
        served.p99(path, 20)
    usual, usually_alive = served.p99("/api/v1/areas?limit=10"), served.p99("/livez")
    with ThreadPoolExecutor(50) as pool:
        asked = [pool.submit(hostile, served, number) for number in range(50)]
        time.sleep(0.5)
        alive, light = served.p99("/livez"), served.p99("/api/v1/areas?limit=10")
        statuses = [question.result() for question in asked]
    print(f"p99: /livez {alive * 1000:.0f} ms; light answers {light * 1000:.0f} ms, usually {usual * 1000:.0f} ms")
    assert alive < max(2 * usually_alive, 0.1) * PATIENCE
    assert light < max(2 * usual, 0.05) * PATIENCE
    assert set(statuses) <= {0, 202, 400, 413, 422, 429}, sorted(set(statuses))
    assert statuses.count(202) in range(1, 9) and 429 in statuses
    jobs = json.loads(served.ask("GET", "/api/v1/jobs")[2])["items"]
    for job in jobs:
        assert served.ask("DELETE", f"/api/v1/jobs/{job['job_id']}")[0] == 200
    until = time.monotonic() + 30
    while any(job["state"] == runs.RUNNING for job in json.loads(served.ask("GET", "/api/v1/jobs")[2])["items"]):
        assert time.monotonic() < until, "a cancelled question goes on"
        time.sleep(0.1)


def test_who_leaves_takes_the_question_along_and_the_service_stops_when_told(guarded: Guarded, estate: Service) -> None:
    served, secret = guarded.served, guarded.secret
    leaving = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(2)]
    for number, connection in enumerate(leaving):
        connection.sendall(f"GET {LONG.format(number)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    until = time.monotonic() + 20
    while len(served.below()) < 2:
        assert time.monotonic() < until
        time.sleep(0.05)
    for connection in leaving:
        connection.close()
    while served.below():
        assert time.monotonic() < until, "a question goes on that nobody waits for"
        time.sleep(0.05)
    results: list[int] = []
    thread = threading.Thread(target=lambda: results.append(served.ask("GET", LONG.format(7))[0]))
    thread.start()
    thread.join()
    assert results == [202] and served.below(), "it goes on as a job"
    for pid in (served.process.pid, *served.below()):
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode()
        assert not any(form in arguments for told in (secret, secret[::-1]) for form in forms(told))
    started, left = time.monotonic(), served.below()
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(20) == 0
    assert time.monotonic() - started < 5 * PATIENCE
    job = estate.get("/jobs")["items"][0]
    assert (job["state"], job["error"]) == (runs.FAILED, "the service stops; ask again in a moment")
    for pid in left:
        assert not Path(f"/proc/{pid}/stat").exists() or Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"


def test_an_answer_is_the_same_here_in_the_lane_and_as_a_job(make_service: Callable[..., Service], tmp_path: Path) -> None:
    service = make_service(FORESTAY_WEB_ANSWER_SECONDS="60")
    service.csv(
        "cmdb",
        cis=[{"key": "shop"}, {"key": "db"}],
        dependencies=[{"dependent": "shop", "provider": "db"}],
        services=[{"key": "shop"}],
    )
    settings = service.forestay.settings
    lane = lane_of(settings, ["--data", str(settings.data_folder)])
    assert lane is not None
    try:
        path, body = "/api/v1/services/shop/cut-sets", {"cis": ["db"]}
        here = service.client.get(path)
        through = create_app(settings, service.forestay, lane).test_client()
        there = through.get(path)
        assert (there.status_code, there.headers["ETag"], there.headers["Content-Security-Policy"]) == (
            200,
            here.headers["ETag"],
            here.headers["Content-Security-Policy"],
        )
        exact = {**here.get_json(), "effort": {}}
        assert {**there.get_json(), "effort": {}} == exact
        assert through.get(path, headers={"If-None-Match": there.headers["ETag"]}).status_code == 304
        assert through.get(path + "?colour=red").status_code == 422
        assert through.get("/api/v1/services/nobody/loss").status_code == 404
        made = through.post("/api/v1/simulations", json=body)
        assert (made.status_code, made.headers["Location"]) == (201, f"/api/v1/simulations/{made.get_json()['simulation']}")
        assert "Data quality" in through.get("/quality").text
        assert through.get("/?revision=1").text == service.client.get("/?revision=1").text
        assert through.get("/api/v1/areas?revision=1").get_json() == service.get("/areas")
        assert (through.get("/sign-in?revision=1").status_code, through.get("/nothing?revision=1").status_code) == (200, 404)
        assert through.get("/api/v1/areas?as_of=9999-12-31T23:59:59-14:00").status_code == 422
        service.forestay.reads.flush()
        assert "read service_risk.cut_sets" in [entry["action"] for entry in service.get("/audit")["items"]]
        hasty = replace(settings, web=replace(settings.web, answer_seconds=0.0))
        at_once = create_app(hasty, replace(service.forestay, settings=hasty), lane).test_client()
        longer = "/api/v1/services/shop/availability?years=600&seed=3"
        late = at_once.get(longer)
        assert (late.status_code, late.headers["Location"]) == (202, f"/api/v1/jobs/{late.get_json()['job_id']}")
        until = time.monotonic() + 60
        while (job := at_once.get(late.headers["Location"]).get_json())["state"] == runs.RUNNING:
            assert time.monotonic() < until
            time.sleep(0.05)
        told = service.client.get(longer).get_json()
        assert (job["state"], job["verb"]) == (runs.DONE, "answer")
        assert {**job["result"]["answer"], "effort": {}} == {**told, "effort": {}}
    finally:
        lane.close()


def test_a_question_ends_by_itself_when_its_time_is_over_and_its_process_goes_on(
    estate: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORESTAY_KERNELS", raising=False)
    environment = {
        "FORESTAY_WEB_HEAVY_SECONDS": "4",
        "FORESTAY_WEB_ANSWER_SECONDS": "60",
        "FORESTAY_WEB_HEAVY_PROCESSES": "1",
        "FORESTAY_LIMITS_YEARS": "5000000",
    }
    with serving(estate.folder / "data", environment, "--no-runner") as served:
        light, until = "/api/v1/services/kiosk/availability?years={}&seconds=60", time.monotonic() + 60
        while served.ask("GET", light.format(1000))[0] != 200:  # its process starts, and reads the same kernels
            assert time.monotonic() < until
        before = served.below()
        status, seconds, answer = served.ask("GET", light.format(5_000_000))
        assert (status, json.loads(answer)["code"]) == (503, "out_of_time"), answer
        assert "raise web.heavy_seconds" in json.loads(answer)["detail"] and seconds < 4 * PATIENCE
        assert served.ask("GET", light.format(2000))[0] == 200
        assert served.below() == before


def test_a_large_body_is_read_beside_the_threads_that_serve_everybody(estate: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its conditions, and with the answer that it would get there; it does not become a job."""
    settings = estate.forestay.settings
    hasty = replace(settings, web=replace(settings.web, answer_seconds=0.0))
    lane = lane_of(hasty, ["--data", str(settings.data_folder)])
    assert lane is not None
    try:
        client = create_app(hasty, replace(estate.forestay, settings=hasty), lane).test_client()
        place, large = "/api/v1/services/shop", " " * 100_000
        for headers, status in (
            ({}, 428),
            ({"If-Match": '"other"'}, 412),
            ({"If-Match": client.get(place).headers["ETag"]}, 200),
        ):
            answer = client.put(place, data=large + '{"customers": 5}', content_type="application/json", headers=headers)
            assert answer.status_code == status, answer.text
        assert client.get(place).get_json()["service"]["customers"] == 5.0
        assert len(lane._idle) == 1, "it was read here"
        for body, status in ((large + '{"a": 1, "a": 2}', 400), ("[" * 100_000, 413), (" " * 2_000_000, 413)):
            answer = client.post("/api/v1/decisions/merge", data=body, content_type="application/json")
            assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    finally:
        lane.close()


def test_a_page_that_takes_long_says_so_and_comes_with_the_answer_of_the_same_question(
    estate: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = estate.forestay.settings
    hasty = replace(settings, web=replace(settings.web, answer_seconds=0.0))
    lane = lane_of(settings, ["--data", str(settings.data_folder)])
    assert lane is not None
    admitted: list[Question] = []
    admit = lane.admit
    monkeypatch.setattr(lane, "admit", lambda *asked: admitted.append(admit(*asked)) or admitted[-1])
    try:
        client = create_app(hasty, replace(estate.forestay, settings=hasty), lane).test_client()
        browser = {"Accept": "text/html,*/*;q=0.8"}
        first = client.get("/quality", headers=browser)
        assert (first.status_code, first.headers["Refresh"], first.headers["Cache-Control"]) == (202, "1", "no-store")
        assert "This takes a little longer" in first.text and "Data quality" not in first.headers.get("ETag", "")
        until = time.monotonic() + 60
        while (answer := client.get("/quality", headers=browser)).status_code == 202:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert answer.status_code == 200 and "<h1>Data quality" in answer.text and len(admitted) == 1
        assert "<h1>Data quality" in client.get("/quality").text, "what is no browser waits for its answer"
    finally:
        lane.close()


def test_who_does_not_ask_again_ends_the_question_of_a_page(estate: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = replace(estate.forestay.settings, web=replace(estate.forestay.settings.web, answer_seconds=0.0))
    lane = Lane(["sleep", "60"], Limits(1, 1, 1, 60.0))  # one that never answers
    try:
        client = create_app(settings, replace(estate.forestay, settings=settings), lane).test_client()
        browser = {"Accept": "text/html"}
        assert client.get("/quality", headers=browser).status_code == 202
        assert client.get("/quality", headers=browser).status_code == 202, "it is the same question: one a caller is taken"
        monkeypatch.setattr(waiting_pages, "LEFT_SECONDS", 0.0)
        until = time.monotonic() + 10
        while lane._of:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert client.get("/quality", headers=browser).status_code == 202, "a new one"
    finally:
        lane.close()


def test_a_query_that_its_schema_does_not_take_asks_no_process(estate: Service) -> None:
    settings = estate.forestay.settings
    lane = Lane(["false"], Limits(1, 1, 1, 1.0))  # one that answers nothing
    client = create_app(settings, estate.forestay, lane).test_client()
    for query in (
        "years=100001",
        "nodes=1",
        "as_of=9999-12-31T23:59:59-14:00",
        "as_of=0001-01-01T00:00:00%2B14:00",
        "limit=1_0",
        "colour=red",
    ):
        for path in ("/api/v1/services/shop/availability", "/api/v1/areas"):
            answer = client.get(f"{path}?{query}&revision=1" if "as_of" not in query else f"{path}?{query}")
            assert (answer.status_code, answer.mimetype) == (422, "application/problem+json"), answer.text
    assert client.get("/api/v1/services/shop/availability").status_code == 503
    lane.close()


def test_a_large_page_is_made_beside_the_threads_that_serve_everybody(estate: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = estate.forestay.settings
    lane = lane_of(settings, ["--data", str(settings.data_folder)])
    assert lane is not None
    try:
        client = create_app(settings, estate.forestay, lane).test_client()
        small, large = (client.get(f"/api/v1/cis?limit={limit}") for limit in (200, 201))
        assert [answer.status_code for answer in (small, large)] == [200, 200]
        assert large.get_json()["items"][:200] == small.get_json()["items"]
        assert len(lane._idle) == 1  # the process that made the large one
    finally:
        lane.close()
