"""forestay conway: loss and the borders between teams."""

from __future__ import annotations

from datetime import datetime

import click
from rich.console import Console

from app.cli.common import limit_option
from app.cli.context import Context, json_option, show, table, when
from app.domain.sentences import number
from app.usecases.answers.conway import POINTS
from app.usecases.answers.conway import conway as ask


@click.command()
@click.option("--trend", type=click.IntRange(1, 12), default=POINTS, show_default=True, help="revisions, this one among them")
@limit_option
@when
@json_option
@click.pass_obj
def conway(context: Context, trend: int, limit: int, revision: int | None, as_of: datetime | None, as_document: bool) -> None:
    """The share of loss that crosses borders between teams, and its hand-overs."""
    answer = ask(context.forestay, limit, trend, revision, as_of)

    def human(console: Console) -> None:
        console.print(answer.sentence)
        rows = [(row.provider_team, row.dependent_team, number(row.loss), f"{row.share:.1%}") for row in answer.borders]
        table(console, "borders", ["from team", "to team", answer.measure, "share"], rows, right=(2, 3))
        paths = [(p.ci_name, p.service_name, " → ".join(p.teams), number(p.loss)) for p in answer.paths]
        table(console, "paths", ["CI", "service", "teams", answer.measure], paths, right=(3,))
        points = [
            (p.revision, p.revision_at[:16], *("" if v is None else f"{v:.2f}" for v in (p.crossing_share, p.mean_hand_overs)))
            for p in answer.trend
        ]
        table(console, "trend", ["revision", "at", "crossing share", "hand-overs"], points, right=(0, 2, 3))

    show(answer, as_document, human)


COMMANDS = (conway,)
