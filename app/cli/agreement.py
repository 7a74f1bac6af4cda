"""forestay agreement: what people made of the priorities that we suggested."""

from __future__ import annotations

import click
from rich.console import Console

from app.cli.context import Context, json_option, show, table
from app.domain.agreement import MONTHS, Agreement
from app.domain.sentences import number
from app.usecases.tickets.agreement import agreement as ask


@click.command()
@click.option("--months", type=click.IntRange(1, 120), default=MONTHS, show_default=True, help="the latest months with an end")
@json_option
@click.pass_obj
def agreement(context: Context, months: int, as_document: bool) -> None:
    """Suggested against final priority of incidents that ended, by month, and what disagreement may have cost at most."""
    answer = ask(context.forestay, months)
    show(answer, as_document, lambda console: _print(console, answer))


def _print(console: Console, answer: Agreement) -> None:
    def share(value: float | None) -> str:
        return "unknown" if value is None else f"{value:.0%}"

    rows = [
        (
            row.month or "all", row.tickets, row.compared, row.agreed, share(row.share), row.people_more_urgent,
            row.people_less_urgent, row.overtaken, "unknown" if row.cost is None else number(row.cost),
            f"{share(row.precision)} of {row.predicted}", f"{share(row.recall)} of {row.named}",
        )
        for row in (*answer.months, answer.whole)
    ]  # fmt: skip
    heads = ["month", "incidents", "compared", "agreed", "share", "more urgent", "less urgent", "overtaken",
             f"cost up to, {answer.currency}", "precision", "recall"]  # fmt: skip
    table(console, "Suggested and final priority", heads, rows, right=range(1, 11))
    console.print(answer.sentence, markup=False)


COMMANDS = (agreement,)
