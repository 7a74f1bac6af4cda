"""forestay recovery: when services are back, against what they must be back by."""

from __future__ import annotations

from datetime import datetime

import click
from rich.console import Console

from app.cli.common import after_option, figure, limit_option
from app.cli.context import Context, json_option, show, table, when
from app.domain.recovery import RecoveryRow, ServiceRecovery
from app.domain.sentences import not_read
from app.usecases.answers.recovery import recovery_page, service_recovery
from app.usecases.estate import resolve_revision


@click.command()
@click.argument("service", required=False)
@limit_option
@after_option
@when
@json_option
@click.pass_obj
def recovery(
    context: Context,
    /,
    service: str | None,
    limit: int,
    after: str | None,
    revision: int | None,
    as_of: datetime | None,
    as_document: bool,
) -> None:
    """When services are back, against their RTO; with SERVICE: what it waits for, and which outages take too long."""
    forestay = context.forestay
    at = resolve_revision(forestay.store, revision, as_of)
    if service:
        one = service_recovery(forestay, service, limit, after, at.revision)
        show(one, as_document, lambda console: _print_one(console, one))
        return
    page = recovery_page(forestay, limit, after, at.revision)
    rows = [
        (
            row.name,
            row.verdict,
            _hours(row.rto_hours),
            _hours(row.after_one_hours),
            row.after_one_name,
            str(row.contradictions),
            _after_all(row),
        )
        for row in page.items
    ]
    title = f"{page.total_rows:,} services: {page.infeasible:,} cannot meet their RTO, {page.undecided:,} undecided"
    heads = ["service", "RTO is", "RTO h", "back h", "after an outage of", "too long", "all down h"]
    show(page, as_document, lambda console: table(console, title, heads, rows, right=(2, 3, 5, 6)))


def _hours(hours: float | None) -> str:
    return "-" if hours is None else figure(hours)


def _after_all(row: RecoveryRow) -> str:
    if row.after_all_hours is None:
        return "unknown"
    return f"{'at most ' if row.after_all_at_most else ''}{figure(row.after_all_hours)}"


def _print_one(console: Console, answer: ServiceRecovery) -> None:
    console.print(answer.service.sentence)
    if answer.service.open_needs:
        console.print(not_read(answer.service.open_needs))
    steps = [(step.name, step.team, _hours(step.hours), step.hours_origin, figure(step.back_after_hours)) for step in answer.path]
    table(console, "When all that it needs is down", ["CI", "team", "hours", "origin", "back after h"], steps, right=(2, 4))
    rows = [
        (
            row.name,
            row.team,
            row.supplier,
            _hours(row.hours),
            row.hours_origin,
            _hours(row.over_rto_hours),
            _hours(row.over_mtpd_hours),
        )
        for row in answer.single_outages
    ]
    title = f"{answer.single_outages_total:,} CIs stop it alone, the longest first"
    heads = ["CI", "team", "supplier", "back h", "origin", "over RTO h", "over MTPD h"]
    table(console, title, heads, rows, right=(3, 5, 6))


COMMANDS = (recovery,)
