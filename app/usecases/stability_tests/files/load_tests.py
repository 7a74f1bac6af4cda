"""Load tests: k6, Locust, JMeter and Gatling, each in the forms that their present versions write."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.errors import InvalidInput
from app.domain.stability_tests import FAILED, LOAD, NO_PROOF, PASSED, LoadFigures, ReadTest
from app.usecases.stability_tests.files.parts import (
    Refused,
    count_in,
    mapping_in,
    number_in,
    quantile,
    table_of,
    text_of,
)

LATEST_MS = 4102444800000  # 2100
PARENT = "Number of samples in transaction"  # JMeter's row of a transaction controller, whose samples stand there as well


def _made(
    tool: str, figures: LoadFigures, started_at: int | None, seconds: float | None, refused: Refused, notes: Sequence[str] = ()
) -> ReadTest:
    """A load test proves nothing without requests, fails where a limit of the tool was broken, and passes else."""
    outcome = NO_PROOF if not figures.requests else FAILED if figures.limits_broken else PASSED
    return ReadTest(
        tool, LOAD, f"{tool} load test", started_at, seconds, outcome, tuple(notes), figures,
        refused=tuple(refused.lines), refused_total=refused.total,
    )  # fmt: skip


def k6_summary(found: Mapping[str, Any]) -> ReadTest:
    """`--summary-export` (a threshold that is `true` was broken; `passes` of http_req_failed are the requests that failed) or
    `handleSummary` (values under `values`, thresholds with `ok`)."""
    metrics = mapping_in(found.get("metrics"))
    requests = _k6(metrics, "http_reqs")
    count = count_in(requests.get("count"))
    if count is None:
        raise InvalidInput("the k6 summary has no metrics.http_reqs.count: only tests of HTTP are read", field="file")
    failures = _k6(metrics, "http_req_failed")
    rate = number_in(failures.get("value", failures.get("rate")))
    failed = count_in(failures.get("passes"))
    if failed is None:
        failed = round((rate or 0.0) * count)
    if failed > count or (rate is None and "http_req_failed" in metrics):
        raise InvalidInput("metrics.http_req_failed: more requests failed than were sent, or no rate", field="file")
    broken = []
    for name in sorted(metrics):
        for limit, state in mapping_in(mapping_in(metrics[name]).get("thresholds")).items():
            if state is True or (isinstance(state, Mapping) and state.get("ok") is False):
                broken.append(f"{name}: {limit}")
    span = number_in(mapping_in(found.get("state")).get("testRunDurationMs"))
    per_second = number_in(requests.get("rate"))
    seconds = span / 1000.0 if span else count / per_second if per_second else None
    p95 = number_in(_k6(metrics, "http_req_duration").get("p(95)"))
    figures = LoadFigures(count, failed, per_second, failed / count if count else 0.0, p95, tuple(broken))
    return _made("k6", figures, None, seconds, Refused())


def _k6(metrics: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    metric = mapping_in(metrics.get(name))
    return mapping_in(metric.get("values")) if "values" in metric else metric


def locust_stats(body: bytes) -> ReadTest:
    """`_stats.csv` (no time of day in it) or `_stats_history.csv`, whose rows `Aggregated` count from the start of the test."""
    head, rows = table_of(body)
    history, refused = "Timestamp" in head, Refused()
    requests_head, failures_head = (
        ("Total Request Count", "Total Failure Count") if history else ("Request Count", "Failure Count")
    )
    if requests_head not in head or failures_head not in head:
        raise InvalidInput(f"a file of Locust has the columns {requests_head!r} and {failures_head!r}", field="file")
    last: Mapping[str, str] | None = None
    begin = end = None
    for line, row in rows:
        if row.get("Name", "").strip() != "Aggregated":
            continue
        requests, failed = count_in(row.get(requests_head)), count_in(row.get(failures_head))
        moment = count_in(row.get("Timestamp")) if history else 0
        if requests is None or failed is None or failed > requests or moment is None:
            refused.add(f"line {line}", requests_head, "the counts or the time are no whole numbers", "write the file anew")
            continue
        if history:
            begin, end = moment if begin is None else min(begin, moment), max(end or moment, moment)
        last = row
    if last is None:
        raise InvalidInput("no row 'Aggregated' of Locust could be read: it is the total", field="file")
    count, failed = count_in(last[requests_head]) or 0, count_in(last[failures_head]) or 0
    per_second = number_in(last.get("Requests/s"))
    seconds = float(end - begin) if begin is not None and end is not None else count / per_second if per_second else None
    if history and seconds:
        per_second = count / seconds  # Requests/s of a row is that of the last ten seconds
    figures = LoadFigures(count, failed, per_second, failed / count if count else 0.0, number_in(last.get("95%")))
    return _made("Locust", figures, begin, seconds, refused)


class _Samples:
    """Samples of a load test, counted one by one."""

    def __init__(self) -> None:
        self.failed = 0
        self.elapsed: list[float] = []
        self.first: float | None = None
        self.last: float = 0.0
        self.refused = Refused()

    def add(self, record: str, start: Any, elapsed: Any, good: str) -> None:
        """`start` and `elapsed` in milliseconds since 1970; what is no number, or neither true nor false, is refused."""
        at, took = number_in(start), number_in(elapsed)
        if at is None or not 0 < at < LATEST_MS:
            self.refused.add(
                record, "timeStamp", f"{str(start)[:40]!r} is no time in milliseconds since 1970", "save times as ms"
            )
        elif took is None or took < 0:
            self.refused.add(record, "elapsed", f"{str(elapsed)[:40]!r} is no duration in milliseconds", "leave no cell empty")
        elif good not in ("true", "false"):
            self.refused.add(record, "success", f"{good[:40]!r} is neither true nor false", "save the column success")
        else:
            self.failed += good == "false"
            self.elapsed.append(took)
            self.first = at if self.first is None else min(self.first, at)
            self.last = max(self.last, at + took)

    def test(self, tool: str, notes: Sequence[str] = ()) -> ReadTest:
        if self.first is None:
            why = f": {self.refused.lines[0].reason}" if self.refused.lines else ""
            raise InvalidInput(f"no sample of {tool} could be read{why}", field="file")
        count, seconds = len(self.elapsed), (self.last - self.first) / 1000.0
        per_second = count / seconds if seconds > 0 else None
        figures = LoadFigures(count, self.failed, per_second, self.failed / count, quantile(self.elapsed, 0.95))
        return _made(tool, figures, int(self.first // 1000), seconds, self.refused, notes)


def jmeter_csv(body: bytes) -> ReadTest:
    """A JTL file with a head; rows of transaction controllers are left out, as their samples stand there as well."""
    head, rows = table_of(body)
    missing = [name for name in ("timeStamp", "elapsed", "success") if name not in head]
    if missing:
        raise InvalidInput(
            f"the JTL file has no column {', '.join(missing)}: save it with jmeter.save.saveservice.print_field_names=true "
            "(before JMeter 3.0 there is no row of names)", field="file",
        )  # fmt: skip
    samples, parents = _Samples(), 0
    for line, row in rows:
        if row.get("responseMessage", "").startswith(PARENT):
            parents += 1
            continue
        samples.add(f"line {line}", row.get("timeStamp"), row.get("elapsed"), row.get("success", "").strip().casefold())
    return samples.test("JMeter", _parents(parents))


def _parents(number: int) -> tuple[str, ...]:
    return (f"{number:,} rows of transaction controllers are not counted: their samples are",) if number else ()


def jmeter_xml(body: bytes) -> ReadTest:
    """A JTL file in XML. A sample within an httpSample (an embedded resource, a redirect) is part of it; one that holds
    httpSamples and is none itself is a transaction, whose samples are counted."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import ParseError, iterparse

    samples, parents, inside, place = _Samples(), 0, 0, 0
    held: list[int] = []  # for each open sample: how many samples it holds
    try:
        for event, element in iterparse(io.BytesIO(body), events=("start", "end")):
            if element.tag not in ("httpSample", "sample"):
                continue
            if event == "start":
                held.append(0)
                inside += element.tag == "httpSample"
                continue
            children = held.pop()
            inside -= element.tag == "httpSample"
            if held:
                held[-1] += 1
            place += 1
            if element.tag == "sample" and (children or (element.get("rm") or "").startswith(PARENT)):
                parents += 1
            elif not inside:
                samples.add(f"sample {place}", element.get("ts"), element.get("t"), (element.get("s") or "").casefold())
            if not held:
                element.clear()
    except (ParseError, DefusedXmlException) as error:
        raise InvalidInput(f"the JTL file is no XML that is read: {error}", field="file") from None
    return samples.test("JMeter", _parents(parents))


def gatling_stats(found: Mapping[str, Any]) -> ReadTest:
    """`js/stats.json`, which Gatling wrote up to 3.11; its numbers may be texts, and `-` is none."""
    stats = mapping_in(found.get("stats"))
    numbers = mapping_in(stats.get("numberOfRequests"))
    total, good, bad = (count_in(numbers.get(name)) for name in ("total", "ok", "ko"))
    if total is None:
        raise InvalidInput("stats.numberOfRequests.total of Gatling is no number", field="file")
    failed = bad if bad is not None else total - (good if good is not None else total)
    if failed < 0 or failed > total:
        raise InvalidInput("stats.numberOfRequests of Gatling: more failed than were sent", field="file")
    per_second = number_in(mapping_in(stats.get("meanNumberOfRequestsPerSecond")).get("total"))
    p95 = number_in(mapping_in(stats.get("percentiles3")).get("total"))
    figures = LoadFigures(total, failed, per_second, failed / total if total else 0.0, p95)
    notes = ("the 95th percentile is Gatling's third, as it is unless its settings say otherwise",) if p95 is not None else ()
    return _made("Gatling", figures, None, total / per_second if per_second else None, Refused(), notes)


def gatling_log(body: bytes) -> ReadTest:
    """`simulation.log` of Gatling 3 up to 3.12: lines of REQUEST, groups, name, start, end, OK or KO, between tabs."""
    samples = _Samples()
    for line, row in enumerate(text_of(body).splitlines(), start=1):
        cells = row.split("\t")
        if cells[0] != "REQUEST":
            continue
        if len(cells) < 6:
            samples.refused.add(f"line {line}", "REQUEST", f"{len(cells)} cells in place of 6 or more", "hand over the whole log")
            continue
        begin, end = number_in(cells[3]), number_in(cells[4])
        took = end - begin if begin is not None and end is not None else None
        good = {"OK": "true", "KO": "false"}.get(cells[5].strip(), cells[5])
        samples.add(f"line {line}", begin, took, good)
    return samples.test("Gatling")
