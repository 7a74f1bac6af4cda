"""Opens a source of CSV files or a workbook from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.ports.ci_source import CiSource
from importers.csv.settings import CsvSettings, csv_settings
from importers.csv.source import CsvSource
from importers.http.outbound import Outbound

SETTINGS = tuple(CsvSettings.__slots__)


def open_source(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    return CsvSource(Path(location), csv_settings(settings))
