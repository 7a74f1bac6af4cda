"""forestay why, merge, split, correct: what is one CI, and what people decide about it."""

from __future__ import annotations

import click
from rich.console import Console

from app.cli.context import CALLER, Context, json_option, show
from app.domain.errors import InvalidInput
from app.usecases import decide
from app.usecases.answers.identity import Identity, identity

reason_option = click.option("--reason", default="", help="why, for those who come after")


@click.command()
@click.argument("ci")
@click.argument("other", required=False)
@json_option
@click.pass_obj
def why(context: Context, ci: str, other: str | None, as_document: bool) -> None:
    """Why the records of a CI are one; with OTHER: why both are one CI, or why not."""
    found = identity(context.forestay.store, context.forestay.documents, ci, other)
    show(found, as_document, lambda console: _print(console, found))


def _print(console: Console, found: Identity) -> None:
    what = f"{found.key} and {found.other}: {'one CI' if found.same else 'two CIs'}" if found.other else found.key
    console.print(f"{what}, {len(found.records)} records at revision {found.revision}")
    for record in found.records:
        console.print(f"  record {record}")
    for link in found.links:
        console.print(f"  {link.record} = {link.with_record} by {link.rule} {link.value}".rstrip())
    for text in found.against:
        console.print(f"  {text}")


@click.command()
@click.argument("a")
@click.argument("b")
@reason_option
@json_option
@click.pass_obj
def merge(context: Context, a: str, b: str, reason: str, as_document: bool) -> None:
    """Decide that two CIs are one: the older key stays, the other redirects."""
    _show(decide.merge(context.forestay, a, b, CALLER, reason), as_document)


@click.command()
@click.argument("ci")
@click.argument("records", nargs=-1, required=True, metavar="RECORD...")
@reason_option
@json_option
@click.pass_obj
def split(context: Context, ci: str, records: tuple[str, ...], reason: str, as_document: bool) -> None:
    """Decide that records (source:class:id, see `forestay why`) are not one CI with the others of CI. No sync joins them again."""
    _show(decide.split(context.forestay, ci, records, CALLER, reason), as_document)


@click.command()
@click.argument("ci")
@click.argument("pairs", nargs=-1, required=True, metavar="NAME=VALUE...")
@json_option
@click.pass_obj
def correct(context: Context, ci: str, pairs: tuple[str, ...], as_document: bool) -> None:
    """Correct values of a CI by hand; they are believed before any source and outlive every sync. NAME= takes one back."""
    values = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise InvalidInput(f"{pair}: NAME=VALUE")
        values[name] = value
    _show(decide.correct(context.forestay, ci, values, CALLER), as_document)


def _show(found: decide.Decided, as_document: bool) -> None:
    text = f"revision {found.revision}: {', '.join(found.keys)}; see the numbers after: forestay assess"
    show(found, as_document, lambda console: console.print("\n".join([text, *found.warnings])))


COMMANDS = (why, merge, split, correct)
