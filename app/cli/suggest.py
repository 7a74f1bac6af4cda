"""forestay suggestions, accept, refuse: pairs of CIs that may be one."""

from __future__ import annotations

import click
from rich.console import Console

from app.cli.context import CALLER, Context, json_option, listener, show, table
from app.cli.decide import reason_option, show_decided
from app.usecases.paging import MAX_LIMIT
from app.usecases.suggestions import make
from app.usecases.suggestions.make import SuggestionPage


@click.command()
@click.option("--look", is_flag=True, help="look through the estate first (at a million CIs about a minute)")
@click.option("--limit", type=click.IntRange(1, MAX_LIMIT), default=50, show_default=True)
@click.option("--after", default="", help="the `next` of the page before")
@json_option
@click.pass_obj
def suggestions(context: Context, look: bool, limit: int, after: str, as_document: bool) -> None:
    """Pairs of CIs that look like one though no rule joins them, the best first."""
    forestay = context.forestay
    if look:
        make.suggest(forestay, listener(as_document))
    page = make.suggestion_page(forestay.documents, limit, after)
    show(page, as_document, lambda console: _print(console, page))


def _print(console: Console, page: SuggestionPage) -> None:
    run = page.run
    if run is None:
        console.print("nobody looked yet: forestay suggestions --look")
        return
    cut = "; there were more pairs than are looked at" if run.capped else ""
    rows = [(item.suggestion, item.score, f"{item.a}\n{item.b}", "\n".join(item.reasons)) for item in page.items]
    title = (
        f"Of {run.cis:,} CIs at revision {run.revision}, {run.pairs:,} pairs compared{cut}: {run.kept:,} of {run.found:,} kept"
    )
    table(console, title, ("suggestion", "score", "CIs", "reasons"), rows, right=(1,))
    if page.next:
        console.print(f"the next: --after {page.next}")


@click.command()
@click.argument("suggestion")
@reason_option
@json_option
@click.pass_obj
def accept(context: Context, suggestion: str, reason: str, as_document: bool) -> None:
    """The two CIs of a suggestion are one: they merge."""
    show_decided(make.accept(context.forestay, suggestion, CALLER, reason), as_document)


@click.command()
@click.argument("suggestion")
@reason_option
@json_option
@click.pass_obj
def refuse(context: Context, suggestion: str, reason: str, as_document: bool) -> None:
    """The two CIs of a suggestion are not one: no sync merges them, and they are never suggested again."""
    show_decided(make.refuse(context.forestay, suggestion, CALLER, reason), as_document)


COMMANDS = (suggestions, accept, refuse)
