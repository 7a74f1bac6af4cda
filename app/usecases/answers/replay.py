"""Replay of the incidents on record: from its root causes, what the model says stops in each, against the services recorded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np

from app.domain.nouns import INCIDENT
from app.domain.replay import Replay, ReplayRow
from app.domain.sentences import count, listed, minute
from app.risk.outage.propagation import outage
from app.usecases import paging
from app.usecases.estate import Estate, resolve_revision
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

OPEN_ENDS = 30 * 86400  # seconds: who leaves an incident open longer says nothing of its end


class Happened(NamedTuple):
    """An incident of an assessed CI, in unix seconds."""

    started: int
    ended: int
    key: str
    position: int


class Episode(NamedTuple):
    causes: list[Happened]
    recorded: set[int]  # numbers of services


def replay(
    tools: Tools, limit: int, after: str | None = None, revision: int | None = None, as_of: datetime | None = None
) -> Replay:
    """Returns the replay at a revision: the estate as it is there, against all incidents that the ledger holds there."""
    parts = paging.decode(after, "revision", "start") if after else None
    at = resolve_revision(tools.store, parts["revision"] if parts else revision, None if parts else as_of)
    estate = tools.estates.at(at.revision)
    causes, effects, left_out = _incidents(estate, tools.store.load_columns(at.revision, INCIDENT.name))
    episodes, elsewhen = _episodes(causes, effects, estate)
    rows = sorted((row for row in (_row(estate, one) for one in episodes) if row.predicted or row.recorded), key=_wrongest)
    predicted, recorded, right = (sum(getattr(row, name) for row in rows) for name in ("predicted", "recorded", "right"))
    precision, recall = (right / predicted if predicted else None), (right / recorded if recorded else None)
    first = parts["start"] if parts else 0
    more = first + limit < len(rows)
    return Replay(
        stamp=stamp_of(estate, tools.documents),
        sentence=_sentence(len(rows), predicted, recorded, right),
        incidents=len(causes),
        episodes=len(rows),
        episodes_total=len(episodes),
        predicted=predicted,
        recorded=recorded,
        right=right,
        precision=precision,
        recall=recall,
        recorded_elsewhen=elsewhen,
        left_out=left_out,
        items=rows[first : first + limit],
        limit=limit,
        truncated=more,
        next=paging.encode(revision=at.revision, start=first + limit) if more else None,
    )


def _incidents(estate: Estate, columns: Any) -> tuple[list[Happened], list[Happened], int]:
    """Returns the incidents with a root cause and those of services without one, in order of time, and how many are neither."""
    ids = np.asarray(columns["ci_id"])
    place = np.minimum(np.searchsorted(estate.compiled.sorted_ci_id, ids), max(len(estate.compiled) - 1, 0))
    known = (estate.compiled.sorted_ci_id[place] == ids if len(estate.compiled) else np.zeros(len(ids), np.bool_)).tolist()
    causes, effects, left_out = [], [], 0
    for row, ci_known in enumerate(known):
        started, ended = int(columns["started_at"][row]), int(columns["ended_at"][row])
        position = int(estate.compiled.sorted_position[place[row]]) if ci_known else -1
        one = Happened(started, ended, columns["incident_key"][row], position)
        if not ci_known or not 0 <= ended - started <= OPEN_ENDS:
            left_out += 1
        elif columns["root_cause"][row] == 1:
            causes.append(one)
        elif position in estate.service_number:
            effects.append(one)
    return sorted(causes), sorted(effects), left_out


def _episodes(causes: list[Happened], effects: list[Happened], estate: Estate) -> tuple[list[Episode], int]:
    """Returns the episodes with the services recorded in each, and how many incidents of services began in none."""
    episodes = [Episode(group, set()) for group in _overlapping(causes)]
    starts = [one.causes[0].started for one in episodes]
    ends = [max(cause.ended for cause in one.causes) for one in episodes]
    elsewhen = 0
    for effect in effects:
        place = int(np.searchsorted(starts, effect.started, "right")) - 1
        if place >= 0 and effect.started <= ends[place]:
            episodes[place].recorded.add(estate.service_number[effect.position])
        else:
            elsewhen += 1
    return episodes, elsewhen


def _overlapping(causes: list[Happened]) -> Iterator[list[Happened]]:
    """Yields the causes whose times overlap, directly or through others, together."""
    group: list[Happened] = []
    until = 0
    for cause in causes:
        if group and cause.started > until:
            yield group
            group = []
        group.append(cause)
        until = max(until, cause.ended) if len(group) > 1 else cause.ended
    if group:
        yield group


def _row(estate: Estate, episode: Episode) -> ReplayRow:
    positions = sorted({cause.position for cause in episode.causes})
    predicted = set(outage(estate.compiled, positions, estate.workspace()).services_down.tolist())
    right = predicted & episode.recorded
    missed, surplus = (_names(estate, one) for one in (episode.recorded - predicted, predicted - episode.recorded))
    cis = [estate.name(position) for position in positions]
    begun = _moment(episode.causes[0].started)
    told = f"{minute(begun)} {listed(cis)}: {count(len(right), 'service')} as predicted"
    told += f"; recorded and not predicted: {listed(missed)}" if missed else ""
    told += f"; predicted and not recorded: {listed(surplus)}" if surplus else ""
    return ReplayRow(
        begun,
        _moment(max(cause.ended for cause in episode.causes)),
        [cause.key for cause in episode.causes],
        [estate.key(position) for position in positions],
        len(predicted),
        len(episode.recorded),
        len(right),
        missed,
        surplus,
        told,
    )


def _names(estate: Estate, numbers: set[int]) -> list[str]:
    return sorted(estate.name(int(estate.compiled.service_position[number])) for number in numbers)


def _wrongest(row: ReplayRow) -> tuple[int, str]:
    return -(len(row.missed) + len(row.surplus)), row.started_at


def _sentence(episodes: int, predicted: int, recorded: int, right: int) -> str:
    if not recorded:
        return "No incident of a service is on record beside its root cause, so nothing can be held against the model."
    precision = f"{right / predicted:.1%} of the services predicted were recorded" if predicted else "no service was predicted"
    recall = f"{right / recorded:.1%} of those recorded were predicted (recall)"
    return f"In {count(episodes, 'episode')}, {precision} (precision), {recall}."


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
