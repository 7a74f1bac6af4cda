"""forestay why, conflicts, merge, split, correct: what is one CI, and what people decide about it."""

from __future__ import annotations

import click
from rich.console import Console

from app.cli.context import CALLER, Context, json_option, show, table
from app.domain.errors import InvalidInput
from app.usecases import decide
from app.usecases.answers.conflicts import ConflictPage, ConflictQuestion, conflicts
from app.usecases.answers.identity import Identity, identity
from app.usecases.decisions_kept import decision_page
from app.usecases.paging import MAX_LIMIT

reason_option = click.option("--reason", default="", help="why, for those who come after")


@click.command()
@click.argument("ci")
@click.argument("other", required=False)
@json_option
@click.pass_obj
def why(context: Context, ci: str, other: str | None, as_document: bool) -> None:
    """Why the records of a CI are one; with OTHER: why both are one CI, or why not."""
    answer = identity(context.forestay, ci, other)
    show(answer, as_document, lambda console: _print(console, answer))


def _print(console: Console, answer: Identity) -> None:
    what = f"{answer.key} and {answer.other}: {'one CI' if answer.same else 'two CIs'}" if answer.other else answer.key
    console.print(f"{what}, {len(answer.records)} records at revision {answer.revision}")
    for record in answer.records:
        console.print(f"  record {record}")
    for link in answer.links:
        console.print(f"  {link.record} = {link.with_record} by {link.rule} {link.value}".rstrip())
    for text in answer.against:
        console.print(f"  {text}")


@click.command("conflicts")
@click.option("--ci", help="of one CI: its key, an alias, or a record as source:class:id")
@click.option("--source", help="in which this source has a value")
@click.option("--attribute", help="on this attribute")
@click.option("--class", "ci_class", help="of CIs of this class")
@click.option("--limit", type=click.IntRange(1, MAX_LIMIT), default=50, show_default=True)
@click.option("--after", help="the `next` of the page before")
@json_option
@click.pass_obj
def list_conflicts(
    context: Context,
    ci: str | None,
    source: str | None,
    attribute: str | None,
    ci_class: str | None,
    limit: int,
    after: str | None,
    as_document: bool,
) -> None:
    """Attributes on which sources disagree: which value counts, by which rule, and since when."""
    question = ConflictQuestion(ci, source, attribute, ci_class)
    page = conflicts(context.forestay, question, limit, after)
    show(page, as_document, lambda console: _print_conflicts(console, page))


def _print_conflicts(console: Console, page: ConflictPage) -> None:
    rows = [
        (
            item.ci,
            item.attribute,
            "\n".join(f"{value.source}: {value.value}" for value in item.values),
            item.rule,
            str(item.since_revision),
        )
        for item in page.items
    ]
    columns = ("CI", "attribute", "values, the first counts", "by which rule", "since revision")
    table(console, f"Conflicts at revision {page.revision}", columns, rows)
    if page.next:
        console.print(f"{page.examined:,} CIs looked at; the next: --after {page.next}")


@click.command()
@click.argument("a")
@click.argument("b")
@reason_option
@json_option
@click.pass_obj
def merge(context: Context, a: str, b: str, reason: str, as_document: bool) -> None:
    """Decide that two CIs are one: the older key stays, the other redirects."""
    show_decided(decide.merge(context.forestay, a, b, CALLER, reason), as_document)


@click.command()
@click.argument("ci")
@click.argument("records", nargs=-1, required=True, metavar="RECORD...")
@reason_option
@json_option
@click.pass_obj
def split(context: Context, ci: str, records: tuple[str, ...], reason: str, as_document: bool) -> None:
    """Decide that records (source:class:id, see `forestay why`) are not one CI with the others of CI. No sync joins them
    again."""
    show_decided(decide.split(context.forestay, ci, records, CALLER, reason), as_document)


@click.command()
@click.argument("ci")
@click.argument("pairs", nargs=-1, required=True, metavar="NAME=VALUE...")
@click.option("--new-attribute", is_flag=True, help="a name that nobody gave this CI before is meant as it stands")
@reason_option
@json_option
@click.pass_obj
def correct(context: Context, ci: str, pairs: tuple[str, ...], new_attribute: bool, reason: str, as_document: bool) -> None:
    """Correct values of a CI by hand; they are believed before any source and outlive every sync. NAME= takes one back."""
    values = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise InvalidInput(f"{pair}: NAME=VALUE")
        values[name] = value
    show_decided(decide.correct(context.forestay, ci, values, CALLER, new_attribute, reason), as_document)


@click.command("decisions")
@click.option("--limit", type=click.IntRange(1, MAX_LIMIT), default=50, show_default=True)
@click.option("--after", help="the `next` of the page before")
@json_option
@click.pass_obj
def list_decisions(context: Context, limit: int, after: str | None, as_document: bool) -> None:
    """What people decided about CIs and still holds, the newest first."""
    page = decision_page(context.forestay, limit, after)
    heads = ["decision", "what", "CIs today", "by", "reason"]
    rows = [(item.decision, item.word, ", ".join(item.cis), item.by, item.why) for item in page.items]
    show(page, as_document, lambda console: table(console, "", heads, rows))


@click.command("take-back")
@click.argument("decision")
@json_option
@click.pass_obj
def take_back(context: Context, decision: str, as_document: bool) -> None:
    """End a merge, a split or a correction, by its name in `forestay decisions`."""
    show_decided(decide.take_back(context.forestay, decision, CALLER), as_document)


def show_decided(decided: decide.Decided, as_document: bool) -> None:
    text = f"revision {decided.revision}: {', '.join(decided.keys)}; see the numbers after: forestay assess"
    show(decided, as_document, lambda console: console.print("\n".join([text, *decided.warnings])))


COMMANDS = (why, list_conflicts, merge, split, correct, list_decisions, take_back)
