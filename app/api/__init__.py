"""The API: /api/v1, OpenAPI 3.1, problem documents."""

from __future__ import annotations

from typing import Any

from flask import Flask

from app import __version__
from app.api import problems
from app.api.auth import permission, scoped
from app.api.resources import (
    agreement,
    areas,
    assessments,
    changes,
    cis,
    cold_start,
    common_causes,
    conway,
    decisions,
    estimates,
    goals,
    impact,
    improvements,
    inbox,
    jobs,
    keys,
    now,
    operate,
    proposals,
    quality,
    recovery,
    replay,
    reports,
    revisions,
    scenarios,
    service_risk,
    services,
    simulations,
    sources,
    stability_tests,
    studies,
    suggestions,
    suppliers,
    ticket_hooks,
    tickets,
    views,
)

DESCRIPTION = (
    "Business continuity risk on the CMDB you have: ranked problem areas and what-if outages. Every answer names its "
    "revision; every read takes `revision` or `as_of`; nothing is cut off without `truncated`; a page names the "
    "next one in `next` and in its `Link` header."
)


def mount(app: Flask) -> None:
    app.config.update(
        API_TITLE="Forestay",
        API_VERSION=f"v1 ({__version__})",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={
            "info": {"description": DESCRIPTION},
            "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "fsy_prefix_secret"}}},
            "security": [{"key": []}],
        },
    )
    api = problems.ProblemApi(app)
    for module in (
        agreement,
        areas,
        assessments,
        changes,
        cis,
        cold_start,
        common_causes,
        conway,
        decisions,
        estimates,
        goals,
        impact,
        improvements,
        inbox,
        jobs,
        keys,
        now,
        operate,
        proposals,
        quality,
        recovery,
        replay,
        reports,
        revisions,
        scenarios,
        service_risk,
        services,
        simulations,
        sources,
        stability_tests,
        studies,
        suggestions,
        suppliers,
        ticket_hooks,
        tickets,
        views,
    ):
        api.register_blueprint(module.blueprint)

    @scoped
    @permission("read")
    def openapi() -> Any:
        return app.response_class(api.text, mimetype="application/json")

    app.view_functions["api-docs.openapi_json"] = openapi
