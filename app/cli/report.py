"""forestay report: reports as files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from app.cli.context import Context, json_option, listener, show, when
from app.domain.errors import InvalidInput
from app.usecases.estate import resolve_revision


@click.command()
@click.argument("kind", type=click.Choice(["board", "workbook", "table", "pack"]))
@click.option("--table", "table_name", default="", help="which table, for the kind table; `forestay report table` lists them")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="default: a name with kind and revision")
@click.option("--force", is_flag=True, help="write over a file that is there")
@when
@json_option
@click.pass_obj
def report(
    context: Context,
    /,
    kind: str,
    table_name: str,
    output: Path | None,
    force: bool,
    revision: int | None,
    as_of: datetime | None,
    as_document: bool,
) -> None:
    """Write a report to a file: board page, workbook, one table, or an offline pack."""
    from app.usecases.reports.make import KINDS, ReportRequest, write_report
    from app.usecases.reports.tables import TABLES

    if kind == "table" and not table_name:
        raise InvalidInput("--table: one of " + ", ".join(f"{name} ({title})" for name, title in TABLES.items()), field="table")
    forestay = context.forestay
    at = resolve_revision(forestay.store, revision, as_of).revision
    path = output or Path(f"forestay-{table_name or kind}-revision-{at}{KINDS[kind].ending}")
    if path.exists() and not force:
        raise InvalidInput(f"{path} is there; --force writes over it", field="output")
    part = path.with_name(f".{path.name}.part")
    try:
        of, rows = write_report(forestay, ReportRequest(kind, table_name, at), part, listener(as_document))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    said = ", ".join(f"{name} {count:,}" for name, count in rows.items())
    written = {"file": str(path), "kind": kind, "revision": of, "bytes": path.stat().st_size, "rows": dict(rows)}
    show(written, as_document, lambda console: console.print(f"Wrote {path}: revision {of}; rows: {said}", highlight=False))


COMMANDS = (report,)
