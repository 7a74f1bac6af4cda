"""A business impact analysis of a service: what is supposed of it, and what a person makes of that, kept as its exposure."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.bia import HOURS, Bia, bia_of, impact_of, limits_of, service_classes
from app.domain.errors import InvalidInput, NotFound
from app.domain.records import ServiceRecord
from app.domain.results import ServiceDetail
from app.ports.graph_store import Revision
from app.usecases.answers.services import service_detail
from app.usecases.exposures import change_exposure, lay_exposure
from app.usecases.tools import Tools


@dataclass(frozen=True, slots=True)
class BiaBegun:
    """A service, and where its analysis begins: with what was kept, or with what is supposed of its class."""

    detail: ServiceDetail
    bia: Bia
    kept: bool


def begin_bia(tools: Tools, text: str, class_name: str, revision: int | None = None) -> BiaBegun:
    """Returns the analysis that is kept of a service, or where a class is named what is supposed of services of that class; money
    is what an hour costs, hour by hour, where that is known."""
    detail = service_detail(tools, text, 1, None, revision)
    kept = bia_of(detail.impact)
    if not class_name and kept is not None:
        return BiaBegun(detail, kept, True)
    classes = service_classes()
    if class_name and class_name not in classes:
        raise InvalidInput(f"class: one of {', '.join(classes)}", field="class")
    levels = classes[class_name or "important"].levels
    known = {float(hour): loss for hour, loss in detail.impact.get("money", ())}
    an_hour = detail.service.money_per_hour
    money = None
    if set(HOURS) <= set(known):
        money = tuple(known[hour] for hour in HOURS)
    elif an_hour is not None:
        money = tuple(round(an_hour * hour, 2) for hour in HOURS)
    return BiaBegun(detail, Bia(levels, money), False)


def keep_bia(tools: Tools, text: str, bia: Bia, caller: str) -> Revision:
    """Keeps the curves, and the MTPD and RTO that follow from them, as the exposure that a person lays over a service."""
    limits = limits_of(bia)
    changes = {"impact": impact_of(bia), "mtpd_hours": limits.mtpd_hours, "rto_hours": limits.rto_hours}
    try:
        return change_exposure(tools, text, changes, caller)
    except NotFound:  # no exposure so far
        record = ServiceRecord(text, impact=impact_of(bia), mtpd_hours=limits.mtpd_hours, rto_hours=limits.rto_hours)
        return lay_exposure(tools, record, caller)
