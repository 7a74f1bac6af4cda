"""Opens a source of service-graph metrics from its settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.domain.errors import InvalidInput
from app.ports.ci_source import CiSource
from importers.http.client import Client, Outbound
from importers.http.sign_in import optional_sign_in
from importers.observed import SETTINGS as OBSERVED
from importers.observed import weighing_of
from importers.opening import known, mapping_of
from importers.servicegraph.source import TOTAL, ServiceGraph

SETTINGS = ("user", "password_env", "token_env", "window_hours", "metric", "mapping", "ca_file", *OBSERVED)
METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


def open_source(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    known("servicegraph", settings, *SETTINGS)
    metric = str(settings.get("metric") or TOTAL)
    if not METRIC.fullmatch(metric):
        raise InvalidInput(f"servicegraph: {metric!r} is no name of a metric", field="metric")
    client = Client(
        location, outbound, sign_in=optional_sign_in("servicegraph", settings), ca_file=str(settings.get("ca_file", ""))
    )
    return ServiceGraph(
        client,
        mapping_of("servicegraph", "servicegraph", settings),
        _window(settings),
        metric,
        weighing_of("servicegraph", settings),
    )


def _window(settings: Mapping[str, Any]) -> float:
    try:
        hours = float(settings.get("window_hours", 168))
    except (TypeError, ValueError):
        hours = 0.0
    if not 0.01 <= hours <= 8760:
        raise InvalidInput("servicegraph: window_hours is a number from 0.01 to 8760", field="window_hours")
    return hours
