"""forestay availability, importance, cut-sets, loss, goal, study, studies: the risk of one service, and of the whole estate
beyond the first order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import click
from rich.console import Console

from app.cli.common import after_option, figure, limit_option
from app.cli.context import Context, json_option, listener, show, table, when
from app.domain.areas import AREA_KINDS
from app.domain.sentences import not_read
from app.domain.service_risk import BudgetRow, Estimate, ServiceAvailability, ServiceGoal
from app.domain.study import StudyOptions, StudyRow
from app.usecases.answers.cold_start import cold_start_page
from app.usecases.answers.service_risk.ask import RiskQuestion
from app.usecases.answers.service_risk.availability import service_availability
from app.usecases.answers.service_risk.cut_sets import service_cut_sets
from app.usecases.answers.service_risk.goal import service_goal
from app.usecases.answers.service_risk.importance import ORDERS, service_importance
from app.usecases.answers.service_risk.loss import service_loss
from app.usecases.estate import resolve_revision
from app.usecases.studies.exceedance import study_exceedance
from app.usecases.studies.make import make_study
from app.usecases.studies.read import ask_first, get_study, page_studies, study_areas, study_borders, study_services

Command = TypeVar("Command", bound=Callable[..., Any])
USUAL = StudyOptions()


def options(command: Command) -> Command:
    """Adds the options that every question about one service takes."""
    for option in (
        click.option("--down", multiple=True, help="a CI that is down for the question; may be given again"),
        click.option("--nodes", type=click.IntRange(1_000, 20_000_000), default=2_000_000, show_default=True),
        click.option("--seconds", type=click.FloatRange(0, 600), default=10.0, show_default=True),
        click.option("--method", type=click.Choice(["auto", "simulated"]), default="auto", show_default=True),
        click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True),
        click.option(
            "--years", type=click.IntRange(0, 100_000), default=0, help="years to simulate where there is no closed form"
        ),
    ):
        command = option(command)
    return command


def risk_question(service: str, revision: int | None, as_of: datetime | None, options_: dict[str, Any]) -> RiskQuestion:
    return RiskQuestion(service, options_.pop("down"), revision=revision, as_of=as_of, **options_)


def estimate(value: Estimate, style: str = "{:.6g}") -> str:
    """Returns a number with how it was computed."""
    if value.value is not None:
        sure = (
            f" ({style.format(value.low)} to {style.format(value.high)})"
            if value.low is not None and value.high is not None
            else ""
        )
        return f"{style.format(value.value)}{sure}, {value.method}"
    if value.low is not None and value.high is not None:
        return f"between {style.format(value.low)} and {style.format(value.high)}, {value.method}"
    return f"unknown: {value.note}" if value.note else "unknown"


@click.command()
@click.argument("service")
@options
@when
@json_option
@click.pass_obj
def availability(
    context: Context, /, service: str, revision: int | None, as_of: datetime | None, as_document: bool, **options_: Any
) -> None:
    """How often a service is down, how long, and how much of it is missing."""
    forestay = context.forestay
    answer = service_availability(forestay, risk_question(service, revision, as_of, options_))
    show(answer, as_document, lambda console: _print_availability(console, answer))


def _print_availability(console: Console, answer: ServiceAvailability) -> None:
    _print_unread(console, answer.open_needs)
    console.print(f"[bold]{answer.name}[/bold] availability {estimate(answer.availability, '{:.6%}')}")
    console.print(
        f"down {estimate(answer.downtime_minutes_per_year)} minutes a year, {estimate(answer.failures_per_year)} stops a year"
    )
    console.print(
        f"a stop lasts {estimate(answer.mean_outage_hours)} hours on average; "
        f"{answer.single_points}{' known' if answer.open_needs else ''} single points of failure"
    )
    console.print(f"share missing on average: {estimate(answer.lost_share)}")
    if answer.customers is not None:
        console.print(f"bad customer-minutes a year: {estimate(answer.bad_customer_minutes)}")
    if answer.outages_longer_than:
        durations = ", ".join(f"{hours:g} h {share:.1%}" for hours, share in answer.outages_longer_than)
        console.print(f"stops longer than: {durations} ({answer.outages_longer_than_method})")
    for row in answer.failovers[:10]:
        console.print(f"failover {row.group}: works {row.p_works:.2%}, {figure(row.hours_per_year)} h a year by {row.active}")


@click.command()
@click.argument("service")
@click.option("--by", type=click.Choice(ORDERS), default="criticality", show_default=True)
@limit_option
@after_option
@options
@when
@json_option
@click.pass_obj
def importance(
    context: Context, /, service: str, by: str, limit: int, after: str | None, revision: int | None, as_of: datetime | None,
    as_document: bool, **options_: Any,
) -> None:  # fmt: skip
    """What each CI matters to a service, by every measure."""
    forestay = context.forestay
    question = risk_question(service, revision, as_of, options_)
    answer = service_importance(forestay, question, limit, after, by)
    rows = [
        (
            r.name,
            f"{r.unavailability:.4g}",
            f"{r.birnbaum:.4g}",
            f"{r.criticality:.3%}",
            "infinite" if r.raw_infinite else figure(r.raw),
            "infinite" if r.rrw_infinite else figure(r.rrw),
            figure(r.initiator_share),
        )
        for r in answer.items
    ]
    heads = ["CI", "U", "Birnbaum", "criticality", "RAW", "RRW", "initiator share"]
    show(
        answer,
        as_document,
        lambda console: table(console, _unread_in(f"{answer.name}: {answer.total_rows:,} CIs", answer.open_needs), heads, rows),
    )


@click.command("cut-sets")
@click.argument("service")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)
@options
@when
@json_option
@click.pass_obj
def cut_sets(
    context: Context,
    /,
    service: str,
    limit: int,
    revision: int | None,
    as_of: datetime | None,
    as_document: bool,
    **options_: Any,
) -> None:
    """Minimal cut sets of a service: how many, and the most probable."""
    forestay = context.forestay
    answer = service_cut_sets(forestay, risk_question(service, revision, as_of, options_), limit)
    rows = [(f"{r.probability:.4g}", f"{r.share:.2%}", " + ".join(r.names)) for r in answer.items]
    title = (
        f"{answer.name}: {answer.total_digits or 'unknown'} minimal cut sets; not listed: {figure(answer.probability_not_listed)}"
    )
    show(
        answer,
        as_document,
        lambda console: table(console, _unread_in(title, answer.open_needs), ["probability", "share", "CIs"], rows),
    )


@click.command()
@click.argument("service")
@limit_option
@after_option
@options
@when
@json_option
@click.pass_obj
def loss(
    context: Context,
    /,
    service: str,
    limit: int,
    after: str | None,
    revision: int | None,
    as_of: datetime | None,
    as_document: bool,
    **options_: Any,
) -> None:
    """What a service loses a year by the CI that started it: first order, redundancy, total."""
    forestay = context.forestay
    answer = service_loss(forestay, risk_question(service, revision, as_of, options_), limit, after)
    rows = [
        (r.name, figure(r.money_first_order), figure(r.money_redundancy), figure(r.money_total), f"{r.share:.1%}")
        for r in answer.items
    ]
    title = f"{answer.name}: {estimate(answer.money_total)} {answer.stamp.currency} a year; {estimate(answer.hours_total)} hours"
    show(
        answer,
        as_document,
        lambda console: table(
            console, _unread_in(title, answer.open_needs), ["CI", "first order", "redundancy", "total", "share"], rows
        ),
    )


@click.command()
@click.argument("service")
@click.option("--target", type=click.FloatRange(0, 1), help="default: the goal of the service's exposure")
@click.option("--detect-minutes", type=click.FloatRange(0), default=0.0, help="how much of a restore time is detection")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)
@options
@when
@json_option
@click.pass_obj
def goal(
    context: Context,
    /,
    service: str,
    target: float | None,
    detect_minutes: float,
    limit: int,
    revision: int | None,
    as_of: datetime | None,
    as_document: bool,
    **options_: Any,
) -> None:
    """Can a service meet its availability goal, and what eats its error budget."""
    forestay = context.forestay
    question = risk_question(service, revision, as_of, options_)
    answer = service_goal(forestay, question, target, detect_minutes, limit)
    show(answer, as_document, lambda console: _print_goal(console, answer))


def _print_unread(console: Console, needs: int) -> None:
    if needs:
        console.print(f"[bold]{not_read(needs)}[/bold]")


def _unread_in(title: str, needs: int) -> str:
    return f"{title}; {not_read(needs)}" if needs else title


def _of_budget(row: BudgetRow) -> str:
    if row.share_of_budget_infinite:
        return "infinite"
    return "" if row.share_of_budget is None else f"{row.share_of_budget:.1%}"


def _print_goal(console: Console, answer: ServiceGoal) -> None:
    _print_unread(console, answer.open_needs)
    console.print(answer.sentence)
    rows = [
        (
            r.name,
            figure(r.detect_minutes),
            figure(r.resolve_minutes),
            "" if r.share_of_users is None else f"{r.share_of_users:.0%}",
            figure(r.interval_days),
            figure(r.bad_minutes_per_year),
            _of_budget(r),
            "over 25 %" if r.flagged else "",
        )
        for r in answer.rows
    ]
    heads = ["risk", "detect, min", "resolve, min", "users", "every, days", "bad min a year", "of the budget", ""]
    table(console, f"{estimate(answer.bad_minutes_per_year)} bad minutes a year", heads, rows)


@click.command()
@click.option("--revision", type=int, help="default: the current one")
@click.option("--nodes", type=click.IntRange(1_000, 20_000_000), default=USUAL.nodes, show_default=True)
@click.option("--seconds", type=click.FloatRange(0, 600), default=USUAL.seconds, show_default=True, help="for each service")
@click.option("--worlds", type=click.IntRange(1, 100_000_000), default=USUAL.worlds, show_default=True)
@click.option("--draws", type=click.IntRange(20, 10_000), default=USUAL.draws, show_default=True)
@click.option("--years", type=click.IntRange(0, 1_000_000), default=USUAL.years, show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=USUAL.seed, show_default=True)
@click.option("--examined", type=click.IntRange(0, 10_000_000), default=USUAL.examined, show_default=True)
@json_option
@click.pass_obj
def study(context: Context, /, revision: int | None, as_document: bool, **options_: Any) -> None:
    """Compute the whole estate beyond the first order: redundancy, sampled worlds, ranges, borders between teams, simulated
    years."""
    forestay = context.forestay
    spread = forestay.settings.model.declared_spread
    row = make_study(forestay, StudyOptions(**options_), revision, spread, listener(as_document))
    show(row, as_document, lambda console: _print_study(console, row))


def _print_study(console: Console, study: StudyRow) -> None:
    console.print(
        f"Study [bold]{study.study}[/bold] of revision {study.revision}: {study.services_exact:,} of {study.services:,} services "
        f"exact, {study.services_bounded:,} bounded, their redundancy simulated; {study.simulated_agree:,} of "
        f"{study.simulated_compared:,} agree with {study.options.worlds:,} worlds"
    )
    rows = [
        (name, *(figure(parts.get(part)) for part in ("first_order", "redundancy", "redundancy_simulated", "total")))
        for name, parts in (
            (f"money, {study.currency}", study.money),
            ("service-hours", study.service_hours),
            ("customer-hours", study.customer_hours),
            ("MTPD breaches", study.mtpd_breaches),
        )
    ]
    table(console, "a year", ["", "first order", "redundancy", "of it simulated", "total"], rows)
    console.print(
        f"range of the total: {estimate(study.total_range)} ({study.total_range.note}); over borders between teams: "
        f"{estimate(study.border_share, '{:.1%}')}"
    )


@click.command()
@limit_option
@after_option
@json_option
@click.pass_obj
def studies(context: Context, /, limit: int, after: str | None, as_document: bool) -> None:
    """Studies, newest first."""
    page = page_studies(context.forestay.documents, after or "", limit)
    rows = [
        (s.study, s.revision, s.made_at[:19], s.services_exact, s.services_bounded, figure(s.money["total"])) for s in page.items
    ]
    heads = ["study", "revision", "made", "exact", "bounded", "money a year"]
    show(page, as_document, lambda console: table(console, "", heads, rows))


@click.command("study-show")
@click.argument("study")
@click.option(
    "--part",
    type=click.Choice(["summary", "areas", "services", "borders", "exceedance", "ask-first"]),
    default="areas",
    show_default=True,
)
@click.option("--kind", type=click.Choice(AREA_KINDS), default="ci", show_default=True)
@limit_option
@after_option
@json_option
@click.pass_obj
def study_show(context: Context, /, study: str, part: str, kind: str, limit: int, after: str | None, as_document: bool) -> None:
    """One study: its areas, services, borders between teams, or loss exceedance."""
    forestay = context.forestay
    documents = forestay.documents
    if part == "summary":
        row = get_study(documents, study)
        show(row, as_document, lambda console: _print_study(console, row))
    elif part == "areas":
        page = study_areas(forestay, study, kind, limit, after)
        rows = [
            (
                a.rank,
                _unread_in(a.label, a.open_needs),
                figure(a.first_order),
                figure(a.redundancy),
                figure(a.total),
                f"{figure(a.low)} to {figure(a.high)}",
                "" if a.p_worst is None else f"{a.p_worst:.0%}",
                a.group or "",
            )
            for a in page.items
        ]
        heads = ["", "area", "first order", "redundancy", "total", "5 % to 95 %", f"among worst {page.k}", "group"]
        show(page, as_document, lambda console: table(console, f"by {page.measure}", heads, rows))
    elif part == "services":
        listed = study_services(forestay, study, limit, after)
        lines = [
            (
                _unread_in(s.name, s.open_needs),
                estimate(s.unavailability),
                figure(s.stops_per_year),
                figure(s.money_first_order),
                figure(s.money_redundancy),
                s.redundancy_method,
            )
            for s in listed.items
        ]
        show(
            listed,
            as_document,
            lambda console: table(console, "", ["service", "unavailability", "stops", "first order", "redundancy", "how"], lines),
        )
    elif part == "ask-first":
        asked = ask_first(forestay, study, limit, after)
        inputs = [
            (
                q.rank,
                q.team,
                q.name,
                q.field,
                f"{figure(q.value)} ({q.origin})",
                f"{figure(q.low)} to {figure(q.high)}",
                f"{q.p_changes:.0%}",
                figure(q.gain),
            )
            for q in asked.items
        ]
        heads = ["", "team", "CI", "what to ask for", "taken now", "5 % to 95 %", f"changes the {asked.k} worst", "worth a year"]
        show(asked, as_document, lambda console: table(console, f"in {asked.measure}", heads, inputs))
    elif part == "borders":
        over = study_borders(forestay, study)
        crossed = [(b.provider_team, b.dependent_team, figure(b.loss), f"{b.share:.1%}", str(b.pairs)) for b in over.rows[:limit]]
        show(over, as_document, lambda console: table(console, "", ["from team", "into team", "loss", "share", "pairs"], crossed))
    else:
        curve = study_exceedance(forestay, study)
        points = [(figure(c.loss), f"{c.occurrence:.3%}", f"{c.aggregate:.3%}") for c in curve.curve]
        show(curve, as_document, lambda console: table(console, "", ["loss", "one event above", "year above"], points))


@click.command("cold-start")
@limit_option
@after_option
@when
@json_option
@click.pass_obj
def cold_start(
    context: Context, /, limit: int, after: str | None, revision: int | None, as_of: datetime | None, as_document: bool
) -> None:
    """CIs that run and could not be started from nothing, because they need each other."""
    forestay = context.forestay
    at = resolve_revision(forestay.store, revision, as_of)
    answer = cold_start_page(forestay, limit, after, at.revision)
    rows = [(t.circle or "waits", t.name, t.ci_class, t.team) for t in answer.items]
    title = f"{answer.total_rows:,} CIs on or behind {answer.circles:,} circles; {answer.services:,} services among them"
    show(answer, as_document, lambda console: table(console, title, ["circle", "CI", "class", "team"], rows))


COMMANDS = (availability, importance, cut_sets, loss, goal, study, studies, study_show, cold_start)
