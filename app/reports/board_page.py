"""The board page as words: what PDF and HTML both show, so that neither rounds or sorts on its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.areas import AREA_LABELS
from app.domain.recovery import RecoveryGap
from app.domain.report import Basis, Board
from app.domain.results import AreaRow
from app.domain.sentences import count, figure, loss_unit, minute, not_read

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the figures on top: its name, its value, and a note of what it is."""

    name: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Part:
    """A listing: heads, which columns are numbers, rows of texts, and how many rows there are in all."""

    title: str
    heads: Sequence[str]
    numbers: Sequence[bool]
    rows: Sequence[Sequence[str]]
    count: str
    empty: str
    widths: Sequence[str]


@dataclass(frozen=True, slots=True)
class Page:
    title: str
    lead: str
    footer: str
    figures: Sequence[Figure]
    parts: Sequence[Part]
    method: Sequence[str]
    warnings: Sequence[str]


def page_of(board: Board) -> Page:
    """Returns the board page in words."""
    stamp = board.basis.stamp
    return Page(
        title="Business continuity risk: what customers hang on",
        lead=_lead(board),
        footer=footer_of(board.basis),
        figures=_figures(board),
        parts=[_areas(board), *(_carriers(board, kind) for kind in board.shares), _gaps(board)],
        method=board.basis.method,
        warnings=[
            *stamp.warnings,
            *board.notes,
            *(f"Not assessed: {count(n, 'CI')} ({why})." for why, n in stamp.left_out.items()),
            *([f"{not_read(stamp.needs_of_nobody)}, and nobody can tell by whom."] if stamp.needs_of_nobody else []),
        ],
    )


def footer_of(basis: Basis) -> str:
    """Returns what stands below each page: revision, model, age of the data."""
    stamp = basis.stamp
    return f"Revision {stamp.revision} of {moment(stamp.revision_at)}, model {stamp.model_version}; {age(basis)}"


def age(basis: Basis) -> str:
    """Returns how old the data was when the report was made: "oldest source read 3.2 h before (cmdb)"."""
    if not basis.oldest_source:
        return "no source is registered"
    if basis.oldest_hours is None:
        return f"{basis.oldest_source} was never read to its end"
    return f"oldest source read {hours(basis.oldest_hours)} before ({basis.oldest_source})"


def moment(text: str) -> str:
    """Returns a time to the minute: "2026-11-30 14:05 UTC"."""
    return f"{minute(text)} UTC"


def hours(value: float | None) -> str:
    """Returns hours as people say them.

    >>> hours(0.5), hours(30.0), hours(200.0), hours(None)
    ('30 min', '30 h', '8.33 days', 'unknown')
    """
    if value is None:
        return UNKNOWN
    if value < 1:
        return f"{value * 60:.0f} min"
    return f"{figure(value)} h" if value < 96 else f"{figure(value / 24)} days"


def percent(value: float) -> str:
    return f"{value:.1%}"


def _lead(board: Board) -> str:
    if not board.areas:
        return "No outage of a single CI stops or degrades a business service that is known."
    return f"{count(board.standing.services, 'business service')}. {board.areas[0].reason}"


def _figures(board: Board) -> Sequence[Figure]:
    now, unit, basis = board.standing, _unit(board), board.basis
    gap = now.worst_gap
    open_ = f"; {count(now.services_incomplete, 'service')} with needs that were not read" if now.services_incomplete else ""
    missed = "no RTO is known to be missed"
    return (
        Figure("Services without a second path", f"{now.services_without_second_path:,}", f"of {now.services:,}{open_}"),
        Figure(
            "Worst recovery gap",
            hours(gap.gap_hours) if gap else "none known",
            f"{gap.service_name}: RTO {hours(gap.wants_hours)}, back in {hours(gap.takes_hours)}" if gap else missed,
        ),
        Figure(
            "Loss from single failures",
            f"{figure(now.total)} {unit}",
            "range unknown: no study of this revision"
            if now.low is None or now.high is None
            else f"in all {figure(now.low)} to {figure(now.high)}, study {now.study}",
        ),
        Figure("Oldest data", hours(basis.oldest_hours) if basis.oldest_source else UNKNOWN, basis.oldest_source),
    )


def _unit(board: Board) -> str:
    return loss_unit(board.measure, board.basis.stamp.currency)


def _areas(board: Board) -> Part:
    return Part(
        title="The worst problem areas",
        heads=["#", "CI", "Why", "Owner", f"Loss, {_unit(board)}", "Share", "Recovery gap", "Confidence"],
        numbers=[True, False, False, False, True, True, True, False],
        rows=[_area(board, row) for row in board.areas],
        count=_shown(len(board.areas), board.areas_total, "CIs that customers hang on"),
        empty="None.",
        widths=["auto", "2.3cm", "1fr", "1.9cm", "1.6cm", "auto", "1.5cm", "1.7cm"],
    )


def _area(board: Board, row: AreaRow) -> Sequence[str]:
    gap = hours(row.gap.gap_hours) if row.gap else "none known"
    money = (figure(_loss(board, row)), percent(row.share))
    return [f"{row.rank}", row.label, row.reason, row.owner, *money, gap, f"{row.confidence}; {_inputs(row)}"]


def _loss(board: Board, row: AreaRow) -> float | None:
    value: float | None = getattr(row, board.measure)
    return value


def _inputs(row: AreaRow) -> str:
    said = [f"{origin} {percent(share)}" if share < 0.995 else origin for origin, share in row.inputs.items() if share > 0]
    return ", ".join([*said, *([not_read(row.open_needs)] if row.open_needs else [])])


def _carriers(board: Board, kind: str) -> Part:
    rows = board.shares[kind]
    return Part(
        title=f"Loss by {AREA_LABELS[kind].lower()}",
        heads=[AREA_LABELS[kind], f"Loss, {_unit(board)}", "Share", "Services stopped", "CIs"],
        numbers=[False, True, True, True, True],
        rows=[
            [row.label, figure(_loss(board, row)), percent(row.share), f"{row.services_hit:,}", f"{row.cis:,}"] for row in rows
        ],
        count=_shown(len(rows), board.shares_total[kind], f"{AREA_LABELS[kind].lower()}s"),
        empty="None is known.",
        widths=["1fr", "auto", "auto", "auto", "auto"],
    )


def _gaps(board: Board) -> Part:
    return Part(
        title="Where recovery takes longer than required",
        heads=["Service", "Required", "CI that is out", "Back after", "Gap", "Hours are"],
        numbers=[False, True, False, True, True, False],
        rows=[_gap(gap) for gap in board.gaps],
        count=_shown(len(board.gaps), board.gaps_total, "gaps"),
        empty="No recovery time that is required is known to be missed.",
        widths=["1fr", "auto", "1fr", "auto", "auto", "auto"],
    )


def _gap(gap: RecoveryGap) -> Sequence[str]:
    ends = (hours(gap.wants_hours), gap.name, hours(gap.takes_hours), hours(gap.gap_hours))
    return [f"{gap.service_name} ({gap.kind})", *ends, gap.hours_origin]


def _shown(shown: int, total: int, of: str) -> str:
    return f"{shown:,} of {total:,} {of}; the workbook and the tables hold all of them."
