"""forestay blast, simulate, impact: what falls when these are down."""

from __future__ import annotations

from datetime import datetime

import click
from rich.console import Console

from app.cli.common import after_option, figure, limit_option, path_text
from app.cli.context import CALLER, Context, json_option, show, table, when
from app.cli.scenarios import print_timeline, scenario_named
from app.domain.errors import InvalidInput
from app.domain.results import BlastRadius, Impact, Simulation
from app.domain.scenario import OutageScenario
from app.domain.sentences import count, not_read
from app.usecases.answers.blast import blast_radius
from app.usecases.answers.impact import impact_of
from app.usecases.answers.simulate import simulate_outage
from app.usecases.keep.served import base_url
from app.usecases.scenarios.play import Page, play


@click.command()
@click.argument("cis", nargs=-1, required=True)
@limit_option
@after_option
@when
@json_option
@click.pass_obj
def blast(
    context: Context,
    cis: tuple[str, ...],
    limit: int,
    after: str | None,
    revision: int | None,
    as_of: datetime | None,
    as_document: bool,
) -> None:
    """Blast radius: what falls with these CIs (keys or any aliases), and what is one failure away from falling."""
    forestay = context.forestay
    answer = blast_radius(forestay, list(cis), limit=limit, after=after, revision=revision, as_of=as_of)
    show(answer, as_document, lambda console: _print_blast(console, answer))


def _print_blast(console: Console, answer: BlastRadius) -> None:
    console.print(f"[bold]{answer.sentence}[/bold]")
    for ci in answer.cis:
        if ci.alias_kind:
            console.print(f"  {ci.name} was called {ci.alias} {ci.alias_kind}")
    known = f"{figure(answer.customers)} customers" + (
        f" and {answer.customers_unknown} services with unknown customers" if answer.customers_unknown else ""
    )
    console.print(
        f"{answer.cis_down:,} CIs down, {answer.cis_degraded:,} degraded; {known}; {figure(answer.money_per_hour)} "
        f"{answer.stamp.currency}/h"
    )
    if answer.customers_note:
        console.print(f"  {answer.customers_note}")
    for hit in answer.services:
        unread = f"; {not_read(hit.open_needs)}" if hit.open_needs else ""
        console.print(f"  {hit.name}: {hit.state}{path_text(hit.path)}{unread}")
    if len(answer.services) < answer.services_total:
        console.print(f"  {len(answer.services)} of {count(answer.services_total, 'service')} hit")
    for group in answer.redundancy_used_up:
        console.print(f"  redundancy used up: {group.dependent_name} still needs {', '.join(group.left)}")
    rows = [(c.key, c.name, c.ci_class, c.state) for c in answer.fallen]
    table(console, f"{len(rows)} of {answer.fallen_total:,} fallen CIs", ["key", "name", "class", "state"], rows)
    if answer.truncated:
        console.print(f"the next: --after {answer.next}")


@click.command()
@click.argument("scenario", required=False)
@click.option("--compare", help="with SCENARIO: another one to compare it with")
@limit_option
@after_option
@click.option("--ci", "cis", multiple=True, help="a CI that is down (key or any alias); may be given often")
@click.option("--site", default="", help="everything that stands in this site")
@click.option("--team", default="", help="every CI of this team")
@click.option("--supplier", default="", help="every CI of this supplier")
@click.option("--hours", type=float, help="how long (default: the longest repair time of the CIs)")
@click.option("--at", "at_hours", type=float, multiple=True, help="hours at which the cost is asked for")
@click.option("--rule", type=click.Choice(["product", "worst"]))
@when
@json_option
@click.pass_obj
def simulate(
    context: Context,
    scenario: str | None,
    compare: str | None,
    limit: int,
    after: str | None,
    cis: tuple[str, ...],
    site: str,
    team: str,
    supplier: str,
    hours: float | None,
    at_hours: tuple[float, ...],
    rule: str | None,
    revision: int | None,
    as_of: datetime | None,
    as_document: bool,
) -> None:
    """What if these were down? Services, customers, cost over time, first MTPD breached, and what is one failure away.

    SCENARIO plays over time: a stored one by name, a JSON file, or the text form
    "t=0 fail site:zurich for 4h; t=2h restore ci:db-1" (docs/model.md has the grammar).
    """
    forestay = context.forestay
    if scenario:
        if cis or site or team or supplier or hours or at_hours or rule:
            raise InvalidInput("a scenario names its CIs and times itself: leave the other options out")
        asked = scenario_named(context, scenario)
        other = scenario_named(context, compare) if compare else None
        answer = play(forestay, asked, Page(limit, after), other, revision, as_of, limited=False)
        show(answer, as_document, lambda console: print_timeline(console, answer))
        return
    outage = OutageScenario(cis, site, team, supplier, hours, at_hours, rule or context.settings.model.rule)
    simulation = simulate_outage(forestay, outage, CALLER, revision, as_of)
    show(simulation, as_document, lambda console: _print_simulation(console, simulation))


def _print_simulation(console: Console, simulation: Simulation) -> None:
    console.print(f"[bold]{simulation.sentence}[/bold]")
    console.print(
        f"{figure(simulation.duration_hours)} h ({simulation.duration_origin}); {figure(simulation.customers)} customers; "
        f"{figure(simulation.money)} "
        f"{simulation.stamp.currency}"
    )
    if simulation.customers_note:
        console.print(f"  {simulation.customers_note}")
    for hours, money in simulation.money_over_time:
        console.print(f"  after {hours:g} h: {figure(money)} {simulation.stamp.currency}")
    if simulation.services_incomplete:
        console.print(
            f"{not_read(simulation.open_needs)}, on which "
            f"{count(simulation.services_incomplete, 'more service hangs', 'more services hang')}"
        )
    rows = [
        (
            f"{s.name}; {not_read(s.open_needs)}" if s.open_needs else s.name,
            s.state,
            figure(s.money),
            figure(s.mtpd_hours),
            "" if s.mtpd_breached_at_hours is None else f"after {s.mtpd_breached_at_hours:g} h",
            " -> ".join(step.name for step in s.path),
        )
        for s in simulation.services
    ]
    table(console, "", ["service", "state", simulation.stamp.currency, "MTPD h", "breached", "path"], rows, right=(2, 3))
    for away in simulation.one_failure_away:
        console.print(f"  one failure away now: {away.service_name}, by any of {away.total}: {', '.join(away.cis[:5])}")


@click.command()
@click.argument("identity")
@click.option("--limit", type=click.IntRange(1, 500), default=100, show_default=True, help="services of a page of the document")
@after_option
@when
@json_option
@click.pass_obj
def impact(
    context: Context,
    /,
    identity: str,
    limit: int,
    after: str | None,
    revision: int | None,
    as_of: datetime | None,
    as_document: bool,
) -> None:
    """What a ticket system asks: services hit, reason, suggested priority. Any identity the CI is known by."""
    forestay = context.forestay
    answer = impact_of(forestay, identity, base_url(context.settings, forestay.documents), revision, as_of, limit, after)
    show(answer, as_document, lambda console: _print_impact(console, answer))


def _print_impact(console: Console, answer: Impact) -> None:
    console.print(f"priority {answer.priority} ({answer.priority_row}): {answer.reason}")
    least = "at least " if answer.customers_unknown or answer.money_unknown else ""
    console.print(
        f"{count(answer.services_down, 'service')} down, {answer.services_degraded:,} at a part; "
        f"{least}{figure(answer.customers)} customers by share, {figure(answer.money_per_hour)} {answer.stamp.currency}/h"
    )
    if answer.open_needs:
        console.print(not_read(answer.open_needs))
    for hit in answer.services:
        if hit.open_needs:
            console.print(f"  {hit.name}: {not_read(hit.open_needs)}")
    console.print(answer.link)


COMMANDS = (blast, simulate, impact)
