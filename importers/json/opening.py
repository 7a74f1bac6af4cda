"""Opens a source of JSON documents from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.ports.ci_source import CiSource
from importers.http.outbound import Outbound
from importers.json.source import open_json
from importers.opening import known

SETTINGS: tuple[str, ...] = ("mapping",)


def open_source(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    known("json", settings, *SETTINGS)
    source: CiSource = open_json(Path(location), settings)
    return source
