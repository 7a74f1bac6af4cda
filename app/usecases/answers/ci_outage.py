"""One CI that fails, for the operator: services by the time left, what it shares with others, what is one failure away, whom to
call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from app.domain.ci_outage import CONTACT, CiOutage, Contact, NextFailure, Shared, bands
from app.domain.json_columns import attributes_of
from app.domain.payloads import fields_of
from app.domain.results import CiRow, ServiceHit
from app.risk.graph.dependents import dependents_of
from app.risk.graph.needs import needs_of
from app.risk.outage.causes import causes
from app.risk.outage.one_away import OneAway, one_failure_away
from app.risk.outage.propagation import Outage, outage
from app.usecases.answers.paths import known, service_hits
from app.usecases.estate import Estate
from app.usecases.find import identify
from app.usecases.keep.sources import told_of
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

PLACES = ("rack", "enclosure", "hypervisor", "storage_array")  # classes of CIs that others share
PLACES_SHOWN, SERVICES_SHOWN, CIS_SHOWN, CONTACTS_SHOWN = 5, 50, 8, 10
CATEGORIES = ("site", "supplier", "team")


def ci_outage(tools: Tools, text: str, revision: int | None, seconds: float = 2.0) -> CiOutage:
    """Returns what follows for an operator from an outage of the CI that answers to `text`; NotFound where it is not assessed."""
    estate = tools.estates.at(revision)
    hit = identify(tools.store, estate.revision.revision, text)
    position = estate.position(hit.ci_id)
    result = outage(estate.compiled, [position], estate.workspace())
    away = one_failure_away(estate.compiled, result, seconds, estate.workspace())
    return CiOutage(
        stamp=stamp_of(estate, tools.documents),
        key=hit.key,
        name=estate.name(position),
        team=estate.text("team", position),
        supplier=estate.text("supplier", position),
        contacts=_contacts(tools, estate, hit.ci_id),
        bands=bands(_timed(estate, result, service_hits(estate, result, causes(estate.compiled, result)))),
        shared=[*_places(estate, position), *_categories(estate, position)],
        one_failure_away=_next(estate, away),
        one_failure_away_total=len(away.positions),
        tried=away.tried,
        candidates=away.candidates,
    )


def _timed(estate: Estate, result: Outage, hits: Sequence[ServiceHit]) -> Iterator[tuple[ServiceHit, float | None, bool]]:
    """Yields each service with the minutes until its limit, and whether the limit runs: not where it works above its MBCO."""
    compiled = estate.compiled
    stopped = [*result.services_down.tolist(), *result.services_degraded.tolist()]
    numbers = {estate.key(int(compiled.service_position[number])): number for number in stopped}
    for hit in hits:
        number = numbers.get(hit.key, -1)  # -1: it is only interrupted
        mbco = known(compiled.mbco_share[number]) if number >= 0 else None
        runs = hit.state == "down" or (hit.state == "degraded" and mbco is not None and 1.0 - hit.lost_share < mbco)
        rto = known(compiled.rto_hours[number]) if number >= 0 else None
        hours = hit.mtpd_hours if hit.mtpd_hours is not None else rto
        yield hit, None if hours is None or not runs else 60.0 * hours, runs


def _places(estate: Estate, position: int) -> Iterator[Shared]:
    """Yields the racks, enclosures, hosts and arrays that the CI hangs on, each with what hangs on it."""
    compiled, column = estate.compiled, estate.graph.cis.ci_class
    cone = needs_of(compiled.flat, position)
    wanted = [code for code, name in enumerate(column.values) if name in PLACES]
    found = cone[np.isin(np.asarray(column.codes)[compiled.row[cone]], wanted)]
    for place in found[found != position][:PLACES_SHOWN].tolist():
        above = dependents_of(compiled, np.asarray([place]))
        services = int((compiled.flat.service_at[above] >= 0).sum())
        yield Shared(estate.text("ci_class", place), estate.key(place), estate.name(place), len(above) - 1, services)


def _categories(estate: Estate, position: int) -> Iterator[Shared]:
    compiled = estate.compiled
    for name in CATEGORIES:
        column = getattr(estate.graph.cis, name)
        codes = np.asarray(column.codes)[compiled.row]
        if codes[position] >= 0:
            yield Shared(name, "", column.values[int(codes[position])], int((codes == codes[position]).sum()), None)


def _next(estate: Estate, away: OneAway) -> list[NextFailure]:
    rows = []
    for service, positions in list(away.positions.items())[:SERVICES_SHOWN]:
        at = int(estate.compiled.service_position[service])
        cis = [CiRow(estate.key(p), estate.name(p), estate.text("ci_class", p)) for p in positions[:CIS_SHOWN]]
        rows.append(NextFailure(estate.key(at), estate.name(at), cis, len(positions)))
    return rows


def _contacts(tools: Tools, estate: Estate, ci_id: int) -> list[Contact]:
    """Returns what the sources say of how to reach somebody about the CI: fields that are named so."""
    at = estate.revision.revision
    names = {source.source_id: source.name for source in told_of(tools.documents)}
    state, records = tools.store.states(at, [ci_id]), tools.store.rows(at, "source_record", "ci_id", [ci_id])
    said: list[tuple[str, Mapping[str, object]]] = [("", attributes_of(text)) for text in state["attributes"]]
    for row in range(len(records["source_key"])):
        payload = fields_of(records["payload"][row])
        inner = payload.get("attributes")
        said.append((names.get(int(records["source_id"][row]), "?"), {**payload, **(inner if isinstance(inner, dict) else {})}))
    found: dict[tuple[str, str], Contact] = {}
    for source, fields in reversed(said):
        for name, value in fields.items():
            if CONTACT.search(name) and isinstance(value, str | int | float) and str(value).strip():
                found.setdefault((name, str(value)), Contact(source, name, str(value)))
    return sorted(found.values(), key=lambda contact: (contact.name, contact.value))[:CONTACTS_SHOWN]
