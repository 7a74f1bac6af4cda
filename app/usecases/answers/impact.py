"""What a ticket system wants to know: whom does this CI hit, and how urgent is it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from app.domain.errors import InvalidInput
from app.domain.results import BlastRadius, Impact
from app.domain.sentences import count, hang_on_the_rest
from app.ports.graph_store import GraphStore
from app.risk.outage.causes import worn_group, worn_groups
from app.risk.outage.propagation import outage
from app.settings import TicketSettings
from app.usecases import paging
from app.usecases.answers.blast import blast_radius
from app.usecases.answers.paths import known
from app.usecases.estate import Estate
from app.usecases.find import identify_all
from app.usecases.tools import Tools

USED_UP_SHOWN = 50


def impact_of(
    tools: Tools,
    identity: str,
    base_url: str,
    revision: int | None = None,
    as_of: datetime | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    after: str | None = None,
) -> Impact:
    """Returns the services hit (from the cursor on `limit` of them, totals are of all), the reason, and the priority that the
    settings' table suggests, with the row it comes from.

    The impact goes by the customers of the services hit (of degraded ones by the share they lose). Where customers of some are
    unknown it goes by the number of services as well, whichever is higher, so that one more service hit never lowers it.
    Services that depend on the last member of a group count with impact `last`, and of the two rows the more urgent one is
    taken. The urgency goes by the first MTPD; it is unknown where nobody gave one. NotFound and Ambiguous as `identify`.
    """
    offset = 0
    if after is not None:
        cursor = paging.decode(after, "revision", "offset", "cis")
        if cursor["cis"] != identity:
            raise InvalidInput("after: a cursor of another question")
        revision, as_of, offset = cursor["revision"], None, cursor["offset"]
    blast = blast_radius(tools, [identity], limit=USED_UP_SHOWN, revision=revision, as_of=as_of, every_service=True)
    following = offset + limit
    more = following < len(blast.services)
    estate = tools.estates.at(blast.stamp.revision)
    rest = on_the_rest(estate, [row.key for row in blast.cis], tools.store)
    level, urgency = _level_and_urgency(tools.settings.tickets, blast, rest)
    link = f"{base_url}/ci?" + urlencode({"key": blast.cis[0].key, "revision": blast.stamp.revision})
    names = [name for name, _ in rest]
    return Impact(
        stamp=blast.stamp,
        ci=blast.cis[0],
        priority=priority_of(tools.settings.tickets, level, urgency),
        priority_row=f"{level}/{urgency}: {_because(level, urgency, blast)}",
        impact=level,
        urgency=urgency,
        reason=blast.sentence + (" " + hang_on_the_rest(names, _maintained(blast, estate, tools.store)) if names else ""),
        services=blast.services[offset:following],
        services_total=len(blast.services),
        services_down=blast.services_down,
        services_degraded=blast.services_degraded,
        services_interrupted=blast.services_interrupted,
        customers=blast.customers_by_share,
        customers_unknown=blast.customers_unknown,
        money_per_hour=blast.money_per_hour,
        money_unknown=blast.money_unknown,
        first_mtpd_hours=blast.first_mtpd_hours,
        redundancy_used_up=blast.redundancy_used_up,
        redundancy_used_up_total=blast.redundancy_used_up_total,
        services_on_the_rest=names[:USED_UP_SHOWN],
        link=link,
        open_needs=blast.open_needs,
        services_incomplete=blast.services_incomplete,
        limit=limit,
        truncated=more,
        next=paging.encode(revision=blast.stamp.revision, offset=following, cis=identity) if more else None,
    )


@dataclass(frozen=True, slots=True)
class Suggested:
    """The priority that the table suggests for an outage, the row that it comes from, and the keys of the services that it
    hits."""

    priority: str
    row: str
    services: Sequence[str]


def suggested_for(tools: Tools, cis: Sequence[str], revision: int | None = None) -> Suggested:
    """Returns the priority of an outage of several CIs at once, as `impact_of` does for one."""
    blast = blast_radius(tools, cis, limit=USED_UP_SHOWN, revision=revision, every_service=True)
    rest = on_the_rest(tools.estates.at(blast.stamp.revision), [row.key for row in blast.cis], tools.store)
    level, urgency = _level_and_urgency(tools.settings.tickets, blast, rest)
    row = f"{level}/{urgency}: {_because(level, urgency, blast)}"
    return Suggested(priority_of(tools.settings.tickets, level, urgency), row, [hit.key for hit in blast.services])


def _level_and_urgency(settings: TicketSettings, blast: BlastRadius, rest: Sequence[tuple[str, float | None]]) -> tuple[str, str]:
    """Returns impact and urgency of the more urgent row of the table: that of the services hit, or that of services that now hang
    on the last member of a group."""
    hit = impact_level(
        settings,
        down=blast.services_down + blast.services_degraded,
        interrupted=blast.services_interrupted,
        customers=blast.customers_by_share or 0.0,
        unknown=blast.customers_unknown,
    )
    rows = [(hit, urgency_of(settings, [service.mtpd_hours for service in blast.services], blast.services_incomplete > 0))]
    if rest:
        rows.append(("last", urgency_of(settings, [mtpd for _, mtpd in rest], False)))
    return min(rows, key=lambda row: (priority_of(settings, *row), row[0] == "none"))


def on_the_rest(estate: Estate, keys: Sequence[str], store: GraphStore) -> list[tuple[str, float | None]]:
    """Returns the services that now depend on what is left of the groups that an outage used up: names with their MTPD, in the
    order of their keys."""
    compiled, space = estate.compiled, estate.workspace()
    forced = [estate.position(hit.ci_id) for hit in identify_all(store, estate.revision.revision, keys)]
    result = outage(compiled, forced, space)
    dependents = sorted({worn_group(compiled, result, int(g)).dependent for g in worn_groups(compiled, result)})
    if not dependents:
        return []
    further = outage(compiled, [*forced, *dependents], space).services_down
    new = sorted(set(further.tolist()) - set(result.services_down.tolist()))
    rows = [(estate.key(int(compiled.service_position[s])), s) for s in new]
    return [(estate.name(int(compiled.service_position[s])), known(compiled.mtpd_hours[s])) for _, s in sorted(rows)]


def _maintained(blast: BlastRadius, estate: Estate, store: GraphStore) -> list[str]:
    """Returns CIs in maintenance by name."""
    keys = sorted({key for group in blast.redundancy_used_up for key in group.in_maintenance})
    return sorted(estate.name(estate.position(hit.ci_id)) for hit in identify_all(store, estate.revision.revision, keys))


def _because(level: str, urgency: str, blast: BlastRadius) -> str:
    reason = f"impact {level}, urgency {urgency}"
    if blast.customers_unknown and level not in ("last", "none"):
        reason += f", customers of {count(blast.customers_unknown, 'service')} unknown: at least"
    if urgency == "unknown":
        reason += " (needs were not read)" if level == "none" else " (nobody gave the MTPD)"
    elif blast.first_mtpd_hours is not None and level != "last":
        reason += f" (first MTPD {blast.first_mtpd_hours:g} h, {blast.first_mtpd_service})"
    return reason


def priority_of(settings: TicketSettings, level: str, urgency: str) -> str:
    """Returns the priority by the settings' table.

    A row that the table lacks takes that of the same impact and urgency `later`, then that of impact `none`.
    """
    table = settings.priorities
    for row in (f"{level}/{urgency}", f"{level}/later", "low/later" if level == "last" else "none/later", "none/later"):
        if row in table:
            return table[row]
    return "5"


LEVELS = ("none", "low", "medium", "high")


def impact_level(settings: TicketSettings, down: int, interrupted: int, customers: float, unknown: int) -> str:
    """Returns high, medium, low or none: the higher level of what is known of the customers, and, where those of some services
    are unknown, of the number of services.

    `down`: services that stop or are degraded; `customers`: known ones, by share; `unknown`: services whose customers nobody
    gave.
    """
    if down == 0:
        return "low" if interrupted else "none"
    level = _level(customers, settings.medium_customers, settings.high_customers)
    if unknown:
        level = max(level, _level(down, settings.medium_services, settings.high_services))
    return LEVELS[level]


def _level(size: float, medium: float, high: float) -> int:
    return 3 if size >= high else 2 if size >= medium else 1


def urgency_of(settings: TicketSettings, mtpds: Sequence[float | None], more: bool) -> str:
    """Returns soon, today, unknown or later, by the first MTPD. `more`: services may be hit that nobody knows of."""
    first = min((mtpd for mtpd in mtpds if mtpd is not None), default=None)
    if first is not None and first <= settings.today_hours:
        return "soon" if first <= settings.soon_hours else "today"
    return "unknown" if more or None in mtpds else "later"
