"""forestay tickets: what we ask of ticket systems, and what tickets there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click
from rich.console import Console

from app.cli.common import after_option, limit_option
from app.cli.context import CALLER, Context, json_option, show, table
from app.cli.ticket_setup import connectors, rules, templates
from app.domain.tickets import PRIORITIES
from app.usecases.answers.documents import as_json
from app.usecases.answers.ticket_outbox import (
    ORDER_STATES,
    OrderDetail,
    OrderPage,
    OrderRow,
    order_detail,
    order_page,
    order_rows,
)
from app.usecases.answers.tickets_about import TicketsAbout, UnknownTicketPage, tickets_of, tickets_of_area, unknown_tickets
from app.usecases.keep import orders as keep
from app.usecases.tickets.ask_for import BY_HAND, Asked, Rehearsed, ask_for, close, rehearse


@click.group()
def tickets() -> None:
    """Ticket systems: connectors, the outbox with its attempts, tickets about a CI, rules and templates."""


for _group in (connectors, rules, templates):
    tickets.add_command(_group)

reason_option = click.option("--reason", required=True, help="why, in a few words")


@tickets.command("list")
@click.option("--state", type=click.Choice(ORDER_STATES), default=None, help="default: all")
@click.option("--connector", default="", help="those of one connector")
@limit_option
@after_option
@json_option
@click.pass_obj
def outbox(context: Context, state: str | None, connector: str, limit: int, after: str | None, as_document: bool) -> None:
    """The outbox: tickets that we asked for or comment on, what changed last first."""
    page = order_page(context.forestay.documents, limit, after, state or "", connector)
    show(page, as_document, lambda console: _print_page(console, page))


def _print_page(console: Console, page: OrderPage) -> None:
    heads = ["key", "connector", "ticket", "kind", "summary", "phase", "state", "tries", "next", "error"]
    rows = [
        (
            row.order, row.connector, row.number or row.ticket or "not made", row.kind, row.summary, row.phase, row.state,
            row.tries or "", row.next_at[:19], row.error,
        )
        for row in page.items
    ]  # fmt: skip
    table(console, "Outbox", heads, rows, right=(7,))
    console.print(f"{page.waiting} waiting, {page.given_up} given up", markup=False)
    if page.next:
        console.print(f"more: --after {page.next}", markup=False)


@tickets.command("show")
@click.argument("order")
@json_option
@click.pass_obj
def one(context: Context, order: str, as_document: bool) -> None:
    """One ticket of the outbox: what is wanted, what holds, and the attempts."""
    detail = order_detail(context.forestay.documents, order)
    show(detail, as_document, lambda console: _print_detail(console, detail))


def _print_detail(console: Console, detail: OrderDetail) -> None:
    row, wanted = detail.row, detail.wanted
    for line in (
        f"{row.order}: {row.kind} of {row.connector}, {row.cause}, asked by {row.asked_by}, {row.state}",
        f"ticket {row.number or row.ticket or 'not made yet'} {row.url}".rstrip(),
        f"wanted: {wanted.summary}; priority {wanted.priority or 'left to others'}; {wanted.phase}",
        *wanted.description.splitlines(),
        *(f"error: {row.error}" for _ in range(bool(row.error))),
    ):
        console.print(line, markup=False)
    tries = [(one.at[:19], one.step, one.outcome, one.error) for one in detail.attempts]
    table(console, "Attempts", ["at", "step", "outcome", "error"], tries)


@tickets.command("replay")
@click.argument("order")
@json_option
@click.pass_obj
def replay(context: Context, order: str, as_document: bool) -> None:
    """Try a ticket again at once that was given up or waits; nothing that holds already is done twice."""
    _done(context, keep.replay(context.forestay.documents, order, CALLER), as_document, "is tried again")


@tickets.command("drop")
@click.argument("order")
@reason_option
@json_option
@click.pass_obj
def drop(context: Context, order: str, reason: str, as_document: bool) -> None:
    """Leave unsent what waits of a ticket or was given up, until something else is wanted of it."""
    _done(context, keep.drop(context.forestay.documents, order, CALLER, reason), as_document, "is dropped")


@tickets.command("close")
@click.argument("order")
@reason_option
@json_option
@click.pass_obj
def end(context: Context, order: str, reason: str, as_document: bool) -> None:
    """Ask for the end of a ticket that we made."""
    _done(context, close(context.forestay, order, CALLER, reason), as_document, "is brought to its end by the runner")


@tickets.command("new")
@click.argument("connector")
@click.argument("ci")
@click.option("--kind", type=click.Choice(BY_HAND), default=BY_HAND[0], show_default=True)
@click.option("--summary", default="", help="default: what it is about")
@click.option("--description", default="", help="default: what the estate says of the outage now")
@click.option("--priority", type=click.Choice(PRIORITIES), default=None, help="default: the suggested one")
@click.option("--dry-run", is_flag=True, help="show the exact request, secrets masked, and send nothing")
@json_option
@click.pass_obj
def new(
    context: Context,
    connector: str,
    ci: str,
    kind: str,
    summary: str,
    description: str,
    priority: str | None,
    dry_run: bool,
    as_document: bool,
) -> None:
    """Ask for a ticket about a CI; as long as that is open, asking again gives the same one."""
    asked = Asked(connector, ci, kind, summary, description, priority or "")
    if dry_run:
        found = rehearse(context.forestay, asked)
        show(found, as_document, lambda console: _print_requests(console, found))
        return
    _done(context, ask_for(context.forestay, asked, CALLER), as_document, "is asked for: the runner sends it")


def _print_requests(console: Console, found: Rehearsed) -> None:
    console.print(f"nothing was sent; the ticket would carry {found.key}", markup=False)
    for request in found.requests:
        console.print(f"{request.method} {request.url}", markup=False)
        for name, value in _sorted(request.headers):
            console.print(f"{name}: {value}", markup=False)
        console.print(request.body if isinstance(request.body, str) else as_json(request.body, indent=2), markup=False)


def _sorted(headers: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    return sorted(headers.items())


def _done(context: Context, order: keep.Order, as_document: bool, what: str) -> None:
    (row,) = order_rows(context.forestay.documents, [order])
    show(row, as_document, lambda console: console.print(_told(row, what), markup=False))


def _told(row: OrderRow, what: str) -> str:
    return f"{row.order} ({row.connector}, {row.number or row.cause}) {what}"


@tickets.command("of")
@click.argument("ci")
@click.option("--area", "kind", help="CI is the name of a problem area of this kind (team, site, supplier, ...)")
@json_option
@click.pass_obj
def about(context: Context, ci: str, kind: str | None, as_document: bool) -> None:
    """The tickets about a CI, or the open ones about the CIs of a problem area."""
    found = tickets_of_area(context.forestay, kind, ci) if kind else tickets_of(context.forestay, ci)
    show(found, as_document, lambda console: _print_about(console, found))


def _print_about(console: Console, found: TicketsAbout) -> None:
    if not found.connected:
        console.print("no ticket system is connected: forestay tickets connectors add NAME KIND --set url=…", markup=False)
        return
    heads = ["ticket", "connector", "kind", "summary", "phase", "priority", "suggested", "changed"]
    rows = [
        (
            row.number or row.ticket or f"not made ({row.state})", row.connector, row.kind, row.summary, row.phase, row.priority,
            row.suggested, row.updated_at[:19],
        )
        for row in found.items
    ]  # fmt: skip
    table(console, "Tickets", heads, rows)


@tickets.command("unknown")
@limit_option
@after_option
@json_option
@click.pass_obj
def unknown(context: Context, limit: int, after: str | None, as_document: bool) -> None:
    """Open tickets that name CIs nobody knows, with near matches."""
    page = unknown_tickets(context.forestay, limit, after or "")
    show(page, as_document, lambda console: _print_unknown(console, page))


def _print_unknown(console: Console, page: UnknownTicketPage) -> None:
    rows = [
        (
            one.row.connector,
            one.row.number,
            one.row.summary,
            name.name,
            "; ".join(ci.name for ci in (*name.candidates, *name.near)),
        )
        for one in page.items
        for name in one.unknown
    ]
    heads = ["connector", "ticket", "summary", "names", "may be"]
    table(console, "Tickets about CIs nobody knows", heads, rows)


COMMANDS = (tickets,)
