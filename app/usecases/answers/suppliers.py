"""What days without a supplier cost, alone and with those that it relies on; who could take over; columns of the DORA
register."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from app.domain.errors import InvalidInput
from app.domain.suppliers import FULL, NOT, PARTLY, REGISTER, Register, SupplierRow, Suppliers
from app.risk.graph.needs import needed_by
from app.risk.outage.propagation import outage
from app.risk.timeline.one_outage import what_if
from app.usecases import paging
from app.usecases.estate import Estate, resolve_revision
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

JOINT = " + "
DEEP = 20  # suppliers in a row


@dataclass(frozen=True, slots=True)
class _Book:
    """Positions of the CIs of each supplier; of each supplier, whom it relies on directly."""

    cis: dict[str, list[int]]
    relies_on: dict[str, list[str]]
    unknown: int


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
    book = _book(estate)
    rows = [_row(estate, book, name, days * 24.0) for name in sorted(book.cis)]
    rows.sort(key=lambda row: (-(row.money_together or 0.0), -row.services_together, row.supplier))
    first = int(parts["start"]) if parts else 0
    more = first + limit < len(rows)
    return Suppliers(
        stamp_of(estate, tools.documents), days, estate.options.currency, book.unknown, rows[first : first + limit], limit, more,
        paging.encode(revision=at.revision, start=first + limit) if more else None,
    )  # fmt: skip


def register(tools: Tools, template: str, revision: int | None = None, as_of: datetime | None = None) -> Register:
    """Returns a template of the register of information as far as the estate knows it."""
    if template not in REGISTER:
        raise InvalidInput(f"template: one of {', '.join(REGISTER)}", field="template")
    estate = tools.estates.at(resolve_revision(tools.store, revision, as_of).revision)
    book = _book(estate)
    known = {"B_05.02": _chains, "B_07.01": _assessments}[template](estate, book)
    codes = [code for code, _ in REGISTER[template]]
    rows = [[row.get(code, "") for code in codes] for row in known]
    told = {code for row in known for code, text in row.items() if text}
    notes = [
        "suppliers are named as the CMDB names them: an LEI or EUID is not known here, so the type of code is empty",
        "rank 1 is a supplier of CIs that are needed directly, 2 and above one that it relies on",
    ]
    return Register(
        stamp_of(estate, tools.documents), template, [list(pair) for pair in REGISTER[template]], rows,
        [code for code in codes if code not in told], notes,
    )  # fmt: skip


def _book(estate: Estate) -> _Book:
    codes, values = estate.codes("supplier"), estate.graph.cis.supplier.values
    cis: dict[str, list[int]] = {}
    of_code = [tuple(text.split(JOINT)) for text in values]
    for position in np.flatnonzero(codes >= 0).tolist():
        for name in of_code[int(codes[position])]:
            cis.setdefault(name, []).append(position)
    relies_on: dict[str, list[str]] = {}
    for name, own in sorted(cis.items()):
        below = np.flatnonzero(needed_by(estate.compiled.flat, np.asarray(own, np.int32), False)).tolist()
        others = {other for position in below if codes[position] >= 0 for other in of_code[int(codes[position])]}
        relies_on[name] = sorted(others - {name})
    return _Book(cis, relies_on, int((codes < 0).sum()) - len(estate.causes))


def _row(estate: Estate, book: _Book, name: str, hours: float) -> SupplierRow:
    own, chain = book.cis[name], book.relies_on[name]
    money, services, stopped = _lost(estate, own, hours)
    every = sorted({position for one in (name, *chain) for position in book.cis[one]})
    more, together, _ = (money, services, stopped) if len(every) == len(own) else _lost(estate, every, hours)
    word, others = _substitutes(estate, book, name, stopped)
    return SupplierRow(name, len(own), money, services, more, together, chain, word, others)


def _lost(estate: Estate, down: list[int], hours: float) -> tuple[float | None, int, set[int]]:
    """Returns the money that is known to be lost (None: of no service that is hit is any known), services that stop, and
    which."""
    told = what_if(estate.compiled, down, hours, (), "product", estate.workspace())
    stopped = {int(number) for number in told.lasting.services_down}
    hit = [story for story in told.stories if story.lost_share > 0.0 or story.hours_down > 0.0 or story.hours_degraded > 0.0]
    paid = [story.money for story in hit if not math.isnan(story.money)]
    return (float(sum(paid)) if paid or not hit else None), len(stopped), stopped


def _substitutes(estate: Estate, book: _Book, name: str, stopped: set[int]) -> tuple[str, list[str]]:
    """Who takes over where the supplier is out: of groups with a member of it whose dependent stays up, the other members'."""
    compiled = estate.compiled
    flat, own = compiled.flat, set(book.cis[name])
    failed = set(outage(compiled, sorted(own), estate.workspace()).failed.tolist())
    others: set[str] = set()
    took_over = False
    for group in sorted({int(g) for m in own for g in flat.joined[int(flat.joined_ptr[m]) : int(flat.joined_ptr[m + 1])]}):
        members = flat.member[int(flat.member_ptr[group]) : int(flat.member_ptr[group + 1])].tolist()
        left = [m for m in members if m not in failed]
        if int(flat.group_dependent[group]) not in failed and len(left) < len(members):
            took_over = True
            others |= {text for m in left for text in estate.text("supplier", m).split(JOINT) if text and text != name}
    if not took_over:
        return NOT, []
    return (PARTLY if stopped else FULL), sorted(others)


def _chains(estate: Estate, book: _Book) -> list[dict[str, Any]]:
    """B_05.02: each supplier by itself with rank 1, and those that it relies on by how many suppliers lie between."""
    rows: list[dict[str, Any]] = []
    for name in sorted(book.cis):
        rows.append({"c0030": name, "c0050": "1"})
        for below, (rank, recipient) in sorted(_ranks(book, name).items(), key=lambda item: (item[1][0], item[0])):
            rows.append({"c0030": below, "c0050": str(rank), "c0060": recipient})
    return rows


def _ranks(book: _Book, name: str) -> dict[str, tuple[int, str]]:
    """Returns, of everyone below a supplier, its rank in the chain and who receives its services. Whoever is relied on by another
    one that is relied on comes behind that one; those that rely on each other are of one rank."""
    every = book.relies_on[name]
    direct = {
        one for one in every if not any(one in book.relies_on[o] and o not in book.relies_on[one] for o in every if o != one)
    }
    ranks = dict.fromkeys(direct, (2, name))
    edge, rank = direct, 3
    while edge and rank < DEEP:
        fresh: dict[str, tuple[int, str]] = {}
        for recipient in sorted(edge):
            for one in book.relies_on[recipient]:
                if one in every and one not in ranks and one not in fresh:
                    fresh[one] = (rank, recipient)
        ranks |= fresh
        edge, rank = set(fresh), rank + 1
    return ranks


def _assessments(estate: Estate, book: _Book) -> list[dict[str, Any]]:
    """B_07.01: whether others are known that take over. How complex that is, and how grave an end of the service, people
    judge."""
    rows: list[dict[str, Any]] = []
    for name in sorted(book.cis):
        _, _, stopped = _lost(estate, book.cis[name], 24.0)
        word, others = _substitutes(estate, book, name, stopped)
        rows.append({"c0020": name, "c0110": "Yes" if word != NOT else "", "c0120": "; ".join(others)})
    return rows
