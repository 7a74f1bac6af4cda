"""Why the expected loss changed between two revisions: both estates, and those between them of which only one part is new, are
assessed; what each part makes of the difference is its mean over all orders (docs/model.md, "Why a number changed")."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from app.domain.areas import AREA_COLUMNS, AREA_KINDS
from app.domain.errors import InvalidInput
from app.domain.explained import (
    BY,
    DIFFERENCE,
    MODEL,
    ORDER,
    PARTS,
    AreaChange,
    ChangePart,
    ExplainedChange,
    change_sentence,
)
from app.domain.graph import DependencyGraph
from app.domain.sentences import loss_unit
from app.risk.first_order.areas import measure_of
from app.risk.graph.ragged import ascending
from app.risk.intake.mixed import same_structure, with_evidence, with_exposure
from app.risk.measures.attribution import Made, parts_of_difference
from app.usecases import paging
from app.usecases.answers.areas import UNKNOWN_AREA, ranking_of
from app.usecases.answers.changed_inputs import ChangedInputs
from app.usecases.answers.paths import known
from app.usecases.assess import ASSESSMENTS, Assessed, altered, assessed
from app.usecases.stamps import MODEL_VERSION, moment, stamp_of
from app.usecases.tools import Tools

NONE, ALL = frozenset[int](), frozenset(range(len(ORDER)))


@dataclass(frozen=True, slots=True)
class _Column:
    """What every area of a kind loses at both times: `ids` of areas (ascending), `values` float64 of that length, 0 where it is
    not there; `parts` of the difference, in the order of `ORDER`; `there`: bool, at the earlier and at the later time."""

    ids: Any
    values: Mapping[Made, Any]
    parts: list[Any]
    difference: Any
    there: tuple[Any, Any]

    def ends(self, row: int) -> tuple[float | None, float | None]:
        """Returns what an area lost and loses; None where that is unknown or it was not there."""
        before, after = (
            known(float(self.values[end][row])) if there[row] else None
            for end, there in zip((NONE, ALL), self.there, strict=True)
        )
        return before, after


@dataclass(slots=True)
class _Between:
    """Two assessed revisions and what lies between them; each mix is assessed once, and only the losses of it are kept."""

    tools: Tools
    then: Assessed
    now: Assessed
    measure: str
    same_structure: bool
    assessed: int = 2
    losses: dict[tuple[str, Made], tuple[Any, Any]] = field(default_factory=dict)
    columns: dict[str, _Column] = field(default_factory=dict)
    graphs: dict[tuple[bool, bool, bool], DependencyGraph] = field(default_factory=dict)

    def column(self, kind: str) -> _Column:
        if kind not in self.columns:
            self.columns[kind] = self._column(kind)
        return self.columns[kind]

    def _column(self, kind: str) -> _Column:
        sets = [frozenset(n for n in range(len(ORDER)) if bits >> n & 1) for bits in range(1 << len(ORDER))]
        if any((kind, made) not in self.losses for made in sets):
            for made in sets:
                self._keep(kind, made)
            self.graphs.clear()  # only what they lose is asked from here on
        ids = _union([self.losses[kind, made][0] for made in sets])
        values = {}
        for made in sets:
            mine, losses = self.losses[kind, made]
            row = np.zeros(len(ids))
            row[np.searchsorted(ids, mine)] = losses
            values[made] = row
        parts = parts_of_difference(lambda made: np.nan_to_num(values[made]), len(ORDER))
        was, is_now = (np.isin(ids, self.losses[kind, end][0]) for end in (NONE, ALL))
        difference = np.nan_to_num(values[ALL]) - np.nan_to_num(values[NONE])
        return _Column(ids, {end: values[end] for end in (NONE, ALL)}, parts, difference, (was, is_now))

    def _keep(self, kind: str, made: Made) -> None:
        same = self._as(made)
        if (kind, same) not in self.losses:
            mix = self._mix(same)
            for each in AREA_KINDS:
                self.losses[each, same] = _losses(mix, each, self.measure)
        self.losses[kind, made] = self.losses[kind, same]

    def _as(self, made: Made) -> Made:
        """Returns the simplest set of changes that makes the same estate: a part that is equal at both times is taken from where
        the structure is, and this where the evidence is."""
        if self.same_structure and (0 in made) != (1 in made):
            made = made ^ {0}
        same = set(made)
        for part in (1, 2):
            if (part in made) != (0 in made) and self._graph(made, part) is self._graph(made, 0):
                same ^= {part}
        return frozenset(same)

    def _graph(self, made: Made, *parts: int) -> DependencyGraph:
        """Returns the estate of where the structure is, with these parts of the other time: 1 its evidence, 2 its exposure."""
        name = 0 in made, 1 in parts, 2 in parts
        if name not in self.graphs:
            base, other = (self.now, self.then) if 0 in made else (self.then, self.now)
            graph = base.estate.plain
            if 1 in parts:
                graph = with_evidence(graph, other.estate.plain)
            if 2 in parts:
                graph = with_exposure(graph, other.estate.plain)
            self.graphs[name] = graph
        return self.graphs[name]

    def _mix(self, made: Made) -> Assessed:
        base = self.now if 0 in made else self.then
        graph = self._graph(made, *(part for part in (1, 2) if (part in made) != (0 in made)))
        if graph is base.estate.plain:
            return base
        self.assessed += 1
        return altered(base, self.tools.estates.mixed(base.estate, graph))


def explain_change(
    tools: Tools,
    earlier: int,
    later: int | None,
    kind: str = "ci",
    by: str = DIFFERENCE,
    limit: int = paging.DEFAULT_LIMIT,
    after: str | None = None,
) -> ExplainedChange:
    """Returns the parts of the difference between two revisions (`later`: None the current one), and the areas of a kind, those
    with the largest difference (or part, `by`) first. InvalidInput where the first is not the earlier one."""
    if kind not in AREA_KINDS:
        raise InvalidInput(f"kind: one of {', '.join(AREA_KINDS)}", field="kind")
    if by not in BY:
        raise InvalidInput(f"by: one of {', '.join(BY)}", field="by")
    offset = 0
    if after is not None:
        cursor = paging.decode(after, "earlier", "revision", "kind", "asked", "offset")
        if (cursor["earlier"], cursor["kind"], cursor["asked"]) != (earlier, kind, by):
            raise InvalidInput("after: a cursor of another list")
        later, offset = cursor["revision"], cursor["offset"]
    now = assessed(tools.estates, tools.cache, later)
    at = now.estate.revision
    if earlier >= at.revision:
        raise InvalidInput("the first revision is the earlier one", field="since")
    then = assessed(tools.estates, tools.cache, earlier)
    between = _between(tools, then, now)
    total, column = between.column("ci"), between.column(kind)
    worth = column.difference if by == DIFFERENCE else column.parts[ORDER.index(by)]
    moved = np.flatnonzero(np.any([column.difference != 0.0, *(part != 0.0 for part in column.parts)], axis=0))
    order = moved[np.lexsort((moved, -np.abs(worth[moved])))]
    rows = order[offset : offset + limit]
    following = offset + limit
    told = ChangedInputs(then, now)
    earlier_now, after_total = (float(np.nansum(total.values[end])) for end in (NONE, ALL))
    said, note = _said_then(tools, earlier, between.measure, earlier_now)
    parts = [ChangePart(name, float(total.parts[n].sum()), PARTS[name]) for n, name in enumerate(ORDER)]
    if said != earlier_now:
        parts.append(ChangePart(MODEL, earlier_now - said, PARTS[MODEL]))
    return ExplainedChange(
        stamp=stamp_of(now.estate, tools.documents),
        earlier=earlier,
        earlier_at=moment(then.estate.revision),
        later=at.revision,
        later_at=moment(at),
        measure=between.measure,
        before=said,
        earlier_now=earlier_now,
        after=after_total,
        difference=after_total - said,
        parts=parts,
        sentence=change_sentence(said, after_total, loss_unit(between.measure, now.estate.options.currency), parts),
        model_note=note,
        unknown_before=int(np.isnan(total.values[NONE]).sum()),
        unknown_after=int(np.isnan(total.values[ALL]).sum()),
        assessments=between.assessed,
        kind=kind,
        by=by,
        items=[_row(kind, column, int(row), told) for row in rows.tolist()],
        total_rows=len(order),
        limit=limit,
        truncated=following < len(order),
        next=paging.encode(earlier=earlier, revision=at.revision, kind=kind, asked=by, offset=following)
        if following < len(order)
        else None,
    )


def _between(tools: Tools, then: Assessed, now: Assessed) -> _Between:
    """Returns what lies between two assessments; that of the last question stays with the later one."""
    kept: _Between | None = now.found.get("between")
    if kept is None or kept.then.name != then.name:
        alike = same_structure(then.estate.plain, now.estate.plain)
        kept = _Between(tools, then, now, measure_of(now.totals.values()), alike)
        now.found["between"] = kept
    return kept


def _union(arrays: Sequence[Any]) -> Any:
    """Returns all values of ascending arrays, most of which are equal, once each and ascending."""
    found = arrays[0]
    for array in arrays[1:]:
        if not np.array_equal(array, found):
            found = ascending(np.concatenate([found, array]))
    return found


def _losses(assessment: Assessed, kind: str, measure: str) -> tuple[Any, Any]:
    """Returns what names the areas of a kind at any time (numbers of CIs, or texts) and what each loses, in order of name."""
    ranking = ranking_of(assessment, kind)
    compiled, area = assessment.estate.compiled, ranking.area
    if kind == "ci":
        names: Any = compiled.ci_id[area]
    elif kind == "service":
        names = compiled.ci_id[compiled.service_position[area]]
    else:
        values = (*getattr(assessment.estate.graph.cis, AREA_COLUMNS[kind]).values, UNKNOWN_AREA)
        names = np.asarray([values[code] for code in area.tolist()], object)
    order = np.argsort(names, kind="stable")
    return names[order], ranking.values[measure][order]


def _row(kind: str, column: _Column, row: int, told: ChangedInputs) -> AreaChange:
    estate, evidence, exposure = (float(part[row]) for part in column.parts)
    name = column.ids[row]
    describe: Callable[[], tuple[str, str, list[str]]] = {
        "ci": partial(told.of_ci, int(name) if kind in ("ci", "service") else 0, estate, exposure),
        "service": partial(told.of_service, int(name) if kind in ("ci", "service") else 0),
    }.get(kind, partial(told.of_area, kind, str(name)))
    key, label, what = describe()
    before, after = column.ends(row)
    was_there, is_there = (bool(there[row]) for there in column.there)
    return AreaChange(
        kind, key, label, before, after, float(column.difference[row]), estate, evidence, exposure, was_there, is_there, what
    )


def _said_then(tools: Tools, revision: int, measure: str, now: float) -> tuple[float, str]:
    """Returns the total that was first said of a revision, where another model or other settings said it, and a note on it."""
    rows = ASSESSMENTS.page(tools.documents, f"{revision:012d}", 20)
    mine = sorted((kept.value for kept in rows if kept.value.revision == revision), key=lambda row: row.made_at)
    if not mine:
        return now, "what was said of the earlier revision at the time is not kept: both are told by the present model"
    first = mine[0]
    said = first.totals.get(measure)
    if (first.model_version, first.settings) == (MODEL_VERSION, tools.estates.settings_at(tools.store.revision(revision))):
        return now, ""
    if said is None:
        return now, f"model {first.model_version} knew no loss in this measure: both are told by the present model"
    return said, f"the earlier figure was said by model {first.model_version} with settings {first.settings}"
