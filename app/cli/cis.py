"""forestay cis, ci: find CIs and see what is known of one."""

from __future__ import annotations

from datetime import datetime

import click
from rich.console import Console

from app.cli.common import after_option, figure, limit_option
from app.cli.context import Context, json_option, show, table, when
from app.domain.evidence import Evidence
from app.domain.results import CiDetail, CiPage, GroupRow
from app.domain.sentences import not_read
from app.usecases.answers.cis import ci_detail, find_cis, list_cis
from app.usecases.answers.evidence import ci_evidence
from app.usecases.search.ask import search_page


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
        page: CiPage = find_cis(forestay, query, limit, revision, as_of)
    else:
        page, following = list_cis(forestay, after, limit, revision, as_of)

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
@click.argument("words", nargs=-1, required=True)
@limit_option
@after_option
@when
@json_option
@click.pass_obj
def search(
    context: Context,
    words: tuple[str, ...],
    limit: int,
    after: str | None,
    revision: int | None,
    as_of: datetime | None,
    as_document: bool,
) -> None:
    """Search CIs by the beginnings of words of any identity, in any order, typing errors forgiven; the weightiest first."""
    page = search_page(context.forestay, " ".join(words), limit, after, revision, as_of)

    def human(console: Console) -> None:
        rows = [
            (c.key, c.name, c.ci_class, f"{c.alias_kind} {c.alias}", c.services_hit, figure(c.customer_hours_per_year))
            for c in page.items
        ]
        total = "more than shown" if page.total is None else f"{page.total:,} found"
        title = f"{total}; nothing as written, one typing error a word forgiven" if page.corrected else total
        table(console, title, ["key", "name", "class", "found by", "services", "customer-hours a year"], rows)
        if page.next:
            console.print(f"the next: --after {page.next}")

    show(page, as_document, human)


@click.command()
@click.argument("ci")
@when
@json_option
@click.pass_obj
def ci(context: Context, ci: str, revision: int | None, as_of: datetime | None, as_document: bool) -> None:
    """One CI by its key or any alias."""
    forestay = context.forestay
    detail = ci_detail(forestay, ci, revision, as_of)
    show(detail, as_document, lambda console: _print_ci(console, detail))


def _print_ci(console: Console, detail: CiDetail) -> None:
    console.print(f"[bold]{detail.name}[/bold] ({detail.ci_class}, {detail.lifecycle}, {detail.environment}) {detail.key}")
    for label, text in (("site", detail.site), ("team", detail.team), ("supplier", detail.supplier)):
        if text:
            console.print(f"  {label}: {text}")
    for value in detail.values:
        between = "" if value.low is None else f" ({figure(value.low)} to {figure(value.high)})"
        console.print(
            f"  {value.name}: {figure(value.value)}{between} {value.unit} "
            f"({value.origin}{', ' + value.evidence if value.evidence else ''})"
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
    for need in detail.open_needs:
        console.print(f"  not read: {need.text} ({need.source}: {need.reason})")
    if detail.open_needs_total:
        console.print(f"  {not_read(detail.open_needs_total)}, its own and those of what it leans on")
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
@click.argument("ci")
@limit_option
@when
@json_option
@click.pass_obj
def evidence(context: Context, ci: str, limit: int, revision: int | None, as_of: datetime | None, as_document: bool) -> None:
    """What is behind the rate and the restore time of a CI: incidents that count, were joined, or are left out, and why."""
    forestay = context.forestay
    told = ci_evidence(forestay, ci, limit, revision, as_of, forestay.settings.model.declared_spread)
    show(told, as_document, lambda console: _print_evidence(console, told))


def _print_evidence(console: Console, told: Evidence) -> None:
    console.print(f"[bold]{told.name}[/bold] ({told.ci_class}): {told.sentence}")
    rows = [
        (
            value.name,
            f"{figure(value.value)} {value.unit}",
            value.origin,
            f"{figure(value.low)} to {figure(value.high)}",
            f"{value.incidents} in {value.years:.2f} years" if value.years else "",
            "" if value.age_days is None else f"{value.age_days:.0f} days",
            f"{value.class_incidents} at {value.class_cis} CIs in {value.class_years:.0f} years",
        )
        for value in told.values
    ]
    table(console, "", ["value", "", "origin", "5 % to 95 %", "seen here", "age", "seen at its class"], rows)
    failures = [
        (
            seen.started_at[:16],
            figure(seen.hours),
            seen.end,
            ", ".join(one.incident for one in seen.incidents),
            "; ".join(seen.fell_with_it),
        )
        for seen in told.failures
    ]
    table(console, "failures that count", ["began", "hours", "end", "incidents joined", "fell with it"], failures)
    left = [(one.incident.started_at[:16], one.incident.source, one.incident.incident, one.reason) for one in told.left_out]
    table(console, "incidents left out", ["began", "source", "incident", "why"], left)


COMMANDS = (cis, search, ci, evidence)
