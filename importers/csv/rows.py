"""A row of a sheet to a record. A builder is made once from the header and called for each row; it raises BadCell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.domain.ci_classes import OTHER, class_of
from app.domain.records import CiRecord, GroupRecord, IncidentRecord, ObservationRecord, ServiceRecord
from app.domain.texts import loosely, one_form
from app.ports.ci_source import SmallRecord
from importers.csv.columns import IDENTIFIERS, columns_of
from importers.files.source_class import SOURCE_CLASS
from importers.files.tables import Row
from importers.mapping.cells import PLAIN, BadCell, Writing, cell, curve, is_error, number, unix_seconds, whole, yes
from importers.mapping.figures import mean_from_median, rate_from_calendar

PREFIXES = ("id", "alias", "impact")


class Header:
    """Where each known column is, whatever case and blanks its name is written in, and what the others are: attributes, `alias:<kind>` or
    `id:<kind>`."""

    def __init__(
        self,
        kind: str,
        names: Sequence[str],
        column_map: Mapping[str, str],
        empty: Sequence[str],
        separator: str,
        written: Writing = PLAIN,
    ) -> None:
        self.kind, self.said = kind, [one_form(name) for name in names]
        known = columns_of(kind)
        renamed = {_folded(name): column for name, column in column_map.items()}
        self.names = [_known_as(renamed.get(_folded(name), name), known) for name in self.said]
        self.empty, self.separator, self.written = frozenset(empty), separator, written
        self.at = {name: place for place, name in enumerate(self.names) if name in known}
        self.others = [(name, place) for place, name in enumerate(self.names) if name and name not in known]

    def width(self) -> int:
        return len(self.names)

    def unnamed(self) -> list[int]:
        """Columns without a name, from 1; those behind the last name are none."""
        last = max((place for place, name in enumerate(self.names) if name), default=-1)
        return [place + 1 for place, name in enumerate(self.names[:last]) if not name]

    def alike(self) -> list[tuple[str, str]]:
        """Columns that are taken for something else, and the documented one that each is nearly called as."""
        free = {loosely(name): name for name in columns_of(self.kind) if name not in self.at}
        return [(name, free[loosely(name)]) for name, _ in self.others if loosely(name) in free]


def _folded(name: str) -> str:
    return one_form(name).casefold()


def _known_as(name: str, known: Sequence[str]) -> str:
    """The documented name where case, blanks or dashes alone differ; else the name, its prefix in small letters."""
    word = _folded(name).replace(" ", "_").replace("-", "_")
    if word in known:
        return word
    prefix, colon, rest = name.partition(":")
    return f"{prefix.strip().casefold()}:{rest.strip()}" if colon and prefix.strip().casefold() in PREFIXES else name


def ci_builder(header: Header) -> Callable[[Row, list[BadCell]], CiRecord]:
    """A builder of records; cells that cannot be used and are not needed go to the list it is given."""
    at, empty, written = header.at, header.empty, header.written
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
        if errors := [place for place, text in enumerate(row) if text[:1] == "#" and is_error(text.strip())]:
            row = _without_errors(header, row, errors, lost)
        values: dict[str, Any] = {}
        for name, place in texts:
            if (text := row[place].strip()) not in empty:
                values[name] = text
        for name, place in numbers:
            if (text := row[place].strip()) not in empty:
                try:
                    values[name] = number(name, text, written)
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


def _without_errors(header: Header, row: Row, places: Sequence[int], lost: list[BadCell]) -> list[str]:
    """The row with its error values of a spreadsheet as empty cells; without its key it is refused."""
    cells = list(row)
    for place in places:
        name = header.names[place] if place < len(header.names) else f"column {place + 1}"
        bad = BadCell(name, f"'{cells[place].strip()}' is an error value of a spreadsheet", "mend its formula at the source")
        if name == "key":
            raise bad
        lost.append(bad)
        cells[place] = ""
    return cells


def small_builder(header: Header) -> Callable[[Row, list[BadCell]], SmallRecord]:
    """As `ci_builder`."""
    at, empty, written = header.at, header.empty, header.written

    def amount(name: str, text: str) -> float:
        return number(name, text, written)

    def moment(name: str, text: str) -> int:
        return unix_seconds(name, text, written)

    def text(row: Row, name: str, default: str = "") -> str:
        value = row[at[name]].strip() if name in at else ""
        return default if value in empty else value

    def figure(row: Row, name: str, lost: list[BadCell]) -> float | None:
        value = text(row, name)
        return cell(amount, name, value, lost) if value else None

    def parts(row: Row, name: str) -> list[str]:
        value = text(row, name)
        return [part.strip() for part in value.split(header.separator)] if value else []

    def shares(row: Row, lost: list[BadCell]) -> tuple[float, ...]:
        try:
            return tuple(amount("shares", part) for part in parts(row, "shares"))
        except BadCell as bad:
            lost.append(bad)
            return ()

    def group(row: Row, lost: list[BadCell]) -> SmallRecord:
        return GroupRecord(
            key=text(row, "key"),
            dependent=text(row, "dependent"),
            members=tuple(parts(row, "members")),
            needed=whole("needed", text(row, "needed"), written),
            kind=text(row, "kind", "ordinary").casefold(),
            shares=shares(row, lost),
            failover_minutes=figure(row, "failover_minutes", lost),
            failover_success=figure(row, "failover_success", lost),
            common_cause_share=figure(row, "common_cause_share", lost),
            common_cause_unavailability=figure(row, "common_cause_unavailability", lost),
        )

    def points_of(name: str, text: str) -> tuple[tuple[float, float], ...]:
        return curve(name, text, written)

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
                if row[place].strip() not in empty and (points := cell(points_of, f"impact:{name}", row[place], lost)) is not None
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
            started_at=moment("started_at", text(row, "started_at")),
            ended_at=cell(moment, "ended_at", ended, lost) if ended else None,
            root_cause=cell(yes, "root_cause", cause, lost) is not False if cause else True,
        )

    def observation(row: Row, lost: list[BadCell]) -> SmallRecord:
        return ObservationRecord(
            text(row, "scope"),
            moment("observed_from", text(row, "observed_from")),
            moment("observed_until", text(row, "observed_until")),
        )

    return {"group": group, "service": service, "incident": incident, "observation": observation}[header.kind]
