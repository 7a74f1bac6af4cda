"""forestay promote, backup, restore, prune, doctor: care of the store."""

from __future__ import annotations

from pathlib import Path

import click

from app.bootstrap import open_store
from app.cli.context import CALLER, Context, json_option, show, table
from app.domain.errors import ForestayError
from app.ports.documents import Documents
from app.usecases.backup import backup as make_backup
from app.usecases.backup import restore as fill_from
from app.usecases.doctor import examine, repair, unopened
from app.usecases.keep import audit
from app.usecases.promote import promote as copy_history


def _say(line: str) -> None:
    click.echo(line, err=True)


@click.command()
@click.option("--to", "target_url", required=True, help="an empty store: neo4j://host:7687, bolt://host:7687 or sqlite:PATH")
@json_option
@click.pass_obj
def promote(context: Context, target_url: str, as_document: bool) -> None:
    """Copy the whole history into another, empty store and prove that both are equal."""
    forestay = context.forestay
    audit.record(forestay.documents, CALLER, "promotion begun", target_url)
    target = open_store(target_url, context.settings)
    try:
        report = copy_history(forestay.store, forestay.documents, target, target, _say)
    finally:
        target.close()
    audit.record(forestay.documents, CALLER, "promoted", target_url, {"revisions": report.revisions})
    text = (
        f"{report.revisions} revisions, {sum(report.rows.values()):,} rows and {report.documents:,} documents copied; "
        f"{report.digests} digests compared and equal"
    )
    show(report, as_document, lambda console: console.print(text))


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
@click.pass_obj
def backup(context: Context, file: Path, as_document: bool) -> None:
    """Write a verified backup of the store to one SQLite file."""
    forestay = context.forestay
    report = make_backup(forestay.store, file, lambda path: open_store(f"sqlite:{path}", context.settings), _say)
    audit.record(forestay.documents, CALLER, "backup", file.name, {"revision": report.revision})
    show(
        report,
        as_document,
        lambda console: console.print(
            f"revision {report.revision} and {report.documents:,} documents in {report.path}, verified"
        ),
    )


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--despite-audit", is_flag=True, help="restore a backup whose audit trail is not whole")
@json_option
@click.pass_obj
def restore(context: Context, file: Path, despite_audit: bool, as_document: bool) -> None:
    """Fill an empty store from a backup and verify it."""
    forestay = context.forestay

    def leave_word(documents: Documents) -> None:
        audit.record(documents, CALLER, "restored", file.name)

    report = fill_from(
        file, forestay.store, lambda path: open_store(f"sqlite:{path}", context.settings), _say, despite_audit, leave_word
    )
    show(
        report,
        as_document,
        lambda console: console.print(f"{report.revisions} revisions restored, {report.digests} digests equal"),
    )


@click.command()
@click.option("--before", type=click.IntRange(1), required=True, help="forget rows that ended at or before this revision")
@click.pass_obj
def prune(context: Context, before: int) -> None:
    """Forget old history: questions about revisions before it can no longer be answered."""
    forestay = context.forestay
    gone = forestay.store.prune(before)
    audit.record(forestay.documents, CALLER, "pruned", str(before), {"rows": gone})
    click.echo(f"{gone:,} rows forgotten")


@click.command()
@click.option("--repair", "mend", is_flag=True, help="mend what needs no decision: dead writers and runs, permissions, cache")
@json_option
@click.pass_obj
def doctor(context: Context, mend: bool, as_document: bool) -> None:
    """Name faults and their cure."""
    try:
        forestay = context.forestay
    except ForestayError as error:
        findings = [unopened(error)]
    else:
        for line in repair(forestay) if mend else []:
            _say(line)
        findings = examine(forestay)
    rows = [(f.severity, f.what, f.cure) for f in findings]
    show(findings, as_document, lambda console: table(console, "" if rows else "nothing is wrong", ["", "found", "cure"], rows))
    if any(f.severity == "fault" for f in findings):
        raise SystemExit(1)


COMMANDS = (promote, backup, restore, prune, doctor)
