"""forestay view: addresses of pages under a name."""

from __future__ import annotations

import click

from app.cli.context import Context, json_option, show, table
from app.usecases.keep import views
from app.usecases.keep.access import LOCAL


@click.group()
def view() -> None:
    """Named views: addresses of pages under a name."""


@view.command("list")
@json_option
@click.pass_obj
def list_views(context: Context, as_document: bool) -> None:
    """Views of this shell's user and the shared ones."""
    rows = views.views_of(context.forestay.documents, LOCAL)
    cells = [(row.view, row.name, row.address, row.by, "yes" if row.shared else "no", row.changed_at[:19]) for row in rows]
    heads = ["view", "name", "address", "by", "shared", "changed"]
    show(rows, as_document, lambda console: table(console, "Views", heads, cells))


@view.command("keep")
@click.argument("name")
@click.argument("address")
@click.option("--shared", is_flag=True, help="everyone who sees the whole estate finds it")
@click.pass_obj
def keep(context: Context, name: str, address: str, shared: bool) -> None:
    """Keep ADDRESS, from its first / on, as NAME."""
    made = views.keep_view(context.forestay.documents, LOCAL, name, address, shared)
    click.echo(f"view {made.view}: {made.name} is {made.address}")


@view.command("rename")
@click.argument("view")
@click.argument("name")
@click.option("--shared/--own", default=False, help="whether everyone who sees the whole estate finds it")
@click.pass_obj
def rename(context: Context, view: str, name: str, shared: bool) -> None:
    """Call VIEW (see `forestay view list`) NAME."""
    changed = views.change_view(context.forestay.documents, LOCAL, view, name, shared)
    click.echo(f"view {changed.view} is called {changed.name}")


@view.command("remove")
@click.argument("view")
@click.pass_obj
def remove(context: Context, view: str) -> None:
    """Remove VIEW."""
    click.echo(f"view {views.remove_view(context.forestay.documents, LOCAL, view).name} is removed")


COMMANDS = (view,)
