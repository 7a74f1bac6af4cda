"""Opens an ArchiMate model from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.ports.ci_source import CiSource
from importers.archimate.source import ArchimateSource
from importers.http.outbound import Outbound
from importers.opening import known

SETTINGS: tuple[str, ...] = ()


def open_source(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    known("archimate", settings, *SETTINGS)
    return ArchimateSource(Path(location))
