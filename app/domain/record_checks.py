"""What a record must satisfy to be stored, whichever source it comes from: finite numbers within bounds, usable texts, known
words.

Each check gives the first fault as (field, reason, advice), or None.
"""

from __future__ import annotations

from math import inf
from operator import attrgetter

from app.domain.ci_classes import ci_classes
from app.domain.nouns import KEY_BYTES
from app.domain.records import CiRecord, GroupRecord, IncidentRecord, ObservationRecord, ServiceRecord
from app.domain.texts import is_text
from app.domain.times import time_fault

Fault = tuple[str, str, str]
LIFECYCLES = frozenset({"planned", "active", "maintenance", "retired"})
ORIGINS = frozenset({"measured", "declared"})
GROUP_KINDS = frozenset({"ordinary", "supply"})
NEGATIONS = frozenset({"not", "xor", "nand", "nor", "iff", "imply", "inhibit"})
NEGATED = "negation is not supported: a failure never mends anything, so not, xor, nand, nor and inhibit have no meaning here"
TEXT_BYTES = 60_000
MOST_HOURS, MOST_LOSS = 1e7, 1e18
# what a service can have at stake: above all that exists, and far below where sums of it lose a digit
MAGNITUDES = {
    "customers": 1e11,
    "money_per_hour": 1e15,
    "mtpd_hours": MOST_HOURS,
    "rto_hours": MOST_HOURS,
    "rpo_hours": MOST_HOURS,
}
NAMED = 200  # characters of a name that only groups
_BOUNDS = (
    ("failures_per_year", 0.0, 1e9),
    ("repair_hours", 0.0, 1e7),
    ("repair_sigma", 0.0, 10.0),
    ("unavailability", 0.0, 1.0),
    ("failure_on_demand", 0.0, 1.0),
    ("level_share", 0.0, 1.0),
    ("restart_hours", 0.0, 1e7),
    ("backup_interval_hours", 0.0, 1e7),
    ("transfer_lag_hours", 0.0, 1e7),
)
_BOUNDED = attrgetter(*(name for name, _, _ in _BOUNDS))
_RANGES = attrgetter("failures_per_year_low", "failures_per_year_high", "repair_hours_low", "repair_hours_high")
_NO_RANGES = (None, None, None, None)


def is_negation(word: object) -> bool:
    """Whether a source means a gate that negates."""
    return isinstance(word, str) and word.strip().casefold() in NEGATIONS


def kind_fault(kind: str, advice: str) -> Fault:
    """Returns the fault of a kind that is none of ours: gates that negate are refused with the reason, never approximated (model
    1.2)."""
    if is_negation(kind):
        return "kind", f"'{kind}': {NEGATED}", "say it with hard needs (any fails it) and groups (k of n suffice)"
    return "kind", f"'{kind}' is unknown", advice


def ci_fault(record: CiRecord) -> Fault | None:
    if not record.source_id:
        return "key", "is empty", "give each CI a key that never changes"
    if len(record.source_id) + len(record.source_class) > KEY_BYTES // 8:
        return "key", f"is longer than {KEY_BYTES // 8} characters", "shorten it"
    if ":" in record.source_class:
        return "class", "holds a colon", "map the class to a word without one"
    if len(record.name) > KEY_BYTES // 4:
        return "name", f"is longer than {KEY_BYTES // 4} characters", "shorten it"
    if record.ci_class not in ci_classes():
        return "class", f"'{record.ci_class}' is not in the class table", "use a class of the table"
    if record.lifecycle not in LIFECYCLES:
        return "lifecycle", f"'{record.lifecycle}' is unknown", "use planned, active, maintenance or retired"
    if len(record.restore_pool) > NAMED:
        return "restore_pool", f"is longer than {NAMED} characters", "shorten the name"
    if len(record.starts_without) > 10 * NAMED:
        return "starts_without", f"is longer than {10 * NAMED} characters", "name fewer providers"
    for (name, low, high), value in zip(_BOUNDS, _BOUNDED(record), strict=True):
        if value is not None and not low <= value <= high:
            return name, f"{value!r} is not between {low:g} and {high:g}", "correct the number"
    if record.repair_distribution == "lognormal":
        if record.repair_sigma is None:
            return "repair_sigma", "is missing for a lognormal restore time", "give the spread of the logarithm"
    elif record.repair_distribution != "exponential":
        return "repair_distribution", f"'{record.repair_distribution}' is unknown", "use exponential or lognormal"
    if _RANGES(record) != _NO_RANGES:
        for name in ("failures_per_year", "repair_hours"):
            fault = range_fault(name, *(getattr(record, name + end) for end in ("", "_low", "_high")))
            if fault:
                return fault
    if record.failures_origin not in ORIGINS or record.repair_origin not in ORIGINS:
        return "origin", "is unknown", "use measured or declared"
    for _, text in (*record.identifiers, *record.aliases):
        if not usable_alias(text):
            return "aliases", f"an alias is empty or longer than {KEY_BYTES // 4} characters", "shorten it"
    return None


def usable_alias(text: str) -> bool:
    return 0 < len(text) <= KEY_BYTES // 4


def range_fault(name: str, value: float | None, low: float | None, high: float | None) -> Fault | None:
    """Returns the fault of a range. It is two ends around a value, in 0 < low <= value <= high (or three zeros).

    >>> range_fault("repair_hours", 4.0, 5.0, 8.0)
    ('repair_hours_low', '5.0 to 8.0 does not hold the value 4.0', 'give a 90 % interval around the value')
    """
    if low is None and high is None:
        return None
    end = f"{name}_{'low' if low is None else 'high'}"
    if low is None or high is None:
        return end, "is missing beside the other end", "give both ends of the range, or none"
    if value is None:
        return f"{name}_low", f"is a range without {name}", f"give {name} with it, or no range"
    if not low <= value <= high < inf:
        return f"{name}_low", f"{low!r} to {high!r} does not hold the value {value!r}", "give a 90 % interval around the value"
    if not low > 0 and high != 0:
        return f"{name}_low", f"{low!r} is not above 0", "give a small number above 0: the range is one of the logarithm"
    return None


def text_fault(text: str) -> Fault | None:
    """Returns the fault of a whole payload: both stores must be able to hold its texts."""
    if "\\u0000" in text or "\x00" in text:
        return "text", "holds a NUL character", "remove it"
    if not is_text(text):
        return "text", "is not valid Unicode", "correct the encoding"
    if len(text) > TEXT_BYTES:
        return "text", f"the record is longer than {TEXT_BYTES} characters", "leave out attributes"
    return None


def group_fault(record: GroupRecord) -> Fault | None:
    if not record.key or len(record.key) > KEY_BYTES // 8:
        return "key", "is empty or too long", "give each group a key"
    if record.kind not in GROUP_KINDS:
        return kind_fault(record.kind, "use ordinary or supply")
    if not record.members:
        return "members", "are missing", "list the CIs of which some suffice"
    if not 0 <= record.needed <= len(record.members):
        return "needed", f"{record.needed} of {len(record.members)} members is impossible", "correct needed or the members"
    if record.shares and len(record.shares) != len(record.members):
        return "shares", "are not one for each member", "give one share for each member, or none"
    if any(not 0 < share < inf for share in record.shares):
        return "shares", "are not all above 0", "give each member's share of the full load"
    if record.failover_minutes is not None and not 0 <= record.failover_minutes < inf:
        return "failover_minutes", "is not a time", "give minutes, 0 or more"
    if record.failover_success is not None and not 0 <= record.failover_success <= 1:
        return "failover_success", "is not a probability", "give a number from 0 to 1"
    if record.common_cause_share is not None and not 0 <= record.common_cause_share <= 1:
        return "common_cause_share", "is not a share", "give a number from 0 to 1"
    if record.common_cause_unavailability is not None and not 0 <= record.common_cause_unavailability < 1:
        return "common_cause_unavailability", "is not a probability below 1", "give a number from 0 to below 1"
    return None


def service_fault(record: ServiceRecord) -> Fault | None:
    for name, most in MAGNITUDES.items():
        value = getattr(record, name)
        if value is not None and not 0 <= value <= most:
            return name, f"{value!r} is not between 0 and {most:g}", "correct it, or leave it empty where unknown"
    for name in ("mbco_share", "availability_target"):
        value = getattr(record, name)
        if value is not None and not 0 <= value <= 1:
            return name, f"{value!r} is not between 0 and 1", "give a share"
    if len(record.currency) > 8:
        return "currency", "is not a currency code", "use three letters, as EUR"
    if len(record.customer_population) > NAMED:
        return "customer_population", f"is longer than {NAMED} characters", "shorten the name"
    for category, points in record.impact.items():
        hours = [point[0] for point in points]
        if any(not (0 <= h <= MOST_HOURS and 0 <= loss <= MOST_LOSS) for h, loss in points) or hours != sorted(hours):
            return "impact", f"the curve of {category} goes back in time", "give pairs of hours and loss in order of hours"
    return None


def incident_fault(record: IncidentRecord) -> Fault | None:
    if not record.key or len(record.key) > KEY_BYTES // 8:
        return "key", "is empty or too long", "give each incident a key"
    if fault := time_fault("started_at", record.started_at):
        return fault
    if record.ended_at is None:
        return None
    if record.ended_at < record.started_at:
        return "ended_at", "lies before the start", "correct the times"
    return time_fault("ended_at", record.ended_at)


def observation_fault(record: ObservationRecord) -> Fault | None:
    if fault := time_fault("observed_from", record.observed_from):
        return fault
    if record.observed_until <= record.observed_from:
        return "observed_until", "does not lie after observed_from", "correct the times"
    if fault := time_fault("observed_until", record.observed_until, ahead=True):
        return fault
    if record.scope != "*" and not record.scope.startswith(("class:", "ci:")):
        return "scope", f"'{record.scope}' is unknown", "use *, class:<class> or ci:<key>"
    if record.scope.startswith("class:") and record.scope[6:] not in ci_classes():
        return "scope", "names a class that is not in the table", "use a class of the table"
    return None
