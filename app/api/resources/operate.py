"""Liveness, readiness, health and metrics."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from app.api import away
from app.api.auth import permission
from app.api.common import forestay, reply
from app.usecases.health import health

blueprint = Blueprint("operate", __name__)


@blueprint.get("/livez")
def alive() -> dict[str, str]:
    """The process runs. Public; tells nothing else."""
    return {"status": "alive"}


@blueprint.get("/readyz")
def ready() -> tuple[dict[str, str], int]:
    """The store answers. Public; tells nothing else."""
    if away.is_away():
        return {"status": "not ready"}, 503
    try:
        forestay().store.current()
    except Exception:
        return {"status": "not ready"}, 503
    return {"status": "ready"}, 200


@blueprint.get("/api/v1/health")
@permission("read")
def state() -> Response:
    """Store, revision, age of each source, open jobs."""
    return reply(health(forestay()))


@blueprint.get("/metrics")
@permission("read")
def metrics() -> Response:
    """The same for Prometheus."""
    now = health(forestay())
    registry = CollectorRegistry()
    _gauge(registry, "forestay_revision", "Current revision of the ledger", now.revision)
    _gauge(registry, "forestay_jobs_open", "Jobs that wait or run", now.jobs_open)
    age = Gauge("forestay_source_age_seconds", "Time since a source was last read to the end", ["source"], registry=registry)
    good = Gauge("forestay_source_ok", "1: the last run of the source was good", ["source"], registry=registry)
    for source in now.sources:
        if source.age_seconds is not None:
            age.labels(source.name).set(source.age_seconds)
        good.labels(source.name).set(1 if source.state in ("done", "unchanged") else 0)
    return Response(generate_latest(registry), mimetype=CONTENT_TYPE_LATEST)


def _gauge(registry: CollectorRegistry, name: str, text: str, value: Any) -> None:
    Gauge(name, text, registry=registry).set(value)
