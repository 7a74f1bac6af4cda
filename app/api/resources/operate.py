"""Liveness, readiness, health and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from app.api import away
from app.api.auth import permission
from app.api.bodies import Blueprint
from app.api.common import forestay, route
from app.usecases.health import Health, health

blueprint = Blueprint("operate", __name__, description="Whether the service is well, for those who watch it")
STATUS = {"type": "object", "properties": {"status": {"type": "string", "description": "In a word."}}, "required": ["status"]}
PAGE = {"text/html": {"schema": {"type": "string"}}}  # outside of /api/ an error is a page


def _told(media_type: str, schema: Mapping[str, Any], **errors: str) -> dict[str, Any]:
    """Returns what the description says of an answer that is no document of the API."""
    well = {"description": "OK", "content": {media_type: {"schema": schema}}}
    return {"200": well, **{code[1:]: {"description": text, "content": PAGE} for code, text in errors.items()}}


@blueprint.route("/livez")
@blueprint.doc(operationId="operate_alive", security=[], responses=_told("application/json", STATUS))
def alive() -> dict[str, str]:
    """The process runs. Public; tells nothing else."""
    return {"status": "alive"}


@blueprint.route("/readyz")
@blueprint.doc(
    operationId="operate_ready",
    security=[],
    responses={
        **_told("application/json", STATUS),
        "503": {"description": "The store does not answer", "content": {"application/json": {"schema": STATUS}}},
    },
)
def ready() -> tuple[dict[str, str], int]:
    """The store answers. Public; tells nothing else."""
    if away.is_away():
        return {"status": "not ready"}, 503
    try:
        forestay().store.current()
    except Exception:
        return {"status": "not ready"}, 503
    return {"status": "ready"}, 200


@route(blueprint, "/api/v1/health", "read", Health, called="health_get")
def state() -> Any:
    """Store, revision, age of each source, open jobs."""
    return health(forestay())


@blueprint.route("/metrics")
@blueprint.doc(
    operationId="operate_metrics",
    responses=_told(
        "text/plain",
        {"type": "string"},
        _401="No key, or none that is good",
        _403="A key with a scope",
        _421="A name under which the service is not known",
        _429="Too many requests",
        _503="The store does not answer",
    ),
)
@permission("read")
def metrics() -> Response:
    """The same for Prometheus. Needs permission `read`."""
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
