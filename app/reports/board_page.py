"""The board page as words: what PDF and HTML both show, so that neither rounds or sorts on its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.areas import AREA_LABELS
from app.domain.recovery import RecoveryGap
from app.domain.report import Basis, Board
from app.domain.results import MEASURES, AreaRow
from app.domain.sentences import count, not_read, number

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
    return f"{text[:16].replace('T', ' ')} UTC"


def hours(value: float | None) -> str:
    """Returns hours as people say them.

    >>> hours(0.5), hours(30.0), hours(200.0), hours(None)
    ('30 min', '30 h', '8.33 days', 'unknown')
    """
    if value is None:
        return UNKNOWN
    if value < 1:
        return f"{value * 60:.0f} min"
    return f"{number(value)} h" if value < 96 else f"{number(value / 24)} days"


def figure(value: float | None) -> str:
    return UNKNOWN if value is None else number(value)


def percent(value: float) -> str:
    return f"{value:.1%}"


def _lead(board: Board) -> str:
    if not board.areas:
        return "No outage of a single CI stops or degrades a business service that is known."
    return f"{count(board.services, 'business service')}. {board.areas[0].reason}"


def _figures(board: Board) -> Sequence[Figure]:
    gap, loss, unit = board.worst_gap, board.loss, _unit(board)
    if loss.low is not None and loss.high is not None:
        spread = f"{number(loss.low)} to {number(loss.high)}, study {board.study}"
    else:
        spread = f"of {loss.method}; a range needs a study of this revision"
    open_ = f"; {count(board.services_open, 'service')} with needs that were not read" if board.services_open else ""
    basis = board.basis
    return (
        Figure("Services without a second path", f"{board.services_without_second_path:,}", f"of {board.services:,}{open_}"),
        Figure(
            "Worst recovery gap",
            hours(gap.gap_hours) if gap else "none",
            f"{gap.service_name}: required in {hours(gap.wants_hours)}, back after {hours(gap.takes_hours)}"
            if gap
            else "no recovery time that is required is known to be missed",
        ),
        Figure("Expected loss a year", f"{figure(loss.value)} {unit}", spread),
        Figure("Age of the data", hours(basis.oldest_hours) if basis.oldest_source else UNKNOWN, basis.oldest_source),
    )


def _unit(board: Board) -> str:
    if board.loss_measure == "money_per_year":
        return board.basis.stamp.currency
    return MEASURES[board.loss_measure].removesuffix(" a year")


def _areas(board: Board) -> Part:
    return Part(
        title="The worst problem areas",
        heads=["#", "CI", "Why", f"{_unit(board)} a year", "Share", "Rates are"],
        numbers=[True, False, False, True, True, False],
        rows=[
            [f"{row.rank}", row.label, row.reason, figure(_loss(board, row)), percent(row.share), _inputs(row)]
            for row in board.areas
        ],
        count=_shown(len(board.areas), board.areas_total, "CIs that customers hang on"),
        empty="None.",
        widths=["auto", "3cm", "1fr", "auto", "auto", "2.6cm"],
    )


def _loss(board: Board, row: AreaRow) -> float | None:
    value: float | None = getattr(row, board.loss_measure)
    return value


def _inputs(row: AreaRow) -> str:
    said = [f"{origin} {percent(share)}" if share < 0.995 else origin for origin, share in row.inputs.items() if share > 0]
    return ", ".join([*said, *([not_read(row.open_needs)] if row.open_needs else [])])


def _carriers(board: Board, kind: str) -> Part:
    rows = board.shares[kind]
    return Part(
        title=f"Loss by {AREA_LABELS[kind].lower()}",
        heads=[AREA_LABELS[kind], f"{_unit(board)} a year", "Share", "Services stopped", "CIs"],
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
