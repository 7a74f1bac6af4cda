"""The offline pack: a ZIP with the ranked list, a page for each critical service, all tables and checksums; for the day on which
the network is not there."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from app.domain.errors import InvalidInput
from app.domain.report import Board, ServiceSheet, Table
from app.reports.board_page import footer_of, page_of
from app.reports.board_pdf import write_pdf
from app.reports.csv_file import write_csv
from app.reports.html_pages import STYLE, board_html, sheet_html, style_sheet
from app.reports.sheet_page import sheet_page_of

SUMS = "SHA256SUMS"


def write_pack(
    board: Board, tables: Iterable[Table], sheets: Iterable[ServiceSheet], path: Path, scratch: Path
) -> dict[str, int]:
    """Writes a pack and returns how many rows each table has, and how many sheets there are. `scratch`: a folder for parts.

    Of one revision two packs differ only in when they were made.
    """
    page, footer, rows = page_of(board), footer_of(board.basis), dict[str, int]()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        pack = _Pack(archive, datetime.fromisoformat(board.basis.stamp.revision_at).astimezone(UTC))
        listed = []
        for sheet in sheets:
            pack.add(f"services/{sheet.file}", sheet_html(sheet_page_of(sheet), footer).encode())
            listed.append((sheet.file, sheet.detail.service.name))
        rows["sheets"] = len(listed)
        files = []
        for table in tables:
            part = scratch / f"{table.name}.csv"
            rows[table.name] = write_csv(table, part)
            pack.take(f"tables/{part.name}", part)
            files.append((f"tables/{part.name}", f"{table.title}, {rows[table.name]:,} rows"))
        part = scratch / "board.pdf"
        try:
            write_pdf(page, part)
            pack.take("board.pdf", part)
            files.append(("board.pdf", "this page as PDF"))
        except InvalidInput:  # an extra: the page itself prints as well
            part.unlink(missing_ok=True)
        pack.add(STYLE, style_sheet().encode())
        pack.add("index.html", board_html(page, listed, [*files, (SUMS, "checksums; sha256sum -c checks them")]).encode())
        pack.add(SUMS, "".join(f"{digest}  {name}\n" for name, digest in sorted(pack.digests.items())).encode())
    return rows


class _Pack:
    """A ZIP whose entries have the time of the revision; it keeps the digest of each."""

    def __init__(self, archive: zipfile.ZipFile, at: datetime) -> None:
        self._archive, self._at = archive, (max(at.year, 1980), at.month, at.day, at.hour, at.minute, at.second)
        self.digests: dict[str, str] = {}

    def add(self, name: str, data: bytes) -> None:
        """Adds a file."""
        self.digests[name] = hashlib.sha256(data).hexdigest()
        self._archive.writestr(self._entry(name), data)

    def take(self, name: str, path: Path) -> None:
        """Adds a file from the disk, and removes it there."""
        digest = hashlib.sha256()
        with path.open("rb") as source, self._archive.open(self._entry(name), "w", force_zip64=True) as target:
            while block := source.read(1 << 20):
                digest.update(block)
                target.write(block)
        self.digests[name] = digest.hexdigest()
        path.unlink()

    def _entry(self, name: str) -> zipfile.ZipInfo:
        entry = zipfile.ZipInfo(name, self._at)
        entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
        return entry
