"""Makes a report: gathers what it holds at one revision, writes its file, and keeps it for download."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.domain.errors import InvalidInput, NotFound
from app.domain.report import ReportPage, ReportRow
from app.ports.records import Records
from app.reports.board_page import page_of
from app.reports.board_pdf import write_pdf
from app.reports.csv_file import write_csv
from app.reports.pack import write_pack
from app.reports.workbook import write_workbook
from app.usecases.answers.ranking import area_page
from app.usecases.estate import resolve_revision
from app.usecases.keep import audit
from app.usecases.operation_progress import Listener, silent
from app.usecases.reports.board import basis_of, board_of, sheets_of
from app.usecases.reports.tables import TABLES, table_of
from app.usecases.tools import Tools

KEPT = 20  # reports that stay
LEFT_SECONDS = 3600.0  # a folder without a record that is so old was left by a process that died
REPORTS = Records("report", ReportRow)


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """`kind`: one of `KINDS`; `table`: which table, where the kind is table; `revision`: None for the current one."""

    kind: str
    table: str = ""
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of report: how its file ends, its media type, and what it is for people."""

    ending: str
    media_type: str
    title: str


KINDS = {
    "board": Kind(".pdf", "application/pdf", "Board page, a tagged PDF"),
    "workbook": Kind(
        ".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "Workbook, one sheet for each table"
    ),
    "table": Kind(".csv", "text/csv", "One table as CSV"),
    "pack": Kind(".zip", "application/zip", "Offline pack: ranked list, a page for each critical service, all tables, checksums"),
}


def check(request: ReportRequest) -> Kind:
    """Returns the kind of what is asked for; InvalidInput for one that does not exist."""
    if request.kind not in KINDS:
        raise InvalidInput(f"kind: one of {', '.join(KINDS)}", field="kind")
    if (request.kind == "table") != bool(request.table):
        raise InvalidInput("table: names the table of a report of kind table, and of no other", field="table")
    if request.table and request.table not in TABLES:
        raise InvalidInput(f"table: one of {', '.join(TABLES)}", field="table")
    return KINDS[request.kind]


def write_report(tools: Tools, request: ReportRequest, path: Path, listen: Listener = silent) -> tuple[int, Mapping[str, int]]:
    """Writes a report to a file; returns the revision that it is of, and how many rows each of its tables has."""
    check(request)
    revision = resolve_revision(tools.store, request.revision).revision
    tables = (table_of(tools, name, revision, listen) for name in TABLES)
    with tempfile.TemporaryDirectory(prefix=".forestay-report-", dir=path.parent) as folder:
        scratch = Path(folder)
        if request.kind == "table":
            return revision, {request.table: write_csv(table_of(tools, request.table, revision, listen), path)}
        if request.kind == "workbook":
            basis = basis_of(area_page(tools, "ci", 1, None, revision))
            return revision, write_workbook(basis, tables, path, scratch)
        board = board_of(tools, revision)
        if request.kind == "board":
            write_pdf(page_of(board), path)
            return revision, {"areas": len(board.areas), "recovery-gaps": len(board.gaps)}
        return revision, write_pack(board, tables, sheets_of(tools, revision, listen), path, scratch)


def make_report(tools: Tools, request: ReportRequest, caller: str, listen: Listener = silent) -> ReportRow:
    """Makes a report and keeps it; the oldest beyond `KEPT` go. A killed process leaves no report, and what it wrote is removed
    by a later one."""
    kind, now = check(request), datetime.now(UTC)
    report = f"{now:%Y%m%dT%H%M%S%f}-{uuid.uuid4().hex[:8]}"
    home = _home(tools)
    folder = home / report
    folder.mkdir(mode=0o700, parents=True)
    try:
        part = folder / f"report{kind.ending}"
        revision, rows = write_report(tools, request, part, listen)
        digest, size = _settled(part)
        name = f"forestay-{request.table or request.kind}-revision-{revision}{kind.ending}"
        row = ReportRow(
            report, request.kind, request.table, revision, now.isoformat(timespec="seconds"), caller, name, kind.media_type, size,
            digest, rows,
        )  # fmt: skip
        with tools.documents.together():
            REPORTS.put(tools.documents, report, row)
            audit.record(tools.documents, caller, "report made", report, {"kind": request.kind, "table": request.table})
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    _tidy(tools, home)
    return row


def page_reports(tools: Tools, after: str = "", limit: int = 50) -> ReportPage:
    """Returns a page of the reports that are kept, the newest first."""
    every = [kept.value for kept in REPORTS.every(tools.documents, newest_first=True)]
    rows = [row for row in every if not after or row.report < after]
    more = len(rows) > limit
    return ReportPage(rows[:limit], len(every), limit, more, rows[limit - 1].report if more else None)


def get_report(tools: Tools, report: str) -> ReportRow:
    """Returns a report that is kept; NotFound where there is none."""
    return REPORTS.get(tools.documents, report)


def file_of(tools: Tools, row: ReportRow) -> Path:
    """Returns the file of a report; NotFound where it is no longer on this machine."""
    path = _home(tools) / row.report / f"report{KINDS[row.kind].ending}"
    if not path.is_file():
        raise NotFound(f"the file of report {row.report} is not on this machine; make it again")
    return path


def _home(tools: Tools) -> Path:
    return tools.settings.data_folder / "reports"


def _settled(path: Path) -> tuple[str, int]:
    """Returns digest and size of a file, which lies on the disk then."""
    digest = hashlib.sha256()
    path.chmod(0o600)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
        os.fsync(file.fileno())
    return digest.hexdigest(), path.stat().st_size


def _tidy(tools: Tools, home: Path) -> None:
    """Removes reports beyond those that stay, and folders that belong to none."""
    for old in REPORTS.page(tools.documents, "", 1000, newest_first=True)[KEPT:]:
        REPORTS.delete(tools.documents, old.key)
        shutil.rmtree(home / old.key, ignore_errors=True)
    late = time.time() - LEFT_SECONDS
    for folder in home.iterdir():
        with suppress(OSError):
            if folder.stat().st_mtime < late and REPORTS.find(tools.documents, folder.name) is None:
                shutil.rmtree(folder, ignore_errors=True)
