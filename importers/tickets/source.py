"""Incidents from the tickets that a connector has read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from app.domain.completeness import PAGES, Evidence, Part
from app.domain.records import ObservationRecord
from app.domain.sentences import count
from app.domain.ticket_incidents import TicketIncidents
from app.ports.ci_source import SourceSnapshot
from importers.gathered import Gathered, ReadWhole

NOT_YET = "no poll has come to its end yet, so nobody knows from when on all tickets were read"


class Tickets(ReadWhole):
    """`scopes`: the CIs about which tickets are written."""

    def __init__(self, connector: str, scopes: Sequence[str], tell: Callable[[], TicketIncidents]) -> None:
        self._connector, self._scopes, self._tell = connector, scopes, tell

    def check(self) -> Sequence[str]:
        told = self._tell()
        return [
            f"connector {self._connector}: {count(len(told.incidents), 'outage of a CI', 'outages of CIs')} in its tickets",
            *self._said(told),
        ]

    def read(self, folder: Path) -> SourceSnapshot:
        told = self._tell()
        whole = told.read_from is not None and told.read_to is not None
        part = Part(
            "tickets", len(told.incidents), len(told.incidents), ended=whole, proves=("incident", "observation"),
            problem="" if whole else NOT_YET,
        )  # fmt: skip
        made = Gathered(f"tickets of {self._connector}", Evidence(PAGES, (part,)))
        made.small_records["incident"] = list(told.incidents)
        if told.read_from is not None and told.read_to is not None:
            made.small_records["observation"] = [ObservationRecord(scope, told.read_from, told.read_to) for scope in self._scopes]
        made.rejected["incident"] = list(told.rejected)
        for reason, number in told.left_out.items():
            made.ignore("incident", reason, number)
        made.notes += self._said(told)
        return made

    def _said(self, told: TicketIncidents) -> list[str]:
        return [*told.notes, *([NOT_YET] if told.read_from is None else [])]
