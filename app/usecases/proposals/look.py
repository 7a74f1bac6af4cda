"""Look for what the model may lack, and keep the most telling proposals, each with its evidence."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from app.domain.columns import ABSENT
from app.domain.json_columns import attributes_of
from app.domain.nouns import CI, INCIDENT
from app.domain.proposals import NEED, REDUNDANCY, REFUSED, Proposal, ProposalRun
from app.domain.sentences import count
from app.risk.first_order.missing_needs import NEAR_SECONDS, Coincidence, FailedTogether, failed_together
from app.risk.intake.joined_outages import Spells, failures, spells
from app.usecases.estate import Estate
from app.usecases.keep.proposals import PROPOSAL_DECISIONS, decision_name, keep_proposals
from app.usecases.operation_progress import Listener, silent
from app.usecases.proposals.calls import SeenCall, calls_seen
from app.usecases.proposals.honesty import keep_figures
from app.usecases.proposals.twins import Twins, twins
from app.usecases.tools import Tools

KEPT = 1000
CLUSTER = "cluster"  # attribute that says in which cluster a CI is
HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class _Ranked:
    """`place`: proposals of a smaller one come first; within it by `score`, the higher first."""

    place: int
    score: float
    item: Proposal


def look_for_proposals(tools: Tools, listen: Listener = silent) -> ProposalRun:
    """Looks through the current revision and keeps the most telling proposals in place of those kept before.

    First needs that traces saw and failures bear out, then those that one of both shows, then redundancy, the second likeliest
    providers last. What a person refused is left out.
    """
    estate = tools.estates.at()
    listen("reading incidents", 0.0)
    outages = _outages(tools, estate)
    listen("looking at what failed together", 0.2)
    at, started = outages.at, np.asarray(outages.started, np.float64)
    together = failed_together(estate.compiled, at, started, estate.codes("ci_class"), estate.workspace())
    listen("reading calls", 0.6)
    calls = calls_seen(tools, estate)
    listen("looking for twins", 0.7)
    pairs = twins(estate, _by_ci(outages), _clusters(tools, estate), NEAR_SECONDS)
    ranked = [*_needs(estate, together, calls), *(_redundancy(estate, one, together.recorded_share) for one in pairs)]
    ranked.sort(key=lambda one: (one.place, -one.score, one.item.dependent, one.item.providers))
    refused = {kept.key for kept in PROPOSAL_DECISIONS.every(tools.documents) if kept.value.verdict == REFUSED}
    left = [one.item for one in ranked if _name(one.item) not in refused]
    best = [replace(item, proposal=f"{place:04}-{_name(item)}") for place, item in enumerate(left[:KEPT], 1)]
    run = ProposalRun(
        estate.revision.revision, datetime.now(UTC).isoformat(), len(estate.compiled), together.failures,
        _moment(started.min()) if len(started) else None, _moment(started.max()) if len(started) else None,
        together.unexplained, together.tests, together.recorded_share if together.failures else None, together.crowded,
        len(calls), len(ranked) - len(left), len(left), len(best),
    )  # fmt: skip
    keep_proposals(tools.documents, run, best)
    listen("replaying incidents", 0.9)
    keep_figures(tools, run)
    return run


def _name(item: Proposal) -> str:
    return decision_name(item.kind, item.dependent, item.providers)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(float(seconds), UTC).isoformat()


@dataclass(frozen=True, slots=True)
class _Outages:
    at: Any  # int64[F] positions
    started: Any
    ended: Any


def _outages(tools: Tools, estate: Estate) -> _Outages:
    """Returns the failures on record of assessed CIs, whoever caused them; overlapping incidents of one CI are one."""
    columns, compiled = tools.store.load_columns(estate.revision.revision, INCIDENT.name), estate.compiled
    ids = np.asarray(columns["ci_id"])
    if not len(compiled) or not len(ids):
        return _Outages(np.zeros(0, np.int64), np.zeros(0), np.zeros(0))
    place = np.minimum(np.searchsorted(compiled.sorted_ci_id, ids), len(compiled) - 1)
    rows = np.flatnonzero(compiled.sorted_ci_id[place] == ids)
    at = compiled.sorted_position[place[rows]].astype(np.int64)
    started, ended = np.asarray(columns["started_at"])[rows], np.asarray(columns["ended_at"])[rows]
    told: Spells = spells(at, started, ended, ended != ABSENT, int(time.time()))
    found = failures(told, np.ones(len(told.at), bool))
    return _Outages(found.at, found.started, found.started + found.hours * HOUR)


def _by_ci(outages: _Outages) -> dict[int, list[tuple[float, float]]]:
    found: dict[int, list[tuple[float, float]]] = {}
    for at, begin, end in zip(outages.at.tolist(), outages.started.tolist(), outages.ended.tolist(), strict=True):
        found.setdefault(at, []).append((float(begin), float(end)))
    return found


def _clusters(tools: Tools, estate: Estate) -> dict[int, str]:
    rows = tools.store.load_columns(estate.revision.revision, CI.name, ["ci_id", "attributes"])
    compiled = estate.compiled
    found: dict[int, str] = {}
    for ci_id, text in zip(map(int, rows["ci_id"]), rows["attributes"], strict=True):
        if not text or CLUSTER not in text:
            continue
        cluster = str(attributes_of(text).get(CLUSTER, "")).strip().casefold()
        place = int(np.searchsorted(compiled.sorted_ci_id, ci_id))
        if cluster and place < len(compiled) and int(compiled.sorted_ci_id[place]) == ci_id:
            found[int(compiled.sorted_position[place])] = cluster
    return found


def _needs(estate: Estate, together: FailedTogether, calls: Mapping[tuple[int, int], SeenCall]) -> list[_Ranked]:
    by_pair = {(one.dependent, one.provider): one for one in together.pairs}
    ranked = []
    for pair in sorted(by_pair.keys() | calls.keys()):
        failed, call = by_pair.get(pair), calls.get(pair)
        place = 0 if failed and call else 1 if call or (failed and not failed.second) else 3
        score = -failed.behind if failed and place == 3 else (failed.score if failed else 0.0)
        score += _calls_weigh(call) if call else 0.0
        ranked.append(_Ranked(place, score, _need(estate, pair, failed, call, together)))
    return ranked


def _calls_weigh(call: SeenCall) -> float:
    """A call that was seen weighs as much as two failures together: it is made, which proves no need."""
    return 20.0 + float(np.log10(1.0 + (call.number or 0.0)))


def _need(
    estate: Estate, pair: tuple[int, int], failed: Coincidence | None, call: SeenCall | None, together: FailedTogether
) -> Proposal:
    x, y = pair
    evidence: list[str] = []
    if failed is not None:
        evidence.append(
            f"{failed.together} of {count(failed.failures, 'failure')} of {estate.name(x)} that nothing explains began within "
            f"{NEAR_SECONDS // 60} minutes of one of {estate.name(y)} (which failed {failed.provider_failures} times); by chance "
            f"{failed.expected:.2g} would, so many or more with probability {_small(failed.chance)}; of {together.tests:,} pairs "
            f"looked at, of those as unlikely as this one {failed.false_share:.1%} are chance"
        )
        if failed.like_it:
            evidence.append(
                f"{failed.like_it:,} of {failed.of_class:,} CIs of its class need as many of the provider's class as it would"
            )
        if failed.second:
            evidence.append("another provider of it is likelier, and is proposed as well")
    if call is not None:
        number = f", {call.number:,.0f} calls" if call.number is not None else ""
        counted = "; the model counts it as its source says" if call.counted else "; the model does not count it"
        evidence.append(f"seen in traces by {', '.join(sorted(call.sources))}{number}, stated by nobody{counted}")
    return Proposal(
        "", NEED, estate.key(x), estate.name(x), [estate.key(y)], [estate.name(y)], 1, evidence,
        together=failed.together if failed else 0, failures=failed.failures if failed else 0,
        provider_failures=failed.provider_failures if failed else 0, expected=failed.expected if failed else None,
        chance=failed.chance if failed else None, false_share=failed.false_share if failed else None,
        calls=call.number if call else None, seen_by=sorted(call.sources) if call else (),
        counted=bool(call and call.counted),
    )  # fmt: skip


def _redundancy(estate: Estate, one: Twins, recorded: float) -> _Ranked:
    names = [estate.name(member) for member in one.members]
    what = f"are in one cluster, {one.cluster}" if one.cluster else f"are called alike ({one.stem})"
    evidence = [f"{', '.join(names)} {what}, of one class, and {estate.name(one.dependent)} is said to need each of them"]
    if one.shared > 1:
        evidence.append(f"{count(one.shared, 'dependent')} need all of them")
    if one.alone:
        evidence.append(
            f"{estate.name(one.dependent)} outlived {one.stood} of {count(one.alone, 'failure')} of one of them while the others "
            f"were up; if it needed each, with probability {(1.0 - recorded) ** one.alone:.1g} nothing of it would be on record"
        )
    else:
        evidence.append("no failure of one of them alone is on record that could tell")
    item = Proposal(
        "", REDUNDANCY, estate.key(one.dependent), estate.name(one.dependent), [estate.key(m) for m in one.members], names,
        len(names) - 1, evidence, alone=one.alone, stood=one.stood,
    )  # fmt: skip
    return _Ranked(1 if one.alone >= 2 else 2, 5.0 * one.alone + one.shared + (3.0 if one.cluster else 0.0), item)


def _small(chance: float) -> str:
    """Returns a probability in words: below 1e-12 nobody cares how much.

    >>> _small(0.0021), _small(1e-30)
    ('0.002', 'below 1e-12')
    """
    return f"{chance:.1g}" if chance >= 1e-12 else "below 1e-12"


def proposed_pairs(items: Sequence[Proposal]) -> list[tuple[str, str]]:
    """Returns dependent and provider of the needs among proposals, in order."""
    return [(item.dependent, item.providers[0]) for item in items if item.kind == NEED]
