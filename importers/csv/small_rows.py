"""Turns a row of the sheets of groups, services, incidents and observations into a record."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from app.domain.records import GroupRecord, IncidentRecord, ObservationRecord, ServiceRecord
from app.ports.ci_source import SmallRecord
from importers.csv.header import Header
from importers.files.tables import Row
from importers.mapping.cells import BadCell, cell, curve, number, unix_seconds, whole, yes

Lost = list[BadCell]  # cells that cannot be used and are not needed
IMPACT = "impact:"


class Cells:
    """The cells of a sheet's rows by the names of their columns."""

    def __init__(self, header: Header) -> None:
        self._at, self._empty, self._separator = header.at, header.empty, header.separator
        self.written = header.written
        self._impacts = [(name, place) for name, place in header.others if name.startswith(IMPACT)]

    def text(self, row: Row, name: str, default: str = "") -> str:
        value = row[self._at[name]].strip() if name in self._at else ""
        return default if value in self._empty else value

    def amount(self, name: str, text: str) -> float:
        return number(name, text, self.written)

    def moment(self, name: str, text: str) -> int:
        return unix_seconds(name, text, self.written)

    def figure(self, row: Row, name: str, lost: Lost) -> float | None:
        text = self.text(row, name)
        return cell(self.amount, name, text, lost) if text else None

    def parts(self, row: Row, name: str) -> list[str]:
        text = self.text(row, name)
        return [part.strip() for part in text.split(self._separator)] if text else []

    def shares(self, row: Row, lost: Lost) -> tuple[float, ...]:
        try:
            return tuple(self.amount("shares", part) for part in self.parts(row, "shares"))
        except BadCell as bad:
            lost.append(bad)
            return ()

    def impact(self, row: Row, lost: Lost) -> dict[str, tuple[tuple[float, float], ...]]:
        """Returns the impact curves of a service by their names."""
        stated = ((name, row[place]) for name, place in self._impacts if row[place].strip() not in self._empty)
        curves = ((name, cell(self._curve, name, text, lost)) for name, text in stated)
        return {name.removeprefix(IMPACT): points for name, points in curves if points is not None}

    def _curve(self, name: str, text: str) -> tuple[tuple[float, float], ...]:
        return curve(name, text, self.written)


def _group(cells: Cells, row: Row, lost: Lost) -> SmallRecord:
    return GroupRecord(
        key=cells.text(row, "key"),
        dependent=cells.text(row, "dependent"),
        members=tuple(cells.parts(row, "members")),
        needed=whole("needed", cells.text(row, "needed"), cells.written),
        kind=cells.text(row, "kind", "ordinary").casefold(),
        shares=cells.shares(row, lost),
        failover_minutes=cells.figure(row, "failover_minutes", lost),
        failover_success=cells.figure(row, "failover_success", lost),
        common_cause_share=cells.figure(row, "common_cause_share", lost),
        common_cause_unavailability=cells.figure(row, "common_cause_unavailability", lost),
    )


def _service(cells: Cells, row: Row, lost: Lost) -> SmallRecord:
    return ServiceRecord(
        ci=cells.text(row, "key"),
        customers=cells.figure(row, "customers", lost),
        money_per_hour=cells.figure(row, "money_per_hour", lost),
        currency=cells.text(row, "currency"),
        impact=cells.impact(row, lost),
        mtpd_hours=cells.figure(row, "mtpd_hours", lost),
        rto_hours=cells.figure(row, "rto_hours", lost),
        rpo_hours=cells.figure(row, "rpo_hours", lost),
        mbco_share=cells.figure(row, "mbco_share", lost),
        availability_target=cells.figure(row, "availability_target", lost),
        customer_population=cells.text(row, "customer_population"),
    )


def _incident(cells: Cells, row: Row, lost: Lost) -> SmallRecord:
    ended, cause = cells.text(row, "ended_at"), cells.text(row, "root_cause")
    return IncidentRecord(
        key=cells.text(row, "key"),
        ci=cells.text(row, "ci"),
        started_at=cells.moment("started_at", cells.text(row, "started_at")),
        ended_at=cell(cells.moment, "ended_at", ended, lost) if ended else None,
        root_cause=cell(yes, "root_cause", cause, lost) is not False if cause else True,
    )


def _observation(cells: Cells, row: Row, lost: Lost) -> SmallRecord:
    return ObservationRecord(
        cells.text(row, "scope"),
        cells.moment("observed_from", cells.text(row, "observed_from")),
        cells.moment("observed_until", cells.text(row, "observed_until")),
    )


BUILDERS = {"group": _group, "service": _service, "incident": _incident, "observation": _observation}


def small_builder(header: Header) -> Callable[[Row, Lost], SmallRecord]:
    """Returns a builder like that of `ci_rows.ci_builder`, for the kind of record that the header is of."""
    return partial(BUILDERS[header.kind], Cells(header))
