"""What days without each supplier cost, and who could take over: worked out at once for a small estate; for a large one once for
each revision, some suppliers at a time while the runner has nothing else to do, and kept on disk for every process."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.domain.errors import InvalidInput
from app.domain.nouns import CI
from app.domain.suppliers import FULL, NOT, PARTLY
from app.ports.graph_store import Revision
from app.ports.records import RecordText
from app.risk.graph.needs import needed_by
from app.risk.outage.propagation import outage
from app.risk.timeline.one_outage import what_if
from app.usecases.answers.quality.found import AT_ONCE
from app.usecases.assess import assessed, is_assessed
from app.usecases.estate import Estate
from app.usecases.tools import Tools

PURPOSE = "suppliers-1"  # the number is raised when something is worked out otherwise
KEPT_DAYS = (0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 14.0, 21.0, 30.0, 60.0, 90.0, 180.0, 365.0)  # of a large estate
STEP_SECONDS = 5.0  # a step begins no further supplier after so long
JOINT = " + "


@dataclass(frozen=True, slots=True)
class Book:
    """Positions of the CIs of each supplier; of each supplier, whom it relies on directly."""

    cis: dict[str, list[int]]
    relies_on: dict[str, list[str]]
    unknown: int


@dataclass(frozen=True, slots=True)
class SupplierLoss:
    """What is lost by each of `days` of a table, alone and with those that the supplier relies on (None: nothing is known of
    any service that is hit); services that stop; who takes over."""

    supplier: str
    alone: Sequence[float | None]
    services_alone: int
    together: Sequence[float | None]
    services_together: int
    substitutable: str
    others: Sequence[str]


@dataclass(frozen=True, slots=True)
class SupplierTable:
    """`cis`: how many each supplier has; `days` for which the rows say what is lost. Suppliers without a row are still to be
    worked out."""

    cis: Mapping[str, int]
    relies_on: Mapping[str, Sequence[str]]
    unknown: int
    days: Sequence[float]
    rows: Sequence[SupplierLoss]
    begun: bool = True


TEXT = RecordText(SupplierTable)


def table_of(tools: Tools, estate: Estate, days: float) -> SupplierTable:
    """Returns the suppliers of an estate. InvalidInput for days that are not worked out for a large one."""
    if len(estate.compiled) <= AT_ONCE:
        book = book_of(estate)
        return _table(book, (days,), [_loss(estate, book, name, (days,), {}) for name in sorted(book.cis)])
    if days not in KEPT_DAYS:
        raise InvalidInput(f"days: of an estate of this size one of {', '.join(f'{one:g}' for one in KEPT_DAYS)}", field="days")
    parts = _kept(tools, estate.revision.revision, estate.fingerprint)
    if not parts:
        return SupplierTable({}, {}, 0, KEPT_DAYS, [], begun=False)
    return replace(parts[0], rows=[row for part in parts for row in part.rows])


def keep_suppliers(tools: Tools, revision: Revision) -> bool:
    """Works out further suppliers of a large estate that is assessed, the largest first, and keeps them; returns whether it
    did."""
    settings = tools.estates.settings_at(revision)
    if revision.counters.get(CI.name, 0) <= AT_ONCE:
        return False
    if not is_assessed(tools.documents, revision.revision, settings):
        return False
    kept = _kept(tools, revision.revision, settings)
    if _whole(kept):
        return False
    assessment = assessed(tools.estates, tools.cache, revision.revision)
    estate, found = assessment.estate, assessment.found
    if "supplier book" not in found:
        found["supplier book"] = book_of(estate)
    book: Book = found["supplier book"]
    rows, until = list[SupplierLoss](), time.monotonic() + STEP_SECONDS
    if kept:  # before the first of them the list of suppliers is kept by itself, so that it is shown at once
        done = {row.supplier for part in kept for row in part.rows}
        played: dict[tuple[int, int], Lost] = found.setdefault("suppliers played", {})
        for name in sorted(set(book.cis) - done, key=lambda name: (-len(book.cis[name]), name)):
            rows.append(_loss(estate, book, name, KEPT_DAYS, played))
            if time.monotonic() >= until:
                break
    entry = {"table": TEXT.text(_table(book, KEPT_DAYS, rows))}
    tools.cache.save(revision.revision, _purpose(settings, len(kept)), entry)
    return True


def _purpose(settings: str, part: int) -> str:
    return f"{PURPOSE}-{settings}-{part}"


def _kept(tools: Tools, revision: int, settings: str) -> list[SupplierTable]:
    """Returns the parts that are kept: first the list of suppliers without a row, then the rows of each step."""
    parts = list[SupplierTable]()
    while (entry := tools.cache.load(revision, _purpose(settings, len(parts)))) is not None:
        parts.append(TEXT.read(entry["table"]))
    return parts


def _whole(parts: Sequence[SupplierTable]) -> bool:
    return bool(parts) and sum(len(part.rows) for part in parts) >= len(parts[0].cis)


def _table(book: Book, days: Sequence[float], rows: Sequence[SupplierLoss]) -> SupplierTable:
    return SupplierTable({name: len(own) for name, own in book.cis.items()}, book.relies_on, book.unknown, days, rows)


Lost = tuple[Sequence[float | None], frozenset[int]]  # money by each of the days, services that stop


def _loss(estate: Estate, book: Book, name: str, days: Sequence[float], played: dict[tuple[int, int], Lost]) -> SupplierLoss:
    own = book.cis[name]
    every = sorted({position for one in (name, *book.relies_on[name]) for position in book.cis[one]})
    money, stopped = _lost(estate, own, days)
    more, together = money, stopped
    if len(every) > len(own):
        key = len(every), hash(tuple(every))  # those that rely on each other are out with the same CIs
        if key not in played:
            played[key] = _lost(estate, every, days)
        more, together = played[key]
    word, others = _substitutes(estate, book, name, stopped)
    return SupplierLoss(name, money, len(stopped), more, len(together), word, others)


def _lost(estate: Estate, down: list[int], days: Sequence[float]) -> Lost:
    """Plays the longest outage once: until its end a shorter one goes the same way, so what is lost by then is what it costs."""
    told = what_if(estate.compiled, down, days[-1] * 24.0, [one * 24.0 for one in days], "product", estate.workspace())
    hit = [story for story in told.stories if story.lost_share > 0.0 or story.hours_down > 0.0 or story.hours_degraded > 0.0]
    paid = [story.money_at for story in hit if not math.isnan(story.money)]
    places = [int(np.searchsorted(told.at_hours, one * 24.0)) for one in days]
    money = [float(sum(at[place] for at in paid)) if paid or not hit else None for place in places]
    return money, frozenset(told.lasting.services_down.tolist())


def book_of(estate: Estate) -> Book:
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
    return Book(cis, relies_on, int((codes < 0).sum()) - len(estate.causes))


def _substitutes(estate: Estate, book: Book, name: str, stopped: frozenset[int]) -> tuple[str, list[str]]:
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
