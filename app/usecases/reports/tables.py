"""The tables that can be taken out whole: each walks an answer page by page, so its figures are those of the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from app.domain.areas import AREA_COLUMNS, AREA_LABELS
from app.domain.errors import InvalidInput, StoreUnavailable
from app.domain.graph import ORIGIN_NAMES
from app.domain.report import COUNT, NUMBER, SHARE, TEXT, TIME, Column, Table
from app.domain.sentences import loss_unit
from app.usecases import paging
from app.usecases.answers.quality.report import quality
from app.usecases.answers.ranking import area_page
from app.usecases.answers.recovery import recovery_page
from app.usecases.answers.recovery_gaps import gaps_page
from app.usecases.answers.services import service_page
from app.usecases.operation_progress import Listener, silent
from app.usecases.tools import Tools

ROWS_AT_ONCE = 2000
KINDS = ("ci", *sorted(AREA_COLUMNS))  # a service is an area too; its table says more of it

Read = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Field:
    """A column, and how it is read from a row of the answer."""

    column: Column
    read: Read


def _field(name: str, title: str, kind: str = TEXT, unit: str = "", read: Read | None = None) -> _Field:
    return _Field(Column(name, title, kind, unit), read or (lambda row: getattr(row, name)))


def _area_fields(kind: str, currency: str, measure: str) -> Sequence[_Field]:
    return (
        _field("rank", "Rank", COUNT),
        _field("label", AREA_LABELS[kind]),
        _field("name", "Key"),
        _field("reason", "Why"),
        _field("money_per_year", "Money a year", NUMBER, currency),
        _field("customer_hours_per_year", "Customer-hours a year", NUMBER, "h"),
        _field("service_hours_per_year", "Service-hours a year", NUMBER, "h"),
        _field("share", "Share of the loss", SHARE),
        _field("owner", "Owner"),
        _field("confidence", "Confidence"),
        _field("gap_hours", "Recovery gap", NUMBER, "h", read=lambda row: row.gap.gap_hours if row.gap else None),
        _field("gap_service", "Gap of", read=lambda row: row.gap.service_name if row.gap else None),
        _field("low", "With combinations, from", NUMBER, measure),
        _field("high", "With combinations, to", NUMBER, measure),
        _field("redundancy", "Of combinations", NUMBER, measure),
        _field("services_hit", "Services stopped", COUNT),
        _field("services_touched", "Services degraded or interrupted", COUNT),
        _field("cis", "CIs", COUNT),
        *(
            _field(f"inputs_{origin}", f"Of it resting on {origin} rates", SHARE, read=_share_of(origin))
            for origin in ORIGIN_NAMES
        ),
        _field("open_needs", "Needs not read", COUNT),
        _field("not_counted", "Pairs not yet counted", read=lambda row: "yes" if row.not_counted else "no"),
    )


def _share_of(origin: str) -> Read:
    return lambda row: row.inputs.get(origin, 0.0)


def _service_fields(currency: str) -> Sequence[_Field]:
    return (
        _field("name", "Service"),
        _field("key", "Key"),
        _field("team", "Team"),
        _field("customers", "Customers", NUMBER),
        _field("money_per_hour", "Money an hour", NUMBER, currency),
        _field("rto_hours", "RTO", NUMBER, "h"),
        _field("mtpd_hours", "MTPD", NUMBER, "h"),
        _field("single_points", "Single points of failure", COUNT),
        _field("service_hours_per_year", "Hours down a year", NUMBER, "h"),
        _field("customer_hours_per_year", "Customer-hours a year", NUMBER, "h"),
        _field("money_per_year", "Money a year", NUMBER, currency),
        _field("open_needs", "Needs not read", COUNT),
        _field("exposure", "Exposure", read=lambda row: "assumed" if row.assumed else "declared"),
    )


RECOVERY: Sequence[_Field] = (
    _field("name", "Service"),
    _field("key", "Key"),
    _field("team", "Team"),
    _field("verdict", "Single outages within the RTO"),
    _field("rto_hours", "RTO", NUMBER, "h"),
    _field("mtpd_hours", "MTPD", NUMBER, "h"),
    _field("after_one_hours", "Back after the worst single outage", NUMBER, "h"),
    _field("after_one_name", "That outage"),
    _field("gap_hours", "Gap", NUMBER, "h"),
    _field("contradictions", "Outages that take too long", COUNT),
    _field("unknown_hours", "Restore times unknown", COUNT),
    _field("after_all_at_least_hours", "Back after all is down, at least", NUMBER, "h"),
    _field("after_all_within_hours", "Back after all is down, within", NUMBER, "h"),
    _field("after_all_verdict", "All down within the RTO"),
    _field("rpo_hours", "RPO", NUMBER, "h"),
    _field("data_loss_hours", "Data lost at worst", NUMBER, "h"),
    _field("rpo_verdict", "Data loss within the RPO"),
)
GAPS: Sequence[_Field] = (
    _field("kind", "After"),
    _field("service_name", "Service"),
    _field("service_key", "Service key"),
    _field("service_team", "Service team"),
    _field("wants_hours", "Required", NUMBER, "h"),
    _field("name", "CI"),
    _field("key", "CI key"),
    _field("ci_class", "Class"),
    _field("team", "Team"),
    _field("supplier", "Supplier"),
    _field("takes_hours", "Takes", NUMBER, "h"),
    _field("hours_origin", "Hours are"),
    _field("gap_hours", "Gap", NUMBER, "h"),
    _field("sentence", "In words"),
)
SOURCES: Sequence[_Field] = (
    _field("name", "Source"),
    _field("synced_at", "Read last", TIME, read=lambda row: row.synced_at or None),
    _field("state", "State"),
)
FINDINGS: Sequence[_Field] = (
    _field("kind", "Finding"),
    _field("count", "Count", COUNT),
    _field("of", "Of", COUNT),
    _field("share", "Share of the loss concerned", SHARE),
    _field("effect", "Effect"),
    _field("advice", "What to do"),
)

AREAS = {f"areas-{kind}": kind for kind in KINDS}
TABLES: dict[str, str] = {  # name: title
    **{name: f"Problem areas by {AREA_LABELS[kind]}" for name, kind in AREAS.items()},
    "services": "Business services",
    "recovery": "Recovery of services",
    "recovery-gaps": "Recovery gaps",
    "findings": "Data quality",
    "sources": "Sources",
}


def table_of(tools: Tools, name: str, revision: int, listen: Listener = silent) -> Table:
    """Returns a table of a revision, whole; InvalidInput for a name that is none of `TABLES`.

    Its rows are made as they are read; StoreUnavailable where there were not as many as the answer had promised.
    """
    if name not in TABLES:
        raise InvalidInput(f"table: one of {', '.join(TABLES)}", field="table")
    currency = tools.settings.model.currency
    if name in AREAS:
        kind = AREAS[name]
        fields = _area_fields(kind, currency, loss_unit(area_page(tools, kind, 1, None, revision).measure, currency))
        return _paged(name, fields, lambda after, limit: area_page(tools, kind, limit, after, revision), listen)
    if name == "services":
        return _paged(name, _service_fields(currency), lambda after, limit: service_page(tools, limit, after, revision), listen)
    if name == "recovery":
        return _paged(name, RECOVERY, lambda after, limit: recovery_page(tools, limit, after, revision), listen)
    if name == "recovery-gaps":
        return _paged(name, GAPS, lambda after, limit: gaps_page(tools, limit, after, revision, paths=False), listen)
    if name == "findings":
        return _whole(name, FINDINGS, quality(tools).findings if _is_newest(tools, revision) else ())
    return _whole(name, SOURCES, area_page(tools, "ci", 1, None, revision).stamp.sources)


def _is_newest(tools: Tools, revision: int) -> bool:
    return tools.store.current().revision == revision


def _whole(name: str, fields: Sequence[_Field], rows: Sequence[Any]) -> Table:
    columns = [field.column for field in fields]
    return Table(name, TABLES[name], columns, len(rows), [tuple(field.read(row) for field in fields) for row in rows])


def _paged(name: str, fields: Sequence[_Field], ask: Callable[[str | None, int], Any], listen: Listener) -> Table:
    every = paging.pages(lambda after: ask(after, ROWS_AT_ONCE))
    first = next(every)
    total = int(first.total_rows)

    def rows() -> Iterator[Sequence[Any]]:
        done = 0
        for page in chain([first], every):
            for row in page.items:
                yield tuple(field.read(row) for field in fields)
            done += len(page.items)
            listen(TABLES[name], done / total if total else 1.0)
        if done != total:
            raise StoreUnavailable(f"{name}: {done:,} of {total:,} rows came; make the report again")

    return Table(name, TABLES[name], [field.column for field in fields], total, rows())
