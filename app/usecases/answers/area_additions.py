"""What stands beside the loss of an area: who owns it, its range and redundancy part from a study, the worst recovery gap, and
what it was at an earlier revision. Each is looked up for the areas shown, or made as a column where a list is sorted by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.domain.areas import AREA_COLUMNS
from app.domain.errors import NotFound
from app.domain.results import AreaGap
from app.domain.study import StudyRow
from app.ports.documents import Documents
from app.risk.first_order.areas import Ranking
from app.risk.study.tables import AreaTable
from app.usecases.answers.areas import UNKNOWN_AREA, area_codes, ranking_of
from app.usecases.answers.paths import known
from app.usecases.answers.recovery_figures import Recovery, recovery_at
from app.usecases.assess import Assessed, assessed
from app.usecases.studies.read import page_studies, tables_of
from app.usecases.tools import Tools

STUDIES_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class Additions:
    """All that is known of the areas of one ranking beside their loss."""

    assessment: Assessed
    kind: str
    ranking: Ranking
    recovery: Recovery
    study: StudyRow | None
    table: AreaTable | None  # of the study
    earlier: Any  # float64 by area code, what it lost at the earlier revision; NaN not there or unknown; None: none was asked for
    columns: dict[str, Any] = field(default_factory=dict, repr=False)

    def owner(self, area: int) -> str:
        """Returns the team of a CI or service, of a team itself; "" where several or nobody own it."""
        estate = self.assessment.estate
        if self.kind == "team":
            values = estate.graph.cis.team.values
            return values[area] if area < len(values) else ""
        if self.kind in AREA_COLUMNS:
            return ""
        return estate.text("team", int(estate.compiled.service_position[area]) if self.kind == "service" else area)

    def owner_order(self, areas: Any) -> Any:
        """float64 by area: the place of its owner in order of name, NaN without one."""
        estate = self.assessment.estate
        values = estate.graph.cis.team.values
        place = np.full(len(values) + 1, np.nan)
        place[sorted(range(len(values)), key=lambda code: values[code].casefold())] = np.arange(len(values))
        if self.kind == "team":
            return place[np.minimum(areas, len(values))]
        if self.kind in AREA_COLUMNS:
            return np.full(len(areas), np.nan)
        positions = estate.compiled.service_position[areas] if self.kind == "service" else areas
        return place[np.asarray(estate.graph.cis.team.codes)[estate.compiled.row[positions]]]  # -1, none: the last, NaN

    def column(self, name: str, areas: Any) -> Any:
        """float64 of the areas: gap (hours), redundancy or trend."""
        if name not in self.columns:
            make: dict[str, Callable[[], Any]] = {"gap": self._gaps, "redundancy": self._redundancy, "trend": self._trend}
            self.columns[name] = make[name]()
        return self.columns[name][areas]

    def _gaps(self) -> Any:
        worst = worst_gaps(self.recovery, self.kind, self.ranking)
        hours = np.full(len(worst), np.nan)
        there = worst >= 0
        gaps = self.recovery.gaps
        hours[there] = (gaps.takes - gaps.wants)[worst[there]]
        return hours

    def _redundancy(self) -> Any:
        column = np.full(areas_counted(self.ranking), np.nan)
        if self.table is not None:
            column[self.table.area] = self.table.redundancy
        return column

    def _trend(self) -> Any:
        now = np.full(areas_counted(self.ranking), np.nan)
        now[self.ranking.area] = self.ranking.values[self.ranking.measure]
        return now - self.earlier if self.earlier is not None else np.full(len(now), np.nan)

    def gap(self, area: int) -> AreaGap | None:
        """Returns the worst gap of single outages of its CIs; None where none takes longer than an RTO allows."""
        row = int(worst_gaps(self.recovery, self.kind, self.ranking)[area])
        return gap_at(self.recovery, row) if row >= 0 else None

    def studied(self, area: int) -> tuple[float | None, float | None, float | None]:
        """Returns the ends of the range of an area's total loss and its redundancy part; None where no study knows them."""
        if self.table is None:
            return None, None, None
        at = int(self._places_studied()[area])
        if at < 0:
            return None, None, None
        return known(self.table.low[at]), known(self.table.high[at]), known(self.table.redundancy[at])

    def _places_studied(self) -> Any:
        """int64 by area code: its row in the table of the study, -1 where it has none; made once for a question."""
        if "studied" not in self.columns:
            places = np.full(areas_counted(self.ranking), -1, np.int64)
            if self.table is not None:
                inside = np.flatnonzero(self.table.area < len(places))[::-1]
                places[self.table.area[inside]] = inside
            self.columns["studied"] = places
        return self.columns["studied"]

    def before(self, area: int) -> float | None:
        return None if self.earlier is None else known(self.earlier[area])


def additions_of(tools: Tools, assessment: Assessed, kind: str, since: int | None, locations: bool | None) -> Additions:
    ranking = ranking_of(assessment, kind)
    revision = assessment.estate.revision.revision
    study = newest_study(tools, assessment)
    table = None
    if study is not None:
        try:
            arrays = tables_of(tools.cache, study)
            table = AreaTable.from_arrays(kind, arrays) if study.measure == ranking.measure else None
        except NotFound:  # its tables are no longer kept, or the study is of more than a scoped caller sees
            study = None
    earlier = None if since is None else _earlier(assessed(tools.estates, tools.cache, since, locations), assessment, kind)
    return Additions(assessment, kind, ranking, recovery_at(tools, revision, locations), study, table, earlier)


def newest_study(tools: Tools, assessment: Assessed) -> StudyRow | None:
    """Returns the newest study of just this estate under these settings, where one is kept."""
    estate = assessment.estate
    rows = page_studies(tools.documents, "", STUDIES_LOOKED_AT).items
    return next((r for r in rows if r.revision == estate.revision.revision and r.settings == estate.fingerprint), None)


def newest_study_at(documents: Documents, revision: int) -> str:
    """Returns the name of the newest study of a revision; "" where there is none."""
    rows = page_studies(documents, "", STUDIES_LOOKED_AT).items
    return next((row.study for row in rows if row.revision == revision), "")


def areas_counted(ranking: Ranking) -> int:
    """Returns how many codes of areas a ranking has."""
    return int(ranking.area.max()) + 1 if len(ranking.area) else 0


def gap_at(recovery: Recovery, row: int) -> AreaGap:
    """Returns a gap of the estate as it stands beside an area."""
    estate, gaps = recovery.estate, recovery.gaps
    service, ci = int(estate.compiled.service_position[int(gaps.service[row])]), int(gaps.ci[row])
    wants, takes = float(gaps.wants[row]), float(gaps.takes[row])
    return AreaGap(estate.key(service), estate.name(service), estate.key(ci), estate.name(ci), wants, takes, takes - wants)


def worst_gaps(recovery: Recovery, kind: str, ranking: Ranking) -> Any:
    """int64 by area code: the row of its worst gap of single outages, -1 where it has none; made once for an assessment."""
    found = recovery.assessment.found
    name = f"gaps {kind}"
    if name in found and found[name][0] is recovery:
        return found[name][1]
    gaps, worst = recovery.gaps, np.full(areas_counted(ranking), -1, np.int64)
    rows = np.flatnonzero(gaps.kind == 0)
    if kind == "service":
        codes = gaps.service[rows]
    elif kind == "ci":
        codes = gaps.ci[rows]
    else:
        codes = area_codes(recovery.assessment, kind)[0][gaps.ci[rows]]
    worst[codes[::-1]] = rows[::-1]  # they stand largest first: of several the first stays
    found[name] = recovery, worst
    return worst


def _earlier(then: Assessed, now: Assessed, kind: str) -> Any:
    """float64 by area code of now: what the same area lost then, in the measure of now; NaN where it was not there. The last
    comparison of a kind is kept."""
    name = f"earlier {kind}"
    if now.found.get(name, (None,))[0] is not then:
        now.found[name] = then, _matched(then, now, kind)
    return now.found[name][1]


def _matched(then: Assessed, now: Assessed, kind: str) -> Any:
    ranking, was = ranking_of(now, kind), ranking_of(then, kind)
    values = np.full(int(was.area.max()) + 1 if len(was.area) else 0, np.nan)
    values[was.area] = was.values[ranking.measure]
    count = areas_counted(ranking)
    column = np.full(count, np.nan)
    if kind in AREA_COLUMNS:
        name = AREA_COLUMNS[kind]
        codes = {value: code for code, value in enumerate((*getattr(then.estate.graph.cis, name).values, UNKNOWN_AREA))}
        for code, value in enumerate((*getattr(now.estate.graph.cis, name).values, UNKNOWN_AREA)):
            if code < count and (old := codes.get(value, len(values))) < len(values):
                column[code] = values[old]
        return column
    ids, old_ids = _ids(now, kind), _ids(then, kind)
    order = np.argsort(old_ids)
    place = np.minimum(np.searchsorted(old_ids[order], ids), max(len(order) - 1, 0))
    if not len(order):
        return column
    same = old_ids[order[place]] == ids
    column[np.flatnonzero(same)] = values[order[place[same]]]
    return column


def _ids(assessment: Assessed, kind: str) -> Any:
    compiled = assessment.estate.compiled
    return np.asarray(compiled.ci_id if kind == "ci" else compiled.ci_id[compiled.service_position])
