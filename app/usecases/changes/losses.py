"""What is at stake where CIs would go: what depends on them and stays, and which business services they reach."""

from __future__ import annotations

from collections.abc import Sequence, Set

import numpy as np

from app.domain.errors import NotFound
from app.ports.graph_store import GraphStore
from app.risk.graph.dependents import dependent_services
from app.usecases.changes.kept import Loss, Losses
from app.usecases.estate import Estate, Estates

SHOWN, NAMED, BLOCK = 50, 5, 2_000


def losses_of(store: GraphStore, estates: Estates, revision: int, retired: Sequence[int]) -> Losses:
    """Returns the losses of the CIs (by id) that would go from the estate at a revision; the first 50 by key one by one."""
    if not retired:
        return Losses()
    gone = set(retired)
    keyed: list[tuple[str, str, int]] = []
    for start in range(0, len(retired), BLOCK):
        columns = store.states(revision, sorted(retired[start : start + BLOCK]))
        keyed += zip(columns["key"], columns["name"], map(int, columns["ci_id"]), strict=True)
    keyed.sort()
    estate = estates.at(revision, None)
    positions = [position for ci_id in sorted(gone) if (position := _position(estate, ci_id)) is not None]
    numbers, names = _services(estate, positions)
    items = [_loss(store, estate, revision, gone, row) for row in keyed[:SHOWN]]
    return Losses(len(gone), numbers if positions else None, names, items)


def _loss(store: GraphStore, estate: Estate, revision: int, gone: Set[int], row: tuple[str, str, int]) -> Loss:
    key, name, ci_id = row
    edges = store.rows(revision, "dependency", "provider_id", [ci_id])
    groups = store.groups_of_members(revision, [ci_id])
    leaning = sorted({int(other) for other in (*edges["dependent_id"], *groups["dependent_id"])} - gone)
    states = store.states(revision, leaning[:NAMED])
    position = _position(estate, ci_id)
    services, named = _services(estate, [] if position is None else [position])
    return Loss(key, name or key, len(leaning), list(states["key"]), None if position is None else services, named)


def _services(estate: Estate, positions: Sequence[int]) -> tuple[int, list[str]]:
    if not positions:
        return 0, []
    numbers = dependent_services(estate.compiled, np.array(positions, dtype=np.int32))
    return len(numbers), [estate.name(int(estate.compiled.service_position[number])) for number in numbers[:NAMED]]


def _position(estate: Estate, ci_id: int) -> int | None:
    try:
        return estate.position(ci_id)
    except NotFound:
        return None
