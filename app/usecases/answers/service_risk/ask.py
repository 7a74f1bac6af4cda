"""What every question about the risk of one service shares: the service, the CIs forced down, and the answer of the exact engine
within a budget."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Any, TypeVar, cast

from app.domain.sentences import down_at_rest
from app.domain.service_risk import APPROXIMATE, BOUNDED, EXACT, SIMULATED, UNKNOWN, Effort, Estimate
from app.risk.exact.answers.service import ServiceExact, Want, answer_of, solved_service
from app.risk.exact.diagrams.budget import Budget
from app.risk.graph.subestate import Subestate, subestate_of
from app.risk.sampling.degradation_worlds import Degradation, sample_degradation
from app.risk.sampling.own_failures import BLOCK_WORLDS
from app.risk.sampling.rare import rare_unavailability
from app.risk.services.interruptions import NOTE, Interruptions, interruptions
from app.risk.services.service_figures import share_down
from app.usecases.answers.paths import known
from app.usecases.estate import Estate
from app.usecases.find import identify_all, identify_service
from app.usecases.tools import Tools

AUTO, SIMULATE = "auto", "simulated"
WORLDS = 65_536  # a simulated answer draws
KEPT = 256
LISTED = 1000  # cut sets that durations and losses are made of

_kept: OrderedDict[tuple[Any, ...], tuple[Estate, Any]] = OrderedDict()
T = TypeVar("T")
_lock = Lock()


@dataclass(frozen=True, slots=True)
class RiskQuestion:
    """`service` and `down` by any identity; nodes and seconds: what the exact engine may cost; method: auto or simulated."""

    service: str
    down: tuple[str, ...] = ()
    nodes: int = 2_000_000
    seconds: float = 10.0
    method: str = AUTO
    seed: int = 0
    years: int = 0  # simulated years for durations and losses that have no closed form; 0: none
    revision: int | None = None
    as_of: datetime | None = None
    locations: bool | None = None  # False: without assumed failures of places


@dataclass(frozen=True, slots=True)
class Inquiry:
    """The service of a question, and how it is answered."""

    question: RiskQuestion
    estate: Estate
    number: int
    position: int
    forced: tuple[int, ...]
    down: Sequence[str]
    exact: ServiceExact

    @property
    def key(self) -> str:
        return self.estate.key(self.position)

    @property
    def name(self) -> str:
        return self.estate.name(self.position)

    @property
    def is_exact(self) -> bool:
        return self.exact.method == EXACT and self.question.method != SIMULATE

    def effort(self, worlds: int = 0, years: int = 0) -> Effort:
        inquiry = self.question
        seed = inquiry.seed if worlds or years else None
        return Effort(inquiry.nodes, inquiry.seconds, self.exact.nodes, round(self.exact.seconds, 3), seed, years, worlds)


def ask(tools: Tools, question: RiskQuestion, want: Want) -> Inquiry:
    """Finds the service and computes what the question needs.

    NotFound where no CI answers to a name, or the CI is no business service.
    """
    estate = tools.estates.at(question.revision, question.as_of, question.locations)
    revision = estate.revision.revision
    position = identify_service(tools.store, estate, question.service)
    hits = identify_all(tools.store, revision, question.down)
    forced = tuple(sorted(estate.position(hit.ci_id) for hit in hits))
    exact = _exact(estate, position, forced, question, want)
    return Inquiry(question, estate, estate.service_number[position], position, forced, [hit.key for hit in hits], exact)


def remembered(estate: Estate, name: tuple[Any, ...], make: Callable[[], T]) -> T:
    """Returns what was made of this very estate under this name, or make it now: availability, importance and goal share it."""
    key = (id(estate), *name)
    with _lock:
        if key in _kept and _kept[key][0] is estate:
            _kept.move_to_end(key)
            return cast(T, _kept[key][1])
    found = make()
    with _lock:
        _kept[key] = (estate, found)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return found


def _exact(estate: Estate, position: int, forced: tuple[int, ...], question: RiskQuestion, want: Want) -> ServiceExact:
    budget = Budget(question.nodes, question.seconds)
    name = (position, forced, question.nodes, question.seconds)
    solved = remembered(estate, ("solved", *name), lambda: solved_service(estate.compiled, position, budget, forced=forced))
    return remembered(estate, ("answer", *name, want), lambda: answer_of(solved, budget, want))


def sampled(inquiry: Inquiry) -> Degradation:
    """Returns snapshot worlds of the service with its degradations, by the question's seed."""
    blocks, seed = -(-WORLDS // BLOCK_WORLDS), inquiry.question.seed

    def draw() -> Degradation:
        cut = cone_alone(inquiry)
        return sample_degradation(cut, seed, 0, blocks, cut.local(inquiry.forced), threads=2)

    return remembered(inquiry.estate, ("worlds", inquiry.position, inquiry.forced, seed, blocks), draw)


def cone_alone(inquiry: Inquiry) -> Subestate:
    return subestate_of(inquiry.estate.compiled, inquiry.position)


def is_down_at_rest(inquiry: Inquiry) -> bool:
    return float(inquiry.estate.compiled.flat.rest_capability[inquiry.position]) == 0.0


def unless_down_at_rest(inquiry: Inquiry, estimate: Estimate) -> Estimate:
    """Returns a loss against the state at rest.

    A service that is down there has no loss that anyone could name, which is not zero.
    """
    return unknown(down_at_rest(inquiry.name)) if is_down_at_rest(inquiry) else estimate


def failovers_of(inquiry: Inquiry) -> Interruptions | None:
    """Returns what failovers add to a year of the service; None where they add nothing, or with CIs forced down (see
    `with_failovers`)."""
    return None if inquiry.forced else _failovers(inquiry)


def _failovers(inquiry: Inquiry) -> Interruptions | None:
    def make() -> Interruptions | None:
        return interruptions(inquiry.estate.compiled, inquiry.position)

    return remembered(inquiry.estate, ("failovers", inquiry.position, 0), make)


FORCED = "what failovers interrupt is not counted while CIs are forced down"


def with_failovers(inquiry: Inquiry, estimate: Estimate, more: float) -> Estimate:
    """Returns an estimate made without failovers, plus what they add; it is no longer exact where there are some."""
    if estimate.method == UNKNOWN or _failovers(inquiry) is None:
        return estimate
    note = "; ".join(part for part in (estimate.note, FORCED if inquiry.forced else NOTE) if part)
    method = APPROXIMATE if estimate.method == EXACT else estimate.method
    return replace(scaled(estimate, 1.0, more), method=method, note=note)


def unavailability_of(inquiry: Inquiry) -> tuple[Estimate, int]:
    """Returns Q with how it was computed, and the worlds drawn for it."""
    exact = inquiry.exact
    if inquiry.is_exact:
        return Estimate(exact.q, EXACT), 0
    certain = f"between {exact.q_low:.6g} and {exact.q_high:.6g} for certain ({exact.reason})" if exact.method != EXACT else ""
    if inquiry.question.method != SIMULATE and exact.q_high - exact.q_low <= 0.1 * exact.q_low:
        return Estimate(None, BOUNDED, exact.q_low, exact.q_high, exact.reason), 0
    value, low, high, drawn, how = _drawn(inquiry)
    if exact.method != EXACT:  # what is certain binds what is simulated
        value, low, high = (min(max(edge, exact.q_low), exact.q_high) for edge in (value, low, high))
    return Estimate(value, SIMULATED, low, high, "; ".join(part for part in (how, certain) if part)), drawn


def _drawn(inquiry: Inquiry) -> tuple[float, float, float, int, str]:
    """Returns Q by sampling with its interval, the draws it took, and how it was drawn: by strata or tilted samples where they
    answer, else by plain worlds."""
    if not inquiry.forced:
        seed = inquiry.question.seed
        rare = remembered(
            inquiry.estate,
            ("rare", inquiry.position, seed),
            lambda: rare_unavailability(cone_alone(inquiry), seed, WORLDS, threads=2),
        )
        if not rare.refused:
            how = (
                "single points exactly"
                if rare.method == "exact"
                else f"{rare.method} samples, effective size {rare.effective_samples:,.0f}"
            )
            return rare.probability, rare.interval.low, rare.interval.high, rare.samples, how
    worlds = sampled(inquiry)
    return worlds.p_down(), *share_down(worlds), worlds.worlds, ""


def scaled(estimate: Estimate, factor: float, offset: float = 0.0) -> Estimate:
    """Returns offset + factor * estimate; a negative factor turns the interval round."""

    def of(value: float | None) -> float | None:
        return None if value is None else offset + factor * value

    low, high = of(estimate.low), of(estimate.high)
    if factor < 0:
        low, high = high, low
    return replace(estimate, value=of(estimate.value), low=low, high=high)


def unknown(note: str) -> Estimate:
    return Estimate(None, UNKNOWN, note=note)


def exactly(value: float | None, note: str = "nobody gave it") -> Estimate:
    """Returns an exact number; NaN or None is unknown."""
    return unknown(note) if value is None or math.isnan(value) else Estimate(known(value), EXACT)
