"""Suppliers: what days without one cost, with those it relies on; and the columns of the register of information that follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.results import Stamp

# templates of the register of information, Implementing Regulation (EU) 2024/2956, annex I, with their columns in order
REGISTER: Mapping[str, Sequence[tuple[str, str]]] = {
    "B_05.02": (
        ("c0010", "Contractual arrangement reference number"),
        ("c0020", "Type of ICT services"),
        ("c0030", "Identification code of the ICT third-party service provider"),
        ("c0040", "Type of code to identify the ICT third-party service provider"),
        ("c0050", "Rank"),
        ("c0060", "Identification code of the recipient of sub-contracted ICT services"),
        ("c0070", "Type of code to identify the recipient of sub-contracted ICT services"),
    ),
    "B_07.01": (
        ("c0010", "Contractual arrangement reference number"),
        ("c0020", "Identification code of the ICT third-party service provider"),
        ("c0030", "Type of code to identify the ICT third-party service provider"),
        ("c0040", "Type of ICT services"),
        ("c0050", "Substitutability of the ICT third-party service provider"),
        ("c0060", "Reason if not substitutable or highly complex to substitute"),
        ("c0070", "Date of the last audit on the ICT third-party service provider"),
        ("c0080", "Existence of an exit plan"),
        ("c0090", "Possibility of reintegration of the contracted ICT service"),
        ("c0100", "Impact of discontinuing the ICT services"),
        ("c0110", "Are there alternative ICT third-party service providers identified?"),
        ("c0120", "Identification of alternative ICT third-party service providers"),
    ),
}
FULL, PARTLY, NOT = "by others", "partly by others", "by nobody known"
UNKNOWN_YET = "being worked out"


@dataclass(frozen=True, slots=True)
class SupplierRow:
    """`cis` of the supplier; `alone`: what `hours` without them cost, in money (None: unknown) and services that stop;
    `together`: the same where those it relies on (`subcontractors`, nearest first) are out as well. Services are None while they
    are being worked out. `substitutable`: by others, where none of the services that have a CI of it below them stops; partly; or
    by nobody known. `others`: suppliers of the members that take over."""

    supplier: str
    cis: int
    money_alone: float | None
    services_alone: int | None
    money_together: float | None
    services_together: int | None
    subcontractors: Sequence[str]
    substitutable: str
    others: Sequence[str]


@dataclass(frozen=True, slots=True)
class Suppliers:
    """`days` of outage; the costliest first. `unknown_cis`: assessed CIs of which no supplier is said. Of `total` suppliers
    `worked_out` have their figures (None: not even their names are
    gathered yet): of a large estate the runner works them out after its assessment."""

    stamp: Stamp
    days: float
    currency: str
    unknown_cis: int
    items: Sequence[SupplierRow]
    limit: int
    truncated: bool
    next: str | None
    total: int
    worked_out: int | None


@dataclass(frozen=True, slots=True)
class Register:
    """One template of the register of information: `columns` as code and name, `rows` of texts in their order, `unknown`: the
    codes of columns of which nothing is known here and which are left empty."""

    stamp: Stamp
    template: str
    columns: Sequence[Sequence[str]]
    rows: Sequence[Sequence[str]]
    unknown: Sequence[str]
    notes: Sequence[str]
