"""The ranked problem areas, and one area explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.domain.ci_classes import ci_classes
from app.domain.errors import InvalidInput, NotFound
from app.domain.graph import ORIGIN_NAMES
from app.domain.quantities import HOURS_PER_YEAR
from app.domain.results import MEASURES, AreaDetail, AreaPage, AreaRow, Contribution, ServiceHit
from app.domain.sentences import (
    CAUSE,
    FIRST,
    area_reason,
    class_label,
    count,
    down_at_rest,
    if_it_fails,
    number,
    overlapping,
    redundancy_not_counted,
    shares_start,
)
from app.ports.compiled_cache import CompiledGraphCache
from app.ports.documents import Documents
from app.ports.graph_store import GraphStore
from app.risk.first_order.areas import Ranking, category_codes, inputs_of, measure_of, rank, rank_services, rows_of, services_in
from app.risk.first_order.populations import of_service
from app.risk.first_order.sweep import contributions_in
from app.risk.first_order.totals import corrected_hours, half_widths, points_of, services_of
from app.risk.intake.cause_rows import cause_id
from app.risk.outage.causes import causes
from app.risk.outage.propagation import outage
from app.risk.outage.rates_and_exposures import can_fail
from app.risk.study.uncertainty import SPREADS, spread_sources
from app.usecases import paging
from app.usecases.answers.cis import ci_values
from app.usecases.answers.felt import felt_by
from app.usecases.answers.paths import known, service_hits
from app.usecases.assess import Assessed, assessed
from app.usecases.estate import Estate, Estates
from app.usecases.find import identify
from app.usecases.stamps import stamp_of

COLUMNS = {"class": "ci_class", "site": "site", "team": "team", "supplier": "supplier"}
KINDS = ("ci", "service", *COLUMNS)
UNKNOWN_AREA = "(unknown)"
CONTRIBUTIONS_SHOWN, EXPLAINED, SERVICES_SHOWN = 100, 20, 500


def area_page(
    estates: Estates,
    cache: CompiledGraphCache,
    documents: Documents,
    kind: str,
    limit: int,
    after: str | None,
    revision: int | None,
    locations: bool | None = None,
) -> AreaPage:
    """Areas of a kind, worst first. A cursor holds revision, kind and settings, so pages of one ranking fit together."""
    offset = 0
    if after is not None:
        cursor = paging.decode(after, "revision", "kind", "offset", "locations")
        if cursor["kind"] != kind:
            raise InvalidInput("after: a cursor of another ranking")
        revision, offset, locations = cursor["revision"], cursor["offset"], cursor["locations"]
    made = assessed(estates, cache, revision, locations)
    ranking = ranking_of(made, kind)
    last = min(offset + limit, len(ranking.area))
    items = [area_row(made, kind, ranking, place) for place in range(offset, last)]
    more = last < len(ranking.area)
    cursor_text = (
        paging.encode(revision=made.estate.revision.revision, kind=kind, offset=last, locations=locations) if more else None
    )
    return AreaPage(
        stamp=stamp_of(made.estate, documents),
        assessment=made.assessment,
        kind=kind,
        measure=ranking.measure,
        total=ranking.total,
        total_rows=len(ranking.area),
        limit=limit,
        truncated=more,
        next=cursor_text,
        items=items,
    )


def ranking_of(made: Assessed, kind: str) -> Ranking:
    """The ranking of one kind of area, made once for an assessment."""
    if kind not in KINDS:
        raise InvalidInput(f"kind: one of {', '.join(KINDS)}", field="kind")
    if kind not in made.rankings:
        values = made.totals.values()
        measure = measure_of(values)
        if kind == "service":
            made.rankings[kind] = rank_services(made.services, measure)
        else:
            codes, names = area_codes(made, kind)
            made.rankings[kind] = rank(codes, names, values, measure)
    return made.rankings[kind]


def area_codes(made: Assessed, kind: str) -> tuple[Any, int]:
    """Area of each CI and how many there are, made once; CIs without a value share the last one."""
    if kind not in made.codes:
        category = None if kind == "ci" else getattr(made.estate.graph.cis, COLUMNS[kind])
        made.codes[kind] = category_codes(made.estate.compiled, category)
    return made.codes[kind]


def area_row(made: Assessed, kind: str, ranking: Ranking, place: int) -> AreaRow:
    estate, area = made.estate, int(ranking.area[place])
    name, label = area_name(estate, kind, area)
    values = {measure: known(float(ranking.values[measure][place])) for measure in MEASURES}
    not_counted = (
        bool(made.services.not_counted[area]) if kind == "service" else kind == "ci" and bool(made.totals.not_counted[area])
    )
    return AreaRow(
        kind=kind,
        name=name,
        label=label,
        rank=place + 1,
        cis=int(ranking.members[place]) - causes_in(made, kind, area),
        services_hit=_services_hit(made, kind, area),
        services_touched=_services_touched(made, kind, area),
        service_hours_per_year=values["service_hours_per_year"],
        customer_hours_per_year=values["customer_hours_per_year"],
        money_per_year=values["money_per_year"],
        share=float(ranking.share[place]),
        inputs=_inputs(made, kind, area),
        not_counted=not_counted,
        reason=_reason(made, kind, area, label, ranking, place, not_counted),
        plus_minus={} if kind == "service" else half_widths(made.first, _rows(made, kind, area)),
        open_needs=open_needs_of(made, kind, area),
    )


def open_needs_of(made: Assessed, kind: str, area: int) -> int:
    """Needs of the CIs of an area that were not read; of a CI or a service, with those of all it leans on."""
    estate = made.estate
    if kind in COLUMNS:
        return int(estate.compiled.open_needs[area_codes(made, kind)[0] == area].sum())
    return estate.open_needs(int(estate.compiled.service_position[area]) if kind == "service" else area)


def area_name(estate: Estate, kind: str, area: int) -> tuple[str, str]:
    if kind == "ci":
        return estate.key(area), estate.name(area)
    if kind == "service":
        position = int(estate.compiled.service_position[area])
        return estate.key(position), estate.name(position)
    values = getattr(estate.graph.cis, COLUMNS[kind]).values
    name = values[area] if area < len(values) else UNKNOWN_AREA
    return name, name


def causes_in(made: Assessed, kind: str, area: int) -> int:
    """How many members of an area are common causes, which are no CIs."""
    if kind == "service" or not made.estate.causes:
        return 0
    codes = area_codes(made, kind)[0]
    return sum(int(codes[position]) == area for position in made.estate.causes)


def _services_hit(made: Assessed, kind: str, area: int) -> int:
    if kind == "ci":
        return len(services_of(made.first, area))
    if kind == "service":
        return 1 if not made.services.not_counted[area] else 0
    return services_in(made.first, _rows(made, kind, area))


def _rows(made: Assessed, kind: str, area: int) -> Any:
    """Positions of the CIs of an area; of a service: its single points."""
    codes = area_codes(made, kind)[0] if kind in COLUMNS else None
    return rows_of(made.first, codes, area, service=kind == "service")


def _inputs(made: Assessed, kind: str, area: int) -> Mapping[str, float]:
    """Share of the loss that rests on rates of each origin."""
    return inputs_of(made.totals.service_hours, made.rate_origin, _rows(made, kind, area), ORIGIN_NAMES)


def spread_from(made: Assessed, kind: str, area: int) -> Mapping[str, float]:
    """Share of the loss by where the spread of the rates comes from."""
    if "spread" not in made.codes:
        made.codes["spread"] = spread_sources(made.estate.graph.cis, made.estate.compiled.row)[0], len(SPREADS)
    codes, _ = made.codes["spread"]
    return inputs_of(made.totals.service_hours, codes, _rows(made, kind, area), SPREADS)


def _reason(made: Assessed, kind: str, area: int, label: str, ranking: Ranking, place: int, not_counted: bool) -> str:
    estate = made.estate
    if kind == "ci":
        return redundancy_not_counted(label) if not_counted else ci_sentence(made, area)
    if not_counted:
        return redundancy_not_counted(label)
    if kind == "service" and made.services.down_at_rest[area]:
        return down_at_rest(label)
    value = float(ranking.values[ranking.measure][place])
    text = (
        f"{number(value)} {MEASURES[ranking.measure]}".replace("money", estate.options.currency, 1)
        if value == value
        else "a loss nobody can put a number on"
    )
    names, shares = started_at(made, kind, area, ranking.measure if value == value else "service_hours_per_year")
    members = int(ranking.members[place]) - causes_in(made, kind, area)
    start = shares_start(names, shares) + ("" if value == value or not names else ", by hours out")
    said = class_label(label) if kind == "class" else label
    reason = area_reason(
        kind,
        said,
        members,
        _services_hit(made, kind, area),
        _services_touched(made, kind, area),
        text,
        start,
    )
    overlap = overlap_of(made, area) if kind == "service" else ""
    return f"{reason[:-1]}; {overlap}." if overlap else reason


def started_at(made: Assessed, kind: str, area: int, measure: str) -> tuple[list[str], list[float]]:
    """Names of the CIs that start the loss of an area, the largest share first, and the shares: of a service those of what it suffers itself."""
    if kind == "service":
        _, parts = service_contributions(made, area, measure, worded=False)
        return [part.name for part in parts[: FIRST + 1] if part.share > 0], [part.share for part in parts if part.share > 0]
    rows = _rows(made, kind, area)
    column = np.nan_to_num(made.totals.values()[measure][rows])
    order = np.lexsort((rows, -column))
    order = order[column[order] > 0]
    total = float(column.sum())
    names = [made.estate.name(int(rows[k])) for k in order[: FIRST + 1]]
    return names, [float(column[k]) / total for k in order]


def _services_touched(made: Assessed, kind: str, area: int) -> int:
    """How many services its CIs degrade or interrupt and never stop, each CI alone."""
    if kind == "service":
        return 0
    first, rows = made.first, _rows(made, kind, area)
    spans = [first.pair_service[first.pair_ptr[row] : first.pair_ptr[row + 1]] for row in rows.tolist()]
    touched = np.unique(np.concatenate([np.zeros(0, np.int32), *spans]))
    stopped = np.concatenate([np.zeros(0, np.int32), *(services_of(first, row) for row in rows.tolist())])
    return len(np.setdiff1d(touched, stopped))


OVERLAP = 0.1  # sum of lambda m of the single points above which first-order hours count outages twice (model 1.6)


def overlap_of(made: Assessed, service: int) -> str:
    """That outages overlap, with the hours a year that count none twice; "" where they hardly do or nobody knows."""
    compiled = made.estate.compiled
    points = points_of(made.first, service)
    points = points[can_fail(compiled)[points]]
    load = float(np.nansum(compiled.failures_per_year[points] * compiled.repair_hours[points])) / HOURS_PER_YEAR
    hours = float(made.services.service_hours[service])
    corrected = corrected_hours(compiled, points)
    if not (load > OVERLAP or hours > HOURS_PER_YEAR) or np.isnan(corrected) or np.isnan(hours):
        return ""
    return overlapping(hours, corrected)


def ci_sentence(made: Assessed, position: int) -> str:
    """ "If san-02 fails, 14 services stop: ..."; services with most customers first."""
    estate, compiled = made.estate, made.estate.compiled
    result = outage(compiled, [position], estate.workspace())
    numbers = result.services_down.tolist()
    numbers.sort(key=lambda s: (-(known(compiled.customers[s]) or 0.0), s))
    names = [estate.name(int(compiled.service_position[s])) for s in numbers[:3]] + [""] * max(0, len(numbers) - 3)
    return if_it_fails(felt_by(estate, result, [estate.name(position)], names))


def area_detail(
    store: GraphStore,
    estates: Estates,
    cache: CompiledGraphCache,
    documents: Documents,
    kind: str,
    name: str,
    revision: int | None,
    locations: bool | None = None,
) -> AreaDetail:
    """One area: what it is made of, the services with the path of the failure, the inputs with their origin, the assumptions."""
    made = assessed(estates, cache, revision, locations)
    estate = made.estate
    ranking = ranking_of(made, kind)
    area = _area_of(store, made, kind, name)
    found = [place for place, code in enumerate(ranking.area.tolist()) if code == area]
    if not found:
        raise NotFound(f"no {kind} area {name!r} among the assessed CIs")
    row = area_row(made, kind, ranking, found[0])
    if kind == "service":
        parts, total, positions = _service_parts(made, area, ranking.measure)
    else:
        parts, total, positions = _area_parts(made, kind, area, ranking.measure)
    services = _explained(made, positions[:EXPLAINED], only=area if kind == "service" else None)
    services_total = row.services_hit + row.services_touched if kind != "service" else len(services)
    return AreaDetail(
        stamp=stamp_of(estate, documents),
        assessment=made.assessment,
        measure=ranking.measure,
        area=row,
        contributions=parts,
        contributions_total=total,
        services=services[:SERVICES_SHOWN],
        services_total=max(services_total, len(services)),
        truncated=total > len(parts) or services_total > len(services),
        assumptions=assumptions(made, row, parts),
    )


def _area_of(store: GraphStore, made: Assessed, kind: str, name: str) -> int:
    estate = made.estate
    if kind == "ci" and name.startswith(CAUSE):
        return estate.position(cause_id(name.removeprefix(CAUSE)))
    if kind in ("ci", "service"):
        position = estate.position(identify(store, estate.revision.revision, name).ci_id)
        if kind == "ci":
            return position
        if position not in estate.service_number:
            raise NotFound(f"{name!r} is not a business service")
        return estate.service_number[position]
    values = getattr(estate.graph.cis, COLUMNS[kind]).values
    if name == UNKNOWN_AREA:
        return len(values)
    if name not in values:
        raise NotFound(f"no {kind} {name!r}")
    return int(values.index(name))


def _area_parts(made: Assessed, kind: str, area: int, measure: str) -> tuple[list[Contribution], int, list[int]]:
    column = made.totals.values()[measure]
    members = _rows(made, kind, area).tolist()
    members.sort(key=lambda p: (-(known(column[p]) or 0.0), -made.totals.services_hit[p], p))
    costing = [p for p in members if made.totals.services_hit[p] or (known(made.first.service_hours[p]) or 0.0) > 0] or members[
        :1
    ]
    total = sum(known(column[p]) or 0.0 for p in members)
    parts = [contribution(made, p, (known(column[p]) or 0.0) / total if total else 0.0) for p in costing[:CONTRIBUTIONS_SHOWN]]
    return parts, len(costing), costing


def contribution(made: Assessed, position: int, share: float) -> Contribution:
    estate = made.estate
    return Contribution(
        key=estate.key(position),
        name=estate.name(position),
        ci_class=estate.text("ci_class", position),
        money_per_year=known(made.totals.money[position]),
        customer_hours_per_year=known(made.totals.customer_hours[position]),
        service_hours_per_year=known(made.totals.service_hours[position]),
        services_hit=len(services_of(made.first, position)),
        share=share,
        values=ci_values(estate, position),
        reason=redundancy_not_counted(estate.name(position))
        if made.totals.not_counted[position]
        else ci_sentence(made, position),
        plus_minus=half_widths(made.first, position),
    )


def _service_parts(made: Assessed, service: int, measure: str) -> tuple[list[Contribution], int, list[int]]:
    rows, parts = service_contributions(made, service, measure)
    return parts[:CONTRIBUTIONS_SHOWN], len(parts), rows


def service_contributions(
    made: Assessed, service: int, measure: str, stopping: bool = False, worded: bool = True
) -> tuple[list[int], list[Contribution]]:
    """What each CI costs one service, worst first; `stopping`: only its single points of failure; `worded`: with the inputs behind each."""
    estate = made.estate
    told = contributions_in(estate.compiled, made.first, service)
    customer_hours = told.customer_hours
    if made.shared_hours is not None:
        customer_hours = of_service(made.first, made.shared_hours, service, told.position)
    column = {"money_per_year": told.money, "customer_hours_per_year": customer_hours}.get(measure, told.service_hours)
    if not any((known(value) or 0.0) > 0 for value in column.tolist()):
        column = told.service_hours  # the estate's measure is unknown for this service
    total = sum(known(value) or 0.0 for value in column.tolist())
    money_known = known(made.services.money[service]) is not None
    customers_known = known(estate.compiled.customers[service]) is not None
    positions, parts = [], []
    for row, position in enumerate(told.position.tolist()):
        if stopping and not told.stops[row]:
            continue
        positions.append(position)
        parts.append(
            Contribution(
                key=estate.key(position),
                name=estate.name(position),
                ci_class=estate.text("ci_class", position),
                money_per_year=known(told.money[row]) if money_known else None,
                customer_hours_per_year=known(customer_hours[row]) if customers_known else None,
                service_hours_per_year=known(told.service_hours[row]),
                services_hit=1,
                share=(known(column[row]) or 0.0) / total if total else 0.0,
                values=ci_values(estate, position) if worded else [],
                reason="stops it alone" if told.stops[row] else "degrades or interrupts it",
                plus_minus=half_widths(told, row),
            )
        )
    return positions, parts


def _explained(made: Assessed, positions: Sequence[int], only: int | None) -> list[ServiceHit]:
    """Services hit by these CIs, each with the path from the first (worst) CI that hits it."""
    estate, found = made.estate, dict[str, ServiceHit]()
    target = None if only is None else estate.key(int(estate.compiled.service_position[only]))
    for position in positions:
        result = outage(estate.compiled, [position], estate.workspace())
        for hit in service_hits(estate, result, causes(estate.compiled, result)):
            if hit.key not in found and target in (None, hit.key):
                found[hit.key] = hit
        if target is not None and target in found:
            break
    return sorted(found.values(), key=lambda hit: (hit.state != "down", -(hit.customers or 0.0), hit.key))


def assumptions(made: Assessed, row: AreaRow, parts: Sequence[Contribution]) -> list[str]:
    """What the number rests on, in sentences."""
    said = [
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
        said.append(f"rate of class {name}, where nobody gave one: {prior.failures_per_year:g} a year ({prior.drawn_from})")
    if row.money_per_year is None:
        said.append("nobody gave the money of the services hit: it is unknown, not zero")
    if row.customer_hours_per_year is None:
        said.append("nobody gave the customers of the services hit: they are unknown, not zero")
    simulated = int(made.first.simulated.sum())
    if simulated:
        said.append(f"failover outcomes of {count(simulated, 'CI')} were sampled, not enumerated")
    return said
