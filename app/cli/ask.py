"""forestay areas, area, services, service, cis, ci, blast, simulate, impact: questions and their answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import click
from rich.console import Console

from app.cli.context import CALLER, Context, json_option, show, table, when
from app.domain.records import ServiceRecord
from app.domain.results import (
    MEASURES,
    AreaDetail,
    AreaPage,
    BlastRadius,
    CiDetail,
    CiPage,
    GroupRow,
    Impact,
    ServiceDetail,
    ServicePage,
    Simulation,
    Step,
)
from app.domain.scenario import OutageScenario
from app.domain.sentences import number
from app.usecases.answers.blast import blast_radius
from app.usecases.answers.cis import ci_detail, find_cis, list_cis
from app.usecases.answers.impact import impact_of
from app.usecases.answers.ranking import area_detail, area_page
from app.usecases.answers.services import service_detail, service_page
from app.usecases.answers.simulate import simulate_outage
from app.usecases.estate import resolve_revision
from app.usecases.exposures import lay_exposure, remove_exposure

AREA_KINDS = click.Choice(["ci", "service", "team", "site", "supplier", "class"])
limit_option = click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
after_option = click.option("--after", help="the `next` of the page before")
no_locations = click.option("--no-locations", is_flag=True, help="rank without assumed failures of places (site, room, rack)")


def figure(value: float | None) -> str:
    return "unknown" if value is None else number(value)


@click.command()
@click.option("--kind", type=AREA_KINDS, default="ci", show_default=True)
@limit_option
@after_option
@no_locations
@when
@json_option
@click.pass_obj
def areas(
    context: Context,
    kind: str,
    limit: int,
    after: str | None,
    no_locations: bool,
    revision: int | None,
    as_of: datetime | None,
    as_document: bool,
) -> None:
    """The ranked problem areas: what hurts customers most, and why."""
    service = context.forestay
    at = resolve_revision(service.store, revision, as_of)
    page = area_page(
        service.estates, service.cache, service.documents, kind, limit, after, at.revision, False if no_locations else None
    )
    show(page, as_document, lambda console: print_areas(console, page))


def print_areas(console: Console, page: AreaPage) -> None:
    """Two lines an area: its numbers, then the reason."""
    console.print(
        f"Problem areas by {page.kind}, revision {page.stamp.revision}, ranked by {MEASURES[page.measure]}; total {figure(page.total)}"
    )
    for a in page.items:
        console.print(
            f"{a.rank:>4}. [bold]{a.label}[/bold]  {a.share:.1%}  {figure(a.money_per_year)} {page.stamp.currency}, "
            f"{figure(a.customer_hours_per_year)} customer-hours, {figure(a.service_hours_per_year)} service-hours a year; "
            f"rates {', '.join(f'{name} {share:.0%}' for name, share in a.inputs.items())}"
        )
        console.print(f"      {a.reason}")
    if page.truncated:
        console.print(f"{len(page.items)} of {page.total_rows:,}; the next: --after {page.next}")


@click.command()
@click.argument("name")
@click.option("--kind", type=AREA_KINDS, default="ci", show_default=True)
@no_locations
@when
@json_option
@click.pass_obj
def area(
    context: Context, name: str, kind: str, no_locations: bool, revision: int | None, as_of: datetime | None, as_document: bool
) -> None:
    """One problem area explained: contributions, paths, inputs and where they come from."""
    service = context.forestay
    at = resolve_revision(service.store, revision, as_of)
    detail = area_detail(
        service.store, service.estates, service.cache, service.documents, kind, name, at.revision, False if no_locations else None
    )
    show(detail, as_document, lambda console: print_area(console, detail))


def print_area(console: Console, detail: AreaDetail) -> None:
    console.print(f"[bold]{detail.area.label}[/bold] (rank {detail.area.rank}, {detail.area.share:.1%} of the total)")
    console.print(detail.area.reason)
    rows = [
        (
            c.name,
            figure(c.money_per_year),
            figure(c.customer_hours_per_year),
            f"{c.share:.1%}",
            "; ".join(f"{v.value:g} {v.unit} ({v.origin})" for v in c.values if v.value is not None),
        )
        for c in detail.contributions
    ]
    columns = ["started by", f"{detail.stamp.currency}/yr", "customer-h/yr", "share", "inputs"]
    table(console, f"{len(detail.contributions)} of {detail.contributions_total:,} contributions", columns, rows, right=(1, 2, 3))
    for hit in detail.services:
        console.print(f"  {hit.name}: {hit.state}{path_text(hit.path)}")
    for text in detail.assumptions:
        console.print(f"  {text}")


def path_text(path: Sequence[Step]) -> str:
    steps = [step.name for step in path]
    return f"  ({' -> '.join(steps)})" if steps else ""


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
    page = service_page(service.estates, service.cache, service.documents, limit, after, at.revision, None)
    show(page, as_document, lambda console: _print_services(console, page))


def _print_services(console: Console, page: ServicePage) -> None:
    rows = [
        (
            s.name,
            figure(s.customers),
            figure(s.service_hours_per_year),
            figure(s.money_per_year),
            s.single_points,
            figure(s.mtpd_hours),
            "assumed" if s.assumed else "",
        )
        for s in page.items
    ]
    columns = ["service", "customers", "hours/yr", f"{page.stamp.currency}/yr", "single points", "MTPD h", ""]
    table(console, f"Services, revision {page.stamp.revision}", columns, rows, right=(1, 2, 3, 4, 5))
    if page.truncated:
        console.print(f"{len(page.items)} of {page.total_rows:,}; the next: --after {page.next}")


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
    detail = service_detail(
        forestay.store, forestay.estates, forestay.cache, forestay.documents, ci, limit, after, at.revision, None
    )
    show(detail, as_document, lambda console: _print_service(console, detail))


def _print_service(console: Console, detail: ServiceDetail) -> None:
    s = detail.service
    console.print(
        f"[bold]{s.name}[/bold]: {figure(s.service_hours_per_year)} hours a year, {figure(s.money_per_year)} {detail.stamp.currency} a year; "
        f"{s.single_points} single points of failure"
    )
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
    revision = lay_exposure(context.forestay.store, context.forestay.documents, record, CALLER)
    click.echo(f"revision {revision.revision}; see the new ranking with: forestay assess && forestay areas")


@service.command("remove")
@click.argument("ci")
@click.pass_obj
def service_remove(context: Context, ci: str) -> None:
    """Take back what was laid over a CI by hand."""
    click.echo(f"revision {remove_exposure(context.forestay.store, context.forestay.documents, ci, CALLER).revision}")


@click.command()
@click.argument("query", required=False)
@limit_option
@click.option("--after", type=int, default=0, help="the `next` of the page before (without a query)")
@when
@json_option
@click.pass_obj
def cis(
    context: Context, query: str | None, limit: int, after: int, revision: int | None, as_of: datetime | None, as_document: bool
) -> None:
    """Search CIs by a few letters of any alias; without a query all of them, page by page."""
    forestay = context.forestay
    following: int | None = None
    if query:
        page: CiPage = find_cis(forestay.store, forestay.documents, query, limit, revision, as_of)
    else:
        page, following = list_cis(forestay.estates, forestay.documents, after, limit, revision, as_of)

    def human(console: Console) -> None:
        rows = [(c.key, c.name, c.ci_class, f"{c.alias_kind} {c.alias}".strip()) for c in page.items]
        table(console, "", ["key", "name", "class", "found by"], rows)
        if page.truncated:
            console.print(
                f"more than {limit}; "
                + (f"the next: --after {following}" if following else "type more letters, or raise --limit")
            )

    show(page, as_document, human)


@click.command()
@click.argument("ci")
@when
@json_option
@click.pass_obj
def ci(context: Context, ci: str, revision: int | None, as_of: datetime | None, as_document: bool) -> None:
    """One CI by its key or any alias."""
    forestay = context.forestay
    detail = ci_detail(forestay.store, forestay.documents, forestay.estates, ci, revision, as_of)
    show(detail, as_document, lambda console: _print_ci(console, detail))


def _print_ci(console: Console, detail: CiDetail) -> None:
    console.print(f"[bold]{detail.name}[/bold] ({detail.ci_class}, {detail.lifecycle}, {detail.environment}) {detail.key}")
    for label, text in (("site", detail.site), ("team", detail.team), ("supplier", detail.supplier)):
        if text:
            console.print(f"  {label}: {text}")
    for value in detail.values:
        between = "" if value.low is None else f" ({figure(value.low)} to {figure(value.high)})"
        console.print(
            f"  {value.name}: {figure(value.value)}{between} {value.unit} ({value.origin}{', ' + value.evidence if value.evidence else ''})"
        )
    for title, rows, total in (
        ("needs", detail.needs, detail.needs_total),
        ("needed by", detail.needed_by, detail.needed_by_total),
    ):
        if rows:
            shown = ", ".join(f"{n.name} ({n.kind})" for n in rows[:20])
            console.print(f"  {title} ({total}): {shown}{' ...' if total > 20 else ''}")
    for group in (*detail.groups, *detail.member_of):
        console.print(f"  group {group.key}: {group.needed} of {', '.join(group.members)}{_common_cause(group)}")
    for record in detail.records:
        console.print(f"  said by {record.source}: {record.source_key}")


def _common_cause(group: GroupRow) -> str:
    parts = []
    if group.common_cause_share is not None:
        parts.append(f"{group.common_cause_share:.3g} of each member's failures take all")
    if group.common_cause_unavailability is not None:
        parts.append(f"down {group.common_cause_unavailability:.3g} of the time")
    return f" (common cause: {', '.join(parts)})" if parts else ""


@click.command()
@click.argument("cis", nargs=-1, required=True)
@limit_option
@after_option
@when
@json_option
@click.pass_obj
def blast(
    context: Context,
    cis: tuple[str, ...],
    limit: int,
    after: str | None,
    revision: int | None,
    as_of: datetime | None,
    as_document: bool,
) -> None:
    """Blast radius: what falls with these CIs (keys or any aliases), and what is one failure away from falling."""
    forestay = context.forestay
    answer = blast_radius(
        forestay.store, forestay.documents, forestay.estates, list(cis), limit=limit, after=after, revision=revision, as_of=as_of
    )
    show(answer, as_document, lambda console: _print_blast(console, answer))


def _print_blast(console: Console, answer: BlastRadius) -> None:
    console.print(f"[bold]{answer.sentence}[/bold]")
    known = f"{figure(answer.customers)} customers" + (
        f" and {answer.customers_unknown} services with unknown customers" if answer.customers_unknown else ""
    )
    console.print(
        f"{answer.cis_down:,} CIs down, {answer.cis_degraded:,} degraded; {known}; {figure(answer.money_per_hour)} {answer.stamp.currency}/h"
    )
    if answer.customers_note:
        console.print(f"  {answer.customers_note}")
    for hit in answer.services:
        console.print(f"  {hit.name}: {hit.state}{path_text(hit.path)}")
    for group in answer.redundancy_used_up:
        console.print(f"  redundancy used up: {group.dependent_name} still needs {', '.join(group.left)}")
    rows = [(c.key, c.name, c.ci_class, c.state) for c in answer.fallen]
    table(console, f"{len(rows)} of {answer.fallen_total:,} fallen CIs", ["key", "name", "class", "state"], rows)
    if answer.truncated:
        console.print(f"the next: --after {answer.next}")


@click.command()
@click.option("--ci", "cis", multiple=True, help="a CI that is down (key or any alias); may be given often")
@click.option("--site", default="", help="everything that stands in this site")
@click.option("--team", default="", help="every CI of this team")
@click.option("--supplier", default="", help="every CI of this supplier")
@click.option("--hours", type=float, help="how long (default: the longest repair time of the CIs)")
@click.option("--at", "at_hours", type=float, multiple=True, help="hours at which the cost is asked for")
@click.option("--rule", type=click.Choice(["product", "worst"]))
@when
@json_option
@click.pass_obj
def simulate(
    context: Context,
    cis: tuple[str, ...],
    site: str,
    team: str,
    supplier: str,
    hours: float | None,
    at_hours: tuple[float, ...],
    rule: str | None,
    revision: int | None,
    as_of: datetime | None,
    as_document: bool,
) -> None:
    """What if these were down? Services, customers, cost over time, first MTPD breached, and what is one failure away."""
    forestay = context.forestay
    scenario = OutageScenario(cis, site, team, supplier, hours, at_hours, rule or context.settings.model.rule)
    made = simulate_outage(forestay.store, forestay.documents, forestay.estates, scenario, CALLER, revision, as_of)
    show(made, as_document, lambda console: _print_simulation(console, made))


def _print_simulation(console: Console, made: Simulation) -> None:
    console.print(f"[bold]{made.sentence}[/bold]")
    console.print(
        f"{figure(made.duration_hours)} h ({made.duration_origin}); {figure(made.customers)} customers; {figure(made.money)} {made.stamp.currency}"
    )
    if made.customers_note:
        console.print(f"  {made.customers_note}")
    for hours, money in made.money_over_time:
        console.print(f"  after {hours:g} h: {figure(money)} {made.stamp.currency}")
    rows = [
        (
            s.name,
            s.state,
            figure(s.money),
            figure(s.mtpd_hours),
            "" if s.mtpd_breached_at_hours is None else f"after {s.mtpd_breached_at_hours:g} h",
            " -> ".join(step.name for step in s.path),
        )
        for s in made.services
    ]
    table(console, "", ["service", "state", made.stamp.currency, "MTPD h", "breached", "path"], rows, right=(2, 3))
    for away in made.one_failure_away:
        console.print(f"  one failure away now: {away.service_name}, by any of {away.total}: {', '.join(away.cis[:5])}")


@click.command()
@click.argument("identity")
@when
@json_option
@click.pass_obj
def impact(context: Context, identity: str, revision: int | None, as_of: datetime | None, as_document: bool) -> None:
    """What a ticket system asks: services hit, reason, suggested priority. Any identity the CI is known by."""
    forestay = context.forestay
    base = context.settings.web.public_url or f"http://{context.settings.web.host}:{context.settings.web.port}"
    answer = impact_of(
        forestay.store, forestay.documents, forestay.estates, context.settings.tickets, identity, base, revision, as_of
    )
    show(answer, as_document, lambda console: _print_impact(console, answer))


def _print_impact(console: Console, answer: Impact) -> None:
    console.print(f"priority {answer.priority} ({answer.priority_row}): {answer.reason}")
    console.print(answer.link)


COMMANDS = (areas, area, services, service, cis, ci, blast, simulate, impact)
