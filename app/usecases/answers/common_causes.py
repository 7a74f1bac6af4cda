"""Hidden common causes of redundant groups: by what members depend on (exact, any way round), and by what is said of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np

from app.domain.common_causes import CAUSE_KINDS, CommonCause, CommonCauses
from app.domain.errors import InvalidInput
from app.domain.sentences import count
from app.risk.first_order.areas import measure_of
from app.usecases import paging
from app.usecases.answers.causes_found import CausesFound, causes_found
from app.usecases.answers.quality.weighing import Scale, scale_of
from app.usecases.assess import assessed
from app.usecases.estate import resolve_revision
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

BEING_WORKED_OUT = (
    "The common causes of this estate are being worked out: the runner does that once a revision is assessed and nothing else "
    "waits. Ask again in some minutes."
)


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
    every, estate = causes_found(tools, assessment), assessment.estate
    if every is None:
        return CommonCauses(
            stamp_of(estate, tools.documents), BEING_WORKED_OUT, scale.measure, 0, 0, {}, {}, [], limit, False, None, False
        )
    shown = np.arange(len(every.kind)) if kind is None else np.flatnonzero(every.kind == CAUSE_KINDS.index(kind))
    first = int(parts["start"]) if parts else 0
    more, summary = first + limit < len(shown), every.summary
    return CommonCauses(
        stamp_of(estate, tools.documents), _sentence(summary.groups, summary.affected, summary.by_kind), scale.measure,
        summary.groups, summary.affected, summary.by_kind, summary.unsaid,
        [_row(scale, every, row) for row in shown[first : first + limit].tolist()], limit, more,
        paging.encode(revision=estate.revision.revision, start=first + limit) if more else None, True,
    )  # fmt: skip


def _row(scale: Scale, every: CausesFound, row: int) -> CommonCause:
    estate = scale.assessment.estate
    flat, group, shared, value = estate.compiled.flat, int(every.group[row]), int(every.shared[row]), int(every.value[row])
    dependent = int(flat.group_dependent[group])
    if shared >= 0:
        worth = float(scale.values[shared])
        key, name, attribute, impact = estate.key(shared), estate.name(shared), "", None if worth != worth else worth
    else:
        key = name = every.summary.values[value]
        attribute, impact = every.summary.names[value], None
    members = every.members[int(every.ptr[row]) : int(every.ptr[row + 1])].tolist()
    return CommonCause(
        CAUSE_KINDS[int(every.kind[row])], key, name, attribute, estate.compiled.group_key(group), estate.key(dependent),
        estate.name(dependent), [estate.key(m) for m in members], int(flat.member_ptr[group + 1] - flat.member_ptr[group]),
        int(flat.group_needed[group]), int(every.services[row]), impact,
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
