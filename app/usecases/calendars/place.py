"""What is planned, placed on the estate of today: which CIs each change takes out, what each freeze and peak covers, and what is
reported out now for as long as it is expected to last."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from app.domain.change_answers import NotPlaced
from app.domain.errors import ForestayError, NotFound
from app.domain.live import DEGRADED
from app.domain.planned import EVERYTHING, PLANNED, PlannedEntry
from app.domain.scope import scope_of
from app.ports.graph_store import GraphStore, Hit
from app.risk.graph.needs import needs_of
from app.risk.jit import Array
from app.risk.outage.collisions import Span, merged
from app.usecases.answers.live_state import LiveState
from app.usecases.answers.simulate import members_of
from app.usecases.estate import Estate
from app.usecases.find import former_hits, identify_service
from app.usecases.match_names import match_of

NEAR, FEW, SEARCHED = 5, 3, 50  # near names, letters that a search needs, names that are searched for


@dataclass(frozen=True, slots=True)
class Placed:
    """`positions`: what a change takes out; `covers`: what a freeze or peak covers, None for everything."""

    entry: PlannedEntry
    spans: Sequence[Span]
    positions: Sequence[int] = ()
    covers: Array | None = None


@dataclass(frozen=True, slots=True)
class OutNow:
    """CIs that are reported out now until some are expected back."""

    positions: Sequence[int]
    span: Span


def in_period(entries: Sequence[PlannedEntry], period: Span) -> list[tuple[PlannedEntry, list[Span]]]:
    """Returns the entries that are planned and have a window in the period, with their time in it."""
    found = []
    for entry in entries:
        spans = [(max(start, period[0]), min(end, period[1])) for start, end in entry.windows]
        inside = merged(spans)
        if inside and entry.state == PLANNED:
            found.append((entry, inside))
    return found


def place_entries(
    store: GraphStore, estate: Estate, entries: Sequence[tuple[PlannedEntry, Sequence[Span]]]
) -> tuple[list[Placed], list[NotPlaced]]:
    """Returns the entries on the estate, and each name that stands for no assessed CI."""
    revision = estate.revision.revision
    texts = sorted({text for entry, _ in entries for text in entry.cis})
    hits = store.find(revision, texts) if texts else {}
    known: dict[str, tuple[int, NotPlaced | None]] = {}
    searched = [0]
    placed, not_placed = [], []
    for entry, spans in entries:
        positions = []
        for text in entry.cis:
            if text not in known:
                known[text] = _position(store, estate, hits, text, searched)
            position, why = known[text]
            if why is None:
                positions.append(position)
            else:
                not_placed.append(NotPlaced(entry.entry, why.name, why.why, why.candidates, why.near))
        covers = None
        if entry.scope not in ("", EVERYTHING):
            try:
                covers = _covered(store, estate, entry.scope)
            except ForestayError as error:
                said = f"{error.message}: until it does, the entry covers everything"
                not_placed.append(NotPlaced(entry.entry, entry.scope, said, getattr(error, "candidates", []), ()))
        placed.append(Placed(entry, spans, sorted(set(positions)), covers))
    return placed, not_placed


def _position(
    store: GraphStore, estate: Estate, hits: Mapping[str, Sequence[Hit]], text: str, searched: list[int]
) -> tuple[int, NotPlaced | None]:
    revision = estate.revision.revision
    match = match_of([[text]], hits)
    found = [hit for hit in hits.get(text, ()) if hit.key == match.ci] if match.ci else []
    if not found and not match.candidates:
        former = former_hits(store, revision, text)
        found = former if len({hit.ci_id for hit in former}) == 1 else []
    if found:
        try:
            return estate.position(found[0].ci_id), None
        except NotFound as error:
            return -1, NotPlaced("", text, error.message, (), ())
    if match.candidates:
        return -1, NotPlaced("", text, "several CIs answer to it: name one by its key", match.candidates, ())
    near: list[str] = []
    searched[0] += 1
    if searched[0] <= SEARCHED:
        short = text.split(".")[0]
        for part in (text, short, short.rstrip("0123456789").rstrip("-_")):
            if len(part) >= FEW and not near:
                near = [hit.key for hit in store.search(revision, part, NEAR)]
    return -1, NotPlaced("", text, "no CI answers to it: it is not imported, was retired, or has another name", (), near)


def _covered(store: GraphStore, estate: Estate, text: str) -> Array:
    """Positions that a scope covers: of a service the service and all that it needs."""
    scope = scope_of(text)
    if scope.kind == "service":
        return needs_of(estate.compiled.flat, identify_service(store, estate, scope.value))
    members = members_of(estate, scope.kind, scope.value)
    if not members:
        raise NotFound(f"no assessed CI has the {scope.kind} {scope.value!r}")
    return np.asarray(sorted(members), np.int32)


def out_now(state: LiveState, period: Span) -> list[OutNow]:
    """Returns what is reported down or in maintenance now, cut where some of it is expected back. A report without an expected
    end, or past it, lasts."""
    until: dict[int, int] = {}
    for position in state.out:
        ends = [
            datetime.fromisoformat(one.ends_at) if one.ends_at else None
            for one in state.reports[position]
            if one.state != DEGRADED
        ]
        ahead = [end for end in ends if end is not None and end > state.at]
        last = max(ahead) if ahead and len(ahead) == len(ends) else None
        until[position] = min(int(last.timestamp()), period[1]) if last else period[1]
    found: list[OutNow] = []
    begin = max(int(state.at.timestamp()), period[0])
    for end in sorted(set(until.values())):
        if end > begin:
            found.append(OutNow(sorted(position for position, ends in until.items() if ends >= end), (begin, end)))
            begin = end
    return found


def period_of(now: datetime, days: float) -> Span:
    return int(now.timestamp()), int((now + timedelta(days=days)).timestamp())


Reach = Callable[[int], Array]  # of a change: positions that fall or degrade, ascending


def touched(freeze: Placed, reach: Array) -> bool:
    """Whether the blast radius of a change reaches what a freeze or peak covers."""
    return len(reach) > 0 and (freeze.covers is None or bool(np.isin(reach, freeze.covers, assume_unique=True).any()))
