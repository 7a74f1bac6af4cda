"""forestay measures, forestay improvements: what could be done, what is done, what it did, and what is accepted."""

from __future__ import annotations

from collections.abc import Sequence

import click
import msgspec
from rich.console import Console

from app.cli.common import after_option, figure, limit_option
from app.cli.context import CALLER, Context, json_option, show, table
from app.domain.errors import InvalidInput
from app.domain.improvements import STATES, STEPS, AcceptancePage, Improvement, ImprovementPage
from app.domain.measures import BestMeasures, Measure, MeasuresTried, SuggestedMeasures
from app.domain.sentences import loss_unit, percent
from app.usecases.improvements import accept as risks
from app.usecases.improvements.decide import best_measures, suggested_measures, try_measures
from app.usecases.improvements.plan import (
    PlannedImprovement,
    improvement_page,
    one_improvement,
    plan_improvement,
    take_step,
)

EXAMPLE = '{"kind": "twin", "ci": "db-orders-1", "cost": 40000}'


@click.group()
def measures() -> None:
    """Measures: what they would do, and the best of them under a budget."""


@measures.command("try")
@click.argument("stated", nargs=-1, required=True, metavar="MEASURE...")
@json_option
@click.pass_obj
def tried(context: Context, stated: tuple[str, ...], as_document: bool) -> None:
    """What measures do together. MEASURE is JSON, like '{"kind": "twin", "ci": "db-orders-1"}'; kinds: twin, second_supplier,
    failover, restore, rate, remove."""
    told = try_measures(context.forestay, _measures(stated))
    show(told, as_document, lambda console: _print_tried(console, told))


@measures.command("best")
@click.argument("stated", nargs=-1, required=True, metavar="MEASURE...")
@click.option("--budget", type=click.FloatRange(0), required=True)
@click.option("--seconds", type=click.FloatRange(0, 3600), default=15.0, show_default=True, help="of the search")
@json_option
@click.pass_obj
def best(context: Context, stated: tuple[str, ...], budget: float, seconds: float, as_document: bool) -> None:
    """The measures that take most loss away within a budget. Each MEASURE says its cost."""
    told = best_measures(context.forestay, _measures(stated), budget, None, seconds)
    show(told, as_document, lambda console: _print_best(console, told))


@measures.command("suggest")
@limit_option
@json_option
@click.pass_obj
def suggest(context: Context, limit: int, as_document: bool) -> None:
    """Measures for the worst problem areas; what they cost is for people to say."""
    told = suggested_measures(context.forestay, limit)
    show(told, as_document, lambda console: _print_suggested(console, told))


@click.group()
def improvements() -> None:
    """Improvements: planned, done, checked; and accepted risks."""


@improvements.command("list")
@click.option("--state", type=click.Choice(STATES), default=None)
@limit_option
@after_option
@json_option
@click.pass_obj
def listed(context: Context, state: str | None, limit: int, after: str | None, as_document: bool) -> None:
    """Improvements, the latest first."""
    page = improvement_page(context.forestay, limit, after, state or "")
    show(page, as_document, lambda console: _print_page(console, page))


@improvements.command("show")
@click.argument("improvement")
@json_option
@click.pass_obj
def one(context: Context, improvement: str, as_document: bool) -> None:
    """One improvement: what it should do, and what it did."""
    found = one_improvement(context.forestay, improvement)
    show(found, as_document, lambda console: _print_one(console, found))


@improvements.command("plan")
@click.argument("stated", nargs=-1, required=True, metavar="MEASURE...")
@click.option("--title", required=True)
@click.option("--owner", required=True)
@click.option("--hypothesis", required=True, help="what it should do, and why")
@click.option("--due", required=True, help="a day, like 2027-03-31")
@click.option("--watch", multiple=True, help="CIs whose outages will show what it did")
@click.option("--connector", default="", help="ticket system for its ticket")
@json_option
@click.pass_obj
def plan(
    context: Context, stated: tuple[str, ...], title: str, owner: str, hypothesis: str, due: str, watch: tuple[str, ...],
    connector: str, as_document: bool,
) -> None:  # fmt: skip
    """Plan an improvement; the model predicts what it does."""
    asked = PlannedImprovement(title, owner, hypothesis, _measures(stated), due, watch, connector)
    made = plan_improvement(context.forestay, asked, CALLER)
    show(made, as_document, lambda console: _print_one(console, made))


@improvements.command("step")
@click.argument("improvement")
@click.argument("step", type=click.Choice(tuple(STEPS)))
@click.option("--at", default="", help="since when it is done, with zone")
@click.option("--note", default="")
@json_option
@click.pass_obj
def step(context: Context, improvement: str, step: str, at: str, note: str, as_document: bool) -> None:
    """Take an improvement one step on."""
    made = take_step(context.forestay, improvement, step, CALLER, at, note)
    show(made, as_document, lambda console: _print_one(console, made))


@improvements.command("accepted")
@limit_option
@json_option
@click.pass_obj
def accepted(context: Context, limit: int, as_document: bool) -> None:
    """Accepted risks, those that are raised again first."""
    page = risks.acceptance_page(context.forestay, limit)
    show(page, as_document, lambda console: _print_accepted(console, page))


@improvements.command("accept")
@click.argument("ci")
@click.option("--reason", required=True)
@click.option("--until", required=True, help="a day, like 2027-03-31")
@click.option(
    "--grows", type=click.FloatRange(0, 10), default=0.25, show_default=True, help="share of growth that raises it again"
)
@json_option
@click.pass_obj
def accept(context: Context, ci: str, reason: str, until: str, grows: float, as_document: bool) -> None:
    """Accept the loss of a CI for a time."""
    row = risks.accept(context.forestay, ci, reason, until, grows, CALLER)
    show(row, as_document, lambda console: console.print(f"{row.accepted.name}: {row.because}.", markup=False))


@improvements.command("end-acceptance")
@click.argument("acceptance")
@json_option
@click.pass_obj
def end(context: Context, acceptance: str, as_document: bool) -> None:
    """Take an acceptance back."""
    row = risks.end_acceptance(context.forestay, acceptance, CALLER)
    show(row, as_document, lambda console: console.print(f"{row.accepted.name} is accepted no longer.", markup=False))


def _measures(stated: Sequence[str]) -> list[Measure]:
    found = []
    for text in stated:
        try:
            found.append(msgspec.json.decode(text, type=Measure))
        except msgspec.DecodeError as error:
            raise InvalidInput(f"measure {text[:200]!r}: {error}; write it like {EXAMPLE}", field="measures") from None
    return found


def _print_tried(console: Console, told: MeasuresTried) -> None:
    unit = loss_unit(told.effect.unit, told.stamp.currency)
    console.print("; ".join(told.sentences), markup=False)
    effect = told.effect
    console.print(f"{figure(effect.before)} → {figure(effect.after)} {unit}", markup=False)
    console.print(
        f"{figure(effect.less)} less (90 % range {figure(effect.less_low)} to {figure(effect.less_high)})", markup=False
    )
    if len(told.alone) > 1:
        console.print(f"Each alone: {', '.join(map(figure, told.alone))}; together {figure(told.together_more)} more.")
    for text in told.rests_on:
        console.print(f"Rests on: {text}.", markup=False)


def _print_best(console: Console, told: BestMeasures) -> None:
    unit = loss_unit(told.unit, told.stamp.currency)
    for sentence in told.sentences:
        console.print(sentence, markup=False)
    console.print(f"Cost {figure(told.cost)} of {figure(told.budget)}; {figure(told.effect.less)} {unit} less.", markup=False)
    sure = "no set does more" if told.exact else f"no set takes more than {figure(told.bound)} away (gap {figure(told.gap)})"
    console.print(f"{told.sets_tried} sets were tried: {sure}.", markup=False)


def _print_suggested(console: Console, told: SuggestedMeasures) -> None:
    unit = loss_unit(told.unit, told.stamp.currency)
    rows = [(one.sentence, figure(one.less), percent(one.share), one.because) for one in told.items]
    table(console, f"Measures worth a thought ({unit} less)", ("measure", "less", "share", "because"), rows)


def _print_page(console: Console, page: ImprovementPage) -> None:
    rows = [(one.improvement, one.state, one.title, one.owner, one.due_on, one.verdict) for one in page.items]
    table(console, "Improvements", ("improvement", "state", "title", "owner", "due", "verdict"), rows)


def _print_one(console: Console, one: Improvement) -> None:
    effect, seen = one.predicted.effect, one.measured
    console.print(f"{one.improvement}: {one.title} ({one.state}), {one.owner}, due {one.due_on}", markup=False)
    console.print(one.hypothesis, markup=False)
    console.print("; ".join(one.sentences), markup=False)
    console.print(
        f"Predicted: {figure(effect.less)} less a year ({figure(effect.less_low)} to {figure(effect.less_high)}), "
        f"at revision {one.predicted.revision}"
    )
    if seen is not None:
        console.print(
            f"Measured: {figure(seen.less)} less a year ({figure(seen.low)} to {figure(seen.high)}): "
            f"{seen.outages_before} outages in {seen.years_before:.2g} years before, {seen.outages_after} in "
            f"{seen.years_after:.2g} since"
        )
    console.print(one.verdict)


def _print_accepted(console: Console, page: AcceptancePage) -> None:
    rows = [
        (row.accepted.acceptance, row.accepted.name, row.state, figure(row.accepted.loss), figure(row.loss_now), row.because)
        for row in page.items
    ]
    table(console, "Accepted risks", ("acceptance", "CI", "state", "loss then", "loss now", "because"), rows)


COMMANDS = (measures, improvements)
