"""Subgroups of forestay tickets: connectors, rules, templates."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console

from app.cli.context import CALLER, Context, json_option, show, table
from app.domain.errors import InvalidInput
from app.domain.ticket_rules import WATCHED, TicketRule
from app.domain.ticket_words import COMMENT_FIELDS
from app.domain.tickets import PRIORITIES
from app.usecases.answers.ticket_connectors import ConnectorPage, ConnectorRow, connector_page, connector_row, kinds_page
from app.usecases.answers.ticket_rules import rule_detail, rule_page, template_page, template_row
from app.usecases.keep.connectors import remove_connector
from app.usecases.keep.ticket_rules import RULES, put_rule, remove_rule
from app.usecases.keep.ticket_templates import put_template
from app.usecases.tickets.ask_for import preview
from app.usecases.tickets.connect import add_connector, change_connector, check_connector
from app.usecases.tickets.read_back import read_back

set_option = click.option(
    "--set", "pairs", multiple=True, metavar="NAME=VALUE", help="a setting of the kind (repeatable); empty: its default"
)


def _settings(pairs: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise InvalidInput(f"--set {pair}: NAME=VALUE")
        found[name] = value
    return found


@click.group()
def connectors() -> None:
    """The ticket systems that are connected."""


@connectors.command("kinds")
@click.argument("kind", required=False)
@json_option
@click.pass_obj
def kinds(context: Context, kind: str | None, as_document: bool) -> None:
    """The kinds of ticket systems; with KIND its settings."""
    page = kinds_page(context.forestay.ticket_systems)
    chosen = [one for one in page.items if one.kind == kind]
    if kind and not chosen:
        raise InvalidInput(f"unknown kind {kind!r}; known: {', '.join(one.kind for one in page.items)}", field="kind")

    def human(console: Console) -> None:
        if not chosen:
            table(console, "Kinds", ["kind", "system"], [(one.kind, one.title) for one in page.items])
            return
        rows = [(one.name, "yes" if one.needed else "", one.usual, one.help) for one in chosen[0].settings]
        table(console, chosen[0].title, ["setting", "needed", "default", "what it is"], rows)

    show(page, as_document, human)


@connectors.command("add")
@click.argument("name")
@click.argument("kind")
@set_option
@click.option("--off", is_flag=True, help="not switched on yet")
@json_option
@click.pass_obj
def add(context: Context, name: str, kind: str, pairs: tuple[str, ...], off: bool, as_document: bool) -> None:
    """Connect a ticket system. Settings hold no secret: those that end in _env name the variable that does."""
    forestay = context.forestay
    add_connector(forestay, CALLER, name, kind, _settings(pairs), enabled=not off)
    row = connector_row(forestay.documents, name)
    show(row, as_document, lambda console: console.print(f"{name} ({kind}); next: forestay tickets connectors check {name}"))


@connectors.command("set")
@click.argument("name")
@set_option
@click.option("--on/--off", "enabled", default=None, help="switch it on or off")
@json_option
@click.pass_obj
def change(context: Context, name: str, pairs: tuple[str, ...], enabled: bool | None, as_document: bool) -> None:
    """Change settings of a connector, and leave its others as they are."""
    forestay = context.forestay
    change_connector(forestay, CALLER, name, _settings(pairs), enabled=enabled)
    row = connector_row(forestay.documents, name)
    show(row, as_document, lambda console: _print_connectors(console, ConnectorPage([row])))


@connectors.command("list")
@json_option
@click.pass_obj
def list_all(context: Context, as_document: bool) -> None:
    """Connectors, how each does, and what waits for it."""
    page = connector_page(context.forestay.documents)
    show(page, as_document, lambda console: _print_connectors(console, page))


def _print_connectors(console: Console, page: ConnectorPage) -> None:
    if not page.items:
        console.print("no ticket system is connected: forestay tickets connectors add NAME KIND --set url=…", markup=False)
        return
    heads = ["name", "kind", "state", "due", "given up", "deliveries waiting", "succeeded", "error"]
    table(console, "Connectors", heads, [_connector(row) for row in page.items], right=(3, 4, 5))


def _connector(row: ConnectorRow) -> tuple[object, ...]:
    return row.name, row.kind, row.state, row.due, row.given_up, row.hooks_waiting, row.succeeded_at[:19] or "never", row.error


@connectors.command("check")
@click.argument("name")
@json_option
@click.pass_obj
def check(context: Context, name: str, as_document: bool) -> None:
    """Whether the system answers, lets us in and has what we need. Writes nothing there."""
    found = check_connector(context.forestay, name, CALLER)
    show(found, as_document, lambda console: console.print(found.found, markup=False))


@connectors.command("read-back")
@click.argument("name")
@click.option("--since", required=True, help="a moment in ISO 8601 with its zone, as 2024-11-30T00:00Z")
@click.pass_obj
def past(context: Context, name: str, since: str) -> None:
    """Read all tickets that changed since a moment, once: evidence of failures for a source of kind `tickets`."""
    try:
        moment = datetime.fromisoformat(since.replace("Z", "+00:00"))
    except ValueError:
        raise InvalidInput(f"since: {since!r} is no moment in ISO 8601", field="since") from None
    read, health = read_back(context.forestay, name, moment, CALLER)
    click.echo(f"{read} tickets read; read completely from {health.polled_from[:16]} until {health.polled_at[:16]}")


@connectors.command("remove")
@click.argument("name")
@click.pass_obj
def remove(context: Context, name: str) -> None:
    """Remove a connector; its tickets stay as they are."""
    remove_connector(context.forestay.documents, name, CALLER)


@click.group()
def rules() -> None:
    """Rules that ask for tickets by themselves."""


@rules.command("list")
@json_option
@click.pass_obj
def list_rules(context: Context, as_document: bool) -> None:
    """The rules, and how many causes each sees now."""
    page = rule_page(context.forestay.documents)
    rows = [
        (row.rule.name, row.rule.watches, row.rule.connector, "on" if row.rule.enabled else "off", row.seen, row.with_ticket)
        for row in page.items
    ]
    heads = ["name", "watches", "connector", "on", "causes", "with ticket"]
    show(page, as_document, lambda console: table(console, "Rules", heads, rows, right=(4, 5)))


@rules.command("show")
@click.argument("name")
@json_option
@click.pass_obj
def show_rule(context: Context, name: str, as_document: bool) -> None:
    """The causes that a rule sees now, or saw until lately."""
    found = rule_detail(context.forestay.documents, name)
    rows = [(one.subject, one.since[:19], one.gone_since[:19], one.order or one.cause) for one in found.causes]
    show(found, as_document, lambda console: table(console, f"Rule {name}", ["cause", "since", "gone since", "ticket"], rows))


@rules.command("set")
@click.argument("name")
@click.option("--watches", type=click.Choice(list(WATCHED)), help="what it watches; needed of a new rule")
@click.option("--connector", help="whose tickets it asks for; needed of a new rule")
@click.option("--on/--off", "enabled", default=None)
@click.option("--threshold", type=click.FloatRange(0), help="hours or money, where what it watches has a threshold")
@click.option("--least-priority", type=click.Choice(PRIORITIES), help="no ticket for what is less urgent")
@click.option("--hold-minutes", type=click.FloatRange(0), help="how long a cause must last")
@click.option("--clear-minutes", type=click.FloatRange(0), help="how long it must be gone")
@click.option("--per-hour", type=click.IntRange(1), help="new tickets an hour; causes beyond share one")
@json_option
@click.pass_obj
def set_rule(context: Context, /, name: str, as_document: bool, **given: object) -> None:
    """Make a rule, or change what is named of one."""
    documents = context.forestay.documents
    named = {key: value for key, value in given.items() if value is not None}
    known = RULES.find(documents, name)
    if known is None and not {"watches", "connector"} <= named.keys():
        raise click.UsageError("a new rule needs --watches and --connector")
    put_rule(documents, replace(known or TicketRule(name, "", ""), **named), CALLER)  # type: ignore[arg-type]
    found = rule_detail(documents, name)
    said = found.rule
    show(
        found,
        as_document,
        lambda console: console.print(f"{said.name} watches {said.watches} for {said.connector}", markup=False),
    )


@rules.command("remove")
@click.argument("name")
@click.pass_obj
def remove_one(context: Context, name: str) -> None:
    """Remove a rule; tickets that it asked for stay as they are."""
    remove_rule(context.forestay.documents, name, CALLER)


@click.group()
def templates() -> None:
    """The templates of our comments on tickets."""


kind_argument = click.argument("kind", type=click.Choice(list(COMMENT_FIELDS)))


@templates.command("list")
@json_option
@click.pass_obj
def list_templates(context: Context, as_document: bool) -> None:
    """The templates, and whether people changed them."""
    page = template_page(context.forestay.documents)
    rows = [(row.ticket_kind, "changed by people" if row.own else "the service's own") for row in page.items]
    show(page, as_document, lambda console: table(console, "Templates", ["kind", "whose"], rows))


@templates.command("show")
@kind_argument
@json_option
@click.pass_obj
def show_template(context: Context, kind: str, as_document: bool) -> None:
    """A template, and the fields that may stand in it."""
    row = template_row(context.forestay.documents, kind)

    def human(console: Console) -> None:
        console.print(row.template, markup=False)
        table(console, "Fields", ["field", "what it says"], [(f"{{{name}}}", what) for name, what in row.fields.items()])

    show(row, as_document, human)


@templates.command("set")
@kind_argument
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--default", "usual", is_flag=True, help="bring back the service's own")
@json_option
@click.pass_obj
def set_template(context: Context, kind: str, file: Path | None, usual: bool, as_document: bool) -> None:
    """Take a template from a file."""
    if (file is None) is not usual:
        raise click.UsageError("name a file, or --default")
    documents = context.forestay.documents
    put_template(documents, kind, file.read_text("utf-8") if file is not None else "", CALLER)
    show(template_row(documents, kind), as_document, lambda console: console.print(f"the template of {kind} is kept"))


@templates.command("preview")
@kind_argument
@click.argument("ci")
@click.option("--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="a template that is not kept")
@json_option
@click.pass_obj
def show_preview(context: Context, kind: str, ci: str, file: Path | None, as_document: bool) -> None:
    """What a template says of a CI now."""
    found = preview(context.forestay, kind, file.read_text("utf-8") if file is not None else "", ci)
    show(found, as_document, lambda console: console.print(found.text, markup=False))
