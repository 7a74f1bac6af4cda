"""Reports: whole tables, equal figures in every form, nothing that a name could do, made as jobs and kept."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from app.domain.sentences import figure
from app.domain.texts import shown
from app.jobs.runner import run_one
from app.reports.board_page import hours
from app.usecases.reports import tables
from app.usecases.reports.make import KEPT, KINDS
from tests.e2e.conftest import Service

HOSTILE = (
    '=HYPERLINK("http://x.test","pay")',
    "@SUM(1)",
    "<script>alert(1)</script>",
    "#eval(1) *bold* $x$ \\u{202e}",
    "\u202egpj.exe",
)


@pytest.fixture
def shop(service: Service) -> Service:
    """A service on a chain of CIs whose names are hostile, with an RTO that they miss."""
    cis: list[dict[str, Any]] = [{"key": "shop", "name": "Shop", "class": "business_service", "team": "web"}]
    needs = []
    for number, name in enumerate(HOSTILE):
        cis.append({"key": f"c{number}", "name": name, "class": "server", "failures_per_year": 2 + number, "repair_hours": 6})
        needs.append({"dependent": "shop", "provider": f"c{number}"})
    service.csv(
        cis=cis,
        dependencies=needs,
        services=[{"key": "shop", "customers": 1000, "money_per_hour": 50, "rto_hours": 1, "mtpd_hours": 4}],
    )
    return service


def made(service: Service, **question: Any) -> tuple[dict[str, Any], bytes]:
    """Makes a report through the API; its row and its file."""
    answer = service.client.post("/api/v1/reports", json=question)
    assert answer.status_code == 202, answer.text
    assert run_one(service.forestay)
    job = service.get("/jobs/" + answer.get_json()["job_id"])
    assert job["state"] == "done", job
    row = service.get("/reports/" + job["result"]["report"])
    file = service.client.get(f"/api/v1/reports/{row['report']}/file")
    assert (file.status_code, file.mimetype) == (200, KINDS[question["kind"]].media_type)
    assert hashlib.sha256(file.data).hexdigest() == row["sha256"] and len(file.data) == row["bytes"]
    assert f"filename={row['file']}" in file.headers["Content-Disposition"]
    return row, file.data


def walked(service: Service, path: str, **question: Any) -> list[dict[str, Any]]:
    rows, after = [], {}
    while True:
        page = service.get(path, limit=2, **question, **after)
        rows += page["items"]
        if page["next"] is None:
            assert len(rows) == page["total_rows"]
            return rows
        after = {"after": page["next"]}


def test_every_table_is_whole_and_its_figures_are_those_of_the_answers(shop: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ROWS_AT_ONCE", 2)  # more than one page of each
    row, data = made(shop, kind="workbook")
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    assert len(book.sheet_names) == 1 + len(tables.TABLES)
    sheets = dict(zip(tables.TABLES, (book.get_sheet_by_name(name).to_python() for name in book.sheet_names[1:]), strict=True))
    assert {name: len(rows) - 1 for name, rows in sheets.items()} == row["rows"]
    areas = walked(shop, "/areas")
    head, *cells = sheets["areas-ci"]
    assert [line[head.index("CI")] for line in cells] == [area["label"] for area in areas]
    money = head.index("Money a year (EUR)")
    assert [line[money] for line in cells] == [area["money_per_year"] for area in areas]
    assert row["rows"]["recovery-gaps"] == len(walked(shop, "/recovery/gaps"))
    _, table = made(shop, kind="table", table="areas-ci")
    lines = list(csv.reader(io.StringIO(table.decode("utf-8-sig"))))
    assert lines[0] == head and [float(line[money]) for line in lines[1:]] == [area["money_per_year"] for area in areas]
    assert [line[head.index("CI")].removeprefix("'") for line in lines[1:]] == [area["label"] for area in areas]


def test_no_name_is_computed_or_executed_anywhere(shop: Service) -> None:
    _, table = made(shop, kind="table", table="areas-ci")
    cells = [cell for line in csv.reader(io.StringIO(table.decode("utf-8-sig"))) for cell in line]
    assert not [cell for cell in cells if cell.startswith(("=", "@", "+", "-"))] and f"'{HOSTILE[0]}" in cells
    _, workbook = made(shop, kind="workbook")
    with zipfile.ZipFile(io.BytesIO(workbook)) as parts:
        for name in parts.namelist():
            assert b"<f>" not in parts.read(name) and b"<hyperlink" not in parts.read(name), name
    _, pack = made(shop, kind="pack")
    with zipfile.ZipFile(io.BytesIO(pack)) as parts:
        page = parts.read("index.html").decode()
    assert HOSTILE[2] not in page and "&lt;script&gt;" in page
    assert HOSTILE[2] not in shop.page("/board") and "&lt;script&gt;" in shop.page("/board")
    _, pdf = made(shop, kind="board")
    text = "".join(part.extract_text() for part in PdfReader(io.BytesIO(pdf)).pages).replace("\n", "").replace(" ", "")
    for name in HOSTILE:
        assert shown(name).replace(" ", "") in text, name


def test_the_board_page_is_a_tagged_pdf_and_says_what_it_rests_on(shop: Service) -> None:
    row, pdf = made(shop, kind="board")
    reader = PdfReader(io.BytesIO(pdf))
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and "/StructTreeRoot" in root and root["/Lang"] == "en"
    assert b"pdfuaid" in root["/Metadata"].get_data()
    text = " ".join(part.extract_text() for part in reader.pages)
    areas = len(walked(shop, "/areas"))
    assert f"Revision {row['revision']}" in text and "page 1 of" in text
    assert f"{min(areas, 10)} of {areas} CIs that customers hang on" in " ".join(text.split())
    standing = shop.get("/areas")["standing"]
    said, page = " ".join(text.split()), shop.page("/")
    assert f"Shop: RTO 1 h, back in {hours(standing['worst_gap']['takes_hours'])}" in said
    for value in (standing["total"], standing["worst_gap"]["gap_hours"]):  # the page and the paper say the same
        assert figure(value) in said and f">{figure(value)}<" in page


def test_a_pack_holds_a_page_for_each_critical_service_and_its_checksums_hold(shop: Service) -> None:
    row, pack = made(shop, kind="pack")
    with zipfile.ZipFile(io.BytesIO(pack)) as parts:
        files = {name: parts.read(name) for name in parts.namelist()}
    sums = dict(reversed(line.split("  ")) for line in files.pop("SHA256SUMS").decode().splitlines())
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    assert row["rows"]["sheets"] == 1 and "services/0001-shop.html" in files and "board.pdf" in files
    sheet = files["services/0001-shop.html"].decode()
    assert "5 of 5." in sheet and "missed" not in sheet and "RTO" in sheet
    assert {f"tables/{name}.csv" for name in tables.TABLES} < set(files)


def test_an_old_revision_keeps_its_figures_and_reports_beyond_twenty_go(shop: Service) -> None:
    before, old = made(shop, kind="table", table="services")
    shop.csv(
        "more", cis=[{"key": "late", "name": "Late", "class": "business_service"}], services=[{"key": "late", "customers": 1}]
    )
    now, new = made(shop, kind="table", table="services")
    again, same = made(shop, kind="table", table="services", revision=before["revision"])
    assert old == same and old != new and now["revision"] > again["revision"] == before["revision"]
    for _ in range(KEPT - 2):
        made(shop, kind="table", table="sources")
    kept = walked(shop, "/reports")
    assert len(kept) == KEPT and before["report"] not in {row["report"] for row in kept}
    folder = shop.forestay.settings.data_folder / "reports"
    assert {path.name for path in folder.iterdir()} == {row["report"] for row in kept}
    assert shop.client.get(f"/api/v1/reports/{before['report']}/file").status_code == 404


def test_what_cannot_be_made_is_refused_at_once(shop: Service) -> None:
    for question in (
        {"kind": "poster"},
        {"kind": "table"},
        {"kind": "board", "table": "services"},
        {"kind": "table", "table": "x"},
    ):
        assert shop.client.post("/api/v1/reports", json=question).status_code == 422, question
    page = shop.page("/reports")
    assert "Offline pack" in page and "None yet" in page
    assert shop.client.post("/reports", data={"kind": "table", "table": "services"}).status_code == 303
    assert "Being made" in shop.page("/reports") and run_one(shop.forestay)
    assert "forestay-services-revision-" in shop.page("/reports")


def test_the_command_line_writes_the_same_file(shop: Service, tmp_path: Path) -> None:
    path = tmp_path / "gaps.csv"
    said = json.loads(shop.cli("report", "table", "--table", "recovery-gaps", "-o", str(path), "--json").stdout)
    _, data = made(shop, kind="table", table="recovery-gaps")
    assert path.read_bytes() == data and said["rows"] == {"recovery-gaps": len(data.splitlines()) - 1}
    assert shop.cli("report", "table", "--table", "recovery-gaps", "-o", str(path)).exit_code != 0  # it is there
    assert "areas-team" in shop.cli("report", "table").output
