"""Opens a source of observed calls, a CSV file or Jaeger, from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.ports.ci_source import CiSource
from importers.callgraph.source import CallCsv, JaegerCalls
from importers.http.outbound import Outbound
from importers.http.sign_in import optional_sign_in
from importers.observed import SETTINGS as OBSERVED
from importers.observed import weighing_of
from importers.opening import client_of, known

SETTINGS = ("lookback_hours", "user", "password_env", "token_env", "ca_file", *OBSERVED)


def open_source(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    known("callgraph", settings, *SETTINGS)
    weighing = weighing_of("callgraph", settings)
    if "://" not in location:
        return CallCsv(Path(location), weighing)
    client = client_of(location, settings, outbound, optional_sign_in("callgraph", settings))
    return JaegerCalls(client, float(settings.get("lookback_hours", 24)), weighing)
