"""Recovery: when services are back, against what they must be back by."""

from __future__ import annotations

from typing import Any

from flask import g

from app.api.bodies import Blueprint
from app.api.common import answered, forestay, reply, route
from app.api.conditions import condition, conditional
from app.api.schemas.questions import Paged, PoolQuestion
from app.bootstrap import Forestay
from app.domain.recovery import RecoveryGapPage, RecoveryPage, RestorePoolPage, ServiceRecovery
from app.ports.graph_store import Revision
from app.usecases.answers.recovery import recovery_page, service_recovery
from app.usecases.answers.recovery_gaps import gaps_page
from app.usecases.answers.recovery_terms import recovery_tag
from app.usecases.answers.restore_pools import pools_page
from app.usecases.keep.pools import RestorePool, forget_pool, pool_of, pool_tag, state_pool

blueprint = Blueprint("recovery", __name__, url_prefix="/api/v1", description="When services are back")


def _terms(service: Forestay, at: Revision) -> str:
    """Returns the tag of what people change without a revision: places of pools, hours before a recovery."""
    return recovery_tag(service.documents, service.settings.model)


@route(blueprint, "/recovery", "read", RecoveryPage, sensitive=True, in_scope=True)
@blueprint.arguments(Paged, location="query")
def page(question: dict[str, Any]) -> Any:
    """Services by the gap between RTO and recovery, the largest first: after the worst outage of one CI, and after an outage of
    all that they need."""
    return answered(
        question,
        lambda service, at: recovery_page(
            service, question["limit"], question.get("after"), at.revision, question.get("locations")
        ),
        own=_terms,
    )


@route(
    blueprint, "/services/<path:ci>/recovery", "read", ServiceRecovery, sensitive=True, in_scope=True, called="services_recovery"
)
@blueprint.arguments(Paged, location="query")
def one(question: dict[str, Any], ci: str) -> Any:
    """One service: the critical path of its recovery, and every CI whose single outage stops it, the longest first, against RTO
    and MTPD."""
    return answered(
        question,
        lambda service, at: service_recovery(
            service, ci, question["limit"], question.get("after"), at.revision, question.get("locations")
        ),
        own=_terms,
    )


@route(blueprint, "/recovery/gaps", "read", RecoveryGapPage, sensitive=True, in_scope=True)
@blueprint.arguments(Paged, location="query")
def gaps(question: dict[str, Any]) -> Any:
    """Every gap between required and achievable recovery, the largest first, each with both ends and the path between them: after
    single outages, after an outage of all that a service needs, and of data."""
    return answered(
        question,
        lambda service, at: gaps_page(service, question["limit"], question.get("after"), at.revision, question.get("locations")),
        own=_terms,
    )


@route(blueprint, "/pools", "read", RestorePoolPage, called="pools_list")
@blueprint.arguments(Paged, location="query")
def pools(question: dict[str, Any]) -> Any:
    """Pools of restore capacity that CIs name or people stated, and how many restorations each does at once."""
    return answered(
        question,
        lambda service, at: pools_page(service, question["limit"], question.get("after"), at.revision),
        own=_terms,
    )


@route(blueprint, "/pools/<path:name>", "read", RestorePool, called="pools_get")
def pool(name: str) -> Any:
    """What was said of a pool."""
    found = pool_of(forestay().documents, name)
    response = reply(found)
    response.set_etag(pool_tag(found))
    return response


@route(blueprint, "/pools/<path:name>", "edit", RestorePool, method="PUT", called="pools_put")
@conditional
@blueprint.arguments(PoolQuestion)
def state(question: dict[str, Any], name: str) -> Any:
    """State how many restorations a pool does at once. It replaces what was said of it before, so it needs If-Match with the ETag
    of `GET`, or If-None-Match: * where there is none yet."""
    return state_pool(forestay().documents, name, question["places"], g.caller.name, condition(needed=True))


@route(blueprint, "/pools/<path:name>", "edit", RestorePool, method="DELETE", called="pools_delete")
@conditional
def forget(name: str) -> Any:
    """Take back what was said of a pool: its places are unknown again."""
    return forget_pool(forestay().documents, name, g.caller.name, condition(needed=False))
