"""forestay key, forestay audit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO

import click

from app.cli.context import CALLER, Context, json_option, show, table
from app.usecases.keep import access, audit
from app.usecases.keep.audit_anchor import anchor_lines, write_anchor
from app.usecases.keep.audit_verify import verify, verify_anchor
from app.usecases.keys import make_key, revoke_key, rotate_key


@click.group()
def key() -> None:
    """API keys: who may do what."""


@key.command("create")
@click.argument("name")
@click.option("--role", type=click.Choice(list(access.ROLES)), required=True)
@click.option("--days", type=click.IntRange(0), help="days until it expires (default: never)")
@click.option("--scope", default="", help="all that a viewer's key sees: site=NAME, team=NAME or service=KEY")
@click.pass_obj
def create(context: Context, name: str, role: str, days: int | None, scope: str) -> None:
    """Make a key and print it, once."""
    service = context.forestay
    secret, created = make_key(service.documents, service.store, CALLER, name, role, days, scope)
    click.echo(secret)
    sees = f", sees {created.scope}" if created.scope else ""
    click.echo(f"role {role}{sees}; this is the only time the key is shown", err=True)


@key.command("rotate")
@click.argument("prefix")
@click.option(
    "--overlap-hours", type=click.FloatRange(0, 24 * 90), default=24.0, show_default=True, help="how long the old key stays good"
)
@click.pass_obj
def rotate(context: Context, prefix: str, overlap_hours: float) -> None:
    """Make a key's successor, which may do and see the same, and print it, once."""
    secret, _, old = rotate_key(context.forestay.documents, CALLER, prefix, overlap_hours)
    click.echo(secret)
    click.echo(f"key {prefix} stays good until {old.expires_at[:19]}; this is the only time the new key is shown", err=True)


@key.command("list")
@json_option
@click.pass_obj
def list_keys(context: Context, as_document: bool) -> None:
    """All keys, without their secrets."""
    keys = access.list_keys(context.forestay.documents)
    heads = ["prefix", "name", "role", "sees", "created", "expires", "last used", "revoked"]
    rows = [
        (
            k.prefix,
            k.name,
            k.role,
            k.scope or "everything",
            k.created_at[:19],
            k.expires_at[:19] or "never",
            k.last_used_at[:19] or "never",
            k.revoked_at[:19],
        )
        for k in keys
    ]
    show(keys, as_document, lambda console: table(console, "", heads, rows))


@key.command("revoke")
@click.argument("prefix")
@click.pass_obj
def revoke(context: Context, prefix: str) -> None:
    """Make a key invalid at once."""
    revoke_key(context.forestay.documents, CALLER, prefix)
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
@click.option(
    "--anchor", is_flag=True, help="compare with the anchor of the settings as well: what was written to a second place"
)
@click.option(
    "--anchor-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="compare with this anchor, for example a copy elsewhere",
)
@click.pass_obj
def audit_verify(context: Context, anchor: bool, anchor_file: Path | None) -> None:
    """Walk the chain of hashes and signatures; fails and names the entries where one was changed, moved, added or taken away."""
    documents, faults = context.forestay.documents, []
    path = anchor_file or (context.settings.audit_anchor if anchor else None)
    if path is not None:
        faults = verify_anchor(documents, anchor_lines(path))
    faults = [*verify(documents), *faults]
    for fault in faults:
        click.echo(fault, err=True)
    if faults:
        raise SystemExit(1)
    click.echo("the audit trail is whole" + (f", and what {path} names is in it" if path is not None else ""))


@audit_group.command("anchor")
@click.pass_obj
def audit_anchor(context: Context) -> None:
    """Write the head of the trail to the anchor now; the scheduler does so by itself."""
    path = context.settings.audit_anchor
    written = write_anchor(context.forestay.documents, path)
    click.echo(f"the head is written to {path}" if written else f"{path} names the head already")


@audit_group.command("export")
@click.argument("file", type=click.File("w", encoding="utf-8"), default="-")
@click.pass_obj
def audit_export(context: Context, file: IO[str]) -> None:
    """Write every entry as one line of JSON, the oldest first, to FILE or standard output."""
    for row in audit.all_entries(context.forestay.documents):
        try:
            body = {"entry": row.key, **json.loads(row.body)}
        except (ValueError, TypeError):
            body = {"entry": row.key, "unreadable": row.body}
        file.write(json.dumps(body, sort_keys=True) + "\n")


COMMANDS = (key, audit_group)
