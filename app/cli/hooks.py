"""forestay hooks: what ticket systems deliver."""

from __future__ import annotations

import click
from rich.console import Console

from app.cli.common import after_option, limit_option
from app.cli.context import CALLER, Context, json_option, show, table
from app.domain.alerts import AlertRules
from app.domain.hooks import HOOK_KINDS
from app.usecases.answers.ticket_inbox import HOOK_STATES, HookDetail, HookPage, hook_detail, hook_page
from app.usecases.keep import inbox
from app.usecases.keep.hooks import replay_hook


@click.group()
def hooks() -> None:
    """Webhooks of ticket systems: senders, and the deliveries that wait, were given up or worked."""


@hooks.command("add")
@click.argument("name")
@click.argument("kind", type=click.Choice(HOOK_KINDS))
@click.argument("connector")
@click.option("--secret-env", default="", help="variables that hold what the system signs with; two, apart by a blank, meanwhile")
@click.pass_obj
def add(context: Context, name: str, kind: str, connector: str, secret_env: str) -> None:
    """Make a sender of a ticket system; where it does not sign, its secret is printed, once."""
    secret, sender = inbox.make_sender(context.forestay.documents, name, kind, AlertRules(), CALLER, connector, secret_env)
    if secret:
        click.echo(secret)
    click.echo(f"deliver to /api/v1/inbox/{sender.kind}/{sender.name}", err=True)


@hooks.command("senders")
@json_option
@click.pass_obj
def senders(context: Context, as_document: bool) -> None:
    """Senders of ticket systems."""
    found = [one for one in inbox.list_senders(context.forestay.documents) if one.kind in HOOK_KINDS]
    rows = [(one.name, one.kind, one.connector, one.secret_env or f"{len(one.secrets_made_at)} of ours") for one in found]
    show(found, as_document, lambda console: table(console, "Senders", ["sender", "kind", "connector", "secret"], rows))


@hooks.command("remove")
@click.argument("name")
@click.pass_obj
def remove(context: Context, name: str) -> None:
    """Take nothing more from a sender."""
    inbox.remove_sender(context.forestay.documents, name, CALLER)


@hooks.command("deliveries")
@click.option("--state", type=click.Choice(HOOK_STATES), default=None, help="default: all")
@limit_option
@after_option
@json_option
@click.pass_obj
def deliveries(context: Context, state: str | None, limit: int, after: str | None, as_document: bool) -> None:
    """Deliveries, the newest first."""
    page = hook_page(context.forestay.documents, limit, after or "", state or "")
    show(page, as_document, lambda console: _print_page(console, page))


def _print_page(console: Console, page: HookPage) -> None:
    heads = ["delivery", "state", "sender", "connector", "received", "tickets", "tries", "error"]
    rows = [
        (
            row.delivery.lstrip("0"), row.state, row.sender, row.connector, row.received_at[:19], ", ".join(row.tickets[:5]),
            row.tries or "", row.error,
        )
        for row in page.items
    ]  # fmt: skip
    table(console, "Deliveries", heads, rows, right=(6,))
    console.print(f"{page.waiting} waiting, {page.given_up} given up", markup=False)


@hooks.command("show")
@click.argument("delivery")
@json_option
@click.pass_obj
def one(context: Context, delivery: str, as_document: bool) -> None:
    """One delivery with what was sent."""
    found = hook_detail(context.forestay.documents, delivery.zfill(20))

    def human(console: Console) -> None:
        console.print(f"{found.row.state}, from {found.row.sender}, received {found.row.received_at[:19]}", markup=False)
        console.print(found.row.error or "nothing was wrong", markup=False)
        console.print(found.body or "worked: its body is not kept", markup=False)

    show(found, as_document, human)


@hooks.command("replay")
@click.argument("delivery")
@json_option
@click.pass_obj
def replay(context: Context, delivery: str, as_document: bool) -> None:
    """Let a delivery be worked again that was given up."""
    documents, number = context.forestay.documents, delivery.zfill(20)
    replay_hook(documents, number, CALLER)
    found: HookDetail = hook_detail(documents, number)
    show(
        found.row, as_document, lambda console: console.print(f"delivery {delivery} is worked again by the runner", markup=False)
    )


COMMANDS = (hooks,)
