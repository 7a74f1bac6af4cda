"""forestay tests, forestay game-day: tests as evidence, and which one to make next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import click
from rich.console import Console

from app.cli.common import after_option, figure, limit_option
from app.cli.context import CALLER, Context, Moment, json_option, show, table
from app.domain.errors import LimitExceeded
from app.domain.sentences import loss_unit, minute, percent
from app.domain.stability_answers import GameDayPage, GameDayRow, GroupsTested, NextExperiments, TestPage, TestRow
from app.domain.stability_tests import GROUP_STATES, OUTCOMES, TEST_KINDS
from app.usecases.answers import stability_tests as answers
from app.usecases.answers.group_evidence import groups_tested
from app.usecases.keep.game_days import GAME_DAYS
from app.usecases.stability_tests.add import SaidOfTest, add_tests, take_back
from app.usecases.stability_tests.files.read import MOST_BYTES
from app.usecases.stability_tests.game_days import PlanDay, calendar_of, next_experiments, plan_day, sheet_of


@click.group()
def tests() -> None:
    """Tests as evidence: load, failover, game day, recovery exercise."""


@tests.command("add")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--kind", type=click.Choice(TEST_KINDS), help="of a test without a file; a game day may be a failover as well")
@click.option("--ci", default="", help="what was tested: a CI, by key or any alias")
@click.option("--group", default="", help="the redundancy group that was tested: its key, or the CI that has no other")
@click.option("--started-at", type=Moment(), help="when it began, with zone; needed where the file says no time")
@click.option("--outcome", type=click.Choice(OUTCOMES), help="of a test without a file, or in place of the file's")
@click.option("--title", default="")
@click.option("--notes", default="")
@click.option("--failover-minutes", type=click.FloatRange(0), help="how long the switch took")
@click.option(
    "--full-load", type=click.FloatRange(0, min_open=True), help="requests a second that are the full load of the group"
)
@click.option("--day", default="", help="the game day whose result it is")
@json_option
@click.pass_obj
def add(
    context: Context,
    /,
    files: tuple[Path, ...],
    kind: str | None,
    ci: str,
    group: str,
    started_at: datetime | None,
    outcome: str | None,
    title: str,
    notes: str,
    failover_minutes: float | None,
    full_load: float | None,
    day: str,
    as_document: bool,
) -> None:
    """Keep the tests of FILES (k6, Locust, JMeter, Gatling, Chaos Toolkit, Litmus, or a CSV of our own); without a file, one that
    a person reports."""
    said = SaidOfTest(
        kind or "", ci, group, started_at.isoformat() if started_at else "", outcome or "", title, notes, failover_minutes,
        full_load, day,
    )  # fmt: skip
    for file in files or (None,):
        if file is not None and file.stat().st_size > MOST_BYTES:
            raise LimitExceeded(f"{file.name} is larger than {MOST_BYTES:,} bytes")
        body, name = (None, "") if file is None else (file.read_bytes(), file.name)
        found = answers.added(add_tests(context.forestay, said, name, body, CALLER, "cli"))
        show(found, as_document, partial(_print_tests, rows=found.items))


@tests.command("list")
@click.option("--kind", type=click.Choice(TEST_KINDS), default=None)
@click.option("--group", default="", help="key of a redundancy group")
@limit_option
@after_option
@json_option
@click.pass_obj
def listed(context: Context, kind: str | None, group: str, limit: int, after: str | None, as_document: bool) -> None:
    """Tests that are kept, the newest first."""
    page = answers.page_of_tests(context.forestay, limit, after, kind or "", group)
    show(page, as_document, lambda console: _print_page(console, page))


@tests.command("show")
@click.argument("test")
@json_option
@click.pass_obj
def one(context: Context, test: str, as_document: bool) -> None:
    """One test, with what of its file was refused."""
    row = answers.one_test(context.forestay, test)
    show(row, as_document, lambda console: _print_test(console, row))


@tests.command("take-back")
@click.argument("test")
@json_option
@click.pass_obj
def drop(context: Context, test: str, as_document: bool) -> None:
    """Take a test back: from the next revision on it is evidence no longer."""
    row = answers.shown_test(take_back(context.forestay, test, CALLER))
    show(row, as_document, lambda console: _print_test(console, row))


@tests.command("groups")
@click.option("--state", type=click.Choice(GROUP_STATES), default=None)
@limit_option
@after_option
@json_option
@click.pass_obj
def groups(context: Context, state: str | None, limit: int, after: str | None, as_document: bool) -> None:
    """Redundancy groups with what tests say of them and what hangs on them."""
    page = groups_tested(context.forestay, limit, after, state or "")
    show(page, as_document, lambda console: _print_groups(console, page))


@click.group("game-day")
def game_day() -> None:
    """Game days: what to try next, the sheet, the calendar entry."""


@game_day.command("next")
@limit_option
@json_option
@click.pass_obj
def upcoming(context: Context, limit: int, as_document: bool) -> None:
    """The experiments that bring most per hour."""
    found = next_experiments(context.forestay, limit)
    show(found, as_document, lambda console: _print_next(console, found))


@game_day.command("plan")
@click.argument("group")
@click.option("--start", type=Moment(), help="when it begins, with zone; without, the sheet is shown and nothing is kept")
@click.option("--hours", type=click.FloatRange(0, 24, min_open=True), help="default: as long as the experiment takes")
@click.option("--person", "people", multiple=True, help="who is there, and how to reach them; may be repeated")
@json_option
@click.pass_obj
def plan(
    context: Context, group: str, start: datetime | None, hours: float | None, people: tuple[str, ...], as_document: bool
) -> None:  # fmt: skip
    """Plan a failover test of GROUP, with its sheet."""
    if start is None:
        day = sheet_of(context.forestay, group)
    else:
        day = plan_day(context.forestay, PlanDay(group, start.isoformat(), hours, people), CALLER)
    row = answers.day_row(context.forestay, day)
    show(row, as_document, lambda console: _print_day(console, row))


@game_day.command("list")
@limit_option
@after_option
@json_option
@click.pass_obj
def days(context: Context, limit: int, after: str | None, as_document: bool) -> None:
    """Game days, the latest first."""
    page = answers.day_page(context.forestay, limit, after)
    show(page, as_document, lambda console: _print_days(console, page))


@game_day.command("show")
@click.argument("day")
@json_option
@click.pass_obj
def sheet(context: Context, day: str, as_document: bool) -> None:
    """The sheet of a game day, and its results."""
    row = answers.one_day(context.forestay, day)
    show(row, as_document, lambda console: _print_day(console, row))


@game_day.command("calendar")
@click.argument("day")
@click.pass_obj
def calendar(context: Context, day: str) -> None:
    """The calendar entry of a game day (iCalendar), on standard output."""
    service = context.forestay
    click.echo(calendar_of(service, GAME_DAYS.get(service.documents, day)), nl=False)


def _print_tests(console: Console, rows: Sequence[TestRow]) -> None:
    for row in rows:
        _print_test(console, row)


def _print_test(console: Console, row: TestRow) -> None:
    console.print(f"{row.test}: {row.title} ({row.kind}, {row.tool}), {minute(row.started_at)}: {row.outcome}", markup=False)
    if row.load:
        load = row.load
        console.print(f"- {load.requests:,} requests, {percent(load.error_rate)} failed, {figure(load.per_second)} a second")
        for limit in load.limits_broken:
            console.print(f"- limit broken: {limit}", markup=False)
    for step in row.steps:
        planned, actual = figure(step.planned_minutes), figure(step.actual_minutes)
        console.print(f"- {step.name}: planned {planned} min, took {actual} min", markup=False)
    for name in row.fell:
        console.print(f"- fell: {name}", markup=False)
    for line in row.refused:
        console.print(f"- not read: {line.record}, {line.field}: {line.reason}; {line.remedy}", markup=False)
    if row.not_counted:
        console.print(f"- changes no number: {row.not_counted}", markup=False)


def _print_page(console: Console, page: TestPage) -> None:
    rows = [
        (row.test, row.kind, row.title, minute(row.started_at), row.outcome, "yes" if row.counts else "no") for row in page.items
    ]
    table(console, f"{page.total:,} tests (times in UTC)", ["id", "kind", "title", "at", "outcome", "in the model"], rows)
    if page.truncated:
        console.print(f"more rows: --after {page.next}")


def _print_groups(console: Console, page: GroupsTested) -> None:
    unit = loss_unit(page.measure, page.stamp.currency)
    rows = [
        (
            row.group, row.dependent_name, row.state, minute(row.tested_at),
            f"{percent(row.success)} ({row.success_origin}, n {row.tests_passed + row.tests_failed})",
            figure(row.more_if_it_fails),
        )
        for row in page.items
    ]  # fmt: skip
    heads = ["group", "of", "state", "tested", "switches", f"more if it fails, {unit}"]
    table(console, f"{page.total:,} groups", heads, rows, right=(5,))
    console.print(
        f"Groups without a valid test, if they never switch, each alone: {figure(page.untested_loss)} {unit} more "
        f"({page.worked_out:,} groups worked out)."
    )
    if page.truncated:
        console.print(f"more rows: --after {page.next}")


def _print_next(console: Console, found: NextExperiments) -> None:
    unit = loss_unit(found.measure, found.stamp.currency)
    rows = [
        (one.group.group, one.group.dependent_name, one.group.state, figure(one.hours), figure(one.less_loss),
         figure(one.less_uncertainty), figure(one.per_hour))
        for one in found.items
    ]  # fmt: skip
    heads = ["group", "of", "state", "hours", f"less loss, {unit}", "less uncertainty", "per hour"]
    table(console, f"{found.total:,} experiments", heads, rows, right=(3, 4, 5, 6))


def _print_days(console: Console, page: GameDayPage) -> None:
    rows = [(row.day, minute(row.start_at), row.title, row.state, str(len(row.tests))) for row in page.items]
    table(console, f"{page.total:,} game days (times in UTC)", ["id", "begins", "title", "state", "results"], rows, right=(4,))
    if page.truncated:
        console.print(f"more rows: --after {page.next}")


def _print_day(console: Console, row: GameDayRow) -> None:
    head = f"{row.day}: {row.title}, {minute(row.start_at)} UTC, {figure(row.hours)} h, {row.state}" if row.day else row.title
    console.print(head, markup=False)
    console.print(row.hypothesis, markup=False)
    console.print(f"Stops if the switch fails: {', '.join(row.hit) or 'no service'}", markup=False)
    if row.stays:
        console.print(f"Stops although it works: {', '.join(row.stays)}", markup=False)
    console.print(row.abort, markup=False)
    for number, step in enumerate(row.steps, start=1):
        console.print(f"{number}. {step}", markup=False)
    for person in row.people:
        console.print(f"- {person}", markup=False)
    for test in row.tests:
        console.print(f"- result: {test}")


COMMANDS = (tests, game_day)
