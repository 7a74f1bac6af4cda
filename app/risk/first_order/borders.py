"""Loss and the borders between teams (Conway): which share of it runs over a dependency whose two ends belong to different teams.

Each (initiating CI, service) pair is put to the last border its failure crosses on the way to the service: the dependency through
which it enters the team that the customers meet. So the table adds up to the loss of the pairs examined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from app.risk.first_order.pairs import FirstOrder
from app.risk.graph.compiled import CompiledGraph
from app.risk.graph.ragged import holds
from app.risk.jit import Array
from app.risk.outage.causes import causes
from app.risk.outage.propagation import Workspace, outage, workspace

EXAMINED = 20_000  # CIs, those that lose most
PATHS = 500  # that are shown


@dataclass(frozen=True, slots=True)
class TeamPath:
    """The way of a failure from the CI at `ci` to the service number `service`: its teams in order, each time it enters one."""

    ci: int
    service: int
    loss: float
    teams: Sequence[int]


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
    by_hand_overs: Array  # float64[H] loss by how often its path goes from one team to another
    by_teams: Array  # float64[T] loss by how many teams are on its path
    paths: Sequence[TeamPath]  # the costliest of more than one team


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
    by_hand_overs, by_teams = np.zeros(1), np.zeros(2)
    paths: list[TeamPath] = []
    for done, i in enumerate(np.sort(chosen).tolist()):
        tree = causes(compiled, outage(compiled, [i], space))
        for p in range(int(ptr[i]), int(ptr[i + 1])):
            position = int(compiled.service_position[int(first.pair_service[p])])
            if not holds(tree.node, position):
                interrupted += known[p]
                continue
            path = [int(tree.node[at]) for at in tree.places(position)]
            border, teams = _last_border(team, path), _teams_on(team, path)
            by_hand_overs = _added(by_hand_overs, len(teams) - 1, float(known[p]))
            by_teams = _added(by_teams, len(set(teams)), float(known[p]))
            if len(teams) > 1:
                paths.append(TeamPath(i, int(first.pair_service[p]), float(known[p]), teams))
            if border is None:
                inside += known[p]
            else:
                row = table.setdefault(border, [0.0, 0.0])
                row[0] += known[p]
                row[1] += 1
        if done % 256 == 0:
            listen(done / max(1, len(chosen)))
    paths = sorted(paths, key=lambda path: (-path.loss, path.ci, path.service))[:PATHS]
    rows = sorted(table.items(), key=lambda item: (-item[1][0], item[0]))
    return Borders(
        np.asarray([key[0] for key, _ in rows], np.int64), np.asarray([key[1] for key, _ in rows], np.int64),
        np.asarray([row[0] for _, row in rows]),
        np.asarray([int(row[1]) for _, row in rows], np.int64), inside, interrupted, float(by_ci.sum() - by_ci[chosen].sum()),
        by_hand_overs, by_teams, paths,
    )  # fmt: skip


def _teams_on(team: Array, path: list[int]) -> list[int]:
    """Returns the teams along a path, each time it enters one.

    >>> _teams_on(np.asarray([7, 7, 8, 7]), [0, 1, 2, 3])
    [7, 8, 7]
    """
    teams = [int(team[position]) for position in path]
    return [one for place, one in enumerate(teams) if place == 0 or one != teams[place - 1]]


def _added(sums: Array, place: int, value: float) -> Array:
    if place >= len(sums):
        sums = np.concatenate([sums, np.zeros(place + 1 - len(sums))])
    sums[place] += value
    return sums


def _last_border(team: Array, path: list[int]) -> tuple[int, int] | None:
    for provider, dependent in zip(reversed(path[:-1]), reversed(path[1:]), strict=True):
        if team[provider] != team[dependent]:
            return int(team[provider]), int(team[dependent])
    return None
