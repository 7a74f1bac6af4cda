"""The state of one service's cone at a moment: what is down by itself, what its failovers hold down, what the service has
lost."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.risk.graph.compiled import SERVES, CompiledGraph, Flat
from app.risk.graph.needs import needed_by
from app.risk.jit import Array, Bools, Floats, Int32s, Int64s, inner
from app.risk.outage.capability import degrade
from app.risk.outage.failing import Marks, fail, marks
from app.risk.outage.failover import Failovers
from app.risk.outage.increments import lost_share

FALLEN, STUCK, HELD, TAIL, LOW, FRESH, FORCED, SWITCHES = range(8)  # places in `sizes`
NOTHING_LOST = 1e-15


class Scene(NamedTuple):
    """Workspace of one thread for one cut-out; `sizes` holds the sizes of the lists and whether `work` shows the present
    state."""

    work: Marks
    fallen: Int32s  # int32[n] CIs down by themselves
    place: Int32s  # int32[n] where in `fallen`, -1 up
    stuck: Int32s  # int32[G] groups whose switch failed
    held: Int32s  # int32[G] groups whose dependent is interrupted
    until: Floats  # float64[G] end of the interruption, by group
    missed: Bools  # bool[M] members of stuck groups that were down when last looked at, in the order of flat.member
    roots: Int32s  # int32[n + 2 G]
    alone: Floats  # float64[n] share the service loses with that CI out alone, -1 unknown
    stops: Bools  # bool[n] it stops the service alone
    quiet: Bools  # bool[n] its failure can trigger no switch: no active member of a group with failover needs it
    asked: Bools  # bool[G]
    found: Int32s  # int32[G]
    forced: Int32s  # int32[G] dependents that the last failure's switches took down
    sizes: Int64s  # int64[8]


def scene_of(compiled: CompiledGraph, failovers: Failovers) -> Scene:
    """A workspace with everything up."""
    flat = compiled.flat
    n, g = len(flat.flags), len(flat.group_kind)
    active = np.flatnonzero(failovers.active)
    near = needed_by(flat, active, False)
    sizes = np.zeros(8, np.int64)
    sizes[SWITCHES] = len(active) > 0
    return Scene(
        marks(flat), np.zeros(n, np.int32), np.full(n, -1, np.int32), np.zeros(g, np.int32), np.zeros(g, np.int32), np.zeros(g),
        np.zeros(len(flat.member), np.bool_), np.zeros(n + 2 * g, np.int32), np.full(n, -1.0), np.zeros(n, np.bool_), ~near,
        np.zeros(g, np.bool_), np.zeros(g, np.int32), np.zeros(g, np.int32), sizes,
    )  # fmt: skip


@inner
def all_up(scene: Scene) -> None:
    """Forget what is down; what is known of single CIs stays."""
    for k in range(scene.sizes[FALLEN]):
        scene.place[scene.fallen[k]] = -1
    scene.sizes[:SWITCHES] = 0


@inner
def roots_of(flat: Flat, scene: Scene, interrupted: bool, without: int) -> Array:
    """What is down for its own reasons: CIs, dependents of failed switches (but of group `without`) and, if asked, interrupted
    ones."""
    size = scene.sizes[FALLEN]
    scene.roots[:size] = scene.fallen[:size]
    for k in range(scene.sizes[STUCK]):
        if scene.stuck[k] != without:
            scene.roots[size] = flat.group_dependent[scene.stuck[k]]
            size += 1
    if interrupted:
        for k in range(scene.sizes[HELD]):
            scene.roots[size] = flat.group_dependent[scene.held[k]]
            size += 1
    return scene.roots[:size]


@inner
def seen(flat: Flat, scene: Scene, target: int) -> tuple[float, bool]:
    return lost_share(flat, scene.work, target), scene.work.stamp[target] >= scene.work.epoch[0]


@inner
def look(flat: Flat, scene: Scene, target: int, rule: int) -> tuple[float, bool]:
    """Share that the target has lost against its state at rest, and whether it is down. What one CI does alone is worked out
    once."""
    sizes = scene.sizes
    quiet = sizes[STUCK] == 0 and sizes[HELD] == 0
    if quiet and sizes[FALLEN] == 0:
        sizes[FRESH] = 0
        return 0.0, False
    single = quiet and sizes[FALLEN] == 1
    if single and scene.alone[scene.fallen[0]] >= 0.0:
        sizes[FRESH] = 0
        return scene.alone[scene.fallen[0]], scene.stops[scene.fallen[0]]
    for k in range(sizes[FALLEN]):  # failure is monotone: what one of them stops is down
        if scene.stops[scene.fallen[k]]:
            sizes[FRESH] = 0
            return flat.rest_capability[target], True
    sizes[TAIL] = fail(flat, scene.work, roots_of(flat, scene, True, -1))
    sizes[FRESH] = 0
    if scene.work.stamp[target] < scene.work.epoch[0]:  # else capabilities do not matter
        sizes[LOW] = degrade(flat, scene.work, sizes[TAIL], rule, SERVES)
        sizes[FRESH] = 1
    lost, down = seen(flat, scene, target)
    if single:
        scene.alone[scene.fallen[0]], scene.stops[scene.fallen[0]] = lost, down
    return lost, down


@inner
def look_alone(flat: Flat, scene: Scene, i: int, target: int, rule: int) -> tuple[float, bool]:
    """The same with nothing down but CI i and what the switches that it triggered just now (scene.forced) took down."""
    extra = scene.sizes[FORCED]
    if extra == 0 and scene.alone[i] >= 0.0:
        return scene.alone[i], scene.stops[i]
    roots = np.empty(extra + 1, np.int32)
    roots[0] = i
    roots[1:] = scene.forced[:extra]
    tail = fail(flat, scene.work, roots)
    if scene.work.stamp[target] < scene.work.epoch[0]:
        degrade(flat, scene.work, tail, rule, SERVES)
    scene.sizes[FRESH] = 0
    lost, down = seen(flat, scene, target)
    if extra == 0:
        scene.alone[i], scene.stops[i] = lost, down
    return lost, down
