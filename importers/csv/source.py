"""CSV: a folder of CSV files or an Excel workbook in the documented form (README.md beside this file)."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.ports.ci_source import KINDS, SourceDifference
from importers.csv.difference import difference, keep
from importers.csv.settings import CsvSettings
from importers.csv.snapshot import CsvSnapshot


@dataclass(slots=True)
class CsvSource:
    location: Path
    settings: CsvSettings = field(default_factory=CsvSettings)
    _read: CsvSnapshot | None = None

    def check(self) -> Sequence[str]:
        snapshot = self.read()
        return [f"{kind}: {snapshot.tables[kind].place.rsplit(' ', 1)[0]}" for kind in KINDS if kind in snapshot.tables] + list(
            snapshot.notes
        )

    def read(self, folder: Path | None = None) -> CsvSnapshot:
        self._read = CsvSnapshot(self.location, self.settings)
        return self._read

    def difference(self, folder: Path) -> SourceDifference | None:
        if self.location.is_dir():
            return difference(folder, self.read())
        return None

    def keep(self, folder: Path, facts: str, not_plain: Mapping[str, Collection[int]]) -> None:
        if self._read is not None and self.location.is_dir():
            keep(folder, self._read, facts, not_plain)
        else:
            shutil.rmtree(folder, ignore_errors=True)
