"""Conway: the share of loss that crosses borders between teams, teams and hand-overs on its paths, and how that went."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.domain.conway import Conway, ConwayPoint, LossShare, RecoveryPath, TeamBorder
from app.risk.first_order.areas import measure_of
from app.risk.first_order.borders import Borders, borders
from app.risk.study.tables import PAIRS
from app.usecases.answers.areas import area_codes, area_name
from app.usecases.assess import Assessed, assessed, page_assessments
from app.usecases.estate import resolve_revision
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

EXAMINED = 2_000  # CIs, those that lose most
POINTS = 5  # of the trend, this revision among them
LOOKED_THROUGH = 200  # assessments, the newest


def conway(tools: Tools, limit: int, trend: int = POINTS, revision: int | None = None, as_of: datetime | None = None) -> Conway:
    """Returns what crosses borders at a revision, and at up to `trend` - 1 earlier ones that were assessed under the same
    settings."""
    at = resolve_revision(tools.store, revision, as_of)
    assessment = assessed(tools.estates, tools.cache, at.revision)
    measure = measure_of(assessment.totals.values())
    measure = measure if measure in PAIRS else "service_hours_per_year"
    over = _over(assessment, measure)
    points = [_point(tools, earlier, measure) for earlier in _earlier(tools, assessment, trend - 1)]
    points.append(_of(assessment, over))
    examined = _examined(over)
    rows = [
        TeamBorder(_team(assessment, int(a)), _team(assessment, int(b)), float(loss), float(loss) / examined if examined else 0.0)
        for a, b, loss in zip(over.provider_team, over.dependent_team, over.loss, strict=True)
    ]
    paths = [_path(assessment, path) for path in over.paths]
    return Conway(
        stamp_of(assessment.estate, tools.documents), _sentence(points[-1]), measure, examined, over.left_out, over.interrupted,
        _shares(over.by_hand_overs), _shares(over.by_teams), rows[:limit], paths[:limit], points, limit,
        len(rows) > limit or len(paths) > limit,
    )  # fmt: skip


def _over(assessment: Assessed, measure: str) -> Borders:
    key = f"conway {measure}"
    if key not in assessment.found:
        estate, codes = assessment.estate, area_codes(assessment, "team")[0]
        losses = assessment.pair_losses(measure)
        assessment.found[key] = borders(estate.compiled, assessment.first, codes, losses, EXAMINED, estate.workspace())
    return assessment.found[key]  # type: ignore[no-any-return]


def _examined(over: Borders) -> float:
    return float(over.loss.sum()) + over.inside


def _point(tools: Tools, revision: int, measure: str) -> ConwayPoint:
    assessment = assessed(tools.estates, tools.cache, revision)
    return _of(assessment, _over(assessment, measure))


def _of(assessment: Assessed, over: Borders) -> ConwayPoint:
    examined, revision = _examined(over), assessment.estate.revision
    at = revision.published_at.isoformat() if revision.published_at else ""
    if not examined:
        return ConwayPoint(revision.revision, at, examined, None, None, None)
    hand_overs, teams = (
        sum(number * float(part) for number, part in enumerate(parts)) / examined for parts in (over.by_hand_overs, over.by_teams)
    )
    return ConwayPoint(revision.revision, at, examined, float(over.loss.sum()) / examined, hand_overs, teams)


def _earlier(tools: Tools, assessment: Assessed, number: int) -> list[int]:
    """Returns up to so many earlier revisions that were assessed, evenly spread, the oldest first."""
    this = assessment.estate.revision.revision
    known = sorted({row.revision for row in page_assessments(tools.documents, limit=LOOKED_THROUGH) if row.revision < this})
    if number <= 0 or not known:
        return []
    if len(known) <= number:
        return known
    return sorted({known[round(place * (len(known) - 1) / max(number - 1, 1))] for place in range(number)})


def _shares(parts: Any) -> list[LossShare]:
    total = float(parts.sum())
    return [LossShare(number, float(part) / total) for number, part in enumerate(parts) if part > 0] if total else []


def _team(assessment: Assessed, code: int) -> str:
    return area_name(assessment.estate, "team", code)[1]


def _path(assessment: Assessed, path: Any) -> RecoveryPath:
    estate = assessment.estate
    service = int(estate.compiled.service_position[path.service])
    return RecoveryPath(
        estate.key(path.ci), estate.name(path.ci), estate.key(service), estate.name(service), path.loss,
        [_team(assessment, code) for code in path.teams], len(path.teams) - 1,
    )  # fmt: skip


def _sentence(point: ConwayPoint) -> str:
    if point.crossing_share is None:
        return "Nothing is lost by single failures, so nothing crosses a border between teams."
    return (
        f"{point.crossing_share:.0%} of the loss by single failures crosses a border between teams; on its way to a service it "
        f"is handed over {point.mean_hand_overs:.2g} times, among {point.mean_teams:.2g} teams, in the mean."
    )
