"""forestay suppliers: what days without a supplier cost; the DORA register as CSV."""

from __future__ import annotations

import csv
import sys
from datetime import datetime

import click
from rich.console import Console

from app.cli.common import after_option, limit_option
from app.cli.context import Context, json_option, show, table, when
from app.domain.sentences import number
from app.domain.suppliers import REGISTER, Suppliers
from app.reports.csv_file import cells
from app.usecases.answers import suppliers as answers


@click.command()
@click.option("--days", type=click.FloatRange(0.01, 365.0), default=1.0, show_default=True, help="for which a supplier is out")
@click.option("--register", "template", type=click.Choice(list(REGISTER)), help="a template of the register as CSV, instead")
@limit_option
@after_option
@when
@json_option
@click.pass_obj
def suppliers(
    context: Context, days: float, template: str | None, limit: int, after: str | None, revision: int | None,
    as_of: datetime | None, as_document: bool,
) -> None:  # fmt: skip
    """What days without a supplier cost, and who could take over; the DORA register as CSV."""
    if template is None:
        answer = answers.suppliers(context.forestay, limit, days, after, revision, as_of)
        show(answer, as_document, lambda console: _print(console, answer))
        return
    told = answers.register(context.forestay, template, revision, as_of)
    if as_document:
        show(told, True, lambda console: None)
        return
    rows = csv.writer(sys.stdout)
    rows.writerow([code for code, _ in told.columns])
    rows.writerows(cells(row) for row in told.rows)
    click.echo(f"unknown, and left empty: {', '.join(told.unknown)}", err=True)


def _print(console: Console, answer: Suppliers) -> None:
    rows = [
        (
            row.supplier, row.cis, _money(row.money_alone), _known(row.services_alone), _money(row.money_together),
            _known(row.services_together),
            ", ".join(row.subcontractors), row.substitutable,
        )
        for row in answer.items
    ]  # fmt: skip
    heads = ["supplier", "CIs", f"{answer.currency} alone", "stops", f"{answer.currency} with those it relies on", "stops",
             "relies on", "can be replaced"]  # fmt: skip
    table(console, f"{answer.days:g} days without", heads, rows, right=(1, 2, 3, 4, 5))
    if answer.worked_out is None or answer.worked_out < answer.total:
        console.print(f"being worked out: {answer.worked_out or 0} of {answer.total or 'all'} suppliers are there")
    if answer.next:
        console.print(f"the next: --after {answer.next}")


def _known(value: int | None) -> str:
    return "unknown" if value is None else str(value)


def _money(value: float | None) -> str:
    return "unknown" if value is None else number(value)


COMMANDS = (suppliers,)
