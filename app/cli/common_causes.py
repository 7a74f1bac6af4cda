"""forestay common-causes: the single things by which redundant groups hang."""

from __future__ import annotations

from datetime import datetime

import click
from rich.console import Console

from app.cli.common import after_option, limit_option
from app.cli.context import Context, json_option, show, table, when
from app.domain.common_causes import CAUSE_KINDS
from app.usecases.answers.common_causes import common_causes as ask


@click.command("common-causes")
@click.option("--kind", type=click.Choice(list(CAUSE_KINDS)), help="of this kind alone")
@limit_option
@after_option
@when
@json_option
@click.pass_obj
def common_causes(
    context: Context, kind: str | None, limit: int, after: str | None, revision: int | None, as_of: datetime | None,
    as_document: bool,
) -> None:  # fmt: skip
    """Hidden common causes: the single things by which redundant groups hang."""
    answer = ask(context.forestay, limit, after, kind, revision, as_of)

    def human(console: Console) -> None:
        console.print(answer.sentence)
        rows = [
            (one.kind, one.name, one.dependent_name, f"{len(one.members)} of {one.of}, {one.needed} needed", one.services)
            for one in answer.items
        ]
        table(console, "", ["kind", "shared", "group of", "members", "services that stop"], rows, right=(4,))
        if answer.unsaid:
            told = ", ".join(f"{kind} {number:,}" for kind, number in answer.unsaid.items())
            console.print(f"groups of which nothing is said: {told}")
        if answer.next:
            console.print(f"the next: --after {answer.next}")

    show(answer, as_document, human)


COMMANDS = (common_causes,)
