"""Every hidden common cause of an assessed estate, in columns: found once, and of a large estate kept for every process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

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
    kind_of_attribute,
    kind_of_class,
    spelling,
)
from app.domain.json_columns import attributes_of
from app.domain.nouns import CI as CI_NOUN
from app.ports.graph_store import Revision
from app.ports.records import RecordText
from app.risk.first_order.areas import measure_of
from app.risk.first_order.fallen_together import fallen_together, members_of, services_stopped
from app.risk.first_order.paper_redundancy import in_one_place
from app.risk.graph.ragged import ptr_of, spans
from app.usecases.answers.quality.found import AT_ONCE, found
from app.usecases.answers.quality.weighing import Scale, scale_of
from app.usecases.assess import Assessed, assessed, is_assessed
from app.usecases.tools import Tools

PURPOSE = "common-causes-1"  # the number is raised when something is found otherwise
BLOCK = 2_000
PRODUCTS = ("product", "software", "application", "os", "operating system", "model", "image name")  # what a version is of
NOTHING = -1
COLUMNS = ("kind", "shared", "value", "group", "services", "ptr", "members")

Said = dict[str, tuple[Any, list[str], list[str]]]  # kind -> codes int32[N], values as written, names of attributes


@dataclass(frozen=True, slots=True)
class Summary:
    """`groups`: redundant ones, `affected` of them in a row; `values` of attributes as written, `names` of their attributes."""

    groups: int
    affected: int
    by_kind: Mapping[str, int]
    unsaid: Mapping[str, int]
    values: Sequence[str]
    names: Sequence[str]


TEXT = RecordText(Summary)


@dataclass(frozen=True, slots=True)
class CausesFound:
    """R rows, by kind in the order of CAUSE_KINDS, then by how many services stop."""

    summary: Summary
    kind: Any  # int8[R] place in CAUSE_KINDS
    shared: Any  # int32[R] position of the CI that is shared, -1: what is said is shared
    value: Any  # int32[R] place in the summary's values, -1: a CI is shared
    group: Any  # int32[R] number in the compiled estate
    services: Any  # int32[R] that stop where the members fail together
    ptr: Any  # int64[R+1]
    members: Any  # int32 positions of those that share it


def causes_found(tools: Tools, assessment: Assessed) -> CausesFound | None:
    """Returns the common causes of an assessment, from memory or from disk; of a small estate looked for now. None: of a large
    one that was not looked through yet."""
    kept = assessment.found.get("common causes")
    if kept is None:
        entry = tools.cache.load(assessment.estate.revision.revision, _purpose(assessment.estate.fingerprint))
        if entry is not None:
            kept = CausesFound(TEXT.read(entry["summary"]), **{name: entry[name] for name in COLUMNS})
        elif len(assessment.estate.compiled) <= AT_ONCE:
            kept = _look(tools, scale_of(assessment, measure_of(assessment.totals.values())))
        else:
            return None
        assessment.found["common causes"] = kept
    return kept


def keep_causes(tools: Tools, revision: Revision) -> bool:
    """Looks a large estate that is assessed through for common causes, once, and keeps them; returns whether it did."""
    settings = tools.estates.settings_at(revision)
    if revision.counters.get(CI_NOUN.name, 0) <= AT_ONCE or revision.revision in tools.cache.revisions(_purpose(settings)):
        return False
    if not is_assessed(tools.documents, revision.revision, settings):
        return False
    assessment = assessed(tools.estates, tools.cache, revision.revision)
    kept = _look(tools, scale_of(assessment, measure_of(assessment.totals.values())))
    entry = {"summary": TEXT.text(kept.summary), **{name: getattr(kept, name) for name in COLUMNS}}
    tools.cache.save(revision.revision, _purpose(settings), entry)
    return True


def _purpose(settings: str) -> str:
    return f"{PURPOSE}-{settings}"


def _look(tools: Tools, scale: Scale) -> CausesFound:
    compiled = scale.assessment.estate.compiled
    redundant = np.flatnonzero(compiled.flat.group_left > 1)
    starts, inside = members_of(compiled, redundant)
    said = _said(tools, scale, np.unique(inside).tolist())
    every = [_by_dependency(tools, scale)]
    names: dict[tuple[int, int], list[int]] = {}  # kind and CI -> groups that hang by it
    for kind, shared, group in zip(every[0].kind.tolist(), every[0].shared.tolist(), every[0].group.tolist(), strict=True):
        names.setdefault((kind, shared), []).append(group)
    spelled: dict[tuple[int, str], list[int]] = {}
    for (kind, shared), groups in names.items():
        spelled.setdefault((kind, spelling(scale.assessment.estate.name(shared))), []).extend(groups)
    unsaid, values, attributes = dict[str, int](), list[str](), list[str]()
    for kind, (codes, texts, named) in said.items():
        every.append(_by_what_is_said(compiled, kind, codes, texts, len(values), spelled))
        values += texts
        attributes += named
        told = np.add.reduceat(codes[inside] >= 0, starts[:-1], dtype=np.int64) if len(redundant) else np.zeros(0)
        unsaid[kind] = int((told < 2).sum())
    kind, shared, value, group, sizes, members = (
        np.concatenate([getattr(part, name) for part in every]) for name in _Part._fields
    )
    ptr = ptr_of(sizes.astype(np.int64))
    services = services_stopped(compiled, ptr, members)
    order = _order(scale, (kind, shared, value, group, services), values)
    starts = ptr[:-1][order]
    by_kind = np.bincount(kind, minlength=len(CAUSE_KINDS)).tolist()
    summary = Summary(
        len(redundant), len(np.unique(group)),
        {name: number for name, number in zip(CAUSE_KINDS, by_kind, strict=True) if number}, unsaid, values, attributes,
    )  # fmt: skip
    return CausesFound(
        summary, kind[order], shared[order], value[order], group[order], services[order], ptr_of(sizes[order].astype(np.int64)),
        members[spans(starts, sizes[order].astype(np.int64))],
    )  # fmt: skip


def _order(scale: Scale, rows: tuple[Any, ...], values: Sequence[str]) -> Any:
    """By kind, then by services that stop, then by the key of the group and of what is shared."""
    kind, shared, value, group, services = rows
    estate = scale.assessment.estate
    groups, cis = np.unique(group), np.unique(shared[shared >= 0])
    keys = {int(one): estate.compiled.group_key(int(one)) for one in groups.tolist()}
    of_group = np.zeros(len(estate.compiled.flat.group_kind), np.int64)
    of_group[sorted(keys, key=keys.__getitem__)] = np.arange(len(keys))
    texts = sorted({*values, *(estate.key(one) for one in cis.tolist())})
    place = {text: number for number, text in enumerate(texts)}
    of_ci, of_value = np.zeros(len(estate.compiled), np.int64), np.asarray([place[text] for text in values], np.int64)
    of_ci[cis] = [place[estate.key(one)] for one in cis.tolist()]
    of_shared = of_ci[np.maximum(shared, 0)]
    said = shared < 0
    of_shared[said] = of_value[value[said]]
    return np.lexsort((of_shared, of_group[group], -services, kind))


class _Part(NamedTuple):
    """Rows before they are in order; `sizes`: of `members` in each."""

    kind: Any
    shared: Any
    value: Any
    group: Any
    sizes: Any
    members: Any


def _by_dependency(tools: Tools, scale: Scale) -> _Part:
    """Returns the CIs outside a group whose outage takes it: the nearest ones; what only takes these is left to their rows."""
    estate = scale.assessment.estate
    paper, compiled, classes = found(tools, scale)[1], estate.compiled, ci_classes()
    hidden = ~np.isin(paper.shared, sorted(estate.causes))  # the others are stated
    group, shared = np.asarray(paper.group)[hidden], np.asarray(paper.shared)[hidden]
    fallen, by_another = fallen_together(compiled, group, shared)
    distinct, which = np.unique(shared, return_inverse=True)
    kinds = {text: CAUSE_KINDS.index(kind_of_class(text, classes)) for text in {estate.text("ci_class", p) for p in distinct}}
    kind = np.asarray([kinds[estate.text("ci_class", p)] for p in distinct.tolist()], np.int8)[which]
    ptr, members = members_of(compiled, group)
    stays = ~((kind == CAUSE_KINDS.index(CI)) & by_another)  # the others take the group by another one that is named
    fallen &= np.repeat(stays, np.diff(ptr))
    sizes = np.bincount(np.repeat(np.arange(len(group)), np.diff(ptr))[fallen], minlength=len(group))[stays]
    return _Part(
        kind[stays], shared[stays], np.full(len(sizes), NOTHING, np.int32), group[stays], sizes.astype(np.int64),
        members[fallen],
    )  # fmt: skip


def _by_what_is_said(
    compiled: Any, kind: str, codes: Any, texts: Sequence[str], first: int, spelled: Mapping[tuple[int, str], Sequence[int]]
) -> _Part:
    """Returns the groups whose members say the same, but those that hang by a CI of that name, which has its row."""
    place = CAUSE_KINDS.index(kind)
    group, code = in_one_place(compiled, codes)
    named = [(number, spelled[place, spelling(text)]) for number, text in enumerate(texts) if (place, spelling(text)) in spelled]
    taken = np.asarray([g * len(texts) + number for number, groups in named for g in groups], np.int64)
    left = ~np.isin(group.astype(np.int64) * len(texts) + code, taken)
    group, code = group[left], code[left]
    ptr, members = members_of(compiled, group)
    alike = codes[members] == np.repeat(code, np.diff(ptr))
    sizes = np.bincount(np.repeat(np.arange(len(group)), np.diff(ptr))[alike], minlength=len(group))
    count = len(group)
    return _Part(
        np.full(count, place, np.int8), np.full(count, NOTHING, np.int32), (code + first).astype(np.int32), group,
        sizes.astype(np.int64), members[alike],
    )  # fmt: skip


def _said(tools: Tools, scale: Scale, members: Sequence[int]) -> Said:
    """Returns what is said of the members of redundant groups, by kind: a code for each CI, -1 where nothing is."""
    estate = scale.assessment.estate
    compiled = estate.compiled
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
