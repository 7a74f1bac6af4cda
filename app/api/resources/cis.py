"""CIs: search by any alias, one CI, its blast radius."""

from __future__ import annotations

from typing import Any

from app.api.bodies import Blueprint
from app.api.common import answered, forestay, route
from app.api.schemas.questions import (
    AreaSearchQuestion,
    AssumptionQuestion,
    BlastQuestion,
    CiQuestion,
    CisQuestion,
    EvidenceQuestion,
    MapQuestion,
    SearchQuestion,
)
from app.domain.assumption import Assumption
from app.domain.ci_outage import CiOutage
from app.domain.evidence import Evidence
from app.domain.map import MapAnswer
from app.domain.results import BlastRadius, CiDetail, CiPage, SearchPage
from app.ports.graph_store import Revision
from app.usecases import paging
from app.usecases.answers.assumption import assumption
from app.usecases.answers.blast import blast_radius
from app.usecases.answers.ci_outage import ci_outage
from app.usecases.answers.cis import ci_detail, find_cis, list_cis
from app.usecases.answers.evidence import ci_evidence
from app.usecases.answers.map import MapQuestion as MapAsked
from app.usecases.answers.map import map_of
from app.usecases.estate import resolve_revision
from app.usecases.search.areas import NamedAreas, areas_named
from app.usecases.search.ask import search_page
from app.usecases.tools import Tools

blueprint = Blueprint("cis", __name__, url_prefix="/api/v1", description="Configuration items, search and blast radius")


@route(blueprint, "/cis", "read", CiPage, in_scope=True)
@blueprint.arguments(CisQuestion, location="query")
def page(question: dict[str, Any]) -> Any:
    """CIs that answer to a few letters of any alias (`q`), or all CIs page by page."""
    service = forestay()
    if question.get("q"):
        return find_cis(service, question["q"], question["limit"], question.get("revision"), question.get("as_of"))
    parts = paging.decode(question["after"], "revision", "ci") if question.get("after") else None
    revision = parts["revision"] if parts else question.get("revision")
    rows, following = list_cis(
        service,
        parts["ci"] if parts else 0,
        question["limit"],
        revision,
        None if parts else question.get("as_of"),
    )
    return paging.with_next(rows, None if following is None else paging.encode(revision=rows.stamp.revision, ci=following))


@route(blueprint, "/search/areas", "read", NamedAreas, in_scope=True, called="search_areas")
@blueprint.arguments(AreaSearchQuestion, location="query")
def search_areas(question: dict[str, Any]) -> Any:
    """Teams, sites and suppliers by the beginnings of words of their names, with one typing error a word; those that cost most
    first, kind by kind."""
    service = forestay()
    revision = resolve_revision(service.store, question.get("revision"), question.get("as_of")).revision
    return areas_named(service, question["q"], question["limit"], revision)


@route(blueprint, "/search", "read", SearchPage, in_scope=True)
@blueprint.arguments(SearchQuestion, location="query")
def search(question: dict[str, Any]) -> Any:
    """CIs by the beginnings of words of any identity, in any order, with one typing error a word; the weightiest first."""
    return search_page(
        forestay(),
        question["q"],
        question["limit"],
        question.get("after"),
        question.get("revision"),
        question.get("as_of"),
    )


@route(blueprint, "/map", "read", MapAnswer, sensitive=True, in_scope=True)
@blueprint.arguments(MapQuestion, location="query")
def map_around(question: dict[str, Any]) -> Any:
    """What is near some CIs in tiers, like CIs grouped, with what fails, degrades and is interrupted when they fail; what is left
    out of a large map is counted."""

    def answer(service: Tools, at: Revision) -> MapAnswer:
        asked = {name: question[name] for name in ("also", "hops", "direction", "fails", "opened")}
        return map_of(service, MapAsked(question["ci"], select=question.get("select", ""), revision=at.revision, **asked))

    return answered(question, answer)


@route(blueprint, "/cis/<path:ci>/outage", "read", CiOutage, sensitive=True, in_scope=True)
@blueprint.arguments(CiQuestion, location="query")
def outage(question: dict[str, Any], ci: str) -> Any:
    """A CI that fails, for the operator: services by the time left until their MTPD, what it shares with others, what is one
    failure away, whom to call."""
    return answered(question, lambda service, at: ci_outage(service, ci, at.revision))


@route(blueprint, "/cis/<path:ci>/evidence", "read", Evidence, in_scope=True, called="cis_evidence")
@blueprint.arguments(EvidenceQuestion, location="query")
def evidence(question: dict[str, Any], ci: str) -> Any:
    """What is behind the rate and the restore time of a CI: incidents that count, which were joined, which are left out and why,
    what its class says, and how sure each value is."""
    spread = forestay().settings.model.declared_spread
    return answered(
        question, lambda service, at: ci_evidence(service, ci, question["limit"], at.revision, declared_spread=spread)
    )


@route(blueprint, "/cis/<path:ci>/assumption", "read", Assumption, long=True)
@blueprint.arguments(AssumptionQuestion, location="query")
def assume(question: dict[str, Any], ci: str) -> Any:
    """What the ranking says with another failure rate or restore time of a CI, beside what it says now; nothing is written.
    `POST /decisions/correction` keeps it."""
    return assumption(forestay(), ci, question["field"], question["value"], question.get("revision"))


@route(blueprint, "/cis/<path:ci>/blast-radius", "read", BlastRadius, sensitive=True, in_scope=True, called="cis_blast_radius")
@blueprint.arguments(BlastQuestion, location="query")
def blast(question: dict[str, Any], ci: str) -> Any:
    """What falls with a CI: totals; page by page the services hit with paths, what lost its redundancy, the fallen CIs."""
    service = forestay()
    return blast_radius(
        service,
        [ci, *question["also"]],
        limit=question["limit"],
        after=question.get("after"),
        revision=question.get("revision"),
        as_of=question.get("as_of"),
    )


@route(blueprint, "/cis/<path:ci>", "read", CiDetail, in_scope=True)
@blueprint.arguments(CiQuestion, location="query")
def one(question: dict[str, Any], ci: str) -> Any:
    """One CI by its key or any alias: inputs with origin, neighbours, groups, and the source records behind it."""
    return answered(question, lambda service, at: ci_detail(service, ci, at.revision, None))
