"""forestay scenario: stored scenarios, played as exercises; and how the answer over time is printed (`forestay simulate` too)."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from app.cli.common import after_option, figure, limit_option
from app.cli.context import CALLER, Context, json_option, show, table, when
from app.domain.errors import InvalidInput
from app.domain.scenario_text import parse_scenario
from app.domain.strict_json import strict_json
from app.domain.timeline import ServiceTimeline, TimelineAnswer
from app.usecases.scenarios import keep
from app.usecases.scenarios.document import Scenario, scenario_of
from app.usecases.scenarios.keep import Written
from app.usecases.scenarios.play import Page, play


def document_at(text: str) -> dict[str, Any]:
    """Returns the document that an argument gives: the text form, or the path of a JSON file ("-": standard input)."""
    if text == "-" or text.endswith(".json"):
        try:
            raw = sys.stdin.buffer.read() if text == "-" else Path(text).read_bytes()
        except OSError as error:
            raise InvalidInput(f"{text}: {error.strerror}") from None
        read = strict_json(raw, text)
        if not isinstance(read, dict):
            raise InvalidInput(f"{text}: a scenario is a JSON object")
        return read
    return parse_scenario(text)


def scenario_named(context: Context, text: str) -> Scenario:
    """Returns a stored scenario by its name, else what the text or file says."""
    if keep.NAME.fullmatch(text) and not text.endswith(".json"):
        return scenario_of(keep.get_scenario(context.forestay.documents, text).scenario)
    return scenario_of(document_at(text))


def print_timeline(console: Console, answer: TimelineAnswer) -> None:
    """Prints an answer over time."""
    currency = answer.stamp.currency
    console.print(f"[bold]{answer.sentence}[/bold]")
    for warning in answer.warnings:
        console.print(f"  warning: {warning}")
    console.print(
        f"{figure(answer.customers_most)} customers at most, {figure(answer.customer_hours)} customer-hours; {_money(answer)} "
        f"{currency}; {answer.mtpd_breaches:,} beyond MTPD, {answer.rto_breaches:,} beyond RTO; "
        f"{answer.outcomes:,} outcomes of failovers"
    )
    steps = [
        (f"{m.at_hours:g} h", m.do, f"{m.cis_total:,}", m.back, f"{m.cis_down:,}", str(m.services_down)) for m in answer.steps
    ]
    table(console, "Steps", ["at", "what", "CIs", "back", "CIs down then", "services down then"], steps, right=(2, 4, 5))
    rows = [_service_row(service) for service in answer.services]
    heads = ["service", "goes through", "hours down", currency, "RTO breached", "MTPD breached", "path"]
    table(console, f"{len(rows)} of {answer.services_total:,} services", heads, rows, right=(2, 3))
    calls = [
        (
            call.kind,
            call.name or "nobody is named",
            str(call.cis),
            "none" if call.minutes is None else f"{call.minutes:,}",
            call.service_name,
        )
        for call in answer.calls
    ]
    table(console, "To call", ["who", "name", "CIs", "minutes left", "first MTPD"], calls, right=(2, 3))
    for away in answer.one_failure_away:
        console.print(f"  one failure away: {away.service_name}, by any of {away.total}: {', '.join(away.cis[:5])}")
    if answer.compared:
        other = answer.compared
        console.print(
            f"{other.title or 'the other scenario'}: {figure(other.money)} {currency}, {other.services_down:,} services down, "
            f"{other.mtpd_breaches:,} beyond MTPD; {other.services_total:,} services differ"
        )
        differ = [(d.name, f"{d.hours_down:g}", f"{d.other_hours_down:g}", figure(d.money_difference)) for d in other.services]
        table(console, "", ["service", "hours down", "there", f"{currency} more there"], differ, right=(1, 2, 3))
    for said in answer.assumptions:
        console.print(f"  {said}")
    if answer.next:
        console.print(f"the next: --after {answer.next}")


def _money(answer: TimelineAnswer) -> str:
    least = "at least " if answer.money_unknown else ""
    if answer.money is not None and answer.money_low != answer.money_high:
        return f"{least}{figure(answer.money)} ({figure(answer.money_low)} to {figure(answer.money_high)})"
    return least + figure(answer.money)


def _service_row(service: ServiceTimeline) -> tuple[str, ...]:
    def after(at: float | None) -> str:
        return "" if at is None else f"after {at * 60:.0f} min"

    through = ", ".join(
        f"{s.state} {s.from_hours:g}-{s.to_hours:g} h" + (f" at {s.capability_share:.0%}" if s.state == "degraded" else "")
        for s in service.stretches[:4]
    )
    return (
        service.name, through, f"{service.hours_down:g}", figure(service.money), after(service.rto_breached_at_hours),
        after(service.mtpd_breached_at_hours), " -> ".join(step.name for step in service.path),
    )  # fmt: skip


@click.group()
def scenario() -> None:
    """Stored scenarios: write, list, copy, compare, play as an exercise."""


@scenario.command("list")
@limit_option
@after_option
@json_option
@click.pass_obj
def list_all(context: Context, limit: int, after: str | None, as_document: bool) -> None:
    """Scenarios by name, each with its latest exercise."""
    rows = keep.page_scenarios(context.forestay.documents, after or "", limit)
    shown = [(r.name, r.title, str(r.version), str(r.steps), str(r.exercises), r.played_at[:16], r.sentence) for r in rows]
    heads = ["name", "title", "version", "steps", "exercises", "last", "outcome"]
    show(rows, as_document, lambda console: table(console, "", heads, shown, right=(2, 3, 4)))


@scenario.command("show")
@click.argument("name")
@click.option("--version", type=click.IntRange(min=1))
@click.pass_obj
def show_one(context: Context, name: str, version: int | None) -> None:
    """One scenario as its JSON document."""
    show(keep.get_scenario(context.forestay.documents, name, version), True, lambda console: None)


@scenario.command("write")
@click.argument("name")
@click.argument("text")
@click.option("--note", default="", help="why, for those who come after")
@json_option
@click.pass_obj
def write(context: Context, name: str, text: str, note: str, as_document: bool) -> None:
    """Write the next version of NAME: TEXT is the text form, a JSON file, or - for standard input."""
    stored = keep.write_scenario(context.forestay.documents, name, Written(document_at(text), note), CALLER)
    show(stored, as_document, lambda console: console.print(f"{stored.name}: version {stored.version}"))


@scenario.command("copy")
@click.argument("name")
@click.argument("to")
@json_option
@click.pass_obj
def copy(context: Context, name: str, to: str, as_document: bool) -> None:
    """Copy a scenario to a new name."""
    stored = keep.copy_scenario(context.forestay.documents, name, to, CALLER)
    show(stored, as_document, lambda console: console.print(f"{stored.name}: a copy of {stored.copied_from}"))


@scenario.command("remove")
@click.argument("name")
@click.pass_obj
def remove(context: Context, name: str) -> None:
    """Take a scenario off the list; its versions and exercises stay."""
    keep.remove_scenario(context.forestay.documents, name, CALLER)
    click.echo(f"{name} removed")


@scenario.command("run")
@click.argument("name")
@click.option("--version", type=click.IntRange(min=1))
@click.option("--compare", help="another scenario: a stored one, the text form, or a JSON file")
@limit_option
@after_option
@when
@json_option
@click.pass_obj
def run(
    context: Context, name: str, version: int | None, compare: str | None, limit: int, after: str | None, revision: int | None,
    as_of: datetime | None, as_document: bool,
) -> None:  # fmt: skip
    """Play a stored scenario; it is noted as an exercise."""
    service = context.forestay
    stored = keep.get_scenario(service.documents, name, version)
    other = scenario_named(context, compare) if compare else None

    def answer(asked: Scenario) -> TimelineAnswer:
        return play(service, asked, Page(limit, after), other, revision, as_of, limited=False)

    made = answer(scenario_of(stored.scenario)) if after else keep.exercise(service.documents, stored, CALLER, answer)
    show(made, as_document, lambda console: print_timeline(console, made))


COMMANDS = (scenario,)
