"""The map of what is near some CIs: which nodes and needs it shows, in which tiers, and what of it falls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from app.domain.errors import InvalidInput, NotFound
from app.domain.graph import HARD, SUPPLY
from app.domain.map import ALIKE, DIRECTIONS, KINDS, MOST_HOPS, MapAnswer, MapEdge, MapNode, MapRedundancy
from app.domain.results import Step
from app.domain.sentences import count
from app.domain.stability_tests import StabilityTest
from app.risk.graph.compiled import AT_REST_DOWN
from app.risk.graph.neighbourhood import MEMBER, above, below, by_hops, needs_among
from app.risk.graph.ragged import among, holds
from app.risk.outage.causes import causes
from app.risk.outage.propagation import Outage, outage
from app.risk.outage.what_if import interruptible
from app.usecases.answers.felt import interrupted_services
from app.usecases.answers.group_evidence import TestedGroups
from app.usecases.answers.paths import Paths
from app.usecases.answers.service_redundancy import group_state
from app.usecases.estate import Estate
from app.usecases.find import ci_row, identify, identify_all
from app.usecases.keep.stability_tests import every_test
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

MOST_CIS = 20_000  # nearest CIs that are sorted into tiers
MOST_NODES, MOST_EDGES, MOST_OPENED, MOST_FOCUS = 300, 1_500, 60, 20
UP, OUT, DOWN, DEGRADED, INTERRUPTED = "up", "out", "down", "degraded", "interrupted"


@dataclass(frozen=True, slots=True)
class MapQuestion:
    """`cis`: in the middle; `also`: what fails beside them; `fails`: whether those in the middle fail. `opened`: ids of groups
    whose CIs are shown one by one; `select`: a CI whose way from the middle is shown."""

    cis: Sequence[str]
    also: Sequence[str] = ()
    hops: int = 2
    direction: str = "both"
    fails: bool = True
    opened: Sequence[str] = ()
    select: str = ""
    revision: int | None = None


def map_of(tools: Tools, question: MapQuestion) -> MapAnswer:
    """Returns the map around some CIs. NotFound for one that is not assessed; never an error because of its size."""
    if not question.cis:
        raise InvalidInput("name a CI", field="ci")
    if not 1 <= question.hops <= MOST_HOPS:
        raise InvalidInput(f"hops: from 1 to {MOST_HOPS}", field="hops")
    if question.direction not in DIRECTIONS:
        raise InvalidInput(f"direction: one of {', '.join(DIRECTIONS)}", field="direction")
    if len(question.cis) + len(question.also) > MOST_FOCUS:
        raise InvalidInput(f"at most {MOST_FOCUS} CIs in focus and failed beside them", field="ci")
    estate = tools.estates.at(question.revision)
    at = estate.revision.revision
    focus, also = identify_all(tools.store, at, question.cis), identify_all(tools.store, at, question.also)
    middle = [estate.position(hit.ci_id) for hit in focus]
    beside = [estate.position(hit.ci_id) for hit in also]
    chosen = estate.position(identify(tools.store, at, question.select).ci_id) if question.select else -1
    near = _near(estate, [*middle, *beside], question, chosen)
    states = _States(estate, [*beside, *(middle if question.fails else [])], every_test(tools.documents))
    drawn = _Drawing(estate, near, states, frozenset(middle), question.opened, chosen)
    nodes = drawn.nodes()
    edges, edges_total = drawn.edges(nodes)
    selected = drawn.node_of.get(chosen, "") if chosen >= 0 else ""
    way = _way({node.id: node for node in nodes}, selected)
    steps = {frozenset(pair) for pair in pairwise(way)}
    shown = sum(node.cis for node in nodes)
    return MapAnswer(
        stamp=stamp_of(estate, tools.documents),
        focus=[ci_row(hit) for hit in focus],
        also=[ci_row(hit) for hit in also],
        hops=question.hops,
        direction=question.direction,
        fails=question.fails,
        nodes=nodes,
        edges=[replace(edge, on_path=frozenset((edge.dependent, edge.provider)) in steps) for edge in edges],
        nodes_total=drawn.total,
        edges_total=edges_total,
        cis_shown=shown,
        cis_total=near.total,
        said=_said(shown, near, nodes, drawn.total),
        selected=selected,
        way=way,
        path=states.path(chosen) if chosen >= 0 else [],
        cis_down=len(states.result.failed),
        services_down=len(states.result.services_down),
        services_degraded=len(states.result.services_degraded),
        services_interrupted=len(interrupted_services(estate, states.result)) if len(states.result.down) else 0,
        truncated=shown < near.total or len(edges) < edges_total,
    )


def _said(shown: int, near: _Near, nodes: Sequence[MapNode], total: int) -> str:
    grouped = sum(node.cis > 1 for node in nodes)
    text = f"showing {shown:,} of {count(near.total, 'CI')}"
    if grouped:
        text += f", like ones grouped by class: {count(grouped, 'group')}"
    if len(nodes) < total:
        text += f"; the nearest {len(nodes)} of {total:,} nodes: take fewer hops, or one direction"
    return text


@dataclass(frozen=True)
class _Near:
    """Positions within the hops, ascending, the tier and the hops of each, and the needs between them."""

    positions: Any
    band: Mapping[int, int]
    hop: Mapping[int, int]
    dependent: Any
    provider: Any
    kind: Any
    total: int


def _near(estate: Estate, middle: Sequence[int], question: MapQuestion, chosen: int) -> _Near:
    flat = estate.compiled.flat
    starts = np.unique(np.asarray(middle, np.int32))
    up = by_hops(flat, starts, question.hops, above) if question.direction != "below" else []
    down = by_hops(flat, starts, question.hops, below) if question.direction != "above" else []
    hop = dict.fromkeys(starts.tolist(), 0)
    side = dict.fromkeys(hop, 0)
    every = [starts]
    for number in range(max(len(up), len(down))):
        for sign, rings in ((-1, up), (1, down)):
            if number < len(rings):
                every.append(rings[number])
                for position in rings[number].tolist():
                    if position not in hop:
                        hop[position], side[position] = number + 1, sign
    total = len(hop)
    causes_left_out = estate.causes
    kept = [p for p in dict.fromkeys(np.concatenate(every).tolist()) if p not in causes_left_out]
    total -= sum(p in causes_left_out for p in hop)
    kept = sorted(kept[:MOST_CIS])
    positions = np.asarray(kept, np.int32)
    needs = needs_among(flat, positions)
    inside = np.isin(needs.provider, positions)
    dependent, provider, kind = needs.dependent[inside], needs.provider[inside], needs.kind[inside]
    band = _tiers(estate, kept, side, dependent, provider)
    return _Near(positions, band, hop, dependent, provider, kind, total)


def _tiers(estate: Estate, kept: Sequence[int], side: Mapping[int, int], dependent: Any, provider: Any) -> dict[int, int]:
    """The tier of each CI by the longest way from the middle; needs within a circle say nothing of it."""
    component = estate.compiled.flat.component
    apart = component[dependent] != component[provider]
    needs, needed_by = defaultdict[int, list[int]](list), defaultdict[int, list[int]](list)
    for one, other in zip(dependent[apart].tolist(), provider[apart].tolist(), strict=True):
        needs[one].append(other)
        needed_by[other].append(one)
    band = dict[int, int]()
    for position in kept:  # providers stand before what needs them
        if side[position] <= 0:
            tiers = [band[one] for one in needs[position] if side[one] <= 0]
            band[position] = min(tiers, default=0) - 1 if tiers else (0 if side[position] == 0 else -1)
    for position in reversed(kept):
        if side[position] > 0:
            band[position] = max([max(band.get(one, 0), 0) for one in needed_by[position]], default=0) + 1
    return band


class _States:
    """What holds of each CI when some are out."""

    def __init__(self, estate: Estate, out: Sequence[int], tests: Sequence[StabilityTest]) -> None:
        self.tested = TestedGroups(estate, tests)
        self.estate, space = estate, estate.workspace()
        self.result: Outage = outage(estate.compiled, out, space)
        self.out = frozenset(out)
        switching = interruptible(estate.compiled, self.result, estate.failovers, space).tolist() if out else []
        self.meanwhile = outage(estate.compiled, [*out, *switching], space) if switching else self.result

    def of_all(self, positions: Any) -> dict[int, tuple[str, float]]:
        """Returns by position the state of a CI and the share of its work that is left."""
        result, meanwhile = self.result, self.meanwhile
        at_rest = self.estate.compiled.flat.flags[positions] & AT_REST_DOWN != 0
        down, degraded = among(positions, result.failed) | at_rest, among(positions, result.degraded)
        passing = among(positions, meanwhile.failed) | among(positions, meanwhile.degraded)
        share = np.where(down, 0.0, 1.0)
        share[degraded] = result.capability[np.searchsorted(result.degraded, positions[degraded])]
        state = np.select([down, degraded, passing], [DOWN, DEGRADED, INTERRUPTED], UP)
        state[np.isin(positions, list(self.out))] = OUT
        return dict(zip(positions.tolist(), zip(state.tolist(), share.tolist(), strict=True), strict=True))

    def failed(self, position: int) -> bool:
        at_rest = int(self.estate.compiled.flat.flags[position]) & AT_REST_DOWN
        return bool(at_rest) or holds(self.result.failed, position)

    @cached_property
    def paths(self) -> Paths:
        return Paths(self.estate, causes(self.estate.compiled, self.result))

    def path(self, position: int) -> list[Step]:
        if not len(self.result.down):
            return []
        try:
            return self.paths.to(position) if self.paths.reach(position) else []
        except NotFound:
            return []

    def redundancy(self, position: int) -> list[MapRedundancy]:
        flat, rows = self.estate.compiled.flat, []
        for group in range(int(flat.group_ptr[position]), int(flat.group_ptr[position + 1])):
            members = flat.member[flat.member_ptr[group] : flat.member_ptr[group + 1]].tolist()
            left, needed = sum(not self.failed(member) for member in members), int(flat.group_needed[group])
            state = group_state(left, needed, len(members))
            compiled, key = self.estate.compiled, self.estate.compiled.group_key(group)
            hours, chance = float(compiled.failover_hours[group]), float(compiled.failover_success[group])
            shown = self.tested.evidence(key, 1.0 if np.isnan(chance) else chance, None if np.isnan(hours) else hours * 60.0)
            rows.append(MapRedundancy(key, needed, len(members), left, state, shown.state))
        return rows


@dataclass
class _Drawing:
    """Sorts CIs into nodes: by themselves, or with others of their tier, class and state."""

    estate: Estate
    near: _Near
    states: _States
    middle: frozenset[int]
    opened: Sequence[str]
    chosen: int
    node_of: dict[int, str] = field(default_factory=dict)
    state_of: dict[int, tuple[str, float]] = field(default_factory=dict)
    total: int = 0

    def nodes(self) -> list[MapNode]:
        kinds = defaultdict[tuple[int, int, str], list[int]](list)
        self.state_of = self.states.of_all(self.near.positions)
        classes = self.estate.codes("ci_class")[self.near.positions].tolist()
        for position, code in zip(self.near.positions.tolist(), classes, strict=True):
            kinds[self.near.band[position], code, self.state_of[position][0]].append(position)
        found = []
        for (band, _, state), members in kinds.items():
            found += list(self._of_kind(band, self.estate.text("ci_class", members[0]), state, members))
        self.total = len(found)
        found.sort(key=lambda node: (not self._wanted(node), abs(node.band), node.cis == 1, node.state == UP, node.name, node.id))
        kept = found[:MOST_NODES]
        ids = {node.id for node in kept}
        self.node_of = {position: one for position, one in self.node_of.items() if one in ids}
        toward = self._toward()
        return sorted((replace(node, toward=toward.get(node.id, "")) for node in kept), key=lambda node: (node.band, node.name))

    def _wanted(self, node: MapNode) -> bool:
        return node.focus or node.state == OUT or (self.chosen >= 0 and node.id == self.node_of.get(self.chosen))

    def _of_kind(self, band: int, ci_class: str, state: str, members: Sequence[int]) -> Iterable[MapNode]:
        alone = [p for p in members if p in self.middle or p in self.states.out or p == self.chosen]
        rest = [p for p in members if p not in alone]
        name = f"~{band}~{ci_class}~{state}"
        if name in self.opened:
            alone, rest = [*alone, *rest[:MOST_OPENED]], rest[MOST_OPENED:]
        elif len(rest) <= ALIKE:
            alone, rest = [*alone, *rest], []
        for position in alone:
            yield self._single(band, position)
        if rest:
            self.node_of |= dict.fromkeys(rest, name)
            more = "more " if name in self.opened else ""
            share = min(self.state_of[position][1] for position in rest)
            yield MapNode(
                name, "", f"{len(rest)} {more}{ci_class.replace('_', ' ')}", ci_class, state, share, band, len(rest), False,
                ci_class == "business_service", "", [], name not in self.opened,
            )  # fmt: skip

    def _single(self, band: int, position: int) -> MapNode:
        estate, (state, share) = self.estate, self.state_of[position]
        key = self.node_of[position] = estate.key(position)
        return MapNode(
            key, key, estate.name(position), estate.text("ci_class", position), state, share, band, 1, position in self.middle,
            int(estate.compiled.flat.service_at[position]) >= 0, "", self.states.redundancy(position), False,
        )  # fmt: skip

    def _toward(self) -> dict[str, str]:
        """By node the one before it on the shortest way from the middle; of several one that falls."""
        near, best = self.near, dict[str, tuple[tuple[int, bool, str], str]]()
        for one, other in zip(near.dependent.tolist(), near.provider.tolist(), strict=True):
            for here, there in ((one, other), (other, one)):
                if near.hop[here] != near.hop[there] + 1 or here not in self.node_of or there not in self.node_of:
                    continue
                node, before = self.node_of[here], self.node_of[there]
                rank = (near.hop[there], self.state_of[there][0] == UP, before)
                if node != before and (node not in best or rank < best[node][0]):
                    best[node] = rank, before
        return {node: before for node, (_, before) in best.items()}

    def edges(self, nodes: Sequence[MapNode]) -> tuple[list[MapEdge], int]:
        kinds = {HARD: "hard", SUPPLY: "supply", MEMBER: "group"}
        found = defaultdict[tuple[str, str], list[str]](list)
        near = self.near
        for one, other, kind in zip(near.dependent.tolist(), near.provider.tolist(), near.kind.tolist(), strict=True):
            if one in self.node_of and other in self.node_of and self.node_of[one] != self.node_of[other]:
                found[self.node_of[one], self.node_of[other]].append(kinds.get(kind, "soft"))
        edges = [
            MapEdge(one, other, min(of, key=KINDS.index), len(of), False) for (one, other), of in sorted(found.items())
        ]  # fmt: skip
        edges.sort(key=lambda edge: KINDS.index(edge.kind))
        return edges[:MOST_EDGES], len(edges)


def _way(nodes: Mapping[str, MapNode], selected: str) -> list[str]:
    way: list[str] = []
    while selected in nodes and selected not in way:
        way.append(selected)
        selected = nodes[selected].toward
    return way[::-1]
