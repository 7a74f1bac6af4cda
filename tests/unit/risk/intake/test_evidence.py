"""Rates from incidents: posteriors, class priors, scopes, and where each value of an assembled CI comes from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from app.domain.ci_classes import ci_classes
from app.domain.columns import ABSENT
from app.domain.errors import InvalidInput
from app.domain.graph import ASSUMED, DECLARED, MEASURED
from app.risk.intake.assemble import Assembled, AssembleOptions, assemble
from app.risk.intake.class_rates import MEANS, begin_of, class_rates
from app.risk.intake.estimate import gamma_posterior_interval, gamma_posterior_mean
from app.risk.intake.evidence import Observed, observed_incidents, posterior_rates
from app.risk.intake.restore_times_seen import SHARE, Seen, restored
from tests.seeds import some_quick
from tests.unit.risk.build import category, texts

YEAR, HOUR = 8766 * 3600, 3600
CLASSES = ci_classes()


def ci_columns(classes: list[str], **more: Any) -> dict[str, Any]:
    count = len(classes)
    nan = np.full(count, math.nan)
    columns: dict[str, Any] = {
        "ci_id": np.arange(10, 10 + count), "key": texts([f"k{i}" for i in range(count)]),
        "name": texts([f"k{i}" for i in range(count)]),
        "ci_class": category(list(classes)), "is_service": np.zeros(count, np.int64),
        **{name: category([None] * count) for name in ("raw_class", "lifecycle", "environment", "site", "team", "supplier")},
        **{name: category([None] * count) for name in ("failures_origin", "repair_origin", "repair_distribution")},
        **{name: category([None] * count) for name in ("restore_pool", "starts_without")},
        **{
            name: nan.copy()
            for name in (
                "failures_per_year", "failures_per_year_low", "failures_per_year_high", "repair_hours", "repair_hours_low",
                "repair_hours_high", "repair_sigma", "unavailability", "failure_on_demand", "level_share", "restart_hours",
                "backup_interval_hours", "transfer_lag_hours",
            )
        },
    }  # fmt: skip
    return columns | more


def incidents(*rows: tuple[int, int, int, int, int]) -> dict[str, Any]:
    """(source, ci_id, from, until, root cause)."""
    table = np.asarray(rows, np.int64).reshape(-1, 5)
    return dict(zip(("source_id", "ci_id", "started_at", "ended_at", "root_cause"), table.T, strict=True))


def observations(*rows: tuple[int, str, int, int]) -> dict[str, Any]:
    return {
        "source_id": np.array([r[0] for r in rows], np.int64), "scope": category([r[1] for r in rows]),
        "observed_from": np.array([r[2] for r in rows], np.int64), "observed_until": np.array([r[3] for r in rows], np.int64),
    }  # fmt: skip


def watch(classes: list[str], incident: dict[str, Any], observation: dict[str, Any], now: int = 2 * YEAR) -> Observed:
    return observed_incidents(ci_columns(classes), incident, observation, CLASSES, now)


def test_a_credible_interval_has_the_bits_of_the_gamma_distribution_of_scipy_stats() -> None:
    for shape in (0.5, 1.0, 3.7, 100.0):
        for incidents, years in ((0, 3.0), (2, 0.25), (7, 12.5), (400, 1000.0)):
            for level in (0.5, 0.9, 0.99):
                tail = (1 - level) / 2
                want = stats.gamma.ppf([tail, 1 - tail], shape + incidents, scale=1 / (0.7 + years))
                assert gamma_posterior_interval(shape, 0.7, incidents, years, level) == tuple(want)


def test_c30() -> None:
    assert float(gamma_posterior_mean(0.5, 0.0, np.array(2), np.array(3.0))) == pytest.approx(2.5 / 3, rel=1e-12)
    assert gamma_posterior_interval(0.5, 0.0, 2, 3.0) == pytest.approx((0.190912705, 1.84508295), rel=1e-7)
    with pytest.raises(InvalidInput):
        gamma_posterior_mean(0.5, 0.0, np.array(1), np.array(0.0))


@pytest.mark.parametrize(
    ("counts", "years"), [((0,), (0.5,)), ((3, 0, 0, 1), (2.0, 2.0, 1.5, 2.0)), ((9, 12, 8, 0), (1.0, 1.0, 1.0, 3.0))]
)
def test_a_class_learns_as_the_integral_over_mean_and_shape_says(counts: tuple[int, ...], years: tuple[float, ...]) -> None:
    """Against a fine rectangle sum over both, with the counts' negative binomial chances of scipy."""
    server = CLASSES["server"]
    median, spread, shape = begin_of(server)
    log_mean, log_shape = np.linspace(-5, 5, 401)[:, None] * spread + np.log(median), np.linspace(-4, 4, 321) + np.log(shape)
    a = np.exp(log_shape)[None, :] + 0 * log_mean
    b = a / np.exp(log_mean)
    weight = stats.norm.pdf(log_mean, np.log(median), spread) * stats.norm.pdf(log_shape, np.log(shape), 1.0)
    for n, t in zip(counts, years, strict=True):
        weight = weight * stats.nbinom.pmf(n, a, b / (b + t))
    weight /= weight.sum()
    want = [float((weight * (a + n) / (b + t)).sum()) for n, t in zip(counts, years, strict=True)]
    told = class_rates(server, np.array(counts), np.array(years))
    assert told.mean(np.array(counts), np.array(years)) == pytest.approx(want, rel=0.02)
    assert len(told.weight) == MEANS * len(set(told.shape.tolist())) and told.weight.sum() == pytest.approx(1.0)


def test_a_class_without_evidence_has_the_mean_of_the_table_and_a_large_one_that_of_its_counts() -> None:
    nothing, server = np.zeros(0), CLASSES["server"]
    told = class_rates(server, nothing, nothing)
    assert float((told.weight * told.shape / told.years).sum()) == pytest.approx(server.failures_per_year, rel=0.01)
    rng = np.random.default_rng(7)
    years = rng.uniform(0.5, 4.0, 20_000)
    a, per_year = class_rates(server, rng.poisson(rng.gamma(2.0, 1 / 4.0, 20_000) * years), years).prior()
    assert a == pytest.approx(2.0, rel=0.1) and a / per_year == pytest.approx(0.5, rel=0.03)


def test_cascades_count_once_and_open_incidents_count() -> None:
    got = watch(
        ["server"] * 3,
        incidents(
            (1, 10, YEAR, YEAR + 10 * HOUR, 1), (1, 11, YEAR, YEAR + 10 * HOUR, 0), (1, 10, 2 * YEAR - 5 * HOUR, ABSENT, 1)
        ),
        observations((1, "*", 0, ABSENT)),
    )
    assert got.counts.tolist() == [2, 0, 0]
    assert got.years == pytest.approx([2 - 15 / 8766, 2 - 10 / 8766, 2.0])
    assert np.isnan(got.repair_hours).all()  # one closed incident is not enough, the open one says nothing of its end


def test_incidents_outside_the_window_and_of_unknown_cis_do_not_count() -> None:
    got = watch(
        ["server"], incidents((1, 10, YEAR // 2, YEAR, 1), (1, 99, YEAR + 1, YEAR + 2, 1)), observations((1, "*", YEAR, 2 * YEAR))
    )
    assert got.counts.tolist() == [0] and got.years[0] == pytest.approx(1.0)


def test_the_narrowest_scope_speaks_and_silent_cis_are_watched_too() -> None:
    got = watch(
        ["server", "server", "application"], incidents(),
        observations((1, "ci:k0", 0, YEAR // 4), (1, "class:hardware", 0, YEAR), (1, "class:server", 0, YEAR // 2),
            (1, "*", 0, 2 * YEAR)),
    )  # fmt: skip
    assert got.years == pytest.approx([0.25, 0.5, 2.0])
    assert watch(["server"], incidents(), observations((1, "class:application", 0, YEAR))).years.tolist() == [0.0]


def test_of_two_sources_the_one_that_watched_longest_speaks() -> None:
    got = watch(
        ["server"],
        incidents((1, 10, 5, 6, 1), (2, 10, 5, 6, 1), (2, 10, 9, 10, 1)),
        observations((1, "*", 0, 2 * YEAR), (2, "*", 0, YEAR)),
    )
    assert got.counts.tolist() == [1] and got.years[0] == pytest.approx(2.0)


def test_restore_time_is_shrunk_to_the_class_and_capped() -> None:
    """2 h and 8 h, of one CI. Variances of sigma^2: class 1/8, CI 1/8, the mean of two 1/2: the log median moves by a
    third."""
    rows = [(1, 10, YEAR, YEAR + 2 * HOUR, 1), (1, 10, YEAR + 9 * HOUR, YEAR + 17 * HOUR, 1)]
    server = CLASSES["server"]
    got = watch(["server"], incidents(*rows), observations((1, "*", 0, ABSENT)))
    sigma, begin = server.repair_sigma, math.log(server.repair_hours) - server.repair_sigma**2 / 2
    median, left = begin + ((math.log(2) + math.log(8)) / 2 - begin) / 3, sigma**2 * (1 / 4 - (1 / 4) / 3)
    assert got.repair_hours[0] == pytest.approx(math.exp(median + sigma**2 / 2 + left / 2))
    assert math.hypot(got.repair_shared[0], got.repair_own[0]) == pytest.approx(math.sqrt(left))
    long = [(1, 10, k * YEAR, k * YEAR + 2000 * HOUR, 1) for k in range(20)]
    assert watch(["server"], incidents(*long), observations((1, "*", 0, ABSENT)), 20 * YEAR).repair_hours.tolist() == [720.0]


def test_restore_times_learn_as_conditional_normals_do() -> None:
    """Five CIs of two classes, against the covariance of medians and observations inverted."""
    at, hours = np.array([0, 0, 1, 1, 1, 3, 3, 4]), np.array([2.0, 8.0, 30.0, 1.0, 4.0, 5.0, 6.0, 9.0])
    code, table, sigma = np.array([0, 0, 0, 1, 1]), np.array([4.0, 4.0, 4.0, 10.0, 10.0]), np.array([1.0, 1.0, 1.0, 0.7, 0.7])
    got = restored(Seen(at, hours, np.zeros(8, bool)), code, table, sigma)
    used = at != 4  # one failure alone says nothing
    begin = np.log(table) - sigma**2 / 2
    medians = SHARE * (np.equal.outer(code, code) * np.outer(sigma, sigma) + np.diag(sigma**2))
    rows = at[used]
    seen = medians[np.ix_(rows, rows)] + np.diag(sigma[rows] ** 2)
    gain = medians[:, rows] @ np.linalg.inv(seen)
    middle = begin + gain @ (np.log(hours[used]) - begin[rows])
    left = np.diag(medians - gain @ medians[rows, :])
    want = np.exp(middle + (sigma**2 + left) / 2)
    assert got.hours[[0, 1, 3]] == pytest.approx(want[[0, 1, 3]]) and np.isnan(got.hours[[2, 4]]).all()
    assert (got.shared**2 + got.own**2)[[0, 1, 3]] == pytest.approx(left[[0, 1, 3]])


def test_a_failure_that_is_open_says_that_it_takes_longer() -> None:
    """Against the mode of the likelihood found on a fine grid: 2 h, 8 h, and one open for 50 h; as if over at 50 it would say
    less."""
    grid = np.linspace(-3, 3, 60_001)
    spread = math.sqrt(2 * SHARE)
    begin = math.log(4.0) - 0.5
    logs = np.log([2.0, 8.0, 50.0]) - begin
    height = stats.norm.logpdf(grid, 0, spread) + stats.norm.logpdf(logs[0] - grid) + stats.norm.logpdf(logs[1] - grid)
    mode = grid[np.argmax(height + stats.norm.logsf(logs[2] - grid))]
    seen = Seen(np.zeros(3, np.int64), np.array([2.0, 8.0, 50.0]), np.array([False, False, True]))
    args = (np.zeros(1, np.int64), np.array([4.0]), np.array([1.0]))
    got = restored(seen, *args)
    left = float(got.shared[0] ** 2 + got.own[0] ** 2)
    assert math.log(got.hours[0]) - begin - 0.5 - left / 2 == pytest.approx(mode, abs=2e-4)
    over, without = (restored(seen._replace(open=np.zeros(3, bool)), *args), restored(Seen(*(c[:2] for c in seen)), *args))
    assert got.hours[0] > over.hours[0] > without.hours[0]


def test_a_ticket_that_was_given_up_says_nothing_of_its_end() -> None:
    rows = [(1, 10, YEAR // 2, YEAR // 2 + 2 * HOUR, 1), (1, 10, YEAR // 3, YEAR // 3 + 8 * HOUR, 1)]
    window = observations((1, "*", 0, ABSENT))
    plain = watch(["server"], incidents(*rows), window).repair_hours[0]
    forgotten = watch(["server"], incidents(*rows, (1, 10, YEAR, ABSENT, 1)), window)
    open_now = watch(["server"], incidents(*rows, (1, 10, 2 * YEAR - 50 * HOUR, ABSENT, 1)), window)
    assert forgotten.repair_hours[0] == plain and forgotten.doubtful.tolist() == [1] and open_now.repair_hours[0] > plain


def test_time_out_counts_once_however_many_incidents_tell_of_it() -> None:
    rows = [(1, 10, YEAR, YEAR + 100 * HOUR, 1)] * 3 + [
        (1, 10, YEAR + 10 * HOUR, YEAR + 20 * HOUR, 0),
        (1, 10, YEAR + 90 * HOUR, YEAR + 110 * HOUR, 0),
    ]
    got = watch(["server", "server"], incidents(*rows, (1, 11, 0, YEAR + 50 * HOUR, 1)), observations((1, "*", YEAR, ABSENT)))
    assert got.years == pytest.approx([1 - 110 / 8766, 1 - 50 / 8766])
    assert got.counts.tolist() == [1, 0]  # what began before the window is not an incident of it, but takes from it


def test_overlapping_tickets_are_one_failure_with_the_union_of_their_times() -> None:
    start = YEAR
    many = [(1, 10, start + a * HOUR // 4, start + b * HOUR // 4, 1) for a, b in ((0, 8), (1, 8), (2, 7), (8, 9))]
    more = [(1, 10, start + 900 * HOUR, start + 902 * HOUR, 1)]
    one = [(1, 11, start, start + 9 * HOUR // 4, 1), (1, 11, start + 900 * HOUR, start + 902 * HOUR, 1)]
    got = watch(["server"] * 2, incidents(*many, *more, *one), observations((1, "*", 0, ABSENT)))
    assert got.counts.tolist() == [2, 2] and got.years[0] == got.years[1] and got.repair_hours[0] == got.repair_hours[1]


def test_an_incident_nobody_closed_ends_at_the_next_one_or_after_thirty_days() -> None:
    rows = [(1, 10, YEAR, ABSENT, 1), (1, 10, YEAR + 100 * HOUR, YEAR + 102 * HOUR, 1), (1, 11, YEAR, ABSENT, 1)]
    recent = (1, 12, 2 * YEAR - 10 * HOUR, ABSENT, 1)
    got = watch(["server"] * 3, incidents(*rows, recent), observations((1, "*", 0, ABSENT)))
    assert got.counts.tolist() == [2, 1, 1] and got.doubtful.tolist() == [1, 1, 0]
    assert got.years == pytest.approx([2 - 102 / 8766, 2 - 720 / 8766, 2 - 10 / 8766])


def test_several_windows_of_one_scope_are_a_union() -> None:
    windows = observations((1, "*", 0, YEAR // 4), (1, "2 *", YEAR // 2, YEAR), (1, "class:server", 0, YEAR // 8))
    rows = incidents(
        (1, 11, 9, 10, 1), (1, 11, 3 * YEAR // 8, 3 * YEAR // 8 + 9, 1), (1, 11, 3 * YEAR // 4, 3 * YEAR // 4 + 1, 1)
    )
    got = watch(["server", "application"], rows, windows)
    assert got.years == pytest.approx([1 / 8, 3 / 4], abs=1e-6) and got.counts.tolist() == [0, 2]


def _tickets(rng: np.random.Generator) -> list[tuple[int, int, int, int, int]]:
    """Some outages of four CIs, each told by one to three tickets that overlap."""
    told = []
    for _ in range(int(rng.integers(1, 12))):
        ci, begin, hours = int(rng.integers(10, 14)), int(rng.integers(YEAR // 9, 2 * YEAR)), float(rng.lognormal(1, 1))
        end = begin + int(hours * HOUR) + 60
        told.append((1, ci, begin, end, 1))
        for _ in range(int(rng.integers(0, 3))):
            low = int(rng.integers(begin, end))
            told.append((1, ci, low, int(rng.integers(low, end + 1)), int(rng.integers(0, 2))))
    return told


def _rates(rows: list[tuple[int, int, int, int, int]]) -> tuple[Any, Observed]:
    got = watch(["server"] * 4, incidents(*rows), observations((1, "*", YEAR // 9, ABSENT)))
    rates = posterior_rates(np.zeros(4, np.int64) + list(CLASSES).index("server"), list(CLASSES.values()), got)
    return rates, got


@pytest.mark.parametrize("part", some_quick(1, 40))
def test_duplicating_splitting_or_never_closing_a_ticket_changes_no_rate_unmarked(part: int) -> None:
    """1,000 estates in 40 parts, each ticket of them done to in each of three ways."""
    for number in range(part * 25, part * 25 + 25):
        rng = np.random.default_rng(number)
        rows = _tickets(rng)
        rates, plain = _rates(rows)
        for at, (source, ci, begin, end, root) in enumerate(rows):
            others = rows[:at] + rows[at + 1 :]
            middle = int(rng.integers(begin, end + 1))
            doubled = [*rows, rows[at]]
            split = [*others, (source, ci, begin, middle, root), (source, ci, middle, end, root)]
            for changed in (doubled, split):
                again, got = _rates(changed)
                assert (again == rates).all() and (got.counts == plain.counts).all(), (number, at)
                assert np.array_equal(got.repair_hours, plain.repair_hours, equal_nan=True) and not got.doubtful.any()
            again, got = _rates([*others, (source, ci, begin, ABSENT, root)])
            if begin + 720 * HOUR < 2 * YEAR or got.doubtful.any():
                assert got.doubtful[ci - 10] == 1, (number, at)
                assert (got.counts >= plain.counts).all()  # what is not known lowers no rate
            else:  # it may be open still: its time out alone has changed
                assert (got.counts == plain.counts).all()


def build(ci: dict[str, Any], exposure: list[dict[str, Any]] | None = None, **options: Any) -> Assembled:
    rows = exposure or []
    numbers = ("customers", "money_per_hour", "mtpd_hours", "rto_hours", "rpo_hours", "mbco_share", "availability_target")
    columns = {
        "ci": ci, "incident": options.pop("incident", incidents()), "observation": options.pop("observation", observations()),
        "dependency": {
            "dependent_id": np.zeros(0, np.int64), "provider_id": np.zeros(0, np.int64), "kind": category([]),
            "weight": np.zeros(0),
        },
        "redundancy_group": {
            "key": texts([]), "dependent_id": np.zeros(0, np.int64), "kind": category([]), "needed": np.zeros(0, np.int64),
            "members": texts([]),
            "shares": texts([]), "failover_minutes": np.zeros(0), "failover_success": np.zeros(0),
            "common_cause_share": np.zeros(0), "common_cause_unavailability": np.zeros(0),
        },
        "exposure": {
            "ci_id": np.array([r.get("ci_id", 10) for r in rows], np.int64),
            "source_id": np.array([r["source_id"] for r in rows], np.int64),
            "currency": category([r.get("currency") for r in rows]),
            "customer_population": category([r.get("customer_population") for r in rows]),
            "impact": texts([r.get("impact", "") for r in rows]),
            **{name: np.array([r.get(name, math.nan) for r in rows], float) for name in numbers},
        },
        "open_need": {
            "source_id": np.zeros(0, np.int64), "need_key": texts([]), "dependent_id": np.zeros(0, np.int64),
            "kind": category([]), "needs": np.zeros(0, np.int64),
        },
    }  # fmt: skip
    return assemble(columns, CLASSES, AssembleOptions(now=2 * YEAR, **options))


def test_each_value_says_where_it_is_from() -> None:
    ci = ci_columns(
        ["server"] * 4, failures_per_year=np.array([math.nan, 3.0, 3.0, math.nan]),
        repair_hours=np.array([math.nan, 2.0, math.nan, math.nan]),
        unavailability=np.array([math.nan, math.nan, math.nan, 0.01]),
    )  # fmt: skip
    made = build(
        ci, incident=incidents((1, 12, YEAR, YEAR + HOUR, 1)), observation=observations((1, "ci:k2", 0, ABSENT))
    ).graph.cis
    server = CLASSES["server"]
    seen = float(class_rates(server, np.array([1]), np.array([2 - 1 / 8766])).mean(np.array([1]), np.array([2 - 1 / 8766]))[0])
    assert made.failures_origin[:3].tolist() == [ASSUMED, DECLARED, MEASURED]
    assert made.failures_per_year[:3] == pytest.approx([server.failures_per_year, 3.0, seen])
    assert made.repair_origin[:3].tolist() == [ASSUMED, DECLARED, ASSUMED]
    assert made.repair_hours[:3] == pytest.approx([server.repair_hours, 2.0, server.repair_hours])
    assert math.isnan(made.failures_per_year[3]) and math.isnan(made.repair_hours[3]) and made.unavailability[3] == 0.01


def test_a_range_goes_with_the_value_it_was_stated_with() -> None:
    two = {"failures_per_year_low": 1.0, "failures_per_year_high": 9.0, "repair_hours_low": 1.0, "repair_hours_high": 4.0}
    ci = ci_columns(
        ["server"] * 4, failures_per_year=np.array([3.0, 3.0, math.nan, 3.0]), repair_hours=np.array([2.0, 2.0, 2.0, math.nan]),
        unavailability=np.array([math.nan, math.nan, 0.01, math.nan]), **{name: np.full(4, value) for name, value in two.items()},
    )  # fmt: skip
    made = build(
        ci, incident=incidents((1, 11, YEAR, YEAR + HOUR, 1)), observation=observations((1, "ci:k1", 0, ABSENT))
    ).graph.cis
    # incidents measure the second's rate, the third has an unavailability, the fourth no time
    kept = [[0, 3], [0, 3], [0, 1, 2], [0, 1, 2]]
    for (name, value), rows in zip(two.items(), kept, strict=True):
        column = getattr(made, name)
        assert np.flatnonzero(~np.isnan(column)).tolist() == rows and (column[rows] == value).all(), name


def test_the_best_source_names_the_population() -> None:
    rows = [{"source_id": 1, "customer_population": "low"}, {"source_id": 2, "customer_population": "high"}, {"source_id": 3}]
    made = build(ci_columns(["server"]), rows, source_priority={1: 90, 2: 10, 3: 1})
    assert [said.customer_population for said in made.graph.services] == ["high"]


def test_silent_cis_get_the_posterior_of_their_class() -> None:
    rows = [(1, 10, YEAR // 2, YEAR // 2, 1), (1, 10, YEAR, YEAR, 1), (1, 11, YEAR, YEAR, 1)]
    made = build(ci_columns(["server"] * 6), incident=incidents(*rows), observation=observations((1, "*", 0, ABSENT))).graph.cis
    counts, years = np.array([2, 1, 0, 0, 0, 0]), np.full(6, 2.0)
    assert made.failures_per_year == pytest.approx(class_rates(CLASSES["server"], counts, years).mean(counts, years))
    assert (np.diff(made.failures_per_year[:3]) < 0).all()
    assert (made.failures_origin == MEASURED).all() and made.observed_incidents.tolist() == [2, 1, 0, 0, 0, 0]


def test_one_switch_ranks_without_places() -> None:
    ci = ci_columns(["site", "rack", "server", "site"], failures_per_year=np.array([math.nan, math.nan, math.nan, 0.5]))
    assert (build(ci).graph.cis.failures_per_year > 0).all()
    assert build(ci, location_failures=False).graph.cis.failures_per_year.tolist() == [
        0.0,
        0.0,
        CLASSES["server"].failures_per_year,
        0.5,
    ]


def test_money_is_counted_in_one_currency_of_the_source_that_gave_it() -> None:
    usd = {"source_id": 1, "money_per_hour": 100.0, "currency": "USD", "impact": '{"money": [[1, 50], [2, 200]]}'}
    made = build(ci_columns(["application"]), [usd], exchange_rates={"USD": 0.5})
    assert made.graph.services[0].money_per_hour == 50.0 and made.graph.services[0].impact["money"] == ((1.0, 25.0), (2.0, 100.0))
    made = build(ci_columns(["application"]), [usd])
    assert made.graph.services[0].money_per_hour is None and "money" not in made.graph.services[0].impact
    assert made.warnings == ("no exchange rate for USD: the money of 1 services is unknown in EUR",)
    other = {"source_id": 2, "customers": 7.0, "currency": "USD"}  # a currency without money of its own
    made = build(ci_columns(["application"]), [other, usd | {"currency": "EUR", "impact": ""}], source_priority={2: 1, 1: 2})
    assert made.graph.services[0].money_per_hour == 100.0 and made.graph.services[0].customers == 7.0 and made.warnings == ()


def test_each_field_is_from_the_best_source_that_gives_it() -> None:
    rows = [{"source_id": 1, "customers": 5.0, "rto_hours": 1.0}, {"source_id": 2, "customers": 9.0}]
    first = build(ci_columns(["application"]), rows, source_priority={1: 2, 2: 1}).graph.services[0]
    assert (first.customers, first.rto_hours, first.mtpd_hours) == (9.0, 1.0, None)
    assert build(ci_columns(["application"]), rows, source_priority={1: 1, 2: 2}).graph.services[0].customers == 5.0


def test_what_is_not_assessed_is_counted_and_has_no_service() -> None:
    ci = ci_columns(
        ["server"] * 4, lifecycle=category(["active", "planned", None, "maintenance"]),
        environment=category([None, "test", "test", "production"]),
        is_service=np.array([1, 1, 0, 1]),
    )  # fmt: skip
    made = build(ci)
    assert made.graph.cis.assessed.tolist() == [True, False, False, True]
    assert dict(made.left_out) == {"lifecycle planned": 1, "environment test": 1}
    assert [s.ci_id for s in made.graph.services] == [10, 13]
