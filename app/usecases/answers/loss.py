"""The loss by single failures as a picture: a matrix of how often by how much, and who carries it."""

from __future__ import annotations

import math

import numpy as np

from app.domain.errors import InvalidInput
from app.domain.loss import CARRIERS, OFTEN, LossPicture, MatrixCell, MatrixCi, Tile, Tiles
from app.risk.outage.rates_and_exposures import rates_and_exposures_of
from app.usecases.answers.areas import area_name, ranking_of
from app.usecases.assess import Assessed, assessed
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

DECADES = 4  # that part the rows of the matrix
TILES, CIS_SHOWN = 24, 50


def loss_picture(tools: Tools, revision: int | None = None, cell: tuple[int, int] | None = None) -> LossPicture:
    """Returns the picture of a revision; of a cell (how often, how much, 0 the worst band) with its CIs, the worst first."""
    if cell is not None and not (0 <= cell[0] <= len(OFTEN) and 0 <= cell[1] <= DECADES):
        raise InvalidInput(f"cell: two numbers, up to {len(OFTEN)} and {DECADES}", field="cell")
    assessment = assessed(tools.estates, tools.cache, revision)
    estate, ranking = assessment.estate, ranking_of(assessment, "ci")
    loss = np.empty(len(estate.compiled))
    loss[ranking.area] = ranking.values[ranking.measure]
    rate = rates_and_exposures_of(estate.compiled).rate
    starts = np.nan_to_num(loss) > 0
    placed = starts & (np.nan_to_num(rate) > 0)
    at = np.flatnonzero(placed)
    each = loss[at] / rate[at]
    most = 10.0 ** math.floor(math.log10(float(each.max()))) if len(at) else 1.0
    much_ends = np.asarray([most / 10.0**step for step in range(DECADES)])
    often = np.searchsorted(-np.asarray(OFTEN), -rate[at], side="left")
    much = np.searchsorted(-much_ends, -each, side="left")
    cells = []
    for row in range(DECADES + 1):
        for column in range(len(OFTEN) + 1):
            inside = (often == column) & (much == row)
            cells.append(MatrixCell(column, row, int(inside.sum()), float(loss[at[inside]].sum())))
    chosen = at[(often == cell[0]) & (much == cell[1])] if cell is not None else at[:0]
    chosen = chosen[np.argsort(-loss[chosen], kind="stable")][:CIS_SHOWN]
    return LossPicture(
        stamp=stamp_of(estate, tools.documents),
        measure=ranking.measure,
        total=ranking.total,
        often=OFTEN,
        much=much_ends.tolist(),
        cells=cells,
        not_placed=int((starts & ~placed).sum()),
        without_loss=int((~starts).sum()),
        cis=[
            MatrixCi(estate.key(p), estate.name(p), float(rate[p]), float(loss[p] / rate[p]), float(loss[p]))
            for p in chosen.tolist()
        ],
        carriers=[_tiles(assessment, kind) for kind in CARRIERS],
    )


def _tiles(assessment: Assessed, kind: str) -> Tiles:
    """Returns who carries the loss, the largest first; what is behind the first of them is one tile."""
    ranking = ranking_of(assessment, kind)
    values = np.nan_to_num(ranking.values[ranking.measure])
    carrying = np.flatnonzero(values > 0)
    shown, rest = carrying[:TILES], carrying[TILES:]
    tiles = [
        Tile(*area_name(assessment.estate, kind, int(ranking.area[place])), float(values[place]), float(ranking.share[place]), 1)
        for place in shown.tolist()
    ]
    if len(rest):
        label = f"{len(rest)} more"
        tiles.append(Tile("", label, float(values[rest].sum()), float(ranking.share[rest].sum()), len(rest)))
    return Tiles(kind, tiles, len(values) - len(carrying))
