"""forestay source: the CMDBs, files and call graphs that are read."""

from __future__ import annotations

import json

import click
from rich.console import Console

from app.cli.changes import print_changes
from app.cli.common import settings_of
from app.cli.context import CALLER, Context, json_option, listener, show, table
from app.cli.syncs import FIRST_LINES, KINDS, listed_run
from app.usecases.add_source import add_source
from app.usecases.assess import assess
from app.usecases.change_source import change_source
from app.usecases.changes.read import change_page
from app.usecases.keep import sources as keep
from app.usecases.remove_source import remove_source


@click.group()
def source() -> None:
    """Registered sources: CMDBs, files, call graphs."""


@source.command("add")
@click.argument("name")
@click.argument("kind", type=KINDS)
@click.argument("location")
@click.option("--priority", type=click.IntRange(1), help="the lower number is believed first (default: after all others)")
@click.option(
    "--set", "pairs", multiple=True, metavar="NAME=VALUE", help="a setting of this kind of source (value: JSON, or text)"
)
@click.option("--schedule", default="", help="a cron line in UTC ('0 3 * * *') or 'every 15m'")
@click.pass_obj
def add(
    context: Context, name: str, kind: str, location: str, priority: int | None, pairs: tuple[str, ...], schedule: str
) -> None:
    """Register a source."""
    added = add_source(context.forestay, CALLER, name, kind, location, priority, settings_of(pairs), schedule)
    click.echo(f"source {added.name} ({added.kind}) with priority {added.priority}; next: forestay source check {added.name}")


@source.command("set")
@click.argument("name")
@click.argument("pairs", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--location", help="where it is read from")
@click.option("--priority", type=click.IntRange(1), help="the lower number is believed first")
@click.option("--schedule", help="a cron line in UTC or 'every 15m'; empty: by hand only")
@click.pass_obj
def set_(
    context: Context, name: str, pairs: tuple[str, ...], location: str | None, priority: int | None, schedule: str | None
) -> None:
    """Change settings of a source, and leave its others as they are; NAME=null takes one back."""
    if not pairs and location is None and priority is None and schedule is None:
        raise click.UsageError("say what to set: NAME=VALUE, --location, --priority or --schedule")
    forestay = context.forestay
    changed = change_source(forestay, name, CALLER, location, priority, schedule, settings_of(pairs))
    shown = ", ".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in sorted(changed.settings.items()))
    click.echo(
        f"source {changed.name} ({changed.kind}), priority {changed.priority}, read from {changed.location}, "
        f"{changed.schedule or 'by hand'}; settings: {shown or 'none'}; next: forestay sync {changed.name}"
    )


@source.command("list")
@json_option
@click.pass_obj
def list_all(context: Context, as_document: bool) -> None:
    """Sources by priority: the first is believed first."""
    sources = keep.list_sources(context.forestay.documents)
    rows = [(s.name, s.kind, s.priority, s.location, s.last_state or "never run", s.synced_at[:19], s.schedule) for s in sources]
    show(
        sources,
        as_document,
        lambda console: table(console, "", ["name", "kind", "priority", "location", "state", "read", "schedule"], rows),
    )


@source.command("check")
@click.argument("name")
@click.pass_obj
def check(context: Context, name: str) -> None:
    """Whether a source can be reached and read, and what is there. Writes nothing."""
    forestay = context.forestay
    for finding in forestay.open_source(keep.get_source(forestay.documents, name)).check():
        click.echo(finding)


@source.command("remove")
@click.argument("name")
@click.option("--apply", is_flag=True, help="do it; without, say what would be retired")
@click.option("--keep", "keep_cis", is_flag=True, help="its CIs stay as last known")
@click.option("--no-assess", is_flag=True, help="do not assess afterwards")
@json_option
@click.pass_obj
def remove(context: Context, name: str, apply: bool, keep_cis: bool, no_assess: bool, as_document: bool) -> None:
    """Remove a source and all that is kept of it; CIs that no other source tells of are retired."""
    forestay, listen = context.forestay, listener(as_document)
    removal = remove_source(forestay, name, apply, keep_cis, CALLER, listen)
    fresh = removal.done and removal.run is not None and removal.run.wrote and not no_assess
    if fresh:
        assess(forestay, None, listen)

    def written(console: Console) -> None:
        if removal.run is not None and not removal.done:
            print_changes(console, change_page(forestay.documents, listed_run(forestay, removal.run), 0, FIRST_LINES))
        what = "its CIs stay as last known" if keep_cis else f"{removal.run.retired if removal.run else 0:,} CIs retired"
        console.print(
            f"source {name} removed; {what}"
            if removal.done
            else (
                f"nothing was done: {what} with it; to remove it: forestay source remove {name} "
                f"--apply{' --keep' if keep_cis else ''}"
            )
        )

    show(removal, as_document, written)
    if fresh:
        forestay.searches.make_ready(forestay.store.current())


COMMANDS = (source,)
