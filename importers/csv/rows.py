"""A row of a sheet to a record. A builder is made once from the header and called for each row; it raises BadCell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.domain.ci_classes import OTHER, class_of
from app.domain.records import CiRecord, GroupRecord, IncidentRecord, ObservationRecord, ServiceRecord
from app.ports.ci_source import SmallRecord
from importers.cells import BadCell, cell, curve, number, unix_seconds, whole, yes
from importers.csv.columns import IDENTIFIERS, columns_of
from importers.figures import mean_from_median, rate_from_calendar

SOURCE_CLASS = "ci"
Row = Sequence[str]


class Header:
    """Where each known column is, and what the others are: attributes, `alias:<kind>` or `id:<kind>`."""

    def __init__(
        self, kind: str, names: Sequence[str], column_map: Mapping[str, str], empty: Sequence[str], separator: str
    ) -> None:
        self.kind, self.names = kind, [column_map.get(name.strip(), name.strip()) for name in names]
        self.empty, self.separator = frozenset(empty), separator
        known = set(columns_of(kind))
        self.at = {name: place for place, name in enumerate(self.names) if name in known}
        self.others = [(name, place) for place, name in enumerate(self.names) if name and name not in known]

    def width(self) -> int:
        return len(self.names)


def ci_builder(header: Header) -> Callable[[Row, list[BadCell]], CiRecord]:
    """A builder of records; cells that cannot be used and are not needed go to the list it is given."""
    at, empty = header.at, header.empty
    identifiers = [(name, at[name]) for name in IDENTIFIERS if name in at]
    identifiers += [(name[3:], place) for name, place in header.others if name.startswith("id:")]
    aliases = [(name[6:], place) for name, place in header.others if name.startswith("alias:")]
    attributes = [(name, place) for name, place in header.others if not name.startswith(("id:", "alias:"))]
    texts: list[tuple[str, int]] = [
        (name, at[name])
        for name in ("site", "team", "supplier", "failures_origin", "repair_origin", "repair_distribution")
        if name in at
    ]
    numbers: list[tuple[str, int]] = [
        (name, at[name])
        for name in (
            "failures_per_year",
            "failures_per_calendar_year",
            "failures_per_year_low",
            "failures_per_year_high",
            "repair_hours",
            "repair_median_hours",
            "repair_sigma",
            "repair_hours_low",
            "repair_hours_high",
            "unavailability",
            "failure_on_demand",
            "level_share",
            "restart_hours",
        )
        if name in at
    ]
    calendar = "failures_per_calendar_year" in at or "repair_median_hours" in at or "repair_sigma" in at
    key_at, name_at, class_at = at["key"], at.get("name"), at.get("class")
    environment_at, lifecycle_at, service_at = at.get("environment"), at.get("lifecycle"), at.get("service")
    classes: dict[str, tuple[str, str]] = {}

    def build(row: Row, lost: list[BadCell]) -> CiRecord:
        key = row[key_at].strip()
        if key in empty:
            raise BadCell("key", "is empty", "give each CI a key that never changes")
        values: dict[str, Any] = {}
        for name, place in texts:
            if (text := row[place].strip()) not in empty:
                values[name] = text
        for name, place in numbers:
            if (text := row[place].strip()) not in empty:
                try:
                    values[name] = number(name, text)
                except BadCell as bad:
                    lost.append(bad)
        if calendar:
            _convert(values, lost)
        raw = "" if class_at is None else row[class_at].strip()
        if raw not in classes:
            word = class_of(raw) if raw not in empty else OTHER
            classes[raw] = (word or OTHER, "" if raw in empty or raw == word else raw)
        values["ci_class"], values["raw_class"] = classes[raw]
        if environment_at is not None and (text := row[environment_at].strip()) not in empty:
            values["environment"] = text.casefold()
        if lifecycle_at is not None and (text := row[lifecycle_at].strip()) not in empty:
            values["lifecycle"] = text.casefold()
        if service_at is not None and (text := row[service_at].strip()) not in empty:
            values["is_service"] = bool(cell(yes, "service", text, lost))
        if identifiers:
            values["identifiers"] = tuple(
                (kind, text) for kind, place in identifiers if (text := row[place].strip()) not in empty
            )
        if aliases:
            values["aliases"] = tuple((kind, text) for kind, place in aliases if (text := row[place].strip()) not in empty)
        if attributes:
            values["attributes"] = {name: text for name, place in attributes if (text := row[place].strip()) not in empty}
        shown = "" if name_at is None else row[name_at].strip()
        return CiRecord(SOURCE_CLASS, key, key if shown in empty else shown, **values)

    return build


def _convert(values: dict[str, Any], lost: list[BadCell]) -> None:
    """Median and calendar count to the mean and the rate per year of up time."""
    sigma = values.get("repair_sigma")
    if sigma is not None:
        values.setdefault("repair_distribution", "lognormal")
    median = values.pop("repair_median_hours", None)
    if median is not None and "repair_hours" not in values:
        try:
            values["repair_hours"] = mean_from_median(median, sigma)
        except BadCell as bad:
            lost.append(bad)
    count = values.pop("failures_per_calendar_year", None)
    if count is not None and "failures_per_year" not in values:
        try:
            values["failures_per_year"] = rate_from_calendar(count, values.get("repair_hours"))
        except BadCell as bad:
            lost.append(bad)


def small_builder(header: Header) -> Callable[[Row, list[BadCell]], SmallRecord]:
    """As `ci_builder`."""
    at, empty = header.at, header.empty

    def text(row: Row, name: str, default: str = "") -> str:
        value = row[at[name]].strip() if name in at else ""
        return default if value in empty else value

    def figure(row: Row, name: str, lost: list[BadCell]) -> float | None:
        value = text(row, name)
        return cell(number, name, value, lost) if value else None

    def parts(row: Row, name: str) -> list[str]:
        value = text(row, name)
        return [part.strip() for part in value.split(header.separator)] if value else []

    def shares(row: Row, lost: list[BadCell]) -> tuple[float, ...]:
        try:
            return tuple(number("shares", part) for part in parts(row, "shares"))
        except BadCell as bad:
            lost.append(bad)
            return ()

    def group(row: Row, lost: list[BadCell]) -> SmallRecord:
        return GroupRecord(
            key=text(row, "key"),
            dependent=text(row, "dependent"),
            members=tuple(parts(row, "members")),
            needed=whole("needed", text(row, "needed")),
            kind=text(row, "kind", "ordinary").casefold(),
            shares=shares(row, lost),
            failover_minutes=figure(row, "failover_minutes", lost),
            failover_success=figure(row, "failover_success", lost),
            common_cause_share=figure(row, "common_cause_share", lost),
            common_cause_unavailability=figure(row, "common_cause_unavailability", lost),
        )

    impacts = [(name[7:], place) for name, place in header.others if name.startswith("impact:")]

    def service(row: Row, lost: list[BadCell]) -> SmallRecord:
        return ServiceRecord(
            ci=text(row, "key"),
            customers=figure(row, "customers", lost),
            money_per_hour=figure(row, "money_per_hour", lost),
            currency=text(row, "currency"),
            impact={
                name: points
                for name, place in impacts
                if row[place].strip() not in empty and (points := cell(curve, f"impact:{name}", row[place], lost)) is not None
            },
            mtpd_hours=figure(row, "mtpd_hours", lost),
            rto_hours=figure(row, "rto_hours", lost),
            rpo_hours=figure(row, "rpo_hours", lost),
            mbco_share=figure(row, "mbco_share", lost),
            availability_target=figure(row, "availability_target", lost),
            customer_population=text(row, "customer_population"),
        )

    def incident(row: Row, lost: list[BadCell]) -> SmallRecord:
        ended, cause = text(row, "ended_at"), text(row, "root_cause")
        return IncidentRecord(
            key=text(row, "key"),
            ci=text(row, "ci"),
            started_at=unix_seconds("started_at", text(row, "started_at")),
            ended_at=cell(unix_seconds, "ended_at", ended, lost) if ended else None,
            root_cause=cell(yes, "root_cause", cause, lost) is not False if cause else True,
        )

    def observation(row: Row, lost: list[BadCell]) -> SmallRecord:
        return ObservationRecord(
            text(row, "scope"),
            unix_seconds("observed_from", text(row, "observed_from")),
            unix_seconds("observed_until", text(row, "observed_until")),
        )

    return {"group": group, "service": service, "incident": incident, "observation": observation}[header.kind]
