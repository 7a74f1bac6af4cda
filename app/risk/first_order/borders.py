"""Loss and the borders between teams (Conway): which share of it runs over a dependency whose two ends belong to different teams.

Each (initiating CI, service) pair is put to the last border its failure crosses on the way to the service: the dependency through
which it enters the team that the customers meet. So the table adds up to the loss of the pairs examined.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from app.risk.first_order.pairs import FirstOrder
from app.risk.graph.compiled import CompiledGraph
from app.risk.graph.ragged import holds
from app.risk.jit import Array
from app.risk.outage.causes import causes
from app.risk.outage.propagation import Workspace, outage, workspace

EXAMINED = 20_000  # CIs, those that lose most


@dataclass(frozen=True, slots=True)
class Borders:
    """B borders, the costliest first: codes of the teams at both ends, loss a year. `inside`: of failures that cross none.
    `left_out`: loss of CIs beyond those examined. `interrupted`: of failovers, whose interruptions have no path."""

    provider_team: Array  # int64[B]
    dependent_team: Array  # int64[B]
    loss: Array  # float64[B]
    pairs: Array  # int64[B]
    inside: float
    interrupted: float
    left_out: float


def borders(
    compiled: CompiledGraph, first: FirstOrder, team: Array, losses: Array, most: int = EXAMINED, space: Workspace | None = None,
    listen: Callable[[float], None] = lambda share: None,
) -> Borders:  # fmt: skip
    """`team` int[N]: the team of each CI by position (one code for those without); `losses` float64[P]: loss of each pair of
    `first`.

    Example by hand: shop (team A) hard on app (A), app hard on db (team B): what db costs crosses the border B -> A, what app
    costs crosses none.
    """
    space = space or workspace(compiled)
    ptr, known = first.pair_ptr, np.nan_to_num(losses)
    by_ci = np.add.reduceat(np.append(known, 0.0), np.minimum(ptr[:-1], len(known))) * (np.diff(ptr) > 0)
    order = np.lexsort((np.arange(len(by_ci)), -by_ci))
    chosen = order[: min(most, int((by_ci > 0).sum()))]
    table: dict[tuple[int, int], list[float]] = {}
    inside = interrupted = 0.0
    for done, i in enumerate(np.sort(chosen).tolist()):
        tree = causes(compiled, outage(compiled, [i], space))
        for p in range(int(ptr[i]), int(ptr[i + 1])):
            position = int(compiled.service_position[int(first.pair_service[p])])
            if not holds(tree.node, position):
                interrupted += known[p]
                continue
            border = _last_border(team, [int(tree.node[at]) for at in tree.places(position)])
            if border is None:
                inside += known[p]
            else:
                row = table.setdefault(border, [0.0, 0.0])
                row[0] += known[p]
                row[1] += 1
        if done % 256 == 0:
            listen(done / max(1, len(chosen)))
    rows = sorted(table.items(), key=lambda item: (-item[1][0], item[0]))
    return Borders(
        np.asarray([key[0] for key, _ in rows], np.int64), np.asarray([key[1] for key, _ in rows], np.int64),
        np.asarray([row[0] for _, row in rows]),
        np.asarray([int(row[1]) for _, row in rows], np.int64), inside, interrupted, float(by_ci.sum() - by_ci[chosen].sum()),
    )  # fmt: skip


def _last_border(team: Array, path: list[int]) -> tuple[int, int] | None:
    for provider, dependent in zip(reversed(path[:-1]), reversed(path[1:]), strict=True):
        if team[provider] != team[dependent]:
            return int(team[provider]), int(team[dependent])
    return None
