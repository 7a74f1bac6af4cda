"""Every page of the menu over HTTP, the first time and when warm, and every kind of report made and opened."""

from __future__ import annotations

import csv
import http.client
import io
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
from flask import Flask, url_for
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from app.bootstrap import Forestay
from app.domain.areas import AREA_KINDS
from app.usecases.answers.areas import area_name, ranking_of
from app.usecases.answers.group_evidence import Groups
from app.usecases.assess import Assessed, assessed
from app.usecases.reports.make import ReportRequest, write_report
from app.usecases.reports.tables import TABLES, table_of
from app.web import mount
from app.web.navigation import MENU, Menu, Place
from benchmarks.serving import serving

WARM = 5  # requests of a page after the first; one alone of a page that takes longer than the seconds below
LONG_MS = 5_000
MOST_ROWS = 300_000  # a report with more rows takes half an hour: its time is not measured here
QUICK = ("/search", "/?")  # ranking and search


def pages_over_http(forestay: Forestay, data: Path) -> dict[str, Any]:
    """Milliseconds of each page, first and warm (the median of some), and of each report; prints both as tables."""
    made = assessed(forestay.estates, forestay.cache, forestay.store.current().revision)
    addresses = [*_menu(), *_asked(made)]
    seconds, rows = reports(forestay, made)
    forestay.close()
    with serving(data) as served:
        times = {address: _times(served.port, address) for address in addresses}
    print("| page | first, ms | warm, ms | KiB |\n|---|---|---|---|")
    for address, (first, warm, size) in times.items():
        print(f"| `{address}` | {first:,.0f} | {warm:,.0f} | {size:,} |")
    print("\n| report | seconds | rows |\n|---|---|---|")
    for kind, took in seconds.items():
        print(f"| {kind} | {took:,.1f} | {rows[kind]:,} |")
    quick = [warm for address, (_, warm, _) in times.items() if address == "/" or address.startswith(QUICK)]
    slowest = max(times, key=lambda address: times[address][1])
    return {
        "pages": len(times),
        "slowest_warm_ms": times[slowest][1],
        "slowest": slowest,
        "slowest_ranking_or_search_ms": max(quick),
        "slowest_first_ms": max(first for first, _, _ in times.values()),
        **{f"report_{kind}_seconds": took for kind, took in seconds.items()},
        "report_rows": sum(rows.values()),
    }


def _menu() -> list[str]:
    """Addresses of the menu."""
    app = Flask("addresses")
    mount(app)
    places = [place for part in MENU for place in (part.places if isinstance(part, Menu) else [part])]
    with app.test_request_context():
        return [url_for(place.endpoint) for place in places if isinstance(place, Place)]


def _asked(made: Assessed) -> Iterator[str]:
    """Addresses with a question, about the worst area of each kind."""
    worst = {kind: area_name(made.estate, kind, int(ranking_of(made, kind).area[0]))[0] for kind in AREA_KINDS}
    ci, service = worst["ci"], worst["service"]
    name = made.estate.name(int(ranking_of(made, "ci").area[0]))
    for kind in AREA_KINDS:
        yield f"/?{urlencode({'kind': kind})}"
        yield f"/area?{urlencode({'kind': kind, 'name': worst[kind]})}"
    for question in ({"sort": "-name"}, {"name": name[:3]}, {"team": worst["team"]}, {"origin": "assumed"}, {"since": 1}):
        yield f"/?{urlencode(question)}"
    for typed in (name[:2], name[:-1], name[:-2] + name[-1:], "nothing like it"):
        yield f"/search?{urlencode({'q': typed})}"
    yield f"/ci?{urlencode({'key': ci})}"
    yield f"/service?{urlencode({'key': service})}"
    yield f"/recovery-of?{urlencode({'key': service})}"
    yield f"/what-if?{urlencode({'ci': ci, 'hours': 4})}"
    for question in ({"ci": ci}, {"ci": service, "direction": "below", "fails": "no", "hops": 4}):
        yield f"/map?{urlencode(question)}"
    yield f"/assume?{urlencode({'ci': ci, 'field': 'repair_hours', 'value': 9})}"
    yield f"/bia?{urlencode({'service': service})}"
    yield f"/goals/service?{urlencode({'key': service})}"
    yield f"/evidence?{urlencode({'ci': ci})}"
    for group in Groups(made, []).in_order()[:1]:
        yield f"/game-days/sheet?{urlencode({'group': made.estate.compiled.group_key(group)})}"
    for state in ("never tested", "configured"):
        yield f"/game-days?{urlencode({'state': state})}"
    yield "/revisions?from=1"
    yield "/why-changed?from=1"
    yield "/board"
    for question in ({"days": 7}, {"days": 30}):
        yield f"/suppliers?{urlencode(question)}"
    yield "/common-causes?kind=site"


def _times(port: int, address: str) -> tuple[float, float, int]:
    """Milliseconds of the first answer and the median of later ones, and the size in KiB; RuntimeError for any status but 200."""
    took = []
    for _ in range(1 + WARM):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        started = time.perf_counter()
        connection.request("GET", address)
        answer = connection.getresponse()
        body = answer.read()
        took.append((time.perf_counter() - started) * 1e3)
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{address}: {answer.status} {body[:300]!r}")
        if len(took) == 3 and min(took[1:]) > LONG_MS:  # the second may be answered by another process, which is cold
            break
    return took[0], float(np.median(took[1:])), len(body) // 1024


def reports(forestay: Forestay, made: Assessed) -> tuple[dict[str, float], dict[str, int]]:
    """Seconds and rows of each report, opened again and counted: a workbook has all rows, the PDF is tagged, the pack
    is whole. Of more than `MOST_ROWS` CIs only the board page and the table of services are made."""
    small = len(made.estate.compiled) <= MOST_ROWS
    asked = [ReportRequest("board"), ReportRequest("table", "services")]
    if small:
        asked += [ReportRequest("table", "areas-ci"), ReportRequest("workbook"), ReportRequest("pack")]
    seconds, rows = dict[str, float](), dict[str, int]()
    with tempfile.TemporaryDirectory() as folder:
        for request in asked:
            label, path = f"{request.kind}{'-' if request.table else ''}{request.table}", Path(folder, request.kind)
            started = time.perf_counter()
            _, counts = write_report(forestay, request, path)
            seconds[label], rows[label] = time.perf_counter() - started, sum(counts.values())
            OPENED[request.kind](path, counts)
    if small:
        revision = made.estate.revision.revision
        wanted = sum(table_of(forestay, name, revision).total_rows for name in TABLES)
        if rows["workbook"] != wanted:
            raise RuntimeError(f"workbook: {rows['workbook']} rows, the answers have {wanted}")
    return seconds, rows


def _board(path: Path, _: Any) -> None:
    root: Any = PdfReader(path).trailer["/Root"]
    if not root["/MarkInfo"]["/Marked"] or "/StructTreeRoot" not in root:
        raise RuntimeError("the PDF is not tagged")


def _table(path: Path, counts: Any) -> None:
    with path.open(newline="", encoding="utf-8-sig") as file:
        read = sum(1 for _ in csv.reader(file)) - 1
    if [read] != list(counts.values()):
        raise RuntimeError(f"{read} rows in the file, {counts} said")


def _workbook(path: Path, counts: Any) -> None:
    book = CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes()))
    read = sum(len(book.get_sheet_by_name(name).to_python()) for name in book.sheet_names)
    if len(book.sheet_names) < len(counts) or read < sum(counts.values()) + len(counts):
        raise RuntimeError(f"{read} rows in {len(book.sheet_names)} sheets, {counts} said")


def _pack(path: Path, _: Any) -> None:
    with zipfile.ZipFile(path) as pack:
        if broken := pack.testzip():
            raise RuntimeError(f"{broken} is broken")


OPENED = {"board": _board, "table": _table, "workbook": _workbook, "pack": _pack}
