"""forestay quality."""

from __future__ import annotations

import click
from rich.console import Console

from app.cli.context import Context, json_option, show, table
from app.domain.quality import Quality
from app.domain.results import MEASURES
from app.domain.sentences import number
from app.usecases.answers.quality.report import quality as ask


@click.command()
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True, help="rows of each list")
@json_option
@click.pass_obj
def quality(context: Context, limit: int, as_document: bool) -> None:
    """How good the data is, and what its faults weigh in the ranking; redundancy that is only on paper."""
    forestay = context.forestay
    answer = ask(forestay, limit)
    show(answer, as_document, lambda console: _print(console, answer))


def _print(console: Console, answer: Quality) -> None:
    console.print(
        f"{answer.cis:,} CIs, {answer.services:,} services at revision {answer.stamp.revision}; impacts in "
        f"{MEASURES[answer.measure]}\n"
    )
    rows = [
        (
            s.name,
            s.kind,
            "never" if s.age_hours is None else f"{s.age_hours:.1f} h",
            s.state,
            s.records,
            s.refused,
            s.dangling,
            sum(s.unknown_relations.values()),
        )
        for s in answer.sources
    ]
    table(
        console,
        "sources",
        ["name", "kind", "age", "last run", "records", "refused", "dangling", "unknown relations"],
        rows,
        right=(2, 4, 5, 6, 7),
    )
    parts = [
        (
            c.source,
            c.ci_class,
            c.cis,
            *(f"{share:.0%}" for share in (c.owner_share, c.site_share, c.measured_share, c.declared_share, c.assumed_share)),
            c.orphans,
        )
        for c in answer.classes
    ]
    columns = ["source", "class", "CIs", "owner", "site", "measured", "declared", "assumed", "orphans"]
    table(console, "coverage", columns, parts, right=tuple(range(2, 9)))
    for finding in answer.findings:
        weight = "" if finding.share is None else f", {finding.share:.1%} of the expected loss"
        console.print(f"[bold]{finding.kind}[/bold]: {finding.count:,} of {finding.of:,}{weight}")
        console.print(f"  {finding.effect}\n  what to do: {finding.advice}", markup=False)
        if finding.examples:
            console.print(f"  for example {', '.join(finding.examples)}", markup=False)
    _print_paper(console, answer)


def _print_paper(console: Console, answer: Quality) -> None:
    if not answer.paper_total:
        return
    rows = [
        (p.by, p.name, p.groups, "unknown" if p.impact is None else number(p.impact), "; ".join(p.examples[:2]))
        for p in answer.paper
    ]
    title = f"redundancy only on paper: one CI takes {answer.groups_on_paper:,} of {answer.groups:,} redundant groups"
    table(console, title, ["by", "shared", "groups", "a year", "for example"], rows, right=(2, 3))
    if answer.paper_total > len(answer.paper):
        console.print(f"{len(answer.paper):,} of {answer.paper_total:,} rows")
    if answer.examined < answer.cis:
        console.print(f"only {answer.examined:,} of {answer.cis:,} outages were tried in the time given")


COMMANDS = (quality,)
