"""One area explained: what it is made of, the services that it hits and on which path, and what the number rests on."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.areas import AREA_COLUMNS
from app.domain.ci_classes import ci_classes
from app.domain.errors import InvalidInput, NoSuchArea
from app.domain.results import AreaDetail, AreaRow, Contribution, ServiceHit
from app.domain.sentences import CAUSE, count
from app.ports.graph_store import GraphStore
from app.risk.intake.cause_rows import cause_id
from app.risk.outage.causes import causes
from app.risk.outage.propagation import outage
from app.usecases import paging
from app.usecases.answers.areas import UNKNOWN_AREA, area_name, positions_of, ranking_of
from app.usecases.answers.contributions import contribution, service_contributions
from app.usecases.answers.paths import known, service_hits
from app.usecases.answers.ranking import area_row
from app.usecases.assess import Assessed, assessed
from app.usecases.find import identify, not_a_service
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

EXPLAINED, SERVICES_SHOWN = 20, 500


def area_detail(
    tools: Tools,
    kind: str,
    name: str,
    revision: int | None,
    locations: bool | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    after: str | None = None,
) -> AreaDetail:
    """Explains one area: what it is made of (page by page, the largest contribution first), the services with the path of the
    failure, the inputs with their origin, the assumptions."""
    offset = 0
    if after is not None:
        cursor = paging.decode(after, "revision", "kind", "name", "offset", "locations")
        if (cursor["kind"], cursor["name"]) != (kind, name):
            raise InvalidInput("after: a cursor of another area")
        revision, offset, locations = cursor["revision"], cursor["offset"], cursor["locations"]
    page = slice(offset, offset + limit)
    assessment = assessed(tools.estates, tools.cache, revision, locations)
    estate = assessment.estate
    ranking = ranking_of(assessment, kind)
    area = _area_of(tools.store, assessment, kind, name)
    places = [place for place, code in enumerate(ranking.area.tolist()) if code == area]
    if not places:
        raise NoSuchArea(f"no {kind} area {name!r} among the assessed CIs")
    row = area_row(assessment, kind, ranking, places[0])
    if kind == "service":
        parts, total, positions = _service_parts(assessment, area, ranking.measure, page)
    else:
        parts, total, positions = _area_parts(assessment, kind, area, ranking.measure, page)
    services = _explained(assessment, positions[:EXPLAINED], only=area if kind == "service" else None)
    services_total = row.services_hit + row.services_touched if kind != "service" else len(services)
    return AreaDetail(
        stamp=stamp_of(estate, tools.documents),
        assessment=assessment.name,
        measure=ranking.measure,
        area=row,
        contributions=parts,
        contributions_total=total,
        services=services[:SERVICES_SHOWN],
        services_total=max(services_total, len(services)),
        truncated=total > len(parts) or services_total > len(services),
        assumptions=assumptions(assessment, row, parts),
        limit=limit,
        next=None
        if page.stop >= total
        else paging.encode(revision=estate.revision.revision, kind=kind, name=name, offset=page.stop, locations=locations),
    )


def area_members(tools: Tools, kind: str, name: str, revision: int | None) -> set[str]:
    """Returns the keys of the CIs of an area; of a service, its single points of failure and itself."""
    assessment = assessed(tools.estates, tools.cache, revision)
    area = _area_of(tools.store, assessment, kind, name)
    estate = assessment.estate
    keys = {estate.key(position) for position in positions_of(assessment, kind, area).tolist()}
    return keys | {area_name(estate, kind, area)[0]} if kind == "service" else keys


def _area_of(store: GraphStore, assessment: Assessed, kind: str, name: str) -> int:
    estate = assessment.estate
    if kind == "ci" and name.startswith(CAUSE):
        return estate.position(cause_id(name.removeprefix(CAUSE)))
    if kind in ("ci", "service"):
        position = estate.position(identify(store, estate.revision.revision, name).ci_id)
        if kind == "ci":
            return position
        if position not in estate.service_number:
            raise not_a_service(name)
        return estate.service_number[position]
    values = getattr(estate.graph.cis, AREA_COLUMNS[kind]).values
    if name == UNKNOWN_AREA:
        return len(values)
    if name not in values:
        raise NoSuchArea(f"no {kind} {name!r}")
    return int(values.index(name))


def _area_parts(
    assessment: Assessed, kind: str, area: int, measure: str, page: slice
) -> tuple[list[Contribution], int, list[int]]:
    column = assessment.totals.values()[measure]
    members = positions_of(assessment, kind, area).tolist()
    members.sort(key=lambda p: (-(known(column[p]) or 0.0), -assessment.totals.services_hit[p], p))
    costing = [
        p for p in members if assessment.totals.services_hit[p] or (known(assessment.first.service_hours[p]) or 0.0) > 0
    ] or members[:1]
    total = sum(known(column[p]) or 0.0 for p in members)
    parts = [contribution(assessment, p, (known(column[p]) or 0.0) / total if total else 0.0) for p in costing[page]]
    return parts, len(costing), costing


def _service_parts(assessment: Assessed, service: int, measure: str, page: slice) -> tuple[list[Contribution], int, list[int]]:
    rows, parts = service_contributions(assessment, service, measure)
    return parts[page], len(parts), rows


def _explained(assessment: Assessed, positions: Sequence[int], only: int | None) -> list[ServiceHit]:
    """Returns the services that these CIs hit, each with the path from the first (worst) CI that hits it."""
    estate, hits = assessment.estate, dict[str, ServiceHit]()
    target = None if only is None else estate.key(int(estate.compiled.service_position[only]))
    for position in positions:
        result = outage(estate.compiled, [position], estate.workspace())
        for hit in service_hits(estate, result, causes(estate.compiled, result)):
            if hit.key not in hits and target in (None, hit.key):
                hits[hit.key] = hit
        if target is not None and target in hits:
            break
    return sorted(hits.values(), key=lambda hit: (hit.state != "down", -(hit.customers or 0.0), hit.key))


def assumptions(assessment: Assessed, row: AreaRow, parts: Sequence[Contribution]) -> list[str]:
    """Says in sentences what the number rests on."""
    sentences = [
        "everything else is up while one CI is out (first-order part); what only pairs of failures can stop is not yet counted"
    ]
    assumed = sorted(
        {
            part.ci_class or "other"
            for part in parts
            for value in part.values
            if value.origin == "assumed" and value.name == "failures_per_year"
        }
    )
    for name in assumed[:10]:
        prior = ci_classes().get(name) or ci_classes()["other"]
        sentences.append(f"rate of class {name}, where nobody gave one: {prior.failures_per_year:g} a year ({prior.drawn_from})")
    if row.money_per_year is None:
        sentences.append("nobody gave the money of the services hit: it is unknown, not zero")
    if row.customer_hours_per_year is None:
        sentences.append("nobody gave the customers of the services hit: they are unknown, not zero")
    simulated = int(assessment.first.simulated.sum())
    if simulated:
        sentences.append(f"failover outcomes of {count(simulated, 'CI')} were sampled, not enumerated")
    return sentences
