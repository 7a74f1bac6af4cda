"""forestay inbox: who may send, and what came."""

from __future__ import annotations

import click

from app.cli.common import limit_option
from app.cli.context import CALLER, Context, json_option, show, table
from app.domain.alerts import DEFAULT_LABELS, OUTCOMES, AlertRules, said_of_rules
from app.domain.errors import InvalidInput
from app.usecases.keep import inbox as keep


@click.group()
def inbox() -> None:
    """The inbox: senders (Alertmanager) and their deliveries."""


@inbox.command("add")
@click.argument("name")
@click.option("--kind", type=click.Choice(keep.KINDS), default=keep.KINDS[0], show_default=True)
@click.option("--label", "labels", multiple=True, help="a label that names a CI, the first that does counts (repeatable)")
@click.option("--severity", "severities", multiple=True, help="SEVERITY=STATE: what the label severity means (repeatable)")
@click.option("--degraded-share", type=click.FloatRange(0, 1, max_open=True), help="what a degraded CI still does")
@click.pass_obj
def add(
    context: Context, name: str, kind: str, labels: tuple[str, ...], severities: tuple[str, ...], degraded_share: float | None
) -> None:
    """Make a sender and print its secret, once."""
    rules = AlertRules(labels or DEFAULT_LABELS, _severities(severities), degraded_share)
    secret, sender = keep.make_sender(context.forestay.documents, name, kind, rules, CALLER)
    click.echo(secret)
    click.echo(f"deliver to /api/v1/inbox/{sender.kind}/{sender.name}; this is the only time the secret is shown", err=True)
    click.echo(said_of_rules(rules), err=True)


def _severities(pairs: tuple[str, ...]) -> dict[str, str] | None:
    if not pairs:
        return None
    found = dict(pair.partition("=")[::2] for pair in pairs)
    if "" in found.values():
        raise InvalidInput("--severity SEVERITY=STATE")
    return found


@inbox.command("rotate")
@click.argument("name")
@click.option("--end-old", is_flag=True, help="end every secret but the newest, and make none")
@click.pass_obj
def rotate(context: Context, name: str, end_old: bool) -> None:
    """Make a further secret of a sender and print it, once; the one before it stays good until old ones are ended."""
    documents = context.forestay.documents
    if end_old:
        keep.end_old_secrets(documents, name, CALLER)
        click.echo(f"{name} has one secret")
        return
    secret, _ = keep.rotate_secret(documents, name, CALLER)
    click.echo(secret)


@inbox.command("remove")
@click.argument("name")
@click.pass_obj
def remove(context: Context, name: str) -> None:
    """Take nothing more from a sender; what its alerts said stays until it is cleared."""
    keep.remove_sender(context.forestay.documents, name, CALLER)


@inbox.command("list")
@json_option
@click.pass_obj
def list_senders(context: Context, as_document: bool) -> None:
    """Senders, and what came from each."""
    senders = keep.list_senders(context.forestay.documents)
    heads = ["sender", "kind", "secrets", "deliveries", "alerts", *OUTCOMES, "left out", "last"]
    rows = [
        (
            one.name, one.kind, len(one.secrets_made_at), one.counts.deliveries, one.counts.alerts,
            *(getattr(one.counts, name) for name in OUTCOMES), one.counts.lost, one.counts.last_at[:16],
        )
        for one in senders
    ]  # fmt: skip
    show(senders, as_document, lambda console: table(console, "Senders", heads, rows, right=tuple(range(2, 12))))


@inbox.command("deliveries")
@limit_option
@json_option
@click.pass_obj
def deliveries(context: Context, limit: int, as_document: bool) -> None:
    """Deliveries that were worked, the newest first."""
    kept = keep.page_deliveries(context.forestay.documents, "", limit)
    rows = [
        (one.key.lstrip("0"), one.value.sender, one.value.received_at[:19], one.value.counts.alerts, "; ".join(one.value.faults))
        for one in kept
    ]
    heads = ["delivery", "sender", "received", "alerts", "what could not be read"]
    show([one.value for one in kept], as_document, lambda console: table(console, "Deliveries", heads, rows, right=(0, 3)))


COMMANDS = (inbox,)
