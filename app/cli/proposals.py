"""forestay proposals, accept-proposal, refuse-proposal, take-back-proposal: what the model may lack."""

from __future__ import annotations

import click
from rich.console import Console

from app.cli.context import CALLER, Context, json_option, listener, show, table
from app.cli.decide import reason_option
from app.domain.proposals import NEED, ProposalDecision, ProposalDecisions, ProposalPage
from app.usecases.keep.proposals import proposal_decisions, proposal_page
from app.usecases.paging import MAX_LIMIT
from app.usecases.proposals import decide
from app.usecases.proposals.honesty import model_honesty
from app.usecases.proposals.look import look_for_proposals


@click.command()
@click.option("--look", is_flag=True, help="look through incidents, traces and names first")
@click.option("--decided", is_flag=True, help="what people made of proposals, instead")
@click.option("--limit", type=click.IntRange(1, MAX_LIMIT), default=50, show_default=True)
@click.option("--after", default="", help="the `next` of the page before")
@json_option
@click.pass_obj
def proposals(context: Context, look: bool, decided: bool, limit: int, after: str, as_document: bool) -> None:
    """What the model may lack: needs nobody stated, redundancy nobody declared."""
    forestay = context.forestay
    if look:
        look_for_proposals(forestay, listener(as_document))
    if decided:
        made = proposal_decisions(forestay.documents, limit, after)
        show(made, as_document, lambda console: _print_decided(console, made))
        return
    page = proposal_page(forestay.documents, limit, after)
    show(page, as_document, lambda console: _print(console, page))


def _print(console: Console, page: ProposalPage) -> None:
    run = page.run
    if run is None:
        console.print("nobody looked yet: forestay proposals --look")
        return
    rows = [
        (item.proposal, item.kind, f"{item.dependent}\non {', '.join(item.providers)}", "\n".join(item.evidence))
        for item in page.items
    ]
    title = (
        f"Of {run.failures:,} failures at revision {run.revision}, {run.unexplained:,} began with others that did not cause "
        f"them, {run.calls:,} calls only traces know: {run.kept:,} of {run.found:,} proposals kept"
    )
    table(console, title, ("proposal", "what", "CIs", "evidence"), rows)
    if page.next:
        console.print(f"the next: --after {page.next}")


def _print_decided(console: Console, page: ProposalDecisions) -> None:
    rows = [
        (one.decision, one.verdict, one.kind, f"{one.dependent}\non {', '.join(one.providers)}", one.by, one.at, one.why)
        for one in page.items
    ]
    table(console, "What people made of proposals", ("decision", "verdict", "what", "CIs", "by", "at", "why"), rows)
    if page.next:
        console.print(f"the next: --after {page.next}")


@click.command("accept-proposal")
@click.argument("proposal")
@click.option("--needed", type=click.IntRange(1, 1000), help="of a redundancy: how many members suffice, where not as proposed")
@reason_option
@json_option
@click.pass_obj
def accept(context: Context, proposal: str, needed: int | None, reason: str, as_document: bool) -> None:
    """What is proposed is so: the model has it from now on, as stated by a person."""
    _show(decide.accept_proposal(context.forestay, proposal, CALLER, reason, needed), as_document)


@click.command("refuse-proposal")
@click.argument("proposal")
@reason_option
@json_option
@click.pass_obj
def refuse(context: Context, proposal: str, reason: str, as_document: bool) -> None:
    """What is proposed is not so: it is proposed no more."""
    _show(decide.refuse_proposal(context.forestay, proposal, CALLER, reason), as_document)


@click.command("take-back-proposal")
@click.argument("decision")
@json_option
@click.pass_obj
def take_back(context: Context, decision: str, as_document: bool) -> None:
    """End what was accepted, or forget a refusal, by the name of the decision."""
    _show(decide.take_back_proposal(context.forestay, decision, CALLER), as_document)


def _show(made: ProposalDecision, as_document: bool) -> None:
    suffice = "" if made.kind == NEED else f", {made.needed} suffice"
    told = f"{made.verdict}: {made.kind} of {made.dependent} on {', '.join(made.providers)}{suffice} (decision {made.decision})"
    show(made, as_document, lambda console: console.print(told))


@click.command()
@json_option
@click.pass_obj
def honesty(context: Context, as_document: bool) -> None:
    """How true each version of the model proved to be: precision and recall on incidents."""
    told = model_honesty(context.forestay.documents)

    def human(console: Console) -> None:
        rows = [
            (
                one.model_version, one.revision, one.at[:10], one.episodes,
                *(_range(*three) for three in (
                    (one.precision, one.precision_low, one.precision_high), (one.recall, one.recall_low, one.recall_high)
                )),
                f"{one.unexplained:,} of {one.failures:,}",
            )
            for one in told.items
        ]  # fmt: skip
        heads = ["model", "revision", "on", "episodes", "precision", "recall", "unexplained failures"]
        table(console, "kept with each forestay proposals --look", heads, rows)

    show(told, as_document, human)


def _range(value: float | None, low: float | None, high: float | None) -> str:
    return "unknown" if value is None else f"{value:.1%} ({low:.1%} to {high:.1%})"


COMMANDS = (honesty, proposals, accept, refuse, take_back)
