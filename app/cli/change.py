"""forestay change: planned changes, calendars of them, and whether one does harm."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console

from app.cli.common import after_option, figure, limit_option, path_text
from app.cli.context import CALLER, Context, Moment, json_option, show, table
from app.domain.change_answers import CalendarRow, ChangeCheck, CollisionRow, Collisions, Gaps, PlannedPage, TimeSpan
from app.domain.errors import InvalidInput, LimitExceeded
from app.domain.sentences import minute
from app.usecases.answers.change_check import ChangeQuestion, check_change
from app.usecases.answers.collisions import collisions_page
from app.usecases.answers.planned import planned_page
from app.usecases.plan_changes import import_calendar

FORMATS = {".csv": "csv", ".json": "json", ".ics": "ics"}


@click.group()
def change() -> None:
    """Planned changes, freezes and demand peaks: read calendars, check a change, list collisions."""


@change.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", help="the calendar's name (default: the file's); it replaces the one of this name")
@click.option("--zone", default="", help="zone of times and days for which the file names none, like Europe/Berlin")
@json_option
@click.pass_obj
def read(context: Context, file: Path, name: str | None, zone: str, as_document: bool) -> None:
    """Read a calendar from a csv, json or iCalendar file."""
    ending = FORMATS.get(file.suffix.casefold())
    if ending is None:
        raise InvalidInput(f"{file.name}: a calendar ends in {', '.join(FORMATS)}")
    most = context.settings.changes.file_bytes
    if file.stat().st_size > most:
        raise LimitExceeded(f"{file.name} is larger than {most:,} bytes (changes.file_bytes)")
    body, called = file.read_bytes(), name or file.stem.casefold()
    calendar = import_calendar(context.forestay, called, ending, body, zone, CALLER, lambda tag: None)
    show(calendar, as_document, lambda console: _print_calendar(console, calendar))


@change.command("list")
@limit_option
@after_option
@json_option
@click.pass_obj
def planned(context: Context, limit: int, after: str | None, as_document: bool) -> None:
    """What is planned, by the next window."""
    page = planned_page(context.forestay.documents, limit, after)
    show(page, as_document, lambda console: _print_planned(console, page))


@change.command("collisions")
@click.option("--days", type=click.FloatRange(0, min_open=True), default=90.0, show_default=True, help="how many from now on")
@limit_option
@after_option
@json_option
@click.pass_obj
def collide(context: Context, days: float, limit: int, after: str | None, as_document: bool) -> None:
    """Changes that together take something down, and changes in freezes and demand peaks."""
    page = collisions_page(context.forestay, days, limit, after)
    show(page, as_document, lambda console: _print_collisions(console, page))


@change.command("check")
@click.argument("cis", nargs=-1)
@click.option("--change", "entry", default="", help="id of a change that is kept or stands in a calendar, in place of CIS")
@click.option("--start", type=Moment(), help="begin of the window, with zone")
@click.option("--end", type=Moment(), help="the first moment after it, with zone")
@click.option("--hours", type=click.FloatRange(0, min_open=True), help="length of the window, in place of --end")
@click.option("--propose", type=click.IntRange(0, 20), default=5, show_default=True, help="better windows")
@json_option
@click.pass_obj
def check(
    context: Context,
    /,
    cis: tuple[str, ...],
    entry: str,
    start: datetime | None,
    end: datetime | None,
    hours: float | None,
    propose: int,
    as_document: bool,
) -> None:
    """Impact, risk, approval and collisions of a change of CIS (keys or any aliases), and better windows."""
    if bool(entry) == bool(cis):
        raise InvalidInput("name a kept change with --change, or CIs with --start and --end or --hours")
    if cis and (start is None or (end is None) == (hours is None)):
        raise InvalidInput("a change of CIs has --start, and --end or --hours")
    begin = int(start.timestamp()) if start else 0
    last = int(end.timestamp()) if end else begin + int((hours or 0.0) * 3600)
    answer = check_change(context.forestay, ChangeQuestion(entry, cis, begin, last, propose))
    show(answer, as_document, lambda console: _print_check(console, answer))


def _span(span: TimeSpan) -> str:
    return f"{minute(span.start_at)} - {minute(span.end_at)}"


def _print_calendar(console: Console, calendar: CalendarRow) -> None:
    console.print(
        f"{calendar.name}: {calendar.records:,} records; {calendar.changes:,} changes, {calendar.freezes:,} freezes, "
        f"{calendar.peaks:,} demand peaks, {calendar.unread_total:,} not read"
    )
    for row in calendar.unread:
        console.print(f"- {row.record}, {row.field or 'record'}: {row.reason}", markup=False)


def _print_planned(console: Console, page: PlannedPage) -> None:
    rows = [
        (
            one.entry,
            one.kind + (" (cancelled)" if one.state == "cancelled" else ""),
            one.title,
            _span(one.windows[0]) if one.windows else "no window ahead",
            str(one.windows_total),
            ", ".join(one.cis[:5]) + (f" and {one.cis_total - 5:,} more" if one.cis_total > 5 else "") or one.scope,
        )
        for one in page.items
    ]
    table(
        console,
        f"{page.total:,} planned (times in UTC)",
        ["id", "kind", "title", "next", "windows", "CIs or scope"],
        rows,
        right=(4,),
    )
    for row in page.unread:
        console.print(f"- not read: {row.calendar}, {row.record}, {row.field or 'record'}: {row.reason}", markup=False)
    if page.truncated:
        console.print(f"more rows: --after {page.next}")


def _print_gaps(console: Console, gaps: Gaps) -> None:
    if gaps.sentence:
        console.print(f"Not known: {gaps.sentence}", markup=False)
    for row in gaps.unread:
        console.print(f"- not read: {row.calendar}, {row.record}, {row.field or 'record'}: {row.reason}", markup=False)
    for name in gaps.not_placed:
        near = ", ".join([*name.candidates, *name.near])
        console.print(f"- {name.entry}: {name.name}: {name.why}" + (f"; it may be {near}" if near else ""), markup=False)


def _print_rows(console: Console, rows: Sequence[CollisionRow]) -> None:
    for row in rows:
        more = f" and {row.spans_total - 1:,} more times" if row.spans_total > 1 else ""
        console.print(f"{_span(row.spans[0])}{more}  {row.sentence}{path_text(row.path)}", markup=False)


def _print_collisions(console: Console, page: Collisions) -> None:
    console.print(f"[bold]{page.sentence}[/bold]")
    _print_rows(console, page.items)
    _print_gaps(console, page.gaps)
    if page.truncated:
        console.print(f"more rows: --after {page.next}")


def _print_check(console: Console, answer: ChangeCheck) -> None:
    console.print(f"[bold]{answer.sentence}[/bold]")
    console.print(f"priority {answer.priority} ({answer.priority_row}); approval: {answer.approval}")
    for reason in answer.reasons:
        console.print(f"- {reason.approval}: {reason.sentence}", markup=False)
    console.print(
        f"loss: planned {figure(answer.loss_planned)}, expected at most {figure(answer.loss_expected)}, "
        f"highest {figure(answer.loss_highest)} {answer.stamp.currency}; "
        f"a further failure that stops a service: {answer.p_further_failure:.2%}"
    )
    if answer.services:
        rows = [(one.name, one.state, figure(one.customers), figure(one.money_per_hour)) for one in answer.services]
        table(
            console, f"{answer.services_total:,} services hit", ["service", "state", "customers", "money/h"], rows, right=(2, 3)
        )
    for away in answer.one_failure_away:
        console.print(f"  one failure away: {away.service_name} by {', '.join(away.cis[:5])}", markup=False)
    _print_rows(console, answer.collisions)
    if answer.better_windows:
        better = [
            (
                minute(one.start_at),
                minute(one.end_at),
                figure(one.loss_expected),
                f"{one.p_further_failure:.2%}",
                ", ".join(one.beside),
            )
            for one in answer.better_windows
        ]
        heads = ["from (UTC)", "to", "expected loss", "further failure", "beside"]
        table(console, "Better windows", heads, better, right=(2, 3))
    _print_gaps(console, answer.gaps)


COMMANDS = (change,)
