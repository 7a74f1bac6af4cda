"""Calls that traces saw and nobody stated as a need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.domain.json_columns import aliases_of, attributes_of
from app.domain.nouns import CI, DEPENDENCY
from app.usecases.answers.quality.cis import OBSERVING
from app.usecases.estate import Estate
from app.usecases.keep.sources import told_of
from app.usecases.tools import Tools

CALLS_SEEN = "calls_seen"  # attribute of a caller: what its source saw it call and was told not to count
TRACE = "trace"  # kind of alias by which a callee is known


@dataclass(slots=True)
class SeenCall:
    """`number`: calls that were counted, None not counted; `sources` that saw it; `counted`: one has it in the model."""

    number: float | None = None
    sources: set[str] = field(default_factory=set)
    counted: bool = False


def calls_seen(tools: Tools, estate: Estate) -> dict[tuple[int, int], SeenCall]:
    """Returns the calls, by positions of caller and callee, that only sources of traces know."""
    found: dict[tuple[int, int], SeenCall] = {}
    observing = {source.source_id: source.name for source in told_of(tools.documents) if source.kind in OBSERVING}
    if not observing:
        return found
    stated = _of_ledger(tools, estate, observing, found)
    _of_attributes(tools, estate, ", ".join(sorted(observing.values())), stated, found)
    return found


def _of_ledger(
    tools: Tools, estate: Estate, observing: Mapping[int, str], found: dict[tuple[int, int], SeenCall]
) -> set[tuple[int, int]]:
    """Adds the dependencies that only observing sources have, and returns those that another source states."""
    columns = ["dependent_id", "provider_id", "source_id"]
    rows = tools.store.load_columns(estate.revision.revision, DEPENDENCY.name, ["kind", *columns])
    a, b, sources = (np.asarray(rows[name]) for name in columns)
    a_at, b_at = _positions(estate, a), _positions(estate, b)
    seen = np.isin(sources, list(observing))
    known = (a_at >= 0) & (b_at >= 0)
    stated = set(zip(a_at[known & ~seen].tolist(), b_at[known & ~seen].tolist(), strict=True))
    for row in np.flatnonzero(known & seen).tolist():
        pair = int(a_at[row]), int(b_at[row])
        if pair not in stated:
            call = found.setdefault(pair, SeenCall())
            call.sources.add(observing[int(sources[row])])
            call.counted = True
    return stated


def _of_attributes(
    tools: Tools, estate: Estate, named: str, stated: set[tuple[int, int]], found: dict[tuple[int, int], SeenCall]
) -> None:
    rows = tools.store.load_columns(estate.revision.revision, CI.name, ["ci_id", "aliases", "attributes"])
    telling = [row for row, text in enumerate(rows["attributes"]) if text and CALLS_SEEN in text]
    if not telling:
        return
    ids = np.asarray(rows["ci_id"])
    at = _positions(estate, ids)
    by_trace = {
        value: int(at[row])
        for row, text in enumerate(rows["aliases"])
        if text and TRACE in text and at[row] >= 0
        for kind, value in aliases_of(text)
        if kind == TRACE
    }
    for row in telling:
        if at[row] < 0:
            continue
        for callee, number in read_calls(str(attributes_of(rows["attributes"][row]).get(CALLS_SEEN, ""))):
            pair = int(at[row]), by_trace.get(callee, -1)
            if pair[1] < 0 or pair[0] == pair[1] or pair in stated:
                continue
            call = found.setdefault(pair, SeenCall())
            call.sources.add(named)
            call.number = number if call.number is None else call.number + (number or 0.0)


def read_calls(text: str) -> list[tuple[str, float | None]]:
    """Returns callees by their names in traces, and how often each was called.

    >>> read_calls("orders=120 | database pay")
    [('orders', 120.0), ('database pay', None)]
    """
    calls: list[tuple[str, float | None]] = []
    for part in text.split(" | "):
        name, _, number = part.rpartition("=")
        if name and number.isdecimal():
            calls.append((name, float(number)))
        elif part:
            calls.append((part, None))
    return calls


def _positions(estate: Estate, ids: Any) -> Any:
    """int64[K]: positions of CIs in the assessed estate, -1 where they are not part of it."""
    compiled = estate.compiled
    if not len(compiled):
        return np.full(len(ids), -1, np.int64)
    place = np.minimum(np.searchsorted(compiled.sorted_ci_id, ids), len(compiled) - 1)
    return np.where(compiled.sorted_ci_id[place] == ids, compiled.sorted_position[place], -1).astype(np.int64)
