"""Compares a folder of CSV files with the one applied last: only lines that came or went are parsed."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from app.domain.completeness import Evidence
from app.ports.ci_source import CiBlock, DependencyBlock, SmallBlock, SourceDifference
from importers.csv.blocks import ci_blocks, dependency_blocks, in_blocks, small_blocks
from importers.csv.header import Header
from importers.csv.snapshot import CsvSnapshot
from importers.files import spool
from importers.files.csv_table import CsvTable
from importers.files.source_class import SOURCE_CLASS
from importers.files.tables import Row

Block = TypeVar("Block", CiBlock, DependencyBlock, SmallBlock)
MANY = 200_000  # lines that were not plainly accepted, beyond which nothing is kept


def keep(folder: Path, snapshot: CsvSnapshot, facts: str, not_plain: Mapping[str, Collection[int]]) -> None:
    """Copies the files with their line hashes; the folder appears whole or not at all."""
    shutil.rmtree(folder, ignore_errors=True)
    if sum(len(lines) for lines in not_plain.values()) > MANY:
        return
    fresh = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for kind, table in snapshot.tables.items():
        if not isinstance(table, CsvTable) or table.several_lines:
            shutil.rmtree(fresh)
            return
        shutil.copyfile(table.path, fresh / f"{kind}.csv")
        lines = snapshot.lines.get(kind) or spool.lines_of(table.path)
        spool.save(lines, not_plain.get(kind, ()), fresh / kind)
    facts_file = {"facts": facts, "form": _form(snapshot)}
    (fresh / "facts.json").write_text(json.dumps(facts_file), "utf-8")
    fresh.rename(folder)


def _form(snapshot: CsvSnapshot) -> list[object]:
    headers = {kind: list(table.header()) for kind, table in snapshot.tables.items()}
    encodings = {kind: table.encoding() for kind, table in snapshot.tables.items() if isinstance(table, CsvTable)}
    return [snapshot.settings.fingerprint(), headers, encodings]


def difference(folder: Path, snapshot: CsvSnapshot) -> CsvDifference | None:
    try:
        kept = json.loads((folder / "facts.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if kept["form"] != json.loads(json.dumps(_form(snapshot))):
        return None
    differences: dict[str, spool.LineDifference] = {}
    for kind, table in snapshot.tables.items():
        if not isinstance(table, CsvTable):
            return None
        lines = spool.lines_of(table.path)
        if lines.quotes or b"\r" in lines.header.rstrip(b"\r\n"):
            return None
        snapshot.lines[kind] = lines
        differences[kind] = spool.compare(folder / kind, lines)
    return CsvDifference(kept["facts"], folder, snapshot, differences)


class CsvDifference(SourceDifference):
    def __init__(self, facts: str, folder: Path, snapshot: CsvSnapshot, differences: Mapping[str, spool.LineDifference]) -> None:
        self.classes = (SOURCE_CLASS,)
        self.facts, self._folder, self._snapshot, self._differences = facts, folder, snapshot, differences
        for kind in snapshot.tables:
            snapshot.rows[kind] = len(snapshot.lines[kind].hashes)

    def untouched(self, kind: str) -> int:
        return self._differences[kind].untouched if kind in self._differences else 0

    def _parsed(self, kind: str, blocks: Callable[..., Iterator[Block]], gone: bool) -> Iterator[Block]:
        if kind not in self._differences:
            return iter(())
        header, table = self._snapshot.headers[kind], self._snapshot.tables[kind]
        assert isinstance(table, CsvTable)
        if gone:
            path, offsets, rows = (
                self._folder / f"{kind}.csv",
                spool.kept_offsets(self._folder / kind),
                self._differences[kind].gone,
            )
        else:
            path, offsets, rows = table.path, self._snapshot.lines[kind].offsets, self._differences[kind].examine
        lines = ((row + 2, text.decode(table.encoding())) for row, text in spool.texts_at(path, offsets, rows))
        return blocks(header, in_blocks(_rows(lines, table)), table.place)

    def cis(self) -> Iterator[CiBlock]:
        return self._parsed("ci", ci_blocks, gone=False)

    def dependencies(self) -> Iterator[DependencyBlock]:
        return self._parsed("dependency", dependency_blocks, gone=False)

    def small(self, kind: str) -> Iterator[SmallBlock]:
        return self._parsed(kind, small_blocks, gone=False)

    def gone_cis(self) -> Iterator[CiBlock]:
        return self._parsed("ci", ci_blocks, gone=True)

    def gone_dependencies(self) -> Iterator[DependencyBlock]:
        return self._parsed("dependency", dependency_blocks, gone=True)

    def gone_small(self, kind: str) -> Iterator[SmallBlock]:
        return self._parsed(kind, small_blocks, gone=True)

    def referring(self, ids: Collection[str]) -> Iterator[DependencyBlock]:
        if "dependency" not in self._differences:
            return iter(())
        header, table = self._snapshot.headers["dependency"], self._snapshot.tables["dependency"]
        stays = spool.untouched_lines(self._snapshot.lines["dependency"], self._differences["dependency"].examine)
        return dependency_blocks(header, in_blocks(_naming(table.lines(), header, set(ids), stays)), table.place)

    def evidence(self) -> Evidence:
        return self._snapshot.evidence()

    def warnings(self) -> Sequence[str]:
        return self._snapshot.warnings()


def _rows(lines: Iterator[tuple[int, str]], table: CsvTable) -> Iterator[tuple[int, Row]]:
    delimiter = table.delimiter_in_use()
    for line, text in lines:
        row = next(csv.reader([text], delimiter=delimiter), [])
        if row:
            yield line, row


def _naming(lines: Iterator[tuple[int, Row]], header: Header, ids: set[str], stays: Any) -> Iterator[tuple[int, Row]]:
    a, b = header.at["dependent"], header.at["provider"]
    ids = ids | {f"ci:{name}" for name in ids}
    for line, row in lines:
        if len(row) > max(a, b) and (row[a].strip() in ids or row[b].strip() in ids) and stays[line - 2]:
            yield line, row
