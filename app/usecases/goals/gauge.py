"""Say how a service is measured in Prometheus, or that it no longer is."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime

from app.domain.errors import InvalidInput
from app.usecases.exposures import Condition
from app.usecases.find import identify_service
from app.usecases.keep.readings import GAUGES, Gauge, checked_gauge, drop_gauge, gauge_tag, put_gauge
from app.usecases.tools import Tools

MEASURES = ("settings", "up_query", "up_from", "errors_query", "requests_query", "step_seconds")


def set_gauge(tools: Tools, ci: str, gauge: Gauge, caller: str, condition: Condition) -> Gauge:
    """Keeps a gauge in place of the service's. What was read by it stays where it measures the same as before; else reading
    begins anew, for two ways of measuring are not one history."""
    estate = tools.estates.at()
    key = estate.key(identify_service(tools.store, estate, ci))
    checked_gauge(gauge)
    if gauge.since:
        _moment(gauge.since)
    tools.prometheus.open(gauge.settings)  # refuses what it can't be opened with
    before = GAUGES.find(tools.documents, key)
    condition(gauge_tag(before))
    same = before is not None and all(getattr(before, name) == getattr(gauge, name) for name in MEASURES)
    uid = before.uid if before is not None and same else uuid.uuid4().hex[:12]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    made = replace(gauge, service=key, uid=uid, by=caller, changed_at=now)
    with tools.documents.together():
        if before is not None and not same:
            drop_gauge(tools.documents, key, caller)
        put_gauge(tools.documents, made)
    return made


def remove_gauge(tools: Tools, ci: str, caller: str) -> str:
    """Removes a service's gauge and what was read by it; returns the service's key."""
    estate = tools.estates.at()
    key = estate.key(identify_service(tools.store, estate, ci))
    drop_gauge(tools.documents, key, caller)
    return key


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError
    except ValueError:
        raise InvalidInput("since: a time with a zone, like 2026-11-01T00:00:00Z", field="since") from None
    return moment
