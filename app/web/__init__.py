"""The page: server-rendered, usable without a script."""

from __future__ import annotations

from flask import Flask

from app.web import (
    admin_views,
    agreement_views,
    api_views,
    area_views,
    assume_views,
    bia_views,
    carrier_views,
    change_views,
    evidence_views,
    glossary,
    goal_views,
    identity_views,
    improvement_views,
    kept_views,
    loss_views,
    map_views,
    now_views,
    patterns,
    proposal_views,
    provider_views,
    report_views,
    revision_views,
    shared_views,
    source_setup_views,
    source_views,
    stability_views,
    start_views,
    ticket_rule_views,
    ticket_setup_views,
    ticket_views,
    views,
    what_if_views,
)

FAMILIES = (area_views,)  # their pages are on the blueprint of views


def mount(app: Flask) -> None:
    patterns.prepare(app.jinja_env)
    app.register_blueprint(views.blueprint)
    app.register_blueprint(provider_views.blueprint)
    app.register_blueprint(now_views.blueprint)
    app.register_blueprint(change_views.blueprint)
    app.register_blueprint(report_views.blueprint)
    app.register_blueprint(stability_views.blueprint)
    app.register_blueprint(improvement_views.blueprint)
    app.register_blueprint(source_views.blueprint)
    app.register_blueprint(source_setup_views.blueprint)
    app.register_blueprint(revision_views.blueprint)
    app.register_blueprint(start_views.blueprint)
    app.register_blueprint(what_if_views.blueprint)
    app.register_blueprint(map_views.blueprint)
    app.register_blueprint(loss_views.blueprint)
    app.register_blueprint(bia_views.blueprint)
    app.register_blueprint(assume_views.blueprint)
    app.register_blueprint(identity_views.blueprint)
    app.register_blueprint(proposal_views.blueprint)
    app.register_blueprint(carrier_views.blueprint)
    app.register_blueprint(admin_views.blueprint)
    for family in (ticket_views, ticket_setup_views, ticket_rule_views):
        app.register_blueprint(family.blueprint)
    app.register_blueprint(agreement_views.blueprint)
    app.register_blueprint(evidence_views.blueprint)
    app.register_blueprint(kept_views.blueprint)
    app.register_blueprint(goal_views.blueprint)
    app.register_blueprint(shared_views.blueprint)
    app.register_blueprint(glossary.blueprint)
    app.register_blueprint(api_views.blueprint)
