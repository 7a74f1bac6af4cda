"""Hidden common causes of redundant groups: by what members depend on (exact, any way round), and by what is said of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np

from app.domain.ci_classes import ci_classes
from app.domain.common_causes import (
    CAUSE_KINDS,
    CI,
    OF_A_PLACE,
    ON_CALL,
    SILENT,
    SITE,
    SUPPLIER,
    VERSION,
    CommonCause,
    CommonCauses,
    kind_of_attribute,
    kind_of_class,
    spelling,
)
from app.domain.errors import InvalidInput
from app.domain.json_columns import attributes_of
from app.domain.sentences import count
from app.risk.first_order.areas import measure_of
from app.risk.first_order.paper_redundancy import in_one_place
from app.risk.outage.propagation import outage
from app.usecases import paging
from app.usecases.answers.quality.found import found
from app.usecases.answers.quality.weighing import Scale, scale_of
from app.usecases.assess import assessed
from app.usecases.estate import resolve_revision
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

BLOCK = 2_000
PRODUCTS = ("product", "software", "application", "os", "operating system", "model", "image name")  # what a version is of
NOTHING = -1

Said = dict[str, tuple[Any, list[str], list[str]]]  # kind -> codes int32[N], values as written, names of attributes


def common_causes(
    tools: Tools,
    limit: int,
    after: str | None = None,
    kind: str | None = None,
    revision: int | None = None,
    as_of: datetime | None = None,
) -> CommonCauses:
    """Returns a page of what single thing takes a redundant group: by kind in the order of CAUSE_KINDS, then by how many services
    stop. `kind`: of this kind alone."""
    if kind is not None and kind not in CAUSE_KINDS:
        raise InvalidInput(f"kind: one of {', '.join(CAUSE_KINDS)}", field="kind")
    parts = paging.decode(after, "revision", "start") if after else None
    wanted = resolve_revision(tools.store, parts["revision"] if parts else revision, None if parts else as_of)
    assessment = assessed(tools.estates, tools.cache, wanted.revision)
    scale = scale_of(assessment, measure_of(assessment.totals.values()))
    rows = assessment.found.get("common causes")
    if rows is None:
        rows = assessment.found["common causes"] = _every(tools, scale)
    every, unsaid, groups = rows
    shown = [row for row in every if kind is None or row.kind == kind]
    first = int(parts["start"]) if parts else 0
    more = first + limit < len(shown)
    by_kind = {name: number for name in CAUSE_KINDS if (number := sum(row.kind == name for row in every))}
    affected = len({row.group for row in every})
    at = assessment.estate.revision.revision
    sentence = _sentence(groups, affected, by_kind)
    return CommonCauses(
        stamp_of(assessment.estate, tools.documents), sentence, scale.measure, groups, affected,
        by_kind, unsaid, shown[first : first + limit], limit, more,
        paging.encode(revision=at, start=first + limit) if more else None,
    )  # fmt: skip


def _sentence(groups: int, affected: int, by_kind: Mapping[str, int]) -> str:
    if not groups:
        return "No redundant group is known, so none can have a common cause."
    if not affected:
        return (
            f"Of {count(groups, 'redundant group')}, none hangs by a single thing, as far as anything is said of their members."
        )
    told = ", ".join(f"{kind} {number}" for kind, number in by_kind.items())
    hang = "hangs" if affected == 1 else "hang"
    return f"Of {count(groups, 'redundant group')}, {affected} {hang} by a single thing: {told}."


def _every(tools: Tools, scale: Scale) -> tuple[list[CommonCause], dict[str, int], int]:
    compiled = scale.assessment.estate.compiled
    redundant = np.flatnonzero(compiled.flat.group_left > 1)
    said = _said(tools, scale, redundant)
    rows = _by_dependency(tools, scale)
    taken = {(row.group, row.kind, spelling(row.name)) for row in rows}
    unsaid: dict[str, int] = {}
    for kind, (codes, values, names) in said.items():
        for group, code in zip(*(one.tolist() for one in in_one_place(compiled, codes)), strict=True):
            members = [m for m in _members(compiled, group) if codes[m] == code]
            row = _row(scale, kind, values[code], values[code], names[code], group, members, None)
            if (row.group, kind, spelling(values[code])) not in taken:
                rows.append(row)
        silent = [group for group in redundant.tolist() if sum(codes[m] >= 0 for m in _members(compiled, group)) < 2]
        unsaid[kind] = len(silent)
    order = {kind: place for place, kind in enumerate(CAUSE_KINDS)}
    rows.sort(key=lambda row: (order[row.kind], -row.services, row.group, row.shared))
    return rows, unsaid, len(redundant)


def _members(compiled: Any, group: int) -> list[int]:
    flat = compiled.flat
    return flat.member[int(flat.member_ptr[group]) : int(flat.member_ptr[group + 1])].tolist()  # type: ignore[no-any-return]


def _by_dependency(tools: Tools, scale: Scale) -> list[CommonCause]:
    """Returns the CIs outside a group whose outage takes it: the nearest ones; what only takes these is left to their rows."""
    estate = scale.assessment.estate
    paper, compiled, classes = found(tools, scale)[1], estate.compiled, ci_classes()
    by_group: dict[int, list[int]] = {}
    for group, shared in zip(paper.group.tolist(), paper.shared.tolist(), strict=True):
        if shared not in estate.causes:  # stated, not hidden
            by_group.setdefault(group, []).append(shared)
    rows = []
    for group, those in sorted(by_group.items()):
        every = _members(compiled, group)
        for shared in those:
            fallen = set(outage(compiled, [shared], estate.workspace()).failed.tolist())
            kind, worth = kind_of_class(estate.text("ci_class", shared), classes), float(scale.values[shared])
            if kind == CI and any(other in fallen for other in those if other != shared):
                continue  # it takes the group by another one that is named
            members = [m for m in every if m in fallen]
            impact = None if worth != worth else worth
            rows.append(_row(scale, kind, estate.key(shared), estate.name(shared), "", group, members, impact))
    return rows


def _row(
    scale: Scale, kind: str, shared: str, name: str, attribute: str, group: int, members: list[int], impact: float | None
) -> CommonCause:
    estate = scale.assessment.estate
    compiled = estate.compiled
    dependent = int(compiled.flat.group_dependent[group])
    stops = len(outage(compiled, members, estate.workspace()).services_down)
    return CommonCause(
        kind, shared, name, attribute, compiled.group_key(group), estate.key(dependent), estate.name(dependent),
        [estate.key(m) for m in members], len(_members(compiled, group)), int(compiled.flat.group_needed[group]), stops, impact,
    )  # fmt: skip


def _said(tools: Tools, scale: Scale, redundant: Any) -> Said:
    """Returns what is said of the members of redundant groups, by kind: a code for each CI, -1 where nothing is."""
    estate = scale.assessment.estate
    compiled = estate.compiled
    members = sorted({m for group in redundant.tolist() for m in _members(compiled, group)})
    told: dict[str, dict[int, tuple[str, str, str]]] = {SITE: {}, SUPPLIER: {}, ON_CALL: {}}
    for m in members:
        for kind, column in ((SITE, "site"), (SUPPLIER, "supplier"), (ON_CALL, "team")):
            _tell(told, kind, m, estate.text(column, m), column, "")
    at = {estate.ci_id(m): m for m in members}
    ids = sorted(at)
    for start in range(0, len(ids), BLOCK):
        states = tools.store.states(estate.revision.revision, ids[start : start + BLOCK])
        for ci_id, text in zip(map(int, states["ci_id"]), states["attributes"], strict=True):
            m = at[ci_id]
            values = {spelling(name): (name, str(value)) for name, value in attributes_of(text).items()}
            product = next((values[word][1] for word in PRODUCTS if word in values), estate.text("ci_class", m))
            for name, value in values.values():
                if kind := kind_of_attribute(name):
                    about = estate.text("site", m) if kind in OF_A_PLACE else product if kind == VERSION else ""
                    _tell(told, kind, m, value, name, about)
    return {kind: _coded(len(compiled), those) for kind, those in told.items()}


def _tell(told: dict[str, dict[int, tuple[str, str, str]]], kind: str, m: int, value: str, attribute: str, about: str) -> None:
    one = spelling(value)
    if one and one not in SILENT:
        told.setdefault(kind, {})[m] = (f"{one}\x00{spelling(about)}", value, attribute)


def _coded(size: int, those: Mapping[int, tuple[str, str, str]]) -> tuple[Any, list[str], list[str]]:
    codes, known = np.full(size, NOTHING, np.int32), dict[str, int]()
    values: list[str] = []
    names: list[str] = []
    for m, (one, value, attribute) in sorted(those.items()):
        if one not in known:
            known[one] = len(known)
            values.append(value)
            names.append(attribute)
        codes[m] = known[one]
    return codes, values, names
