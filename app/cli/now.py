"""forestay now: what is reported right now, what follows from it, and saying so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import click
from rich.console import Console

from app.cli.common import after_option, figure, limit_option, path_text
from app.cli.context import CALLER, Context, Moment, json_option, show, table
from app.domain.live import STATES
from app.domain.now import Now, NowCauses, RestoreFirst
from app.domain.sentences import count, minute, not_read
from app.usecases.answers.now import now_page
from app.usecases.answers.now_next import now_causes, restore_first
from app.usecases.report_live import clear_live, set_live


@click.group(invoke_without_command=True)
@limit_option
@after_option
@json_option
@click.pass_context
def now(ctx: click.Context, limit: int, after: str | None, as_document: bool) -> None:
    """The estate as it is right now: what is reported, who is hit, how long there is, what goes next."""
    if ctx.invoked_subcommand is None:
        answer = now_page(ctx.obj.forestay, limit, after)
        show(answer, as_document, lambda console: _print_now(console, answer))


@now.command("causes")
@json_option
@click.pass_obj
def causes(context: Context, as_document: bool) -> None:
    """The CIs whose outage explains best what is reported down."""
    answer = now_causes(context.forestay)
    show(answer, as_document, lambda console: _print_causes(console, answer))


@now.command("restore")
@json_option
@click.pass_obj
def restore(context: Context, as_document: bool) -> None:
    """What to restore first: the largest loss avoided for each hour of work."""
    answer = restore_first(context.forestay)
    show(answer, as_document, lambda console: _print_order(console, answer))


@now.command("set")
@click.argument("ci")
@click.argument("state", type=click.Choice(STATES))
@click.option("--share", type=click.FloatRange(0, 1, max_open=True), help="what a degraded CI still does")
@click.option("--since", type=Moment(), help="since when (default: since it was first said)")
@click.option("--until", type=Moment(), help="until when it is expected to last")
@click.option("--reason", default="", help="why")
@json_option
@click.pass_obj
def set_state(
    context: Context,
    ci: str,
    state: str,
    share: float | None,
    since: datetime | None,
    until: datetime | None,
    reason: str,
    as_document: bool,
) -> None:
    """Say that CI (a key or any alias) is down, degraded or in maintenance; it holds until it is cleared."""
    started, ends = (moment.isoformat() if moment else "" for moment in (since, until))
    report = set_live(context.forestay, ci, CALLER, state, share, started, ends, reason)
    show(report, as_document, lambda console: console.print(f"{report.ci} is {report.state} since {_time(report.started_at)}"))


@now.command("clear")
@click.argument("ci")
@click.pass_obj
def clear(context: Context, ci: str) -> None:
    """Take back all that is reported of CI, alerts included."""
    key, reports = clear_live(context.forestay, ci, CALLER)
    click.echo(f"{key}: {reports} reports taken back")


def _time(text: str) -> str:
    return minute(text) or "-"


def _minutes(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _print_now(console: Console, answer: Now) -> None:
    console.print(f"[bold]{answer.sentence}[/bold]")
    if answer.cis:
        rows = [
            (
                one.name,
                f"{one.state} ({one.share:.0%}{' assumed' if one.share_assumed else ''})"
                if one.state == "degraded"
                else one.state,
                _time(one.started_at),
                "overdue" if one.overdue else _time(max(report.ends_at for report in one.reports)),
                ", ".join(report.origin for report in one.reports),
                one.reports[0].reason,
            )
            for one in answer.cis
        ]
        table(console, f"{count(answer.cis_total, 'CI')} reported", ["CI", "state", "since", "until", "by", "reason"], rows)
    if answer.services:
        services = [
            (one.name, one.state, one.band, _minutes(one.minutes_left), one.limit, figure(one.customers))
            + ((not_read(one.open_needs),) if one.open_needs else ("",))
            for one in answer.services
        ]
        heads = ["service", "state", "limit is reached", "min left", "limit", "customers", "notes"]
        table(console, f"{count(answer.services_total, 'service')} hit", heads, services, right=(3, 5))
        for one in answer.services:
            console.print(f"  {one.name}: {one.state}{path_text(one.path)}")
    for away in answer.one_failure_away:
        console.print(f"  one failure away: {away.service_name} by {_some(away.cis, away.total)}")
    if answer.unplaced:
        listed = [
            (
                one.alert_key or "by hand",
                _some(one.names, len(one.names)),
                one.state,
                one.why,
                ", ".join([*one.candidates, *one.near]),
            )
            for one in answer.unplaced
        ]
        heads = ["alert", "names", "state", "why it is in no figure", "it may be"]
        table(console, f"{answer.unplaced_total:,} reports that name no CI", heads, listed)
    for sender, lost in answer.alerts_lost.items():
        console.print(f"  {sender} left {lost:,} alerts out of its deliveries: what they say is not known here")
    if answer.truncated:
        console.print(f"more rows: --after {answer.next}")


def _some(names: Sequence[str], total: int, shown: int = 5) -> str:
    return ", ".join(names[:shown]) + (f" and {total - shown:,} more" if total > shown else "")


def _print_causes(console: Console, answer: NowCauses) -> None:
    console.print(f"[bold]{answer.sentence}[/bold]")
    rows = [
        (one.name, one.team, "yes" if one.reported else "no", one.explained, one.missing, f"{one.p_cause:.0%}")
        for one in answer.items
    ]
    heads = ["CI", "team", "reported", "explains", "unreported", "probability"]
    table(console, f"{answer.observed:,} CIs reported down", heads, rows, right=(3, 4, 5))


def _print_order(console: Console, answer: RestoreFirst) -> None:
    console.print(f"[bold]{answer.sentence}[/bold]")
    rows = [
        (
            one.name, one.team, figure(one.hours), one.hours_origin, figure(one.avoided_per_hour), figure(one.loss_after),
            _some(one.services_back, one.services_back_total),
        )
        for one in answer.items
    ]  # fmt: skip
    heads = ["CI", "team", "work h", "origin", "saved per h of work", "loss left", "back"]
    table(console, f"Order of work, in {answer.measure}", heads, rows, right=(2, 4, 5))


COMMANDS = (now,)
