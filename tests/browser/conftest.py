"""The real server on the example estate, and a real browser without network of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from app.bootstrap import assemble_service
from app.domain.tickets import CLOSED, INCIDENT
from app.settings import load_settings
from app.usecases.keep.known_tickets import KNOWN, KnownTicket, ticket_key
from tests.servers.running import Running
from tests.servers.tickets.rt import TOKEN, RtStub

RT = {"token_env": "DESK_TOKEN", "queue": "Continuity", "key_field": "BC Key", "ci_field": "BC CIs", "time_zone": "Europe/Berlin"}
ROOT = Path(__file__).parents[2]
PATIENCE_MS = 120_000  # long questions are answered by processes that let all others go first
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@dataclass(frozen=True)
class Site:
    url: str
    data: Path


PATIENT = {"FORESTAY_WEB_ANSWER_SECONDS": "600"}  # a page comes when it is worked out, however busy the machine is


def started(data: Path, command: tuple[str, ...], **environment: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "--data", str(data), *command],
        cwd=ROOT, env={**os.environ, **PATIENT, **environment}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://\S+", line):
            return process, found.group().rstrip("/")
    raise AssertionError(f"{command} did not serve")


def stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(20)


@pytest.fixture(scope="session")
def tracker() -> Iterator[Running]:
    """A Request Tracker, as strict as a real one."""
    stub = RtStub()
    stub.now = datetime.now(UTC)
    running = Running(stub)
    yield running
    running.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, tracker: Running) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("site") / "data"
    process, url = started(
        data,
        ("run", "--port", "0"),
        FORESTAY_WEB_REQUESTS_PER_MINUTE="1000000",
        FORESTAY_OUTBOUND_HOSTS=f"localhost:{tracker.port}",
        DESK_TOKEN=TOKEN,
    )
    connect(url, tracker)
    keep_ended_incidents(data)
    share_kpis(url)
    yield Site(url, data)
    stop(process)


def connect(url: str, tracker: Running) -> None:
    """Connects the tracker, asks it for a ticket, and makes a rule that is switched off."""
    for method, path, body in (
        ("POST", "connectors", {"name": "desk", "kind": "rt", "settings": {**RT, "url": tracker.url}}),
        ("POST", "orders", {"connector": "desk", "ci": "cmdb:ci:db-orders-1"}),
        ("PUT", "rules/outages", {"watches": "outage", "connector": "desk", "enabled": False}),
    ):
        headers = {"Content-Type": "application/json", "If-None-Match": "*"}
        data = json.dumps(body).encode()
        with urlopen(Request(f"{url}/api/v1/tickets/{path}", data=data, headers=headers, method=method), timeout=60) as answer:
            assert answer.status in (200, 201, 202)


def share_kpis(url: str) -> None:
    """Opens the shared page for two services."""
    services = [{"service": f"cmdb:ci:svc-{name}", "label": name.title()} for name in ("checkout", "search")]
    body = json.dumps({"open": True, "title": "How our services do", "services": services}).encode()
    headers = {"Content-Type": "application/json", "If-None-Match": "*"}
    with urlopen(Request(f"{url}/api/v1/shared/opening", data=body, headers=headers, method="PUT"), timeout=60) as answer:
        assert answer.status == 200


def keep_ended_incidents(data: Path) -> None:
    """Two incidents that ended: one kept the suggested priority, one waited behind it."""
    forestay = assemble_service(load_settings(environment={}, data_folder=data))
    for number, suggested, final, ended in (
        ("1", "3", "2", "2026-11-02T04:00:00+00:00"),
        ("2", "2", "4", "2026-11-02T09:00:00+00:00"),
    ):
        known = KnownTicket(
            "desk", number, number, "", INCIDENT, "storage", "closed", CLOSED, final, ended, ended, "2026-11-02T03:00:00+00:00",
            ended, suggested=suggested, predicted_services=["cmdb:ci:svc-pos"],
        )  # fmt: skip
        KNOWN.put(forestay.documents, ticket_key("desk", number), known)
    forestay.close()


@pytest.fixture(scope="session")
def guarded(site: Site) -> Iterator[Site]:
    """A second server on the same estate, with sign-in on."""
    process, url = started(site.data, ("serve", "--port", "0", "--no-runner"), FORESTAY_WEB_SIGN_IN="keys")
    yield Site(url, site.data)
    stop(process)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        plain = made.new_context

        def patient(**given: Any) -> BrowserContext:
            context = plain(**given)
            context.set_default_navigation_timeout(PATIENCE_MS)
            return context

        made.new_context = patient  # type: ignore[method-assign]
        yield made
        made.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page whose console and requests must stay clean."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    made = context.new_page()
    faults: list[str] = []
    made.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    made.on("pageerror", lambda error: faults.append(str(error)))
    made.on("response", lambda answer: faults.append(f"{answer.status} {answer.url}") if answer.status >= 500 else None)
    yield made
    context.close()
    assert faults == []
