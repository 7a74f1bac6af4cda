"""The page of losses: how likely a year loses how much, how often by how much, who carries it, and over which borders it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.api.auth import caller, permission
from app.api.common import forestay, room_for_a_job
from app.api.heavy import heavy
from app.api.schemas.questions import StudyQuestion
from app.domain.errors import InvalidInput, NotFound
from app.domain.loss import Tile
from app.domain.study import BorderRow, StudyBorders, StudyExceedance
from app.reports.treemap import Rectangle, squarified
from app.usecases.answers.area_additions import newest_study
from app.usecases.answers.loss import loss_picture
from app.usecases.assess import assessed
from app.usecases.keep import runs
from app.usecases.studies.exceedance import study_exceedance
from app.usecases.studies.read import study_borders
from app.web.views import read, viewed_revision

blueprint = Blueprint("loss_web", __name__)
YEARS = 10_000  # that a study made from here simulates
WIDTH, HEIGHT = 640, 240
TEAMS = 12  # of the matrix of teams, those with the most loss


@blueprint.get("/loss")
@heavy
@permission("read")
def loss() -> str:
    """Exceedance curve, risk matrix, treemaps and the matrix of teams."""
    service, revision = forestay(), viewed_revision()
    picture = loss_picture(service, revision, _cell(request.args.get("cell", "")))
    study = newest_study(service, assessed(service.estates, service.cache, revision))
    read("loss")
    curve, borders, without = None, None, "no study of this revision was made"
    if study is not None:
        try:
            borders = study_borders(service, study.study)
            curve = study_exceedance(service, study.study)
        except NotFound as error:
            without = error.message
    return render_template(
        "loss.html",
        picture=picture,
        study=study,
        curve=curve,
        without=without,
        borders=_matrix(borders) if borders else None,
        making=[job for job in runs.open_jobs(service.documents) if job.verb == "study"],
        may_make=caller().may("assess"),
        cell=_cell(request.args.get("cell", "")),
    )


@blueprint.post("/loss/study")
@permission("assess")
def make() -> Response:
    """Asks for a study of the current revision with simulated years."""
    room_for_a_job()
    runs.enqueue(forestay().documents, "study", StudyQuestion().load({"years": YEARS}), caller().name)
    return redirect(url_for("loss_web.loss"), 303)


def _cell(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    often, _, much = text.partition("-")
    if not (often.isdigit() and much.isdigit() and len(text) == 3 and text.isascii()):
        raise InvalidInput("cell: two numbers of bands such as 0-1", field="cell")
    return int(often), int(much)


@dataclass(frozen=True, slots=True)
class TeamMatrix:
    """Loss by providing team (rows) and needing team (columns); None where none runs over that border."""

    teams: Sequence[str]
    teams_total: int
    rows: Sequence[Sequence[BorderRow | None]]
    whole: StudyBorders


def _matrix(borders: StudyBorders) -> TeamMatrix:
    weight: dict[str, float] = {}
    for row in borders.rows:
        for team in (row.provider_team, row.dependent_team):
            weight[team] = weight.get(team, 0.0) + row.loss
    teams = sorted(weight, key=lambda team: (-weight[team], team))
    shown = teams[:TEAMS]
    at = {(row.provider_team, row.dependent_team): row for row in borders.rows}
    return TeamMatrix(shown, len(teams), [[at.get((one, other)) for other in shown] for one in shown], borders)


@blueprint.app_template_filter("tiled")
def tiled(tiles: Sequence[Tile]) -> list[tuple[Tile, Rectangle]]:
    """Returns each tile of a treemap with its place."""
    return list(zip(tiles, squarified([tile.loss for tile in tiles], WIDTH, HEIGHT), strict=True))


@blueprint.app_template_filter("exceeding")
def exceeding(curve: StudyExceedance, column: str) -> list[tuple[float, float]]:
    """Returns the points of a curve: loss, and how many percent of the years lose more."""
    return [(row.loss, 100.0 * getattr(row, column)) for row in sorted(curve.curve, key=lambda row: row.loss)]


@blueprint.app_template_filter("clipped")
def clipped(text: str, room: int) -> str:
    """Returns a text cut to so many signs.

    >>> clipped("Fulfilment", 6), clipped("Care", 6)
    ('Fulfi…', 'Care')
    """
    return text if len(text) <= room else text[: max(room - 1, 0)] + "…"
