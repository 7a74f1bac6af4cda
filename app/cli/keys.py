"""forestay key, forestay audit."""

from __future__ import annotations

import json

import click

from app.cli.context import CALLER, Context, json_option, show, table
from app.usecases.keep import access, audit


@click.group()
def key() -> None:
    """API keys: who may do what."""


@key.command("create")
@click.argument("name")
@click.option("--role", type=click.Choice(list(access.ROLES)), required=True)
@click.option("--days", type=click.IntRange(0), help="days until it expires (default: never)")
@click.pass_obj
def create(context: Context, name: str, role: str, days: int | None) -> None:
    """Make a key and print it, once."""
    documents = context.forestay.documents
    with documents.together():
        secret, made = access.create_key(documents, name, role, days)
        audit.record(documents, CALLER, "key created", made.prefix, {"name": made.name, "role": made.role})
    click.echo(secret)
    click.echo(f"role {role}; this is the only time the key is shown", err=True)


@key.command("list")
@json_option
@click.pass_obj
def list_keys(context: Context, as_document: bool) -> None:
    """All keys, without their secrets."""
    keys = access.list_keys(context.forestay.documents)
    rows = [(k.prefix, k.name, k.role, k.created_at[:19], k.expires_at[:19] or "never", k.revoked_at[:19]) for k in keys]
    show(keys, as_document, lambda console: table(console, "", ["prefix", "name", "role", "created", "expires", "revoked"], rows))


@key.command("revoke")
@click.argument("prefix")
@click.pass_obj
def revoke(context: Context, prefix: str) -> None:
    """Make a key invalid at once."""
    documents = context.forestay.documents
    with documents.together():
        access.revoke_key(documents, prefix)
        audit.record(documents, CALLER, "key revoked", prefix)
    click.echo(f"key {prefix} is revoked")


@click.group("audit")
def audit_group() -> None:
    """The audit trail."""


@audit_group.command("show")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@json_option
@click.pass_obj
def audit_show(context: Context, limit: int, as_document: bool) -> None:
    """Newest entries first."""
    rows = [{"entry": row.key, **json.loads(row.body)} for row in audit.entries(context.forestay.documents, "", limit)]
    cells = [(int(row["entry"]), row["at"][:19], row["caller"], row["action"], row["subject"]) for row in rows]
    show(rows, as_document, lambda console: table(console, "", ["entry", "at", "caller", "action", "subject"], cells))


@audit_group.command("verify")
@click.pass_obj
def audit_verify(context: Context) -> None:
    """Walk the chain of hashes; fails when an entry was changed or taken away."""
    faults = audit.verify(context.forestay.documents)
    for fault in faults:
        click.echo(fault, err=True)
    if faults:
        raise SystemExit(1)
    click.echo("the audit trail is whole")


COMMANDS = (key, audit_group)
