"""forestay recovery: when services are back, against what they must be back by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import click
from rich.console import Console

from app.cli.common import after_option, figure, limit_option
from app.cli.context import CALLER, Context, json_option, show, table, when
from app.domain.recovery import RecoveryBasis, RecoveryRow, ServiceRecovery
from app.domain.sentences import not_read
from app.usecases.answers.recovery import recovery_page, service_recovery
from app.usecases.answers.recovery_gaps import gaps_page
from app.usecases.answers.restore_pools import pools_page
from app.usecases.answers.start_order import start_order
from app.usecases.estate import resolve_revision
from app.usecases.keep.pools import forget_pool, state_pool


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
            _hours(row.after_all_at_least_hours),
            _hours(row.after_all_within_hours),
            _hours(row.data_loss_hours),
            row.rpo_verdict,
        )
        for row in page.items
    ]
    title = f"{page.total_rows:,} services: {page.infeasible:,} cannot meet their RTO, {page.undecided:,} undecided"
    heads = ["service", "RTO is", "RTO h", "back h", "after an outage of", "too long", "all down h"]
    heads += ["at least h", "within h", "data loss h", "RPO is"]
    show(page, as_document, lambda console: _print_page(console, title, heads, rows, page.basis))


def _print_page(console: Console, title: str, heads: list[str], rows: Sequence[tuple[str, ...]], basis: RecoveryBasis) -> None:
    table(console, title, heads, rows, right=(2, 3, 5, 6, 7, 8, 9))
    _print_basis(console, basis)


def _print_basis(console: Console, basis: RecoveryBasis) -> None:
    if basis.detection_hours or basis.declaration_hours:
        before = (
            f"{figure(basis.detection_hours)} h until it is noticed and {figure(basis.declaration_hours)} h until it is declared"
        )
        console.print(f"All hours hold {before}.")
    if basis.unknown_pools:
        console.print(f"Nobody said how many restorations these do at once: {', '.join(basis.unknown_pools)} (forestay pools).")
    for text in basis.warnings:
        console.print(f"- {text}", markup=False)


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
    for chance in answer.chances:
        if chance.share is not None:
            how = "crews by a list schedule" if chance.crews else "no wait for crews"
            ends = f"{chance.low_share:.1%} to {chance.high_share:.1%}, {chance.draws:,} draws" if chance.draws else "exact"
            console.print(f"Within its RTO after {chance.what}: {chance.share:.1%} ({ends}; {how})")
    one = answer.service
    if one.data_loss_hours is not None:
        loss = f"{figure(one.data_loss_hours)} h at worst, by {one.data_loss_name} ({one.data_loss_origin})"
        console.print(f"Data lost: {loss}; RPO {_hours(one.rpo_hours)} h: {one.rpo_verdict}")
    _print_basis(console, answer.basis)


@click.command("recovery-gaps")
@limit_option
@after_option
@when
@json_option
@click.pass_obj
def recovery_gaps(
    context: Context, /, limit: int, after: str | None, revision: int | None, as_of: datetime | None, as_document: bool
) -> None:
    """Every gap between required and achievable recovery, the largest first, with both ends."""
    forestay = context.forestay
    at = resolve_revision(forestay.store, revision, as_of)
    page = gaps_page(forestay, limit, after, at.revision)
    rows = [
        (gap.kind, gap.service_name, figure(gap.wants_hours), gap.name, figure(gap.takes_hours), gap.hours_origin,
         figure(gap.gap_hours), " > ".join(step.name for step in gap.path))
        for gap in page.items
    ]  # fmt: skip
    title = f"{page.total_rows:,} gaps of {page.services:,} services: {page.outages:,} outages of one CI, "
    title += f"{page.all_down:,} when all is down, {page.data:,} of data"
    heads = ["after", "service", "wants h", "CI", "takes h", "origin", "gap h", "path"]
    show(page, as_document, lambda console: _print_gaps(console, title, heads, rows, page.basis))


def _print_gaps(console: Console, title: str, heads: list[str], rows: Sequence[tuple[str, ...]], basis: RecoveryBasis) -> None:
    table(console, title, heads, rows, right=(2, 4, 6))
    _print_basis(console, basis)


@click.command("start-order")
@limit_option
@after_option
@when
@json_option
@click.pass_obj
def started_in_order(
    context: Context, /, limit: int, after: str | None, revision: int | None, as_of: datetime | None, as_document: bool
) -> None:
    """In which order the whole estate is started from nothing, with the circles of needs named."""
    forestay = context.forestay
    at = resolve_revision(forestay.store, revision, as_of)
    page = start_order(forestay, limit, after, at.revision)
    rows = [(step.number, step.name, step.ci_class, step.team, _hours(step.hours), step.trap) for step in page.items]
    title = f"{page.total_rows:,} CIs, {page.traps:,} of them on circles of needs"
    show(page, as_document, lambda console: table(console, title, ["", "CI", "class", "team", "h", ""], rows, right=(0, 4)))


@click.command()
@click.argument("name", required=False)
@click.option("--places", type=click.IntRange(1), help="how many restorations it does at once")
@click.option("--forget", is_flag=True, help="take back what was said of it")
@limit_option
@after_option
@json_option
@click.pass_obj
def pools(
    context: Context, /, name: str | None, places: int | None, forget: bool, limit: int, after: str | None, as_document: bool
) -> None:
    """Pools of restore capacity; with NAME: say how many restorations it does at once, or --forget it."""
    forestay = context.forestay
    if (places is not None or forget) != (name is not None) or (places is not None and forget):
        raise click.UsageError("give NAME with --places or --forget, or nothing of these")
    if name is not None:
        pool = (
            forget_pool(forestay.documents, name, CALLER) if forget else state_pool(forestay.documents, name, places or 0, CALLER)
        )
        text = f"{pool.name}: forgotten" if forget else f"{pool.name}: {pool.places:,} at once"
        show(pool, as_document, lambda console: console.print(text, markup=False))
        return
    page = pools_page(forestay, limit, after)
    rows = [(row.name, "unknown" if row.places is None else f"{row.places:,}", f"{row.cis:,}") for row in page.items]
    show(page, as_document, lambda console: table(console, "", ["pool", "restorations at once", "CIs"], rows, right=(1, 2)))


COMMANDS = (recovery, recovery_gaps, started_in_order, pools)
