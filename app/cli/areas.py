"""forestay areas, area: what hurts customers most, and why."""

from __future__ import annotations

from datetime import datetime

import click
from rich.console import Console

from app.cli.common import after_option, figure, limit_option, path_text
from app.cli.context import Context, json_option, show, table, when
from app.domain.areas import AREA_KINDS, AREA_SORTS, ORIGINS
from app.domain.results import MEASURES, AreaDetail, AreaPage
from app.domain.sentences import gap_in_short, not_read
from app.usecases.answers.area_detail import area_detail
from app.usecases.answers.area_order import AreasAsked
from app.usecases.answers.ranking import area_page
from app.usecases.estate import resolve_revision

KINDS = click.Choice(AREA_KINDS)
no_locations = click.option("--no-locations", is_flag=True, help="rank without assumed failures of places (site, room, rack)")


@click.command()
@click.option("--kind", type=KINDS, default="ci", show_default=True)
@click.option("--name", default="", help="letters of the area's name or key")
@click.option("--team", default="", help="areas with a CI of this team")
@click.option("--site", default="", help="areas with a CI of this site")
@click.option("--class", "ci_class", default="", help="areas with a CI of this class")
@click.option("--origin", type=click.Choice(ORIGINS), help="areas with a CI whose failure rate has this origin")
@click.option("--sort", default="rank", show_default=True, help=f"{', '.join(AREA_SORTS)}; with - the other way round")
@click.option("--since", type=click.IntRange(min=0), help="an earlier revision to compare with")
@limit_option
@after_option
@no_locations
@when
@json_option
@click.pass_obj
def areas(
    context: Context,
    kind: str,
    name: str,
    team: str,
    site: str,
    ci_class: str,
    origin: str | None,
    sort: str,
    since: int | None,
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
    asked = AreasAsked(name, team, site, ci_class, origin or "", sort, since)
    page = area_page(service, kind, limit, after, at.revision, False if no_locations else None, asked)
    show(page, as_document, lambda console: print_areas(console, page))


def print_areas(console: Console, page: AreaPage) -> None:
    """Two lines an area: its numbers, then the reason."""
    console.print(
        f"Problem areas by {page.kind}, revision {page.stamp.revision}, ranked by {MEASURES[page.measure]}; total "
        f"{figure(page.total)}"
    )
    for a in page.items:
        console.print(
            f"{a.rank:>4}. [bold]{a.label}[/bold]  {a.share:.1%}  {figure(a.money_per_year)} {page.stamp.currency}, "
            f"{figure(a.customer_hours_per_year)} customer-hours, {figure(a.service_hours_per_year)} service-hours a year; "
            f"rates {', '.join(f'{name} {share:.0%}' for name, share in a.inputs.items())}"
        )
        console.print(f"      {a.reason}{f' ({not_read(a.open_needs)})' if a.open_needs else ''}")
        if a.gap is not None:
            console.print(f"      {gap_in_short(a.gap.wants_hours, a.gap.takes_hours)}: {a.gap.service_name}")
        if a.difference is not None:
            console.print(f"      {a.difference:+,.3g} since revision {page.since}")
    if page.total_rows < page.of_rows:
        console.print(f"{page.total_rows:,} of {page.of_rows:,} areas fit the filter, {figure(page.total_fitting)} of the total")
    if page.truncated:
        console.print(f"{len(page.items)} of {page.total_rows:,}; the next: --after {page.next}")


@click.command()
@click.argument("name")
@click.option("--kind", type=KINDS, default="ci", show_default=True)
@no_locations
@limit_option
@after_option
@when
@json_option
@click.pass_obj
def area(
    context: Context,
    name: str,
    kind: str,
    no_locations: bool,
    limit: int,
    after: str | None,
    revision: int | None,
    as_of: datetime | None,
    as_document: bool,
) -> None:
    """One problem area explained: contributions, paths, inputs and where they come from."""
    service = context.forestay
    at = resolve_revision(service.store, revision, as_of)
    detail = area_detail(service, kind, name, at.revision, False if no_locations else None, limit, after)
    show(detail, as_document, lambda console: print_area(console, detail))


def print_area(console: Console, detail: AreaDetail) -> None:
    console.print(f"[bold]{detail.area.label}[/bold] (rank {detail.area.rank}, {detail.area.share:.1%} of the total)")
    console.print(detail.area.reason)
    if detail.area.open_needs:
        console.print(not_read(detail.area.open_needs))
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
    if detail.next:
        console.print(f"the next contributions: --after {detail.next}")
    for hit in detail.services:
        console.print(f"  {hit.name}: {hit.state}{path_text(hit.path)}")
    for text in detail.assumptions:
        console.print(f"  {text}")


COMMANDS = (areas, area)
