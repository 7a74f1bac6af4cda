"""forestay replay: the model against the incidents on record."""

from __future__ import annotations

from datetime import datetime

import click
from rich.console import Console

from app.cli.common import after_option, limit_option
from app.cli.context import Context, json_option, show, table, when
from app.usecases.answers.replay import replay as replay_of


@click.command()
@limit_option
@after_option
@when
@json_option
@click.pass_obj
def replay(
    context: Context, limit: int, after: str | None, revision: int | None, as_of: datetime | None, as_document: bool
) -> None:
    """Replay the incidents on record: services predicted from their root causes, against the services recorded."""
    answer = replay_of(context.forestay, limit, after, revision, as_of)

    def human(console: Console) -> None:
        console.print(answer.sentence)
        console.print(
            f"  {answer.incidents:,} incidents in {answer.episodes_total:,} episodes; {answer.predicted:,} services predicted, "
            f"{answer.recorded:,} recorded, {answer.right:,} both; {answer.recorded_elsewhen:,} recorded without a cause; "
            f"{answer.left_out:,} incidents left out"
        )
        rows = [
            (
                r.started_at[:16],
                ", ".join(r.cis[:3]),
                r.predicted,
                r.recorded,
                r.right,
                ", ".join(r.missed[:3]),
                ", ".join(r.surplus[:3]),
            )
            for r in answer.items
        ]
        heads = ["began", "root cause", "predicted", "recorded", "both", "missed", "surplus"]
        table(console, "", heads, rows)
        if answer.next:
            console.print(f"the next: --after {answer.next}")

    show(answer, as_document, human)


COMMANDS = (replay,)
