"""forestay services, service: what customers meet, what it loses, what is at stake with it."""

from __future__ import annotations

from datetime import datetime

import click
from rich.console import Console

from app.cli.common import after_option, figure, limit_option
from app.cli.context import CALLER, Context, json_option, show, table, when
from app.domain.records import ServiceRecord
from app.domain.results import ServiceDetail, ServicePage, ServiceRow
from app.domain.sentences import not_read
from app.usecases.answers.services import service_detail, service_page
from app.usecases.estate import resolve_revision
from app.usecases.exposures import lay_exposure, remove_exposure


@click.group(invoke_without_command=True)
@limit_option
@after_option
@when
@json_option
@click.pass_context
def services(
    ctx: click.Context, limit: int, after: str | None, revision: int | None, as_of: datetime | None, as_document: bool
) -> None:
    """Business services, those that suffer most first."""
    if ctx.invoked_subcommand:
        return
    service = ctx.obj.forestay
    at = resolve_revision(service.store, revision, as_of)
    page = service_page(service, limit, after, at.revision, None)
    show(page, as_document, lambda console: _print_services(console, page))


def _print_services(console: Console, page: ServicePage) -> None:
    rows = [
        (
            s.name,
            figure(s.customers),
            figure(s.service_hours_per_year),
            figure(s.money_per_year),
            _points(s),
            figure(s.mtpd_hours),
            ", ".join(
                part
                for part in (
                    "assumed" if s.assumed else "",
                    "down at rest" if s.down_at_rest else "",
                    not_read(s.open_needs) if s.open_needs else "",
                    s.overlap,
                )
                if part
            ),
        )
        for s in page.items
    ]
    columns = ["service", "customers", "hours/yr", f"{page.stamp.currency}/yr", "single points", "MTPD h", ""]
    table(console, f"Services, revision {page.stamp.revision}", columns, rows, right=(1, 2, 3, 4, 5))
    if page.truncated:
        console.print(f"{len(page.items)} of {page.total_rows:,}; the next: --after {page.next}")


def _points(row: ServiceRow) -> str:
    return f"{row.single_points} known" if row.open_needs else str(row.single_points)


@click.group()
def service() -> None:
    """One business service: show it, lay an exposure over a CI, take it back."""


@service.command("show")
@click.argument("ci")
@limit_option
@after_option
@when
@json_option
@click.pass_obj
def service_show(
    context: Context, ci: str, limit: int, after: str | None, revision: int | None, as_of: datetime | None, as_document: bool
) -> None:
    """Exposure, loss and single points of failure of a service."""
    forestay = context.forestay
    at = resolve_revision(forestay.store, revision, as_of)
    detail = service_detail(forestay, ci, limit, after, at.revision, None)
    show(detail, as_document, lambda console: _print_service(console, detail))


def _print_service(console: Console, detail: ServiceDetail) -> None:
    s = detail.service
    console.print(
        f"[bold]{s.name}[/bold]: {figure(s.service_hours_per_year)} hours a year, {figure(s.money_per_year)} "
        f"{detail.stamp.currency} a year; {_points(s)} single points of failure"
    )
    if s.open_needs:
        console.print(not_read(s.open_needs))
    rows = [(c.name, c.ci_class, figure(c.money_per_year), f"{c.share:.1%}") for c in detail.single_points]
    table(console, "", ["single point", "class", f"{detail.stamp.currency}/yr", "share"], rows, right=(2, 3))
    if detail.truncated:
        console.print(f"{len(rows)} of {detail.single_points_total:,}; the next: --after {detail.next}")


@service.command("add")
@click.argument("ci")
@click.option("--customers", type=float)
@click.option("--customer-population", default="", help="services that name the same one share customers, who are counted once")
@click.option("--money-per-hour", type=float)
@click.option("--currency", default="")
@click.option("--mtpd-hours", type=float)
@click.option("--rto-hours", type=float)
@click.option("--rpo-hours", type=float)
@click.option("--mbco-share", type=float)
@click.option("--availability-target", type=float)
@click.pass_obj
def service_add(
    context: Context,
    ci: str,
    customers: float | None,
    customer_population: str,
    money_per_hour: float | None,
    currency: str,
    mtpd_hours: float | None,
    rto_hours: float | None,
    rpo_hours: float | None,
    mbco_share: float | None,
    availability_target: float | None,
) -> None:
    """Lay an exposure over a CI (key or any alias): it is a business service from then on."""
    record = ServiceRecord(
        ci, customers, money_per_hour, currency, {}, mtpd_hours, rto_hours, rpo_hours, mbco_share, availability_target,
        customer_population,
    )  # fmt: skip
    revision = lay_exposure(context.forestay, record, CALLER)
    click.echo(f"revision {revision.revision}; see the new ranking with: forestay assess && forestay areas")


@service.command("remove")
@click.argument("ci")
@click.pass_obj
def service_remove(context: Context, ci: str) -> None:
    """Take back what was laid over a CI by hand."""
    click.echo(f"revision {remove_exposure(context.forestay, ci, CALLER).revision}")


COMMANDS = (services, service)
