"""What a ticket system asks: whom does this CI hit, and how urgent is it?"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from app.domain.results import Impact
from app.ports.documents import Documents
from app.ports.graph_store import GraphStore
from app.settings import TicketSettings
from app.usecases.answers.blast import blast_radius
from app.usecases.estate import Estates


def impact_of(
    store: GraphStore,
    documents: Documents,
    estates: Estates,
    settings: TicketSettings,
    identity: str,
    base_url: str,
    revision: int | None = None,
    as_of: datetime | None = None,
) -> Impact:
    """Services hit, reason, and the priority the settings' table suggests, with the row it comes from.

    Impact goes by customers of the services down where all are known, else by the number of services; urgency by the time to the first MTPD.
    NotFound and Ambiguous as `identify`.
    """
    blast = blast_radius(store, documents, estates, [identity], limit=1, revision=revision, as_of=as_of)
    level = impact_level(settings, blast.services_down, blast.customers if not blast.customers_unknown else None)
    urgency = urgency_of(settings, blast.first_mtpd_hours) if level != "none" else "later"
    row = f"{level}/{urgency}"
    because = f"impact {level}, urgency {urgency}"
    if blast.first_mtpd_hours is not None:
        because += f" (first MTPD {blast.first_mtpd_hours:g} h, {blast.first_mtpd_service})"
    link = f"{base_url}/ci?" + urlencode({"key": blast.cis[0].key, "revision": blast.stamp.revision})
    return Impact(
        stamp=blast.stamp,
        ci=blast.cis[0],
        priority=settings.priorities.get(row, "5"),
        priority_row=f"{row}: {because}",
        impact=level,
        urgency=urgency,
        reason=blast.sentence,
        services=blast.services,
        services_total=len(blast.services),
        customers=blast.customers,
        customers_unknown=blast.customers_unknown,
        first_mtpd_hours=blast.first_mtpd_hours,
        link=link,
        open_needs=blast.open_needs,
        services_incomplete=blast.services_incomplete,
    )


def impact_level(settings: TicketSettings, services_down: int, customers: float | None) -> str:
    """high, medium, low or none."""
    if services_down == 0:
        return "none"
    if customers is not None:
        return "high" if customers >= settings.high_customers else "medium" if customers >= settings.medium_customers else "low"
    return "high" if services_down >= settings.high_services else "medium" if services_down >= settings.medium_services else "low"


def urgency_of(settings: TicketSettings, first_mtpd_hours: float | None) -> str:
    """soon, today or later."""
    if first_mtpd_hours is None or first_mtpd_hours > settings.today_hours:
        return "later"
    return "soon" if first_mtpd_hours <= settings.soon_hours else "today"
