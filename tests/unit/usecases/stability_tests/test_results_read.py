"""Files of results as their tools write them, and what is refused of them."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from app.domain.errors import ForestayError, InvalidInput
from app.domain.stability_tests import ReadTest
from app.usecases.stability_tests.files.read import read_results

AT = 1_763_632_800  # 2025-11-20T10:00:00Z
JTL = (
    "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,sentBytes,"
    "grpThreads,allThreads,URL,Latency,IdleTime,Connect"
)
LOCUST = (
    "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,"
    "Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%"
)


def read(text: str | bytes) -> ReadTest:
    (found,) = read_results(text.encode() if isinstance(text, str) else text)
    return found


def figures(test: ReadTest) -> tuple[str, str, int, int, float | None, float | None]:
    assert test.load is not None
    per_second = None if test.load.per_second is None else round(test.load.per_second, 4)
    return test.tool, test.outcome, test.load.requests, test.load.failed, per_second, test.load.p95_ms


K6: dict[str, Any] = {
    "root_group": {"name": "", "groups": {}, "checks": {}},
    "metrics": {
        "http_reqs": {"count": 600, "rate": 10.0},
        "http_req_failed": {"value": 0.05, "passes": 30, "fails": 570, "thresholds": {"rate<0.1": False}},
        "http_req_duration": {"avg": 80.0, "p(90)": 150.0, "p(95)": 210.5, "thresholds": {"p(95)<500": False, "p(90)<100": True}},
    },
}


def test_k6_a_threshold_that_is_true_was_broken_and_passes_are_failures() -> None:
    test = read(json.dumps(K6))
    assert figures(test) == ("k6", "failed", 600, 30, 10.0, 210.5)
    assert test.load is not None and test.load.limits_broken == ("http_req_duration: p(90)<100",)
    assert (test.started_at, test.seconds) == (None, 60.0)


def test_k6_of_handle_summary() -> None:
    metrics = {
        "http_reqs": {"type": "counter", "values": {"count": 600, "rate": 10.0}},
        "http_req_failed": {"type": "rate", "values": {"rate": 0.05, "passes": 30}, "thresholds": {"rate<0.1": {"ok": True}}},
        "http_req_duration": {"type": "trend", "values": {"p(95)": 210.5}},
    }  # fmt: skip
    test = read(json.dumps({"metrics": metrics, "state": {"testRunDurationMs": 60_250.0}}))
    assert figures(test) == ("k6", "passed", 600, 30, 10.0, 210.5)
    assert test.seconds == 60.25


def test_locust_the_total_is_the_row_aggregated() -> None:
    rows = [
        "GET,/,700,10,20,25,5,90,512,7.0,0.1,20,22,25,28,40,55,70,80,90,90,90",
        "GET,/cart,300,30,30,35,9,99,512,3.0,0.3,30,32,35,38,50,75,80,90,99,99,99",
        ",Aggregated,1000,40,23,28,5,99,512,10.0,0.4,23,25,28,30,44,62,75,85,99,99,99",
    ]
    test = read("\n".join([LOCUST, *rows]))
    assert figures(test) == ("Locust", "passed", 1000, 40, 10.0, 62.0)
    assert test.seconds == 100.0


def test_locust_history_has_the_time() -> None:
    head = "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,95%,Total Request Count,Total Failure Count"
    rows = [f"{AT + n},5,,Aggregated,9.0,0,20,40,{n * 10},{n}" for n in (0, 30, 60)]
    test = read("\n".join([head, *rows, "soon,5,,Aggregated,9,0,20,40,601,61"]))
    assert figures(test) == ("Locust", "passed", 600, 60, 10.0, 40.0)
    assert (test.started_at, test.seconds, test.refused_total, test.refused[0].record) == (AT, 60.0, 1, "line 5")


def sample(second: float, elapsed: str = "100", success: str = "true", message: str = "OK") -> str:
    return f"{int((AT + second) * 1000)},{elapsed},GET /,200,{message},t 1-1,text,{success},,512,120,5,5,http://x/,90,0,3"


def test_jmeter_transaction_rows_are_not_counted_twice_and_bad_cells_are_listed() -> None:
    """Three samples over 2 s and 100 ms; a transaction's row, one without a duration, one without a success."""
    rows = [sample(0), sample(1, success="false"), sample(2), sample(0, "2100", message='"Number of samples in transaction : 3"')]
    test = read("\n".join([JTL, *rows, sample(1, ""), sample(1, success="perhaps")]))
    assert figures(test) == ("JMeter", "passed", 3, 1, round(3 / 2.1, 4), 100.0)
    assert (test.started_at, test.seconds, test.refused_total) == (AT, 2.1, 2)
    assert [line.field for line in test.refused] == ["elapsed", "success"]


def test_jmeter_without_a_head_says_what_to_do() -> None:
    with pytest.raises(InvalidInput, match="print_field_names=true"):
        read(sample(0) + "\n" + sample(1))


def test_jmeter_xml_counts_leaves_of_transactions_and_not_what_a_sample_embeds() -> None:
    http = '<httpSample t="100" lt="90" ts="{}" s="{}" lb="GET /" rc="200" rm="OK">{}</httpSample>'
    inner = http.format(AT * 1000, "true", "")
    rows = [
        f'<sample t="400" ts="{AT * 1000}" s="false" lb="checkout">{http.format(AT * 1000, "true", inner)}'
        f"{http.format((AT + 1) * 1000, 'false', '')}</sample>",
        f'<sample t="1100" ts="{AT * 1000}" s="true" rm="Number of samples in transaction : 2"/>',
        http.format("then", "true", ""),
    ]
    test = read('<?xml version="1.0" encoding="UTF-8"?>\n<testResults version="1.2">' + "".join(rows) + "</testResults>")
    assert figures(test) == ("JMeter", "passed", 2, 1, round(2 / 1.1, 4), 100.0)
    assert (test.refused_total, test.refused[0].field) == (1, "timeStamp")


def test_an_xml_bomb_is_refused() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><testResults>&b;</testResults>'
    with pytest.raises(InvalidInput, match="no XML that is read"):
        read(bomb)


def test_gatling_stats_whose_numbers_are_texts() -> None:
    def numbers(total: str, ok: str, ko: str) -> dict[str, str]:
        return {"total": total, "ok": ok, "ko": ko}

    stats = {
        "name": "All Requests", "numberOfRequests": numbers("1000", "990", "10"), "minResponseTime": numbers("5", "5", "-"),
        "percentiles3": numbers("310", "300", "-"), "meanNumberOfRequestsPerSecond": numbers("20.0", "19.8", "0.2"),
    }  # fmt: skip
    test = read(json.dumps({"type": "GROUP", "name": "All Requests", "path": "", "stats": stats, "contents": {}}))
    assert figures(test) == ("Gatling", "passed", 1000, 10, 20.0, 310.0)
    assert test.seconds == 50.0


def test_gatling_log_of_3_and_a_binary_one() -> None:
    rows = [
        f"RUN\tshop.Basic\tbasic\t{AT * 1000}\t \t3.9.5", f"USER\tbasic\tSTART\t{AT * 1000}",
        f"REQUEST\t\thome\t{AT * 1000}\t{AT * 1000 + 120}\tOK\t ",
        f"REQUEST\tcart\tbuy\t{AT * 1000 + 900}\t{AT * 1000 + 1000}\tKO\tstatus 500",
        "REQUEST\t\thome\t1",
    ]  # fmt: skip
    test = read("\n".join(rows))
    assert figures(test) == ("Gatling", "passed", 2, 1, 2.0, 120.0)
    assert (test.started_at, test.refused_total) == (AT, 1)
    with pytest.raises(InvalidInput, match="binary"):
        read(b"\x00\x00\x00\x063.13.5\x00")


def experiment(**changes: Any) -> dict[str, Any]:
    probe = {
        "activity": {"type": "probe", "name": "the shop answers"},
        "output": 200,
        "status": "succeeded",
        "tolerance_met": True,
    }
    state = {"steady_state_met": True, "probes": [probe]}
    return {
        "chaoslib-version": "1.44.0", "platform": "Linux", "node": "n", "experiment": {"title": "db goes out", "method": []},
        "start": "2025-11-20T10:00:00+00:00", "status": "completed", "deviated": False,
        "steady_states": {"before": state, "after": state, "during": []}, "run": [], "rollbacks": [], "duration": 63.2, **changes,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "passed"),
        ({"deviated": True}, "failed"),
        ({"steady_states": {"before": {"steady_state_met": True}, "after": None}}, "passed"),
        ({"steady_states": {"before": {"steady_state_met": False}, "after": None}, "deviated": True}, "proves nothing"),
        ({"status": "aborted"}, "proves nothing"),
        ({"status": "interrupted", "deviated": True}, "failed"),
    ],
)
def test_chaos_toolkit_outcomes(changes: dict[str, Any], outcome: str) -> None:
    test = read(json.dumps(experiment(**changes)))
    assert (test.outcome, test.started_at, test.kind, test.title) == (outcome, AT, "game_day", "db goes out")


def test_chaos_toolkit_a_time_without_a_zone_is_no_time() -> None:
    assert read(json.dumps(experiment(start="2025-11-20T10:00:00"))).started_at is None


@pytest.mark.parametrize(("verdict", "outcome"), [("Pass", "passed"), ("Fail", "failed"), ("Awaited", "proves nothing")])
def test_litmus_results(verdict: str, outcome: str) -> None:
    result = {
        "apiVersion": "litmuschaos.io/v1alpha1", "kind": "ChaosResult", "metadata": {"name": "engine-pod-delete"},
        "spec": {"engine": "engine", "experiment": "pod-delete"},
        "status": {
            "experimentStatus": {"phase": "Completed", "verdict": verdict, "failStep": "N/A"},
            "probeStatuses": [
                {"name": "shop", "type": "httpProbe", "status": {"verdict": "Failed"}},
                {"name": "db", "type": "cmdProbe", "status": {"verdict": "Passed"}}, {"type": "cmdProbe"},
            ],
        },
    }  # fmt: skip
    test = read(json.dumps(result))
    assert (test.tool, test.outcome, test.expected, test.fell, test.refused_total) == (
        "Litmus",
        outcome,
        ("shop", "db"),
        ("shop",),
        1,
    )


def test_an_exercise_step_by_step() -> None:
    rows = [
        "kind,started_at,title,step,planned_minutes,actual_minutes",
        "recovery_exercise,2025-11-20T10:00:00Z,Restore the shop,restore db,60,50",
        "recovery_exercise,2025-11-20T10:00:00Z,Restore the shop,check,10,25",
        "recovery_exercise,2025-11-20T10:00:00Z,Restore the shop,,10,25",
        "recovery_exercise,2025-11-20T10:00:00Z,Restore the shop,open,-1,2",
    ]
    test = read("\n".join(rows))
    assert [(step.name, step.planned_minutes, step.actual_minutes) for step in test.steps] == [
        ("restore db", 60, 50),
        ("check", 10, 25),
    ]
    assert (test.outcome, test.seconds, [line.field for line in test.refused]) == ("failed", 75 * 60, ["step", "planned_minutes"])


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[1]", b"<a/>", b"a,b\n1,2\n", b"\xff\xfe", b'{"metrics": {}}', b"{", b"kind\nfailover\n"]
)
def test_what_nobody_reads_is_refused_with_a_reason(body: bytes) -> None:
    with pytest.raises(ForestayError):
        read_results(body)


def test_broken_files_are_read_or_refused_and_never_crash() -> None:
    """A thousand files with bytes changed, cut or doubled: a reason or a test, never another error and never a share above 1."""
    rng = random.Random(19)
    whole = [
        json.dumps(K6),
        json.dumps(experiment()),
        "\n".join([JTL, sample(0), sample(1)]),
        LOCUST + "\n,Aggregated,10,2,1,1,1,1,1,1,1",
    ]
    for _ in range(1000):
        body = bytearray(rng.choice(whole).encode())
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(body))
            body[at : at + rng.choice((0, 1, 20))] = rng.choice((b"", b"-", b"\x00", b"9" * 30, b"null", b'"', b"NaN"))
        try:
            tests = read_results(bytes(body))
        except ForestayError:
            continue
        for test in tests:
            assert test.load is None or 0.0 <= test.load.error_rate <= 1.0
