"""Which tool wrote a file of results, by what is in it, never by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.errors import InvalidInput, LimitExceeded
from app.domain.stability_tests import ReadTest
from app.domain.strict_json import strict_json
from app.usecases.stability_tests.files import experiments, load_tests
from app.usecases.stability_tests.files.own_table import own_table
from app.usecases.stability_tests.files.parts import table_of

MOST_BYTES = 64 * 1024 * 1024
MOST_JSON_BYTES = 16 * 1024 * 1024
KNOWN = (
    "a k6 summary, _stats.csv or _stats_history.csv of Locust, a JTL file of JMeter, stats.json or simulation.log of Gatling, "
    "a journal of Chaos Toolkit, a ChaosResult of Litmus, or a CSV with kind and started_at"
)


def read_results(body: bytes) -> list[ReadTest]:
    """Returns the tests of a file. InvalidInput where nothing of it can be read, with what is known; LimitExceeded where it is
    too large."""
    if len(body) > MOST_BYTES:
        raise LimitExceeded(f"the file is larger than {MOST_BYTES:,} bytes")
    start = body[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        raise InvalidInput("the file is empty", field="file")
    if b"\x00" in start:
        raise InvalidInput(
            "the file is binary: Gatling 3.13 and later write no log that can be read; export js/stats.json with 3.11, or write "
            "what it reports into a CSV", field="file",
        )  # fmt: skip
    if start[:1] == b"{":
        return [_json(body)]
    if start[:1] == b"<":
        return [load_tests.jmeter_xml(body)]
    first = start.split(b"\n", 1)[0]
    if first.split(b"\t", 1)[0] in (b"RUN", b"USER", b"REQUEST", b"ASSERTION"):
        return [load_tests.gatling_log(body)]
    return _table(body)


def _json(body: bytes) -> ReadTest:
    if len(body) > MOST_JSON_BYTES:
        raise LimitExceeded(f"the file is larger than {MOST_JSON_BYTES:,} bytes, which is the most for JSON")
    found: Any = strict_json(body, "the file")
    if isinstance(found, Mapping):
        if found.get("kind") == "ChaosResult":
            return experiments.litmus(found)
        if "chaoslib-version" in found or ("experiment" in found and "steady_states" in found):
            return experiments.chaos_toolkit(found)
        if "metrics" in found:
            return load_tests.k6_summary(found)
        if "stats" in found and "contents" in found:
            return load_tests.gatling_stats(found)
    raise InvalidInput(f"the file is JSON of no tool that is read: {KNOWN}", field="file")


def _table(body: bytes) -> list[ReadTest]:
    head, _ = table_of(body)
    names = set(head)
    if "Request Count" in names or "Total Request Count" in names:
        return [load_tests.locust_stats(body)]
    if "timeStamp" in names or "elapsed" in names:
        return [load_tests.jmeter_csv(body)]
    if {"kind", "started_at"} & names:
        return own_table(body)
    if len(head) >= 10 and head[0].isdigit() and len(head[0]) == 13:
        return [load_tests.jmeter_csv(body)]  # JMeter's without a row of names, which says what to do
    raise InvalidInput(f"nobody reads this file; known: {KNOWN}", field="file")
