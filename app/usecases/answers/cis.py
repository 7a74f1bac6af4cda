"""One CI as the ledger has it, with what it needs, what needs it, and the source records behind it; and lists of CIs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from app.domain.ci_classes import OTHER
from app.domain.errors import NotFound
from app.domain.graph import ORIGIN_NAMES
from app.domain.json_columns import aliases_of, attributes_of, members_of, shares_of
from app.domain.nouns import OPEN_NEED
from app.domain.payloads import fields_of
from app.domain.results import CiDetail, CiPage, CiRow, GroupRow, Neighbour, OpenNeedRow, RecordRow, Value
from app.domain.sentences import count
from app.ports.graph_store import GraphStore
from app.risk.intake.assemble import class_not_read
from app.risk.study.uncertainty import SPREADS, spread_sources
from app.usecases.answers.recovery_gaps import required_recovery
from app.usecases.estate import Estate, resolve_revision
from app.usecases.find import identify, search
from app.usecases.keep.sources import told_of
from app.usecases.revisions import plain
from app.usecases.stamps import plain_stamp, stamp_of
from app.usecases.tools import Tools

NEIGHBOURS_SHOWN = 200


def find_cis(tools: Tools, query: str, limit: int, revision: int | None, as_of: datetime | None) -> CiPage:
    """Returns CIs that answer to a few letters. One more than the limit is looked for, so that the page says where it was cut."""
    at = resolve_revision(tools.store, revision, as_of)
    hits = search(tools.store, at.revision, query, limit + 1)
    rows = [CiRow(hit.key, hit.name, hit.ci_class, hit.alias_kind, hit.alias) for hit in hits[:limit]]
    cut = len(hits) > limit
    return CiPage(plain_stamp(at, tools.documents), query, limit, cut, None if cut else len(rows), rows)


def list_cis(tools: Tools, after: int, limit: int, revision: int | None, as_of: datetime | None) -> tuple[CiPage, int | None]:
    """Returns the CIs of the estate in order of their ledger number (that of the first sight), and the number after which the
    next page goes on; None at the end."""
    estate = tools.estates.at(revision, as_of)
    cis = estate.plain.cis
    ids = cis.ci_id
    first = int(ids.searchsorted(after, "right"))
    last = min(first + limit, len(ids))
    rows = [CiRow(cis.key[row], cis.name[row] or cis.key[row], cis.ci_class[row] or "") for row in range(first, last)]
    following = int(ids[last - 1]) if last < len(ids) else None
    return CiPage(stamp_of(estate, tools.documents), "", limit, following is not None, len(ids), rows), following


def ci_detail(tools: Tools, text: str, revision: int | None, as_of: datetime | None) -> CiDetail:
    """Returns everything known of the CI that answers to `text` (key or any alias)."""
    estate = tools.estates.at(revision, as_of)
    at = estate.revision.revision
    hit = identify(tools.store, at, text)
    state = tools.store.states(at, [hit.ci_id])
    row = {name: plain(column[0]) for name, column in state.items()}
    names = {source.source_id: source.name for source in told_of(tools.documents)}
    needs = _neighbours(tools.store, at, hit.ci_id, "dependent_id", "provider_id", names)
    needed_by = _neighbours(tools.store, at, hit.ci_id, "provider_id", "dependent_id", names)
    groups = group_rows(tools.store, at, tools.store.rows(at, "redundancy_group", "dependent_id", [hit.ci_id]))
    member_of = group_rows(tools.store, at, tools.store.groups_of_members(at, [hit.ci_id]))
    records = tools.store.rows(at, "source_record", "ci_id", [hit.ci_id])
    assessed, values, service = _values(estate, hit.ci_id, row)
    return CiDetail(
        stamp=stamp_of(estate, tools.documents),
        key=hit.key,
        name=row["name"] or hit.key,
        ci_class=row["ci_class"] or "other",
        raw_class=row["raw_class"] or "",
        lifecycle=row["lifecycle"] or "active",
        environment=row["environment"] or "production",
        site=row["site"] or "",
        team=row["team"] or "",
        supplier=row["supplier"] or "",
        assessed=assessed,
        service=service,
        values=values,
        aliases=[list(alias) for alias in aliases_of(row["aliases"])],
        attributes=attributes_of(row["attributes"]),
        needs=needs[:NEIGHBOURS_SHOWN],
        needs_total=len(needs),
        needed_by=needed_by[:NEIGHBOURS_SHOWN],
        needed_by_total=len(needed_by),
        groups=groups[:NEIGHBOURS_SHOWN],
        member_of=member_of[:NEIGHBOURS_SHOWN],
        records=[
            RecordRow(names.get(int(records["source_id"][i]), "?"), records["source_key"][i], fields_of(records["payload"][i]))
            for i in range(len(records["source_key"]))
        ],
        truncated=max(len(needs), len(needed_by), len(groups), len(member_of)) > NEIGHBOURS_SHOWN,
        open_needs=[*_class_not_read(state, values if assessed else ()), *_open_needs(tools.store, at, hit.ci_id, names)],
        open_needs_total=estate.open_needs(estate.position(hit.ci_id)) if assessed else 0,
        required=required_recovery(tools, estate, estate.position(hit.ci_id)) if assessed else None,
    )


def _class_not_read(state: Mapping[str, Any], values: Sequence[Value]) -> list[OpenNeedRow]:
    """Returns the open need of a CI of which `class_not_read` holds; `state` holds the columns of this one CI."""
    if not class_not_read(state, np.asarray([any(value.origin == "assumed" for value in values)]))[0]:
        return []
    word = state["raw_class"][0]
    reason = (
        f"'{word}' is no class of the table, so what nobody gave is taken from `{OTHER}`: map the class, "
        "or give rate and restore time"
    )
    return [OpenNeedRow("", f"class {word}", reason, 1)]


def _open_needs(store: GraphStore, at: int, ci_id: int, names: Mapping[int, str]) -> list[OpenNeedRow]:
    rows = store.load_columns(at, OPEN_NEED.name)
    mine = [row for row in range(len(rows["needs"])) if int(rows["dependent_id"][row]) == ci_id][:NEIGHBOURS_SHOWN]
    return [
        OpenNeedRow(names.get(int(rows["source_id"][row]), "?"), rows["text"][row], rows["reason"][row], int(rows["needs"][row]))
        for row in mine
    ]


def ci_values(estate: Estate, position: int) -> list[Value]:
    """Returns rate and restore time of an assessed CI with their origins."""
    row = int(estate.compiled.row[position])
    cis = estate.graph.cis
    years, incidents = float(cis.observed_years[row]), int(cis.observed_incidents[row])
    rate_origin = ORIGIN_NAMES[int(cis.failures_origin[row])]
    repair_origin = ORIGIN_NAMES[int(cis.repair_origin[row])]
    open_ones = 0 if cis.observed_doubtful is None else int(cis.observed_doubtful[row])
    unclosed = f"; doubtful: {count(open_ones, 'incident')} never closed" if open_ones else ""
    evidence = (
        f"{incidents} in {years:.1f} years{unclosed}"
        if rate_origin == "measured" and years > 0
        else _evidence(rate_origin, cis.ci_class[row])
    )
    repair_evidence = _evidence(repair_origin, cis.ci_class[row]) + (unclosed if repair_origin == "measured" else "")
    if position in estate.causes:
        evidence = repair_evidence = "of the members it takes at once (common cause)"
    rate_from, repair_from = (SPREADS[int(codes[0])] for codes in spread_sources(cis, [row]))
    values = [
        Value(
            "failures_per_year", _number(cis.failures_per_year[row]), "1/year of up time", rate_origin, evidence,
            _end(cis.failures_per_year_low, row), _end(cis.failures_per_year_high, row), rate_from,
        ),
        Value(
            "repair_hours", _number(cis.repair_hours[row]), "h, mean", repair_origin, repair_evidence,
            _end(cis.repair_hours_low, row), _end(cis.repair_hours_high, row), repair_from,
        ),
    ]  # fmt: skip
    if (direct := _number(cis.unavailability[row])) is not None:
        values.append(Value("unavailability", direct, "share of time", "declared"))
    return values


def _evidence(origin: str, ci_class: str | None) -> str:
    return {"assumed": f"prior of class {ci_class or 'other'}", "declared": "said by a source", "measured": "from incidents"}.get(
        origin, ""
    )


def _values(estate: Estate, ci_id: int, row: Mapping[str, Any]) -> tuple[bool, list[Value], bool]:
    try:
        position = estate.position(ci_id)
    except NotFound:
        columns = [("failures_per_year", "1/year of up time", "failures_origin"), ("repair_hours", "h, mean", "repair_origin")]
        return (
            False,
            [Value(name, row[name], unit, row[origin] or "unknown", "not assessed") for name, unit, origin in columns],
            False,
        )
    return True, ci_values(estate, position), position in estate.service_number


def _neighbours(store: GraphStore, at: int, ci_id: int, here: str, there: str, sources: Mapping[int, str]) -> list[Neighbour]:
    """Returns the other ends of a CI's dependencies, each once for each kind, with the sources that state it."""
    rows = store.rows(at, "dependency", here, [ci_id])
    claims: dict[tuple[int, str], tuple[float | None, list[str]]] = {}
    for i in range(len(rows[there])):
        name = (int(rows[there][i]), rows["kind"][i] or "hard")
        weight = plain(rows["weight"][i])
        _, said = claims.setdefault(name, (weight, []))
        said.append(sources.get(int(rows["source_id"][i]), "?"))
    states = state_rows(store, at, sorted({number for number, _ in claims}))
    found = [
        Neighbour(*states[number], kind, weight, sorted(said))
        for (number, kind), (weight, said) in claims.items()
        if number in states
    ]
    return sorted(found, key=lambda neighbour: (neighbour.kind, neighbour.key))


def state_rows(store: GraphStore, at: int, ci_ids: Sequence[int]) -> dict[int, tuple[str, str, str]]:
    """Returns key, name and class of CIs by id."""
    if not ci_ids:
        return {}
    states = store.states(at, ci_ids)
    return {
        int(states["ci_id"][i]): (states["key"][i], states["name"][i] or states["key"][i], states["ci_class"][i] or "other")
        for i in range(len(states["key"]))
    }


def group_rows(store: GraphStore, at: int, rows: Mapping[str, Any]) -> list[GroupRow]:
    members = [members_of(rows["members"][i]) for i in range(len(rows["key"]))]
    wanted = sorted({m for row in members for m in row} | {int(d) for d in rows["dependent_id"]})
    states = state_rows(store, at, wanted)
    keys = {number: state[0] for number, state in states.items()}
    return [
        GroupRow(
            rows["key"][i],
            keys.get(int(rows["dependent_id"][i]), "?"),
            int(rows["needed"][i]),
            [keys.get(m, "(retired)") for m in members[i]],
            rows["kind"][i] or "ordinary",
            shares_of(rows["shares"][i]),
            plain(rows["failover_minutes"][i]),
            plain(rows["failover_success"][i]),
            plain(rows["common_cause_share"][i]),
            plain(rows["common_cause_unavailability"][i]),
        )
        for i in range(len(rows["key"]))
    ]


def _end(column: Any, row: int) -> float | None:
    return None if column is None else _number(column[row])


def _number(value: Any) -> float | None:
    number = float(value)
    return None if number != number else number
