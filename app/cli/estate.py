"""forestay assess, assessments, revisions, changes: the estate over time."""

from __future__ import annotations

import click
from rich.console import Console

from app.cli.context import Context, json_option, listener, show, table
from app.domain.areas import AREA_KINDS
from app.domain.explained import BY, DIFFERENCE, ORDER
from app.domain.nouns import NOUNS
from app.domain.results import MEASURES
from app.domain.sentences import figure, loss_unit, signed
from app.usecases.answers.change_explained import explain_change
from app.usecases.assess import assess as assess_estate
from app.usecases.assess import page_assessments
from app.usecases.revisions import changes_between, list_revisions
from app.usecases.stamps import moment


@click.command()
@click.option("--revision", type=int, help="default: the current one")
@json_option
@click.pass_obj
def assess(context: Context, revision: int | None, as_document: bool) -> None:
    """Assess the estate: the exact effect of every single outage, and what it costs a year."""
    forestay = context.forestay
    row = assess_estate(forestay, revision, listener(as_document))
    text = (
        f"revision {row.revision}: {row.cis:,} CIs, {row.dependencies:,} dependencies, {row.services:,} services in "
        f"{row.seconds:.1f} s; by {MEASURES[row.measure]}"
    )
    show(row, as_document, lambda console: console.print(text))


@click.command()
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@json_option
@click.pass_obj
def assessments(context: Context, limit: int, as_document: bool) -> None:
    """Assessments, newest revision first."""
    stored = page_assessments(context.forestay.documents, "", limit)
    rows = [(a.assessment, a.revision, a.made_at[:19], a.cis, a.services, a.measure, f"{a.seconds:.1f}") for a in stored]
    show(
        stored,
        as_document,
        lambda console: table(console, "", ["assessment", "revision", "made", "CIs", "services", "by", "s"], rows),
    )


@click.command()
@click.option("--after", type=int, default=0, help="below this revision")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@json_option
@click.pass_obj
def revisions(context: Context, after: int, limit: int, as_document: bool) -> None:
    """Revisions of the ledger, newest first."""
    listed = list_revisions(context.forestay.store, after, limit)
    rows = [(r.revision, moment(r)[:19], r.note) for r in listed]
    show(listed, as_document, lambda console: table(console, "", ["revision", "published", "by"], rows))


@click.command()
@click.argument("a", type=int)
@click.argument("b", type=int)
@click.option("--noun", type=click.Choice(list(NOUNS)), default="ci", show_default=True)
@click.option("--offset", type=click.IntRange(0), default=0)
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@json_option
@click.pass_obj
def changes(context: Context, a: int, b: int, noun: str, offset: int, limit: int, as_document: bool) -> None:
    """What differs between revisions A and B."""
    page = changes_between(context.forestay.store, a, b, noun, offset, limit)
    rows = [
        (r.change, ", ".join(f"{k}={v}" for k, v in r.identity.items()), (r.after or r.before or {}).get("key") or "")
        for r in page.rows
    ]
    show(
        page,
        as_document,
        lambda console: table(console, f"{page.total:,} rows of {noun} differ", ["change", "identity", "key"], rows),
    )


@click.command("why-changed")
@click.argument("a", type=int)
@click.argument("b", type=int, required=False)
@click.option("--kind", type=click.Choice(AREA_KINDS), default="ci", show_default=True)
@click.option("--by", type=click.Choice(BY), default=DIFFERENCE, show_default=True, help="what the largest come first by")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@click.option("--after", help="the `next` of a page")
@json_option
@click.pass_obj
def why_changed(
    context: Context, a: int, b: int | None, kind: str, by: str, limit: int, after: str | None, as_document: bool
) -> None:
    """Why the expected loss changed from revision A to B (default: the current one)."""
    told = explain_change(context.forestay, a, b, kind, by, limit, after)

    def human(console: Console) -> None:
        console.print(told.sentence)
        if told.model_note:
            console.print(f"({told.model_note})")
        rows = [
            (
                row.label,
                figure(row.before) if row.was_there else "not there",
                figure(row.after) if row.is_there else "not there",
                *(signed(part) for part in (row.estate, row.evidence, row.exposure)),
                "; ".join(row.what),
            )
            for row in told.items
        ]
        unit = loss_unit(told.measure, told.stamp.currency)
        heads = [kind, f"revision {told.earlier}", f"revision {told.later}", *ORDER, "what changed"]
        table(console, f"{told.total_rows:,} changed; {unit}", heads, rows, (1, 2, 3, 4, 5))

    show(told, as_document, human)


COMMANDS = (assess, assessments, revisions, changes, why_changed)
