"""forestay goals: goals of services, what was measured of them, how they are measured, what everyone may read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console

from app.cli.common import after_option, figure, limit_option
from app.cli.context import CALLER, Context, json_option, show, table
from app.domain.errors import InvalidInput, LimitExceeded
from app.domain.goals import GOAL_KINDS, Goal, Terms
from app.domain.kpis import GaugeRow, GoalPage, KpiRow, ServiceGoals, SharedOpening
from app.domain.sentences import minute, percent
from app.domain.slo import SloReport
from app.usecases.answers.goals import KIND_WORDS, gauge_page, goal_page, one_gauge, opening_of, service_goals, value_text
from app.usecases.exposures import accept_any
from app.usecases.goals.from_openslo import take_openslo
from app.usecases.goals.gauge import remove_gauge, set_gauge
from app.usecases.goals.read import read_gauges
from app.usecases.goals.set_goals import drop_goal, set_goal
from app.usecases.goals.share import share
from app.usecases.keep.process import this_process
from app.usecases.keep.readings import Gauge
from app.usecases.keep.shared_page import shared_page


@click.group()
def goals() -> None:
    """Goals of services: set them, measure them, share what was measured."""


@goals.command("list")
@limit_option
@after_option
@json_option
@click.pass_obj
def listed(context: Context, limit: int, after: str | None, as_document: bool) -> None:
    """Services with their goals and what was measured of them, those that miss a goal first."""
    page = goal_page(context.forestay, limit, after)
    show(page, as_document, lambda console: _print_page(console, page))


@goals.command("show")
@click.argument("service")
@json_option
@click.pass_obj
def one(context: Context, service: str, as_document: bool) -> None:
    """One service: KPIs against goals, error budget and burn, mean times, ways of measuring, trend."""
    told = service_goals(context.forestay, service)
    show(told, as_document, lambda console: _print_one(console, told))


@goals.command("set")
@click.argument("service")
@click.argument("kind", type=click.Choice(GOAL_KINDS))
@click.argument("target", type=float)
@click.option("--window", default="30d", show_default=True, help="month, or days like 30d")
@click.option("--zone", default="UTC", show_default=True, help="of the calendar month, like Europe/Berlin")
@click.option("--without-maintenance", is_flag=True, help="planned maintenance is left out instead of counting as any other time")
@click.option("--reason", default="", help="why this is the goal")
@json_option
@click.pass_obj
def put(
    context: Context, service: str, kind: str, target: float, window: str, zone: str, without_maintenance: bool, reason: str,
    as_document: bool,
) -> None:  # fmt: skip
    """Set a goal: availability or error_rate as a share (0.999), time_to_repair in hours."""
    goal = Goal(kind, target, Terms(window, zone, not without_maintenance), reason=reason)
    made = set_goal(context.forestay, service, goal, CALLER)
    show(made, as_document, lambda console: console.print(made.sentence, markup=False))


@goals.command("drop")
@click.argument("service")
@click.argument("kind", type=click.Choice(GOAL_KINDS))
@json_option
@click.pass_obj
def drop(context: Context, service: str, kind: str, as_document: bool) -> None:
    """Take a goal back that a person set."""
    made = drop_goal(context.forestay, service, kind, CALLER)
    show(made, as_document, lambda console: console.print(made.sentence, markup=False))


@goals.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@click.pass_obj
def openslo(context: Context, file: Path, as_document: bool) -> None:
    """Set the goals that an OpenSLO file states; what could not be read of it is listed."""
    most = context.settings.goals.slo_bytes
    if file.stat().st_size > most:
        raise LimitExceeded(f"{file.name} is larger than {most:,} bytes (goals.slo_bytes)")
    report = take_openslo(context.forestay, file.name, file.read_bytes(), CALLER)
    show(report, as_document, lambda console: _print_report(console, report))


@goals.command("gauges")
@json_option
@click.pass_obj
def gauges(context: Context, as_document: bool) -> None:
    """How services are measured in Prometheus, and how their readings do."""
    page = gauge_page(context.forestay)
    show(page, as_document, lambda console: _print_gauges(console, page.items))


@goals.command("gauge")
@click.argument("service")
@click.option("--url", default="", help="of the Prometheus server")
@click.option("--set", "pairs", multiple=True, help="NAME=VALUE: user with password_env, token_env, ca_file")
@click.option("--up", "up_query", default="", help="query of one series that is up where it is at least --up-from")
@click.option("--up-from", type=float, default=0.5, show_default=True)
@click.option("--errors", "errors_query", default="", help="query: how many requests failed in a step")
@click.option("--requests", "requests_query", default="", help="query: how many requests came in a step")
@click.option("--step", type=click.IntRange(1, 3600), default=60, show_default=True, help="seconds")
@click.option("--since", default="", help="nothing from before is read, like 2026-11-01T00:00:00Z")
@click.option("--remove", is_flag=True, help="no longer measure it, and forget what was read")
@json_option
@click.pass_obj
def gauge(
    context: Context, service: str, url: str, pairs: tuple[str, ...], up_query: str, up_from: float, errors_query: str,
    requests_query: str, step: int, since: str, remove: bool, as_document: bool,
) -> None:  # fmt: skip
    """Say how a service is measured in Prometheus; with neither --up nor --requests: show it."""
    forestay = context.forestay
    if remove:
        click.echo(f"{remove_gauge(forestay, service, CALLER)} is no longer measured in Prometheus")
        return
    if up_query or requests_query:
        settings = {"url": url}
        for pair in pairs:
            name, equals, value = pair.partition("=")
            if not equals:
                raise InvalidInput(f"--set {pair}: NAME=VALUE")
            settings[name] = value
        made = Gauge("", "", settings, up_query, up_from, errors_query, requests_query, step, since)
        set_gauge(forestay, service, made, CALLER, accept_any)
    row = one_gauge(forestay, service)
    show(row, as_document, lambda console: _print_gauges(console, [row]))


@goals.command("read")
@click.pass_obj
def read(context: Context) -> None:
    """Read all gauges now, as `forestay work` does by itself."""
    forestay = context.forestay
    read_gauges(forestay, f"{this_process()} goals")
    rows = gauge_page(forestay).items
    for row in rows:
        click.echo(f"{row.name or row.service}: {row.error or f'read to {minute(row.read_to) or None}'}")


@goals.command("share")
@click.argument("services", nargs=-1)
@click.option("--title", default="Services", show_default=True)
@click.option("--close", "closed", is_flag=True, help="close the page")
@click.option("--show", "only_show", is_flag=True, help="only say what is open")
@json_option
@click.pass_obj
def sharing(context: Context, services: tuple[str, ...], title: str, closed: bool, only_show: bool, as_document: bool) -> None:
    """Open the KPIs of SERVICES (each SERVICE or SERVICE=LABEL) to everyone at /shared, or --close the page."""
    forestay = context.forestay
    before = shared_page(forestay.documents)
    if closed:
        kept = [(one.service, one.label) for one in before.services]
        share(forestay, False, before.title, kept, CALLER, accept_any)
    elif not only_show:
        rows = [(text.partition("=")[0], text.partition("=")[2]) for text in services]
        share(forestay, True, title, rows, CALLER, accept_any)
    told = opening_of(shared_page(forestay.documents))
    show(told, as_document, lambda console: _print_opening(console, told))


def _print_page(console: Console, page: GoalPage) -> None:
    rows = [
        (
            row.name, row.verdict, _value(row.availability),
            "" if row.budget_left_share is None else percent(row.budget_left_share), _value(row.error_rate),
            _value(row.time_to_repair),
        )
        for row in page.items
    ]  # fmt: skip
    table(
        console,
        "Goals",
        ["service", "goals", "availability", "budget left", "error rate", "time to repair"],
        rows,
        right=range(2, 6),
    )
    console.print(page.sentence, markup=False)
    if page.truncated:
        console.print(f"{len(page.items)} of {page.services_total:,}; the next: --after {page.next}")


def _value(row: KpiRow) -> str:
    goal = f" ({row.goal.target_text})" if row.goal else ""
    return value_text(row) + goal + (f", {percent(row.missing_share)} missing" if row.way and row.missing_share else "")


def _print_one(console: Console, told: ServiceGoals) -> None:
    console.print(f"{told.name}: {told.verdict}", markup=False)
    for row in told.kpis:
        console.print(f"{KIND_WORDS[row.kind]}: {row.sentence}", markup=False)
    if told.budget:
        left = told.budget
        console.print(
            f"Error budget: {figure(left.left_seconds / 60)} of {figure(left.allowed_seconds / 60)} min left", markup=False
        )
        table(
            console,
            "Burn",
            ["over", "rate", ""],
            [(f"{one.hours} h", figure(one.rate), one.says) for one in left.burn],
            right=(1,),
        )
    times = [("repair", told.time_to_repair), ("detect", told.time_to_detect), ("between failures", told.time_between_failures)]
    rows = [(name, figure(row.hours), figure(row.low), figure(row.high), row.n, row.rule) for name, row in times]
    table(console, "Mean times, hours", ["to", "mean", "from", "to at most", "of", "rule"], rows, right=(1, 2, 3, 4))
    ways = [
        (row.way, figure(row.down_seconds / 60), percent(row.missing_share), row.outages, minute(row.measured_to))
        for row in told.ways
    ]
    table(console, "Measured by", ["way", "min down", "missing", "outages", "to"], ways, right=(1, 2, 3))
    if told.difference:
        console.print(told.difference.sentence, markup=False)
    console.print(told.trend_sentence, markup=False)


def _print_report(console: Console, report: SloReport) -> None:
    for item in report.items:
        console.print(item.sentence, markup=False)
    table(
        console, "Not read", ["record", "field", "why", "what to do"],
        [(row.record, row.field, row.reason, row.remedy) for row in report.unread],
    )  # fmt: skip


def _print_gauges(console: Console, rows: Sequence[GaugeRow]) -> None:
    shown = [
        (row.name or row.service, row.settings.get("url", ""), row.up_query or row.requests_query, f"{row.step_seconds} s",
         minute(row.read_to) or "never", row.error)
        for row in rows
    ]  # fmt: skip
    table(console, "Gauges", ["service", "server", "query", "every", "read to", "failure"], shown)


def _print_opening(console: Console, told: SharedOpening) -> None:
    console.print(
        f"The shared page “{told.title}” is {'open to everyone at ' + told.address if told.open else 'closed'}.", markup=False
    )
    for row in told.services:
        console.print(f"- {row.label} ({row.service})", markup=False)


COMMANDS = (goals,)
