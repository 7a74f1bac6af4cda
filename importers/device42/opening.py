"""Opens a Device42 source from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.ports.ci_source import CiSource
from importers.device42.doql import Doql
from importers.device42.source import Device42
from importers.http.client import Client, Outbound
from importers.http.sign_in import sign_in_of
from importers.lists.listed import Listed
from importers.opening import hours_of, known, mapping_of, number_of

SETTINGS = ("user", "password_env", "mapping", "page_size", "stale_days", "ca_file", "full_after_hours")


def open_source(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    known("device42", settings, *SETTINGS)
    client = Client(location, outbound, sign_in=sign_in_of("device42", settings), ca_file=str(settings.get("ca_file", "")))
    size, days = number_of("device42", settings, "page_size", 1000), number_of("device42", settings, "stale_days", 60, 1, 3650)
    source = Device42(Doql(client), mapping_of("device42", "device42", settings), size, days)
    return Listed(source, hours_of(settings))
