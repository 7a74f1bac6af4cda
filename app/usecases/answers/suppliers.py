"""What days without a supplier cost, alone and with those that it relies on; who could take over; columns of the DORA
register."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.domain.errors import InvalidInput
from app.domain.suppliers import NOT, REGISTER, UNKNOWN_YET, Register, SupplierRow, Suppliers
from app.usecases import paging
from app.usecases.answers.supplier_losses import SupplierLoss, SupplierTable, table_of
from app.usecases.estate import resolve_revision
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

DEEP = 20  # suppliers in a row


def suppliers(
    tools: Tools,
    limit: int,
    days: float = 1.0,
    after: str | None = None,
    revision: int | None = None,
    as_of: datetime | None = None,
) -> Suppliers:
    """Returns a page of suppliers, those whose outage of `days` costs most first."""
    parts = paging.decode(after, "revision", "start") if after else None
    at = resolve_revision(tools.store, parts["revision"] if parts else revision, None if parts else as_of)
    estate = tools.estates.at(at.revision)
    table = table_of(tools, estate, days)
    known = {row.supplier: row for row in table.rows}
    rows = [_row(table, name, known.get(name), days) for name in sorted(table.cis)]
    rows.sort(key=lambda row: (row.services_together is None, -(row.money_together or 0.0), -(row.services_together or 0)))
    first = int(parts["start"]) if parts else 0
    more = first + limit < len(rows)
    return Suppliers(
        stamp_of(estate, tools.documents), days, estate.options.currency, table.unknown, rows[first : first + limit], limit, more,
        paging.encode(revision=at.revision, start=first + limit) if more else None, len(rows),
        len(known) if table.begun else None,
    )  # fmt: skip


def _row(table: SupplierTable, name: str, loss: SupplierLoss | None, days: float) -> SupplierRow:
    chain = table.relies_on[name]
    if loss is None:
        return SupplierRow(name, table.cis[name], None, None, None, None, chain, UNKNOWN_YET, [])
    place = list(table.days).index(days)
    return SupplierRow(
        name, table.cis[name], loss.alone[place], loss.services_alone, loss.together[place], loss.services_together, chain,
        loss.substitutable, loss.others,
    )  # fmt: skip


def register(tools: Tools, template: str, revision: int | None = None, as_of: datetime | None = None) -> Register:
    """Returns a template of the register of information as far as the estate knows it."""
    if template not in REGISTER:
        raise InvalidInput(f"template: one of {', '.join(REGISTER)}", field="template")
    estate = tools.estates.at(resolve_revision(tools.store, revision, as_of).revision)
    table = table_of(tools, estate, 1.0)
    known = {"B_05.02": _chains, "B_07.01": _assessments}[template](table)
    codes = [code for code, _ in REGISTER[template]]
    rows = [[row.get(code, "") for code in codes] for row in known]
    told = {code for row in known for code, text in row.items() if text}
    notes = [
        "suppliers are named as the CMDB names them: an LEI or EUID is not known here, so the type of code is empty",
        "rank 1 is a supplier of CIs that are needed directly, 2 and above one that it relies on",
    ]
    if len(table.rows) < len(table.cis) or not table.begun:
        notes.append(f"who could take over is worked out for {len(table.rows)} of {len(table.cis)} suppliers so far")
    return Register(
        stamp_of(estate, tools.documents), template, [list(pair) for pair in REGISTER[template]], rows,
        [code for code in codes if code not in told], notes,
    )  # fmt: skip


def _chains(table: SupplierTable) -> list[dict[str, Any]]:
    """B_05.02: each supplier by itself with rank 1, and those that it relies on by how many suppliers lie between."""
    rows: list[dict[str, Any]] = []
    for name in sorted(table.cis):
        rows.append({"c0030": name, "c0050": "1"})
        for below, (rank, recipient) in sorted(_ranks(table.relies_on, name).items(), key=lambda item: (item[1][0], item[0])):
            rows.append({"c0030": below, "c0050": str(rank), "c0060": recipient})
    return rows


def _ranks(relies_on: Mapping[str, Sequence[str]], name: str) -> dict[str, tuple[int, str]]:
    """Returns, of everyone below a supplier, its rank in the chain and who receives its services. Whoever is relied on by another
    one that is relied on comes behind that one; those that rely on each other are of one rank."""
    every = relies_on[name]
    direct = {one for one in every if not any(one in relies_on[o] and o not in relies_on[one] for o in every if o != one)}
    ranks = dict.fromkeys(direct, (2, name))
    edge, rank = direct, 3
    while edge and rank < DEEP:
        fresh: dict[str, tuple[int, str]] = {}
        for recipient in sorted(edge):
            for one in relies_on[recipient]:
                if one in every and one not in ranks and one not in fresh:
                    fresh[one] = (rank, recipient)
        ranks |= fresh
        edge, rank = set(fresh), rank + 1
    return ranks


def _assessments(table: SupplierTable) -> list[dict[str, Any]]:
    """B_07.01: whether others are known that take over. How complex that is, and how grave an end of the service, people
    judge."""
    rows: list[dict[str, Any]] = []
    for row in sorted(table.rows, key=lambda row: row.supplier):
        found = "Yes" if row.substitutable != NOT else ""
        rows.append({"c0020": row.supplier, "c0110": found, "c0120": "; ".join(row.others)})
    told = {row.supplier for row in table.rows}
    return rows + [{"c0020": name} for name in sorted(table.cis) if name not in told]
