"""A real Jaeger: spans sent over OTLP, imported, changed, imported again (scripts/jaeger/with-server)."""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from app.storage.sqlite_store import SqliteStore
from app.storage.workbench import LocalWorkbench
from app.usecases.sync_source import Bench, SyncSettings, Terms, sync_source
from importers.http.client import Outbound
from importers.registry import open_source

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]
URL, OTLP = os.environ.get("FORESTAY_TEST_JAEGER_URL", ""), os.environ.get("FORESTAY_TEST_JAEGER_OTLP", "")
SERVER, CLIENT = 2, 3
CALLS = [("frontend", "checkout"), ("checkout", "payment"), ("checkout", "cart"), ("frontend", "search")]


def send(calls: list[tuple[str, str]]) -> None:
    """One trace for each call: a span of the caller, and one of the callee below it."""
    now = time.time_ns()
    spans: dict[str, list[dict[str, Any]]] = {}
    for caller, callee in calls:
        trace, outer, inner = secrets.token_hex(16), secrets.token_hex(8), secrets.token_hex(8)
        for service, span, parent, kind in ((caller, outer, "", CLIENT), (callee, inner, outer, SERVER)):
            spans.setdefault(service, []).append(
                {
                    "traceId": trace,
                    "spanId": span,
                    "parentSpanId": parent,
                    "name": f"call {callee}",
                    "kind": kind,
                    "attributes": [],
                    "status": {},
                    "startTimeUnixNano": str(now - 2_000_000),
                    "endTimeUnixNano": str(now),
                }
            )
    resources = [
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]},
            "scopeSpans": [{"spans": rows}],
        }
        for service, rows in spans.items()
    ]
    answer = requests.post(f"{OTLP}/v1/traces", json={"resourceSpans": resources}, timeout=20)
    assert answer.status_code == 200, answer.text


def seen() -> dict[tuple[str, str], int]:
    """What Jaeger itself says."""
    answer = requests.get(
        f"{URL}/api/dependencies", params={"endTs": int(time.time() * 1000) + 60_000, "lookback": 3_600_000}, timeout=20
    )
    return {(row["parent"], row["child"]): row["callCount"] for row in answer.json()["data"]}


def wait_for(calls: set[tuple[str, str]]) -> None:
    until = time.monotonic() + 30
    while not calls <= set(seen()):
        assert time.monotonic() < until, seen()
        time.sleep(0.2)


def imported(home: Path, number: int) -> tuple[Any, set[str], set[tuple[str, str]]]:
    store = SqliteStore(home / "store.db")
    try:
        source = open_source("callgraph", URL, {"lookback_hours": 1}, Outbound(["127.0.0.1"]))
        bench = Bench(store, LocalWorkbench(), home / "staging", home / "spool")
        report = sync_source(bench, source, SyncSettings("jaeger", 1, str(number)), Terms())
        revision = store.current().revision
        cis, rows = store.load_columns(revision, "ci"), store.load_columns(revision, "dependency")
    finally:
        store.close()
    assert all(counts.closes() for counts in report.counts.values())
    names = {int(cis["ci_id"][row]): cis["name"][row] for row in range(len(cis["ci_id"]))}
    needs = {(names[int(a)], names[int(b)]) for a, b in zip(rows["dependent_id"], rows["provider_id"], strict=True)}
    return report, set(names.values()), needs


def test_calls_of_a_real_jaeger(tmp_path: Path) -> None:
    assert URL and OTLP, "run it by scripts/jaeger/with-server"
    send(CALLS)
    wait_for(set(CALLS))
    report, names, needs = imported(tmp_path, 1)
    assert needs == set(CALLS) == set(seen())  # the caller depends: frontend falls with checkout, not the other way round
    assert names == {"frontend", "checkout", "payment", "cart", "search"}
    assert report.counts["dependency"].read == len(seen())
    assert set(names) <= set(requests.get(f"{URL}/api/services", timeout=20).json()["data"])
    send([("payment", "bank"), ("frontend", "checkout")])
    wait_for({("payment", "bank")})
    report, names, needs = imported(tmp_path, 2)
    assert needs == {*CALLS, ("payment", "bank")} == set(seen())
    assert (report.created, report.dependencies_added, report.retired, report.dependencies_retired) == (1, 1, 0, 0)
    report, _, _ = imported(tmp_path, 3)
    assert report.state == "unchanged"
