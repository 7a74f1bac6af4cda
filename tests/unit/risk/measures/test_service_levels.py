"""KPI figures against values worked out by hand, to the second: clock changes, overlaps, gaps, maintenance, open outages."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from app.domain.errors import InvalidInput
from app.domain.goals import Terms, checked_terms, window_at, window_before
from app.domain.observations import union
from app.domain.spans import seconds, within, without
from app.risk.measures.service_levels import (
    History,
    Outage,
    began_in,
    burn_rate,
    error_budget,
    joined,
    level,
    mean_time_to_repair,
)

BERLIN = Terms("month", "Europe/Berlin")
HOUR, DAY = 3600, 86400


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def test_a_month_in_which_the_clock_goes_forward_lacks_an_hour():
    # March 2026 in Berlin: from 1 March 00:00 CET (28 Feb 23:00 UTC) to 1 April 00:00 CEST (31 March 22:00 UTC):
    # 31 * 24 - 1 = 743 h
    window = window_at(BERLIN, at("2026-03-29T00:59:59"))
    assert window == (at("2026-02-28T23:00:00"), at("2026-03-31T22:00:00")) and window[1] - window[0] == 743 * HOUR
    # down 01:30 CET to 03:30 CEST on the 29th: 00:30 to 01:30 UTC, one hour, though the clock on the wall says two
    down = [(at("2026-03-29T00:30:00"), at("2026-03-29T01:30:00"))]
    found = level(History(down, [window], []), window, window[1], [], counts=True)
    assert (found.counted, found.down, found.up, found.missing) == (2_674_800, 3_600, 2_671_200, 0)
    assert found.availability == 2_671_200 / 2_674_800 == found.low == found.high
    # 99.9 % of 743 h: 2674.8 s are allowed, 3600 s used: none left, 925.2 s too many
    budget = error_budget(found, window, 0.999, [], counts=True)
    assert (round(budget.allowed, 6), budget.used, budget.left, round(budget.overspent, 6)) == (2674.8, 3600, 0.0, 925.2)


def test_a_month_in_which_the_clock_goes_back_has_an_hour_more():
    # October 2026: from 30 Sep 22:00 UTC (CEST) to 31 Oct 23:00 UTC (CET): 31 * 24 + 1 = 745 h
    window = window_at(BERLIN, at("2026-10-25T12:00:00"))
    assert window == (at("2026-09-30T22:00:00"), at("2026-10-31T23:00:00")) and window[1] - window[0] == 745 * HOUR
    # down from 02:30 CEST to 02:30 CET on the 25th: the clock stands where it stood, and an hour has passed
    down = [(at("2026-10-25T00:30:00"), at("2026-10-25T01:30:00"))]
    found = level(History(down, [window], []), window, window[1], [], counts=True)
    assert (found.counted, found.down, found.availability) == (2_682_000, 3_600, 2_678_400 / 2_682_000)
    assert window_before(BERLIN, window) == (at("2026-08-31T22:00:00"), at("2026-09-30T22:00:00"))
    # February of a leap year, in another hemisphere and half an hour apart: 29 * 24 h from 31 Jan 13:30 UTC (+10:30)
    adelaide = window_at(Terms("month", "Australia/Adelaide"), at("2028-02-15T00:00:00"))
    assert adelaide == (at("2028-01-31T13:30:00"), at("2028-02-29T13:30:00"))
    # Samoa left out 30 December 2011: its December has 30 days
    assert (lambda w: w[1] - w[0])(window_at(Terms("month", "Pacific/Apia"), at("2011-12-15T00:00:00"))) == 30 * DAY


def test_a_month_that_begins_when_midnight_is_left_out_begins_at_the_change():
    # Asuncion, 1 October 2017: at 00:00 the clock went to 01:00 (03:00 to 04:00 UTC is -4 to -3): the month begins at 04:00 UTC
    begin, end = window_at(Terms("month", "America/Asuncion"), at("2017-10-10T00:00:00"))
    assert (begin, end) == (at("2017-10-01T04:00:00"), at("2017-11-01T03:00:00"))


def test_maintenance_gap_and_overlap_by_hand():
    # A day, watched 00-10 and 12-24. Incidents 01:00-02:00 and 01:30-03:00 (they overlap: 2 h), 09:30-10:30 (half an hour of
    # it unwatched: an incident is knowledge). Planned 02:30-04:00.
    known = union([(0, 10 * HOUR), (12 * HOUR, 24 * HOUR)])
    down = union([(HOUR, 2 * HOUR), (5400, 3 * HOUR), (34_200, 37_800)])
    maintenance = [(9_000, 4 * HOUR)]
    history, day = History(down, union([*known, *down]), []), (0, DAY)
    counted = level(history, day, DAY, maintenance, counts=True)
    # down 2 h + 1 h = 10,800; missing 10:30-12:00 = 5,400; up the rest = 86,400 - 16,200 = 70,200
    assert (counted.down, counted.missing, counted.up, counted.maintenance) == (10_800, 5_400, 70_200, 5_400)
    assert counted.availability == 70_200 / 81_000
    assert (counted.low, counted.high) == (70_200 / 86_400, 75_600 / 86_400)
    left_out = level(history, day, DAY, maintenance, counts=False)
    # of the maintenance half an hour was down (02:30-03:00) and an hour up: 81,000 s count, 9,000 down, 66,600 up, 5,400 missing
    assert (left_out.counted, left_out.down, left_out.up, left_out.missing) == (81_000, 9_000, 66_600, 5_400)
    # the budget of the day without 1.5 h: 10 % of 81,000
    assert round(error_budget(left_out, day, 0.9, maintenance, counts=False).allowed, 6) == 8_100.0
    # at noon half of the day has passed: 00-12 holds all of what was down, and what is missing
    noon = level(history, day, 12 * HOUR, maintenance, counts=True)
    assert (noon.counted, noon.down, noon.missing, noon.up) == (43_200, 10_800, 5_400, 27_000)


def test_what_is_missing_is_neither_up_nor_down():
    nothing = level(History([], [], []), (0, DAY), DAY, [], counts=True)
    assert (nothing.availability, nothing.low, nothing.high, nothing.missing_share) == (None, 0.0, 1.0, 1.0)
    # known is only that it was down for an hour: 0 % would be a claim about the rest
    part = level(History([(0, HOUR)], [(0, HOUR)], []), (0, DAY), DAY, [], counts=True)
    assert part.availability is None and part.high == 23 / 24 and part.low == 0.0
    assert level(History([(0, DAY)], [(0, DAY)], []), (0, DAY), DAY, [], counts=True).availability == 0.0
    assert level(History([], [(0, DAY)], []), (DAY, 2 * DAY), DAY, [], counts=True).counted == 0  # a window that has not begun


def test_an_open_outage_counts_until_now_and_never_lowers_the_time_to_repair():
    ended = [Outage(0, HOUR, True), Outage(10 * HOUR, 12 * HOUR, True)]
    assert mean_time_to_repair(began_in(ended, (0, DAY), DAY, [])).mean == 1.5
    # one more, open since 20:00: 4 h until midnight; (1 + 2 + 4) / 2 closed = 3.5 h
    open_too = [*ended, Outage(20 * HOUR, DAY, False)]
    assert mean_time_to_repair(began_in(open_too, (0, DAY), DAY, [])).mean == 3.5
    alone = mean_time_to_repair(began_in(open_too[2:], (0, DAY), DAY, []))
    assert alone.mean is None and alone.n == 0 and alone.low is not None and round(alone.low, 4) == round(4 / 2.995732, 4)
    # planned 20:00-22:00 is left out: two of the four hours are left; one that lies in it whole is none
    assert [length for _, length in began_in(open_too, (0, DAY), DAY, [(20 * HOUR, 22 * HOUR)])] == [HOUR, 2 * HOUR, 2 * HOUR]
    assert began_in(open_too, (0, DAY), DAY, [(19 * HOUR, DAY)]) == began_in(ended, (0, DAY), DAY, [])
    # it began before the window: its time counts there, it is no outage of it
    assert began_in([Outage(0, 2 * HOUR, True)], (HOUR, DAY), DAY, []) == []


def test_a_gap_between_two_stretches_down_is_no_repair():
    assert joined([(0, 60), (120, 180)], [(60, 120)], 1000) == [Outage(0, 180, True)]
    assert joined([(0, 60), (120, 180)], [], 1000) == [Outage(0, 60, True), Outage(120, 180, True)]
    assert joined([(0, 60)], [(60, 1000)], 1000) == [Outage(0, 60, False)]
    assert joined([(900, 1000)], [], 1000) == [Outage(900, 1000, False)]


def test_a_burn_rate_needs_fine_measurements_and_enough_of_them():
    hour = (0, HOUR)
    half = level(History([(0, 36)], [(0, 1800)], []), hour, HOUR, [], counts=True)
    assert burn_rate(half, 0.99, HOUR, 60) == 2.0  # 36 of 1800 s down is 2 %, where 1 % is allowed
    assert burn_rate(half, 0.99, HOUR, 301) is None and burn_rate(half, 1.0, HOUR, 60) is None
    less = level(History([(0, 36)], [(0, 1799)], []), hour, HOUR, [], counts=True)
    assert burn_rate(less, 0.99, HOUR, 60) is None


@pytest.mark.parametrize("seed", range(20))
def test_figures_add_up_and_stay_between_0_and_1(seed: int):
    """Random histories against a count second by second."""
    rng = random.Random(seed)

    def some(most: int) -> list[tuple[int, int]]:
        return union((a, a + rng.randint(0, 60)) for a in (rng.randint(-50, 350) for _ in range(rng.randint(0, most))))

    down, known, planned = some(6), some(6), some(3)
    known = union([*known, *down])
    window, now, counts = (0, 300), rng.choice([150, 300, 400]), rng.random() < 0.5
    found = level(History(down, known, []), window, now, planned, counts)

    def inside(spans: list[tuple[int, int]], second: int) -> bool:
        return any(a <= second < b for a, b in spans)

    counted = [s for s in range(min(300, now)) if counts or not inside(planned, s)]
    bad = sum(inside(down, s) for s in counted)
    good = sum(inside(known, s) and not inside(down, s) for s in counted)
    assert (found.counted, found.down, found.up, found.missing) == (len(counted), bad, good, len(counted) - bad - good)
    assert 0.0 <= found.low <= found.high <= 1.0
    assert found.availability is None or found.low <= found.availability <= found.high
    assert seconds(within(down, known)) + seconds(without(known, down)) == seconds(known)


def test_terms_that_cannot_be_are_refused():
    for terms in (Terms("0d"), Terms("1097d"), Terms("fortnight"), Terms("30d", "Mars/Olympus"), Terms("30d", "../etc/passwd"),
                  Terms("month", ""), Terms("month", "Europe")):  # fmt: skip
        with pytest.raises(InvalidInput):
            checked_terms(terms)
    assert checked_terms(Terms("1096d")).window == "1096d"
