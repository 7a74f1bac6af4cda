"""What is measured of services in Prometheus: the gauge of each service, and what its readings came to, a record for each day of
UTC. Samples are not kept: stretches down and missing are, and sums of requests by the hour."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from app.domain.errors import InvalidInput
from app.domain.tags import tag_of
from app.domain.texts import is_text
from app.ports.documents import Documents
from app.ports.records import Records
from app.usecases.keep import audit

DAY = 86400
QUERY_SIGNS = 4000
STEPS = (1, 3600)  # seconds, the least and the most


@dataclass(frozen=True, slots=True)
class Gauge:
    """How a service is measured. `settings`: of the Prometheus server: url, and how one signs in (no secrets: environment
    variables name them). `up_query`: one series, up where it is at least `up_from`; `errors_query` and `requests_query`: how many
    requests failed and came in each step. `uid`: of this way to measure, under which readings are kept: a gauge that measures
    something else has another."""

    service: str
    uid: str
    settings: Mapping[str, str] = field(default_factory=dict)
    up_query: str = ""
    up_from: float = 0.5
    errors_query: str = ""
    requests_query: str = ""
    step_seconds: int = 60
    since: str = ""  # nothing is read from before
    by: str = ""
    changed_at: str = ""


@dataclass(frozen=True, slots=True)
class ReadHealth:
    """`read_to`: until when the service was read (unix seconds), 0 never; a reading that fails leaves it where it is."""

    read_to: int = 0
    succeeded_at: str = ""
    failed_at: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class HourRead:
    """Requests and failed ones of an hour, in the seconds of it of which both are known."""

    hour: int
    requests: float
    errors: float
    seconds: int


@dataclass(frozen=True, slots=True)
class DayRead:
    """A day of UTC, from `begin` to `end` (unix seconds): stretches down and missing, up between them."""

    begin: int
    end: int
    down: Sequence[tuple[int, int]] = ()
    missing: Sequence[tuple[int, int]] = ()
    hours: Sequence[HourRead] = ()


GAUGES = Records("gauge", Gauge)
READINGS = Records("reading", DayRead)
READ_HEALTH = Records("reading_health", ReadHealth)


def gauge_tag(gauge: Gauge | None) -> str:
    """Returns a tag of what people can change of a gauge; "" where there is none."""
    if gauge is None:
        return ""
    return tag_of({name: value for name, value in asdict(gauge).items() if name not in ("uid", "by", "changed_at", "since")})


def checked_gauge(gauge: Gauge) -> Gauge:
    """Returns the gauge; InvalidInput where it measures nothing, or a field cannot be."""
    for name in ("up_query", "errors_query", "requests_query"):
        query = getattr(gauge, name)
        if len(query) > QUERY_SIGNS or not is_text(query):
            raise InvalidInput(f"{name}: a query of at most {QUERY_SIGNS:,} signs", field=name)
    if not gauge.up_query and not gauge.requests_query:
        raise InvalidInput("up_query: name what is measured, or requests_query with errors_query", field="up_query")
    if bool(gauge.errors_query) != bool(gauge.requests_query):
        raise InvalidInput("errors_query and requests_query belong together", field="errors_query")
    if not STEPS[0] <= gauge.step_seconds <= STEPS[1] or DAY % gauge.step_seconds:
        raise InvalidInput("step_seconds: 1 to 3600, a part of a day, like 60", field="step_seconds")
    return gauge


def gauges(documents: Documents) -> list[Gauge]:
    return [kept.value for kept in GAUGES.every(documents)]


def put_gauge(documents: Documents, gauge: Gauge) -> None:
    with documents.together():
        GAUGES.put(documents, gauge.service, gauge)
        audit.record(documents, gauge.by, "gauge set", gauge.service, {"step_seconds": gauge.step_seconds, "uid": gauge.uid})


def drop_gauge(documents: Documents, service: str, caller: str) -> None:
    """Removes a gauge with all that was read by it."""
    with documents.together():
        gauge = GAUGES.get(documents, service)
        for key in [key for key, _ in _days(documents, gauge.uid, 0)]:
            READINGS.delete(documents, key)
        READ_HEALTH.delete(documents, gauge.uid)
        GAUGES.delete(documents, service)
        audit.record(documents, caller, "gauge removed", service)


def day_key(uid: str, moment: int) -> str:
    """
    >>> day_key("a1", 86400)
    'a1:1970-01-02'
    """
    return f"{uid}:{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}"


def days_read(documents: Documents, uid: str, since: int) -> list[DayRead]:
    """Returns what was read of a gauge, from the day of a moment on, in order."""
    return [day for _, day in _days(documents, uid, since)]


def forget_days(documents: Documents, uid: str, before: int) -> None:
    """Forgets the days of a gauge that ended before a moment."""
    for key, day in _days(documents, uid, 0):
        if day.begin + DAY > before:
            return
        READINGS.delete(documents, key)


def _days(documents: Documents, uid: str, since: int) -> Iterator[tuple[str, DayRead]]:
    after = f"{uid}:" if since <= 0 else day_key(uid, since - since % DAY - 1)
    while page := READINGS.page(documents, after, 100):
        for row in page:
            if not row.key.startswith(f"{uid}:"):
                return
            yield row.key, row.value
        after = page[-1].key
