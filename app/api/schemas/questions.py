"""Schemas of what callers send. Unknown fields are refused."""

from __future__ import annotations

import math
import re
from dataclasses import fields
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import marshmallow as ma
from flask import current_app
from marshmallow import validate

from app.domain.agreement import MONTHS
from app.domain.alerts import DEFAULT_LABELS
from app.domain.areas import AREA_KINDS, AREA_SORTS, ORIGINS
from app.domain.assumption import FIELDS
from app.domain.common_causes import CAUSE_KINDS
from app.domain.explained import BY, DIFFERENCE
from app.domain.goals import LONGEST_REPAIR_HOURS
from app.domain.live import NOTED, STATES
from app.domain.map import DIRECTIONS, MOST_HOPS
from app.domain.nouns import NOUNS
from app.domain.record_checks import MAGNITUDES, MOST_LOSS, NAMED
from app.domain.stability_tests import GROUP_STATES, OUTCOMES, TEST_KINDS
from app.settings import LimitSettings
from app.usecases.keep.access import ROLES
from app.usecases.keep.inbox import KINDS as INBOX_KINDS
from app.usecases.keep.pools import MOST_PLACES
from app.usecases.paging import DEFAULT_LIMIT, MAX_LIMIT
from app.usecases.reports.make import KINDS as REPORT_KINDS
from app.usecases.reports.tables import TABLES

MOST = 2**31 - 1  # of what the settings limit: no computer counts further in the time there is


class AtMost:
    """What the settings allow (`limits.<name>`): of a number its size, of a list its length."""

    def __init__(self, name: str) -> None:
        if name not in {entry.name for entry in fields(LimitSettings)}:
            raise ValueError(f"no limit {name} among the settings")
        self.name = name

    @property
    def most(self) -> float:
        return getattr(current_app.extensions["forestay"].settings.limits, self.name)  # type: ignore[no-any-return]

    def __call__(self, value: Any) -> None:
        if (len(value) if isinstance(value, list) else value) > self.most:
            raise ma.ValidationError(f"At most {self.most:,} (setting limits.{self.name}).")


class Question(ma.Schema):
    class Meta:
        unknown = ma.RAISE

    @ma.post_load
    def lower_defaults(self, question: dict[str, Any], **_: Any) -> dict[str, Any]:
        """What nobody named is no more than the settings allow; what was named passed already."""
        for name, rule in self._limited:
            if isinstance(question.get(name), int | float):
                question[name] = min(question[name], rule.most)
        return question

    @cached_property
    def _limited(self) -> list[tuple[str, AtMost]]:
        return [(name, rule) for name, field in self.fields.items() for rule in field.validators if isinstance(rule, AtMost)]


class Number(ma.fields.Float):
    """A number as JSON writes it, in a query too: no `1_000`, no digits of other scripts, no blanks, no truth values."""

    def _validated(self, value: Any) -> float:
        return super()._validated(_plainly(value, _NUMBER))


class Whole(ma.fields.Integer):
    """A whole number as JSON writes it, in a query too."""

    def __init__(self, **options: Any) -> None:
        super().__init__(strict=True, **options)

    def _validated(self, value: Any) -> int:
        value = _plainly(value, _WHOLE)
        return super()._validated(int(value) if isinstance(value, str) else value)


_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?")
_WHOLE = re.compile(r"-?[0-9]{1,20}")


def _plainly(value: Any, form: re.Pattern[str]) -> Any:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float | str)
        or (isinstance(value, str) and not form.fullmatch(value))
    ):
        raise ma.ValidationError("Not a number as JSON writes it.")
    return value


def _finite(value: float) -> None:
    if not math.isfinite(value):
        raise ma.ValidationError("a finite number")


def number(most: float = MOST_LOSS, limit: str = "", **options: Any) -> Number:
    """From 0 to `most`, and to what the settings say under `limit`."""
    limits = [AtMost(limit)] if limit else []
    return Number(validate=[_finite, validate.Range(min=0, max=most), *limits], **options)


def whole(limit: str, least: int = 0, **options: Any) -> Whole:
    """A whole number from `least` to what the settings say under `limit`."""
    return Whole(validate=[validate.Range(min=least, max=MOST), AtMost(limit)], **options)


def named_cis(**options: Any) -> ma.fields.List[Any]:
    """CIs by any identity, as many as the settings allow to fail at once."""
    return ma.fields.List(text(), load_default=[], validate=[validate.Length(max=100_000), AtMost("failed_cis")], **options)


def moments(**options: Any) -> ma.fields.List[Any]:
    """Hours, as many as the settings allow to be asked about."""
    return ma.fields.List(number(), load_default=[], validate=[validate.Length(max=100_000), AtMost("moments")], **options)


def page_size() -> Whole:
    """Rows of a page."""
    return Whole(load_default=DEFAULT_LIMIT, validate=[validate.Range(min=1, max=MAX_LIMIT), AtMost("page")])


def text(longest: int = 4000, **options: Any) -> ma.fields.String:
    return ma.fields.String(validate=[validate.Length(min=1, max=longest), _no_nul], **options)


_NUL_OR_SURROGATE = re.compile("[\x00\ud800-\udfff]")


def _no_nul(value: str) -> None:
    if _NUL_OR_SURROGATE.search(value):
        raise ma.ValidationError("no NUL and no lone surrogates")


def _in_utc(value: datetime) -> None:
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise ma.ValidationError("It lies outside of the years 1 to 9999 in UTC.") from None


class When(Question):
    """Which state of the estate: a revision or a date (default: now)."""

    revision = Whole(validate=validate.Range(min=0, max=2**62), metadata={"description": "A revision number"})
    as_of = ma.fields.AwareDateTime(
        validate=_in_utc, metadata={"description": "A moment with zone; the revision that held then answers"}
    )
    locations = ma.fields.Boolean(metadata={"description": "false: rank without assumed failures of places (site, room, rack)"})


class Paged(When):
    after = text(2000, metadata={"description": "The `next` of the page before"})
    limit = page_size()


class AreasQuestion(Paged):
    kind = ma.fields.String(load_default="ci", validate=validate.OneOf(AREA_KINDS))
    team = text(400, metadata={"description": "Areas with a CI of this team; of services the service itself"})
    site = text(400, metadata={"description": "Likewise of this site"})
    ci_class = text(400, data_key="class", metadata={"description": "Likewise of this class"})
    origin = ma.fields.String(
        validate=validate.OneOf(ORIGINS), metadata={"description": "Likewise with a failure rate of this origin"}
    )
    sort = ma.fields.String(
        load_default="rank",
        validate=validate.OneOf([*AREA_SORTS, *(f"-{name}" for name in AREA_SORTS)]),
        metadata={"description": "The column to sort by: numbers the largest first, texts from A; with - the other way round"},
    )
    since = Whole(validate=validate.Range(min=0, max=2**62), metadata={"description": "An earlier revision to compare with"})
    name = text(200, metadata={"description": "Letters of the area's name or key, case aside"})


class LossQuestion(When):
    often = Whole(validate=validate.Range(min=0, max=4), metadata={"description": "With `much`: the cell whose CIs are wanted"})
    much = Whole(validate=validate.Range(min=0, max=4), metadata={"description": "0: the band with the costliest failures"})


class AreaQuestion(Paged):
    name = text(required=True, metadata={"description": "The area's name: a CI or service key, a team, a site, ..."})
    kind = ma.fields.String(load_default="ci", validate=validate.OneOf(AREA_KINDS))


class CisQuestion(Paged):
    q = text(400, metadata={"description": "A few letters of a name, an address or any alias; without: all CIs in order of key"})


class SearchQuestion(Paged):
    q = text(400, required=True, metadata={"description": "Beginnings of words of a name, an address or any alias, in any order"})


class AreaSearchQuestion(When):
    q = text(400, required=True, metadata={"description": "Beginnings of words of the name of a team, site or supplier"})
    limit = Whole(load_default=10, validate=validate.Range(min=1, max=100), metadata={"description": "The most of each kind"})


class CiQuestion(When):
    pass


class EvidenceQuestion(When):
    limit = page_size()


class WhatIfQuestion(Paged):
    """`class` and `with` are words of Python."""

    ci = named_cis(metadata={"description": "CIs that are out at once, by any identity"})
    site = named_cis(metadata={"description": "Sites all of whose CIs are out"})
    team = named_cis(metadata={"description": "Teams all of whose CIs are out"})
    supplier = named_cis(metadata={"description": "Suppliers all of whose CIs are out"})
    rack = named_cis(metadata={"description": "Racks that are out, with what stands in them"})
    scenario = text(metadata={"description": "Instead of these: the name of a stored scenario, or the text of one"})
    hours = number(
        most=87660.0, metadata={"description": "How long they are out, above 0; without: as the recovery model says; hours"}
    )

    class Meta(Question.Meta):
        include = {  # noqa: RUF012
            "class": named_cis(metadata={"description": "Classes all of whose CIs are out, with those below them"}),
            "with": text(metadata={"description": "A scenario to compare with: the name of a stored one, or its text"}),
        }


class AssumptionQuestion(Question):
    revision = Whole(validate=validate.Range(min=0, max=2**62), metadata={"description": "A revision number"})
    field = ma.fields.String(required=True, validate=validate.OneOf(list(FIELDS)))
    value = number(required=True, metadata={"description": "What is assumed instead, in the unit of the field"})


class MapQuestion(When):
    ci = named_cis(metadata={"description": "CIs in focus, by any identity"})
    also = named_cis(metadata={"description": "CIs that fail beside them"})
    hops = Whole(load_default=2, validate=validate.Range(min=1, max=MOST_HOPS), metadata={"description": "Needs in a row"})
    direction = ma.fields.String(load_default="both", validate=validate.OneOf(list(DIRECTIONS)))
    fails = ma.fields.Boolean(load_default=True, metadata={"description": "Whether the CIs in focus fail"})
    select = text(metadata={"description": "A CI whose way from the focus is asked for"})
    opened = ma.fields.List(
        text(),
        load_default=[],
        data_key="open",
        validate=validate.Length(max=1000),
        metadata={"description": "Ids of groups of like CIs that are shown one by one"},
    )


class ConwayQuestion(When):
    limit = page_size()
    trend = Whole(
        load_default=5, validate=validate.Range(1, 12), metadata={"description": "Revisions of the trend, this one among them"}
    )


class SuppliersQuestion(Paged):
    days = number(load_default=1.0, most=365.0, metadata={"description": "Days for which a supplier is out"})


class CommonCausesQuestion(Paged):
    kind = ma.fields.String(allow_none=True, load_default=None, validate=validate.OneOf(list(CAUSE_KINDS)))


class BlastQuestion(Paged):
    also = named_cis(metadata={"description": "Further CIs that are down"})


class Curves(ma.fields.Dict):
    def __init__(self, **options: Any) -> None:
        point = ma.fields.List(number(required=True), validate=validate.Length(equal=2))
        super().__init__(
            keys=text(100),
            values=ma.fields.List(point, validate=validate.Length(min=1, max=1000)),
            validate=validate.Length(max=20),
            **options,
        )


class ExposureQuestion(Question):
    customers = number(MAGNITUDES["customers"], allow_none=True, load_default=None)
    money_per_hour = number(MAGNITUDES["money_per_hour"], allow_none=True, load_default=None)
    currency = ma.fields.String(load_default="", validate=validate.Regexp(r"^([A-Z]{3})?$"))
    impact = Curves(load_default={})
    mtpd_hours = number(MAGNITUDES["mtpd_hours"], allow_none=True, load_default=None)
    rto_hours = number(MAGNITUDES["rto_hours"], allow_none=True, load_default=None)
    rpo_hours = number(MAGNITUDES["rpo_hours"], allow_none=True, load_default=None)
    mbco_share = number(allow_none=True, load_default=None, most=1)
    availability_target = number(allow_none=True, load_default=None, most=1)
    customer_population = ma.fields.String(
        load_default="",
        validate=[validate.Length(max=NAMED), _no_nul],
        metadata={"description": "services that name the same one share customers, who are counted once"},
    )


class ExposurePart(Question):
    """Some fields of an exposure; what is not named stays, null takes a value back."""

    customers = number(MAGNITUDES["customers"], allow_none=True)
    money_per_hour = number(MAGNITUDES["money_per_hour"], allow_none=True)
    currency = ma.fields.String(validate=validate.Regexp(r"^([A-Z]{3})?$"))
    impact = Curves()
    mtpd_hours = number(MAGNITUDES["mtpd_hours"], allow_none=True)
    rto_hours = number(MAGNITUDES["rto_hours"], allow_none=True)
    rpo_hours = number(MAGNITUDES["rpo_hours"], allow_none=True)
    mbco_share = number(1.0, allow_none=True)
    availability_target = number(1.0, allow_none=True)
    customer_population = ma.fields.String(validate=[validate.Length(max=NAMED), _no_nul])


class PoolQuestion(Question):
    places = Whole(
        required=True, validate=validate.Range(min=1, max=MOST_PLACES), metadata={"description": "Restorations at once"}
    )


class RiskOptions(When):
    """How the risk of one service is computed."""

    down = named_cis(metadata={"description": "CIs that are down for the question"})
    nodes = whole(
        "nodes",
        least=1_000,
        load_default=2_000_000,
        metadata={"description": "nodes of one decision diagram; beyond them the answer is a certified interval or simulated"},
    )
    seconds = number(1e6, "seconds", load_default=10.0, metadata={"description": "seconds the exact engine may take"})
    method = ma.fields.String(
        load_default="auto",
        validate=validate.OneOf(["auto", "simulated"]),
        metadata={"description": "auto: exact where the budget allows; simulated: by sampled worlds"},
    )
    seed = Whole(load_default=0, validate=validate.Range(min=0, max=2**31 - 1))
    years = whole(
        "years",
        load_default=0,
        metadata={"description": "years to simulate for durations and losses that have no closed form; 0: none"},
    )


class RiskPaged(RiskOptions, Paged):
    pass


class AvailabilityQuestion(RiskOptions):
    longer_than = moments(metadata={"description": "hours; the share of outages longer than that"})


class ImportanceQuestion(RiskPaged):
    by = ma.fields.String(
        load_default="criticality",
        validate=validate.OneOf(["criticality", "birnbaum", "fussell_vesely", "conditional", "raw", "rrw", "initiator_share"]),
    )


class CutSetsQuestion(RiskOptions):
    limit = whole("cut_sets", least=1, load_default=DEFAULT_LIMIT)


class GoalQuestion(RiskOptions):
    limit = whole("cut_sets", least=1, load_default=DEFAULT_LIMIT)
    target = number(most=1.0, metadata={"description": "the goal to judge by; default: the one of the exposure"})
    detect_minutes = number(load_default=0.0, most=525960.0, metadata={"description": "how much of a restore time is detection"})


class RateQuestion(Question):
    incidents = number(required=True, most=1e9, metadata={"description": "incidents that started at the CI"})
    years = number(required=True, most=1e9, metadata={"description": "years of service in which they were counted"})
    prior_shape = number(load_default=0.5, most=1e9, metadata={"description": "a of the prior Gamma(a, b); default: Jeffreys"})
    prior_years = number(load_default=0.0, most=1e9, metadata={"description": "b of the prior, in years"})
    level = number(load_default=0.9, most=0.9999)


class SimulationQuestion(When):
    cis = named_cis()
    site = text(allow_none=True, load_default=None)
    team = text(allow_none=True, load_default=None)
    supplier = text(allow_none=True, load_default=None)
    duration_hours = number(allow_none=True, load_default=None, most=87660.0)
    at_hours = moments()
    rule = ma.fields.String(allow_none=True, load_default=None, validate=validate.OneOf(["product", "worst"]))


class PageQuestion(Question):
    after = text(2000)
    limit = page_size()


class AgreementQuestion(Question):
    months = ma.fields.Integer(load_default=MONTHS, validate=validate.Range(1, 120))


class LiveQuestion(Question):
    """What is said of a CI; what is left out keeps its default, not what was said before."""

    state = ma.fields.String(required=True, validate=validate.OneOf(STATES))
    share = number(1.0, load_default=None, allow_none=True, metadata={"description": "What a degraded CI still does, below 1"})
    started_at = text(40, load_default="", metadata={"description": "Since when, with zone; default: since it was first said"})
    ends_at = text(40, load_default="", metadata={"description": "Until when it is expected to last, with zone"})
    reason = text(500, load_default="")


class RulesQuestion(Question):
    """How a sender's alerts are read; what is left out takes the default of docs/operating.md."""

    labels = ma.fields.List(
        text(200),
        load_default=list(DEFAULT_LABELS),
        validate=validate.Length(min=1, max=100),
        metadata={"description": "Labels that name a CI, the first that does counts"},
    )
    severities = ma.fields.Dict(
        keys=text(200),
        values=ma.fields.String(validate=validate.OneOf([*STATES, NOTED])),
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=100),
        metadata={"description": "What each value of the label severity means; any other, or none: down"},
    )
    degraded_share = number(
        1.0, load_default=None, allow_none=True, metadata={"description": "What a degraded CI still does, below 1"}
    )


class SenderQuestion(RulesQuestion):
    name = text(64, required=True)
    kind = ma.fields.String(load_default="alertmanager", validate=validate.OneOf(INBOX_KINDS))
    connector = ma.fields.String(load_default="", validate=[validate.Length(max=63), _no_nul])
    secret_env = ma.fields.String(load_default="", validate=[validate.Length(max=400), _no_nul])


class ImpactQuestion(Paged):
    id = text(required=True, metadata={"description": "Any identity of the CI: key, sys_id, iTop id, FQDN, serial ..."})


class ChangesQuestion(Question):
    since = Whole(validate=validate.Range(min=0, max=2**62), metadata={"description": "default: the revision before"})
    noun = ma.fields.String(load_default="ci", validate=validate.OneOf(list(NOUNS)))
    after = text(2000)
    limit = page_size()


class WhyQuestion(Question):
    since = Whole(validate=validate.Range(min=0, max=2**62), metadata={"description": "default: the revision before"})
    kind = ma.fields.String(load_default="ci", validate=validate.OneOf(list(AREA_KINDS)))
    by = ma.fields.String(load_default=DIFFERENCE, validate=validate.OneOf(list(BY)))
    after = text(2000)
    limit = page_size()


class SourceQuestion(Question):
    name = text(63, required=True)
    kind = text(63, required=True)
    location = ma.fields.String(load_default="", validate=[validate.Length(max=4000), _no_nul])
    priority = Whole(allow_none=True, load_default=None, validate=validate.Range(min=1, max=10**9))
    settings = ma.fields.Dict(keys=text(100), values=ma.fields.Raw(allow_none=True), load_default={})
    schedule = ma.fields.String(load_default="", validate=[validate.Length(max=200), _no_nul])


class SourceChangeQuestion(Question):
    location = ma.fields.String(allow_none=True, load_default=None, validate=[validate.Length(max=4000), _no_nul])
    priority = Whole(allow_none=True, load_default=None, validate=validate.Range(min=1, max=10**9))
    settings = ma.fields.Dict(
        keys=text(100),
        values=ma.fields.Raw(allow_none=True),
        load_default={},
        metadata={"description": "Settings to change; null takes one back to its default, those not named stay"},
    )
    schedule = ma.fields.String(allow_none=True, load_default=None, validate=[validate.Length(max=200), _no_nul])


class UploadQuestion(Question):
    filename = text(255, required=True, metadata={"description": "Its ending says what it is: .csv, .xlsx, .json or .xml"})


class CollisionsQuestion(PageQuestion):
    days = number(
        36_500.0, load_default=90.0, metadata={"description": "How many days from now on (setting changes.horizon_days)"}
    )


class ChangeCheckQuestion(Question):
    """A change that is kept, or CIs and a window."""

    change = text(400, load_default="", metadata={"description": "Id of a change that is kept or stands in a calendar"})
    cis = named_cis()
    start_at = text(40, load_default="", metadata={"description": "A time with zone"})
    end_at = text(40, load_default="", metadata={"description": "The first moment after it, with zone"})
    propose = Whole(load_default=5, validate=[validate.Range(min=0, max=20)], metadata={"description": "Better windows"})


def _texts() -> ma.fields.List[Any]:
    return ma.fields.List(text(400), load_default=[], validate=validate.Length(max=100_000))


class PlannedQuestion(Question):
    """A change, freeze or demand peak, with the fields of a calendar in json (docs/importing.md)."""

    kind = text(20, load_default="change")
    title = text(300, load_default="")
    cis = _texts()
    scope = text(400, load_default="", metadata={"description": "Of a freeze or peak: everything, service=, site= or team="})
    start = text(40, required=True, metadata={"description": "A date, or a time with zone or in `zone`"})
    end = text(40, load_default="")
    duration_hours = number(9600.0, load_default=None, allow_none=True)
    zone = text(80, load_default="", metadata={"description": "Like Europe/Berlin"})
    rrule = text(400, load_default="", metadata={"description": "A rule of iCalendar, like FREQ=WEEKLY;BYDAY=TU"})
    rdates = _texts()
    exdates = _texts()
    state = text(20, load_default="planned")


class GoalsQuestion(Question):
    limit = page_size()
    after = text()


class SetGoalQuestion(Question):
    target = number(
        LONGEST_REPAIR_HOURS,
        required=True,
        allow_none=True,
        metadata={
            "description": "Least availability or highest error rate (0 to 1), or longest mean time to repair in hours. "
            "null, for availability: the target that a source states stays, and only how it is judged is set"
        },
    )
    window = text(10, load_default="30d", metadata={"description": "`month` (of the calendar in `zone`), or days like 30d"})
    zone = text(80, load_default="UTC", metadata={"description": "Like Europe/Berlin"})
    maintenance_counts = ma.fields.Boolean(
        load_default=True, metadata={"description": "Whether planned maintenance counts as any other time; else it is left out"}
    )
    reason = text(500, load_default="", metadata={"description": "Why this is the goal"})


class GaugeQuestion(Question):
    """How a service is measured in Prometheus. Secrets are named by the environment variables that hold them."""

    settings = ma.fields.Dict(
        keys=text(40), values=text(400), required=True,
        metadata={"description": "url, and for signing in user with password_env, or token_env; ca_file"},
    )  # fmt: skip
    up_query = ma.fields.String(load_default="", validate=[validate.Length(max=4000), _no_nul])
    up_from = number(1e12, load_default=0.5)
    errors_query = ma.fields.String(load_default="", validate=[validate.Length(max=4000), _no_nul])
    requests_query = ma.fields.String(load_default="", validate=[validate.Length(max=4000), _no_nul])
    step_seconds = Whole(load_default=60, validate=validate.Range(1, 3600))
    since = ma.fields.String(load_default="", validate=[validate.Length(max=40), _no_nul])


class OpenSloQuestion(Question):
    filename = text(200, load_default="openslo.yaml", metadata={"description": "Name of the file, which the goals will carry"})


class SharedServiceQuestion(Question):
    service = text(required=True)
    label = text(120, load_default="")


class SharedQuestion(Question):
    """What everyone may read, without signing in."""

    open = ma.fields.Boolean(required=True)
    title = text(120, load_default="Services")
    services = ma.fields.List(ma.fields.Nested(SharedServiceQuestion), load_default=[], validate=validate.Length(max=200))


class CalendarQuestion(Question):
    format = ma.fields.String(required=True, validate=validate.OneOf(["csv", "json", "ics"]))
    zone = text(80, load_default="", metadata={"description": "Of times and days for which the file names none"})


def _maybe(longest: int, **options: Any) -> ma.fields.String:
    """A text that may be empty, which is the default."""
    return ma.fields.String(load_default="", validate=[validate.Length(max=longest), _no_nul], **options)


class TestsQuestion(PageQuestion):
    __test__ = False  # not a test of pytest's

    kind = ma.fields.String(
        load_default="",
        validate=validate.OneOf(["", *TEST_KINDS]),
        metadata={"description": "load, failover, game_day or recovery_exercise; empty: any, or what the file says"},
    )
    group = _maybe(400, metadata={"description": "Key of a redundancy group"})


class TestQuestion(Question):
    """What is said of a test beside its file; what is empty is left to the file."""

    __test__ = False

    filename = _maybe(255, metadata={"description": "Name of the file, which is kept with the test"})
    kind = ma.fields.String(
        load_default="",
        validate=validate.OneOf(["", *TEST_KINDS]),
        metadata={"description": "load, failover, game_day or recovery_exercise; empty: any, or what the file says"},
    )
    ci = _maybe(400, metadata={"description": "What was tested: a CI, by key or any other identity"})
    group = _maybe(400, metadata={"description": "Key of a redundancy group, or a CI that has no other group"})
    started_at = _maybe(40, metadata={"description": "A time with zone; needed where the file says none"})
    outcome = ma.fields.String(
        load_default="",
        validate=validate.OneOf(["", *OUTCOMES]),
        metadata={"description": "passed, failed or proves nothing; empty: what the file says"},
    )
    title = _maybe(300)
    notes = _maybe(2000, metadata={"description": "Remarks, for people"})
    failover_minutes = number(
        100_000.0,
        load_default=None,
        allow_none=True,
        metadata={"description": "Minutes that the switch took; null: what the file says"},
    )
    full_load_per_second = number(
        1e9,
        load_default=None,
        allow_none=True,
        metadata={"description": "Requests a second that are the full load of the group; null: no share is drawn"},
    )
    day = _maybe(40, metadata={"description": "The game day whose result it is"})


class GroupsTestedQuestion(PageQuestion):
    state = ma.fields.String(
        load_default="",
        validate=validate.OneOf(["", *GROUP_STATES]),
        metadata={"description": "configured, validated, failed or never tested; empty: any"},
    )


class ExperimentsQuestion(Question):
    limit = page_size()


class GameDayQuestion(Question):
    """A failover test of a redundancy group at a time."""

    group = text(400, required=True, metadata={"description": "Key of a redundancy group, or a CI that has no other group"})
    start_at = _maybe(40, metadata={"description": "A time with zone, to come"})
    hours = number(
        24.0, load_default=None, allow_none=True, metadata={"description": "Hours; null: as long as the experiment takes"}
    )
    people = ma.fields.List(
        text(200),
        load_default=[],
        validate=validate.Length(max=50),
        metadata={"description": "Who is there, and how to reach them"},
    )
    dry_run = ma.fields.Boolean(load_default=False, metadata={"description": "Show the sheet and keep nothing"})


class QualityQuestion(Question):
    limit = page_size()


class NothingAsked(Question):
    """An empty object."""


class RemoveQuestion(Question):
    apply = ma.fields.Boolean(
        load_default=False, metadata={"description": "remove it; without, a dry run that says what would be retired"}
    )
    keep = ma.fields.Boolean(load_default=False, metadata={"description": "its CIs stay as last known"})


class SyncQuestion(Question):
    dry_run = ma.fields.Boolean(load_default=False)
    apply = ma.fields.Boolean(
        load_default=False,
        metadata={"description": "write a new source's first run, which otherwise shows what it would change and waits"},
    )
    approve = ma.fields.Boolean(
        load_default=False, metadata={"description": "let a run through that the deletion guard would hold"}
    )
    complete = ma.fields.Boolean(
        load_default=False, metadata={"description": "you say that the input is complete: what is missing is retired"}
    )
    full = ma.fields.Boolean(load_default=False, metadata={"description": "read everything, without the line difference"})


class AssessQuestion(Question):
    revision = Whole(allow_none=True, load_default=None, validate=validate.Range(min=0, max=2**62))


class StudyQuestion(Question):
    """What a study may cost; every field has a default."""

    revision = Whole(allow_none=True, load_default=None, validate=validate.Range(min=0, max=2**62))
    nodes = whole("nodes", least=1_000, load_default=2_000_000)
    seconds = number(1e6, "study_seconds", load_default=10.0)
    worlds = whole("study_worlds", least=1, load_default=100_352)
    draws = whole("study_draws", least=20, load_default=400)
    years = whole("study_years", load_default=0)
    seed = Whole(load_default=0, validate=validate.Range(min=0, max=2**31 - 1))
    examined = whole("study_examined", load_default=2_000)


class ReportQuestion(Question):
    """Which report, of which revision."""

    kind = ma.fields.String(required=True, validate=validate.OneOf(tuple(REPORT_KINDS)))
    table = ma.fields.String(
        load_default="", validate=validate.OneOf(("", *TABLES)), metadata={"description": "Which table, where the kind is table"}
    )
    revision = Whole(allow_none=True, load_default=None, validate=validate.Range(min=0, max=2**62))


class StudyAreasQuestion(PageQuestion):
    kind = ma.fields.String(load_default="ci", validate=validate.OneOf(AREA_KINDS))


class KeyQuestion(Question):
    name = text(200, required=True)
    role = ma.fields.String(required=True, validate=validate.OneOf(list(ROLES)))
    days = Whole(allow_none=True, load_default=None, validate=validate.Range(min=0, max=36525))
    scope = text(
        4100,
        load_default="",
        metadata={"description": "All that a viewer's key sees: site=, team= or service= and a name; without it everything"},
    )


class ViewQuestion(Question):
    name = text(100, required=True)
    address = text(4000, required=True)
    shared = ma.fields.Boolean(load_default=False)


class RenameViewQuestion(Question):
    name = text(100, required=True)
    shared = ma.fields.Boolean(load_default=False)


class RotateQuestion(Question):
    overlap_hours = number(
        24 * 90,
        load_default=24.0,
        metadata={"description": "How long the old key stays good beside the new one"},
    )


class IdentityQuestion(Question):
    other = text(data_key="with", metadata={"description": "Another CI: why both are one, or why not"})


class ConflictsQuestion(Question):
    ci = text(metadata={"description": "Of one CI: its key, an alias, or a record as source:class:id"})
    source = text(200, metadata={"description": "In which this source has a value"})
    attribute = text(200, metadata={"description": "On this attribute"})
    ci_class = text(200, data_key="class", metadata={"description": "Of CIs of this class"})
    after = text(2000, metadata={"description": "The `next` of the page before"})
    limit = page_size()


class MergeQuestion(Question):
    a = text(required=True, metadata={"description": "A CI by key or any alias"})
    b = text(required=True, metadata={"description": "The other one"})
    reason = ma.fields.String(load_default="", validate=[validate.Length(max=1000), _no_nul])


class ReasonQuestion(Question):
    reason = ma.fields.String(load_default="", validate=[validate.Length(max=1000), _no_nul])


class AcceptProposalQuestion(ReasonQuestion):
    needed = ma.fields.Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, 1000),
        metadata={"description": "Of a redundancy: how many members suffice; null: as proposed"},
    )


class TakeBackQuestion(Question):
    decision = text(required=True, metadata={"description": "Its name, as GET /decisions lists it"})


class SplitQuestion(Question):
    ci = text(required=True, metadata={"description": "A CI by key or any alias"})
    records = ma.fields.List(
        text(),
        required=True,
        validate=validate.Length(min=1, max=1000),
        metadata={"description": "Records that leave, as source:class:id"},
    )
    reason = ma.fields.String(load_default="", validate=[validate.Length(max=1000), _no_nul])


class CorrectionQuestion(Question):
    ci = text(required=True, metadata={"description": "A CI by key or any alias"})
    values = ma.fields.Dict(
        keys=text(200),
        values=ma.fields.String(validate=[validate.Length(max=4000), _no_nul]),
        required=True,
        validate=validate.Length(min=1, max=200),
        metadata={"description": "Field or attribute to value, as text; an empty text takes a correction back"},
    )
    new_attributes = ma.fields.Boolean(
        load_default=False, metadata={"description": "A name that nobody gave this CI before is meant as it stands"}
    )
    reason = ma.fields.String(
        load_default="",
        validate=[validate.Length(max=2000), _no_nul],
        metadata={"description": "Why; it stands in the audit trail and the note of the revision"},
    )
