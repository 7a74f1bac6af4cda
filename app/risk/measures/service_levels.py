"""What was measured of one service in a window of time: availability, error budget, burn, time to repair and between failures
(docs/model.md, "What was measured of a service").

Times are unix seconds; all sums are of whole seconds. What nobody measured is neither up nor down: its share is stated and widens
the range of the figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.observations import Window
from app.domain.spans import Spans, seconds, within, without

HOUR = 3600
FINE_STEPS = 12  # a rate over a stretch of time needs so many steps of measurement in it
KNOWN_ENOUGH = 0.5  # and this share of it known


@dataclass(frozen=True, slots=True)
class Outage:
    """A stretch in which a service was down. `closed`: its end was seen or stated."""

    begin: int
    end: int
    closed: bool


@dataclass(frozen=True, slots=True)
class History:
    """What one way of measuring tells of a service. `down`: when it was down; `known`: of which time it can tell at all (that in
    which the service was down is part of it); `outages`: the same as single failures; `step`: how far apart its moments are, 0
    where they are exact; `doubtful`: outages whose end was taken for want of any."""

    down: Spans
    known: Spans
    outages: Sequence[Outage]
    step: int = 0
    doubtful: int = 0


@dataclass(frozen=True, slots=True)
class Level:
    """Seconds of a window: `counted` is what has passed of it, less planned maintenance where that is left out; it is up, down or
    missing. `availability` of what is known; it lies between `low` (all that is missing was down) and `high` (was up)."""

    counted: int
    up: int
    down: int
    missing: int
    maintenance: int  # planned, in what has passed of the window
    availability: float | None
    low: float
    high: float

    @property
    def missing_share(self) -> float:
        return self.missing / self.counted if self.counted else 1.0


def level(history: History, window: Window, now: int, maintenance: Spans, counts: bool) -> Level:
    """What was measured in a window up to now. `counts`: whether maintenance counts as any other time. Where nothing is known but
    that the service was down for a part, no availability follows: only its range.

    Example by hand: 100 s have passed, 20 of them planned and left out; down 10..30, planned 20..40, known 0..60. Counted 80 s:
    down 10..20 is 10 s, up 0..10 and 40..60 is 30 s, missing 60..100 is 40 s; 30 / 40 = 75 %, between 30 / 80 and 70 / 80.

    >>> found = level(History([(10, 30)], [(0, 60)], []), (0, 200), 100, [(20, 40)], counts=False)
    >>> found.down, found.up, found.missing, found.availability, found.low, found.high
    (10, 30, 40, 0.75, 0.375, 0.875)
    """
    passed = [(window[0], min(window[1], now))] if now > window[0] else []
    planned = within(passed, maintenance)
    counted = passed if counts else without(passed, planned)
    down = within(counted, history.down)
    up = without(within(counted, history.known), history.down)
    whole, bad, good = seconds(counted), seconds(down), seconds(up)
    missing = whole - bad - good
    return Level(
        whole, good, bad, missing, seconds(planned),
        # of what is only known where it was down, nothing follows
        good / (good + bad) if good or (bad and not missing) else None,
        good / whole if whole else 0.0,
        (good + missing) / whole if whole else 1.0,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ErrorBudget:
    """Seconds of a whole window: allowed by the target, used so far, left (never below 0), used beyond it; `left_at_least`: if
    all that is missing was down."""

    allowed: float
    used: int
    left: float
    left_at_least: float
    overspent: float


def error_budget(found: Level, window: Window, target: float, maintenance: Spans, counts: bool) -> ErrorBudget:
    """The error budget of a window: (1 - target) of its whole length, less the maintenance planned in it where that is left out.

    Example by hand: 30 days at 99.9 % allow 2592 s; 600 s down and 300 s missing leave 1992 s, at least 1692 s.

    >>> month = (0, 30 * 86400)
    >>> left = error_budget(Level(86400, 85500, 600, 300, 0, None, 0.0, 1.0), month, 0.999, [], counts=True)
    >>> round(left.allowed, 6), round(left.left, 6), round(left.left_at_least, 6), left.overspent
    (2592.0, 1992.0, 1692.0, 0.0)
    """
    length = seconds([window] if counts else without([window], maintenance))
    allowed = (1.0 - target) * length
    return ErrorBudget(
        allowed, found.down, max(allowed - found.down, 0.0), max(allowed - found.down - found.missing, 0.0),
        max(found.down - allowed, 0.0),
    )  # fmt: skip


def burn_rate(found: Level, target: float, length: int, step: int) -> float | None:
    """How many times faster than allowed the budget is used: the share down of what is known, by (1 - target). None where too
    little is known, the measurements are too coarse for the length, or nothing is allowed.

    >>> burn_rate(Level(3600, 3564, 36, 0, 0, 0.99, 0.99, 0.99), 0.999, 3600, 60)  # 1 % down where 0.1 % is allowed
    10.0
    """
    fine = step * FINE_STEPS <= length
    if target >= 1.0 or not fine or found.availability is None or found.missing_share > 1.0 - KNOWN_ENOUGH:
        return None
    return round((1.0 - found.availability) / (1.0 - target), 9)


@dataclass(frozen=True, slots=True)
class MeanTime:
    """A mean time in hours with its 90 % interval (`high` None: nothing bounds it) and of how many it is."""

    mean: float | None
    low: float | None
    high: float | None
    n: int


def began_in(outages: Sequence[Outage], window: Window, now: int, left_out: Spans) -> list[tuple[Outage, int]]:
    """Returns the outages that began in a window, each with its seconds until now outside of what is left out; one that lies in
    that alone is none."""
    found = []
    for one in outages:
        if window[0] <= one.begin < min(window[1], now):
            length = seconds(without([(one.begin, min(one.end, now))], left_out))
            if length > 0 or one.end == one.begin:
                found.append((one, length))
    return found


def mean_time_to_repair(outages: Sequence[tuple[Outage, int]]) -> MeanTime:
    """Time down of all outages that began in the window, by how many of them are over: the estimate for exponential times to
    repair of which some are cut short by now (Lawless 2003, 4.1), so that an open outage never lowers it.

    Example by hand: 1 h and 2 h, and one open since 3 h: 6 h / 2 = 3 h. Interval: 6 / 4.7439 and 6 / 0.3554 (gamma of shape 2).

    >>> ends = [(Outage(0, 3600, True), 3600), (Outage(0, 7200, True), 7200), (Outage(0, 10800, False), 10800)]
    >>> found = mean_time_to_repair(ends)
    >>> found.mean, round(found.low, 4), round(found.high, 3), found.n
    (3.0, 1.2648, 16.884, 2)
    """
    total = sum(length for _, length in outages) / HOUR
    over = sum(one.closed for one, _ in outages)
    if not over:  # at least as long as those that are open have lasted
        return MeanTime(None, total / _gamma(1, 0.95) if outages else None, None, 0)
    return MeanTime(total / over, total / _gamma(over, 0.95), total / _gamma(over, 0.05), over)


def mean_time_between_failures(up_seconds: int, failures: int) -> MeanTime:
    """Time up by how often it ended, with the interval of a Poisson count over a given time.

    Example by hand: 300 h up, 3 failures: 100 h; between 300 / 7.7537 and 300 / 0.8177 (gamma of shapes 4 and 3).

    >>> found = mean_time_between_failures(300 * 3600, 3)
    >>> found.mean, round(found.low, 2), round(found.high, 1)
    (100.0, 38.69, 366.9)
    """
    hours = up_seconds / HOUR
    if not up_seconds:
        return MeanTime(None, None, None, failures)
    low = hours / _gamma(failures + 1, 0.95)
    return MeanTime(hours / failures, low, hours / _gamma(failures, 0.05), failures) if failures else MeanTime(None, low, None, 0)


def mean_time_to_detect(measured: Sequence[Outage], noted: Sequence[Outage]) -> MeanTime:
    """How long after an outage was measured the first incident began that overlaps it, 0 where that began before; the interval is
    of Student's t, from 0 on.

    Example by hand: measured from 0 s and 7200 s, noted at 600 s and 7140 s: (600 + 0) / 2 = 300 s.

    >>> ends = [Outage(0, 1800, True), Outage(7200, 9000, True)], [Outage(600, 1800, True), Outage(7140, 9000, True)]
    >>> round(mean_time_to_detect(*ends).mean * 3600, 6)
    300.0
    """
    delays = []
    for one in measured:
        met = [other.begin for other in noted if other.begin < one.end and other.end > one.begin]
        if met:
            delays.append(max(min(met) - one.begin, 0) / HOUR)
    n = len(delays)
    if not n:
        return MeanTime(None, None, None, 0)
    mean = sum(delays) / n
    if n == 1:
        return MeanTime(mean, 0.0, None, 1)
    from scipy.special import stdtrit

    spread = (sum((delay - mean) ** 2 for delay in delays) / (n - 1) / n) ** 0.5
    half = float(stdtrit(n - 1, 0.95)) * spread
    return MeanTime(mean, max(mean - half, 0.0), mean + half, n)


def joined(down: Spans, missing: Spans, open_end: int) -> list[Outage]:
    """Returns stretches down as failures: what lies between two of them and was not measured is no repair, so they are one. One
    that reaches `open_end`, or after which nothing was measured, is open.

    Example by hand: down 0..10 and 20..30 with 10..20 missing, measured until 100: one failure of 0..30.

    >>> joined([(0, 10), (20, 30), (50, 60)], [(10, 20), (60, 70)], 100)
    [Outage(begin=0, end=30, closed=True), Outage(begin=50, end=60, closed=False)]
    """
    starts = {begin for begin, _ in missing}
    gaps = dict(missing)
    found = list[Outage]()
    for begin, end in down:
        closed = end < open_end and end not in starts
        if found and gaps.get(found[-1].end) == begin:
            found[-1] = Outage(found[-1].begin, end, closed)
        else:
            found.append(Outage(begin, end, closed))
    return found


@dataclass(frozen=True, slots=True)
class Difference:
    """Two ways of measuring in one window: seconds down by both, by one alone where the other says up, and by one alone where the
    other knows nothing."""

    both: int
    first_alone: int
    second_alone: int
    first_unseen: int
    second_unseen: int


def difference(first: History, second: History, window: Window, now: int) -> Difference:
    """
    >>> a, b = History([(0, 10)], [(0, 100)], []), History([(5, 20)], [(0, 50)], [])
    >>> difference(a, b, (0, 100), 100)
    Difference(both=5, first_alone=5, second_alone=10, first_unseen=0, second_unseen=0)
    """
    passed = [(window[0], min(window[1], now))] if now > window[0] else []
    one, other = within(passed, first.down), within(passed, second.down)
    one_alone, other_alone = without(one, other), without(other, one)
    against, for_other = within(one_alone, second.known), within(other_alone, first.known)
    return Difference(
        seconds(within(one, other)), seconds(against), seconds(for_other), seconds(one_alone) - seconds(against),
        seconds(other_alone) - seconds(for_other),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """Requests that failed of those measured; between `low` (all in the time that is missing succeeded) and `high` (all failed),
    where as many are taken to have come in it as in the time that is known."""

    errors: float
    requests: float
    rate: float | None
    low: float
    high: float


def error_rate(errors: float, requests: float, missing_share: float) -> ErrorRate:
    """
    Example by hand: 10 of 1000 failed in 80 % of the time; 250 more are missing: 10 / 1250 to 260 / 1250.

    >>> error_rate(10, 1000, 0.2)
    ErrorRate(errors=10, requests=1000, rate=0.01, low=0.008, high=0.208)
    """
    if requests <= 0:
        return ErrorRate(0, 0, None, 0.0, 1.0)
    errors = min(max(errors, 0), requests)
    if missing_share >= 1.0:
        return ErrorRate(errors, requests, errors / requests, 0.0, 1.0)
    missing = requests * missing_share / (1.0 - missing_share)
    return ErrorRate(
        errors, requests, errors / requests, round(errors / (requests + missing), 12),
        round((errors + missing) / (requests + missing), 12),
    )  # fmt: skip


def _gamma(shape: int, p: float) -> float:
    from scipy.special import gammaincinv

    return float(gammaincinv(shape, p))
