"""forestay sync, import, runs, approve."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import wraps
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from app.bootstrap import Forestay
from app.cli.changes import print_changes
from app.cli.common import settings_of
from app.cli.context import CALLER, Context, json_option, listener, show, table
from app.domain.errors import HeldForApproval, InvalidInput, SourceFailed
from app.domain.records import SyncReport
from app.domain.sentences import minute
from app.usecases.approve import approve as approve_run
from app.usecases.assess import assess
from app.usecases.changes.read import change_page
from app.usecases.keep import audit, sync_runs
from app.usecases.keep import sources as keep
from app.usecases.run_sync import SyncRequest, run_sync
from importers import registry

FIRST_LINES = 20
ENDED_LINES = 10
KINDS = click.Choice(list(registry.KINDS))


@dataclass(frozen=True, slots=True)
class SyncFlags:
    """The options that `sync` and `import` have in common."""

    dry_run: bool
    apply: bool
    approve: bool
    complete: bool
    full: bool
    no_assess: bool
    as_document: bool

    def request(self, source: str) -> SyncRequest:
        return SyncRequest(source, self.dry_run, self.apply, self.approve, complete=self.complete, full=self.full, caller=CALLER)


def sync_options(command: Any) -> Any:
    """The command with the options of a sync, which reach it as one argument, `flags`."""

    @wraps(command)
    def with_flags(*arguments: Any, **values: Any) -> Any:
        flags = SyncFlags(**{option.name: values.pop(option.name) for option in fields(SyncFlags)})
        return command(*arguments, flags=flags, **values)

    taking: Any = with_flags
    for option in (
        click.option("--dry-run", is_flag=True, help="say what would change; write nothing"),
        click.option("--approve", is_flag=True, help="let a run through that the deletion guard would hold"),
        click.option(
            "--apply", is_flag=True, help="write a new source's first run, which otherwise only shows what it would change"
        ),
        click.option("--complete", is_flag=True, help="you say the input is complete: what is missing is retired"),
        click.option("--full", is_flag=True, help="read everything, without the line difference"),
        click.option("--no-assess", is_flag=True, help="do not assess afterwards"),
        json_option,
    ):
        taking = option(taking)
    return taking


@click.command()
@click.argument("name")
@sync_options
@click.pass_obj
def sync(context: Context, name: str, flags: SyncFlags) -> None:
    """Read a source, reconcile, write a new revision, and assess it. The first run of a new source shows what it would change and
    waits."""
    _sync(context, name, flags)


@click.command("import")
@click.argument("kind", type=KINDS)
@click.argument("location", required=False)
@click.option("--name", help="name of the source (default: that of the kind, if it is new or reads this place)")
@click.option("--priority", type=click.IntRange(1))
@click.option("--set", "pairs", multiple=True, metavar="NAME=VALUE", help="a setting of this kind of source")
@click.option("--template", type=click.Path(path_type=Path), help="write an example here (a folder, or a file) and stop")
@sync_options
@click.pass_obj
def import_once(
    context: Context,
    kind: str,
    location: str | None,
    name: str | None,
    priority: int | None,
    pairs: tuple[str, ...],
    template: Path | None,
    flags: SyncFlags,
) -> None:
    """Register a source if it is new, and sync it: `forestay import csv my-folder`. Naming the file is the word to write: --apply
    is implied."""
    if template is not None:
        for written in registry.write_template(kind, template):
            click.echo(written)
        return
    if location is None:
        raise click.UsageError("LOCATION is missing: a folder, a file or a URL")
    forestay, settings = context.forestay, settings_of(pairs)
    named, name = bool(name), name or kind
    known = keep.find_source(forestay.documents, name)
    if known is None:
        forestay.open_source(keep.RegisteredSource(0, name, kind, location, 0, settings))
        with forestay.documents.together():
            keep.add_source(forestay.documents, name, kind, location, priority, settings)
            audit.record(forestay.documents, CALLER, "source added", name, {"kind": kind, "location": location})
    elif known.kind != kind:
        raise InvalidInput(f"source {name} is of kind {known.kind}; give another --name")
    elif not named and not _same_place(known.location, location):
        raise InvalidInput(
            f"there is a source {name} already, which is read from {known.location}: give this one a name of its own with "
            f"--name, or say --name {name} if {name} is to be read from {location} from now on",
            field="name",
        )
    else:
        keep.update_source(forestay.documents, name, location=location, **({"settings": settings} if settings else {}))
    _sync(context, name, replace(flags, apply=True))


def _same_place(a: str, b: str) -> bool:
    return a == b or ("://" not in a + b and Path(a).resolve() == Path(b).resolve())


def _sync(context: Context, source: str, flags: SyncFlags) -> None:
    forestay = context.forestay
    listen = listener(flags.as_document)
    report = run_sync(forestay, flags.request(source), listen)
    fresh = report.wrote and not flags.no_assess
    if fresh:
        assess(forestay, None, listen)
    show(report, flags.as_document, lambda console: _print_with_changes(console, forestay, report))
    if fresh:
        forestay.searches.make_ready(forestay.store.current())
    if report.state == "held":
        run = listed_run(forestay, report)
        raise HeldForApproval(
            "; ".join(report.held_because) + f"; look at it: forestay runs changes {run}; then write it: forestay approve {run}"
        )
    check_whole(report)


def check_whole(report: SyncReport) -> None:
    """SourceFailed, and with it an exit code, where some of a source could not be read."""
    if report.state == "partial":
        raise SourceFailed(
            f"{report.source} was read in part: {'; '.join(report.incomplete.values())}; what was known of that stays"
        )


def listed_run(forestay: Forestay, report: SyncReport) -> str:
    """The run whose list tells what this one would change."""
    return keep.get_source(forestay.documents, report.source).listed_run or report.run_id


def _print_with_changes(console: Console, forestay: Forestay, report: SyncReport) -> None:
    print_report(console, report)
    if report.state in ("held", "dry_run"):
        print_changes(console, change_page(forestay.documents, listed_run(forestay, report), 0, FIRST_LINES))


def print_report(console: Console, report: SyncReport) -> None:
    """The report as a person reads it: what was read and what became of it, what changed, what was refused and why."""
    console.print(
        f"[bold]{report.source}[/bold]: {report.state}, revision {report.base_revision} -> "
        f"{report.revision or report.base_revision} (run {report.run_id}, {report.path} read, {report.seconds:.1f} s)"
    )
    rows = [
        (
            kind,
            c.read,
            c.stored,
            c.unchanged,
            ", ".join(f"{n} {why}" for why, n in sorted(c.ignored.items())) or 0,
            c.duplicate,
            c.rejected,
            "yes" if c.closes() else "NO",
        )
        for kind, c in report.counts.items()
        if c.read
    ]
    if rows:
        table(
            console,
            "",
            ["records", "read", "stored", "unchanged", "ignored", "duplicate", "rejected", "closes"],
            rows,
            right=(1, 2, 3, 5, 6),
        )
    else:
        console.print("0 records: the input holds none")
    console.print(
        f"CIs +{report.created} ~{report.changed} -{report.retired}; dependencies +{report.dependencies_added} "
        f"~{report.dependencies_changed} -{report.dependencies_retired}; "
        f"{report.proof or 'completeness not proven: nothing is retired'}"
    )
    for rejected in report.rejected[:10]:
        advice = f"; {rejected.advice}" if rejected.advice else ""
        console.print(
            f"  {'left out of' if rejected.partly else 'rejected'} {rejected.kind} {rejected.key} ({rejected.where}, "
            f"{rejected.field}): {rejected.reason}{advice}"
        )
    if len(report.rejected) > 10:
        refused = max(len(report.rejected), sum(c.rejected + c.cells_lost for c in report.counts.values()))
        console.print(f"  and {refused - 10:,} more: forestay runs refused {report.run_id}")
    if report.ended:
        console.print(f"  dependencies of {report.source} that ended:", markup=False)
        for text in report.ended[:ENDED_LINES]:
            console.print(f"    {text}", markup=False)
        if report.dependencies_retired > ENDED_LINES:
            console.print(f"    and {report.dependencies_retired - ENDED_LINES:,} more")
    for text in (*report.warnings, *report.identity_conflicts[:10], *report.held_because):
        console.print(f"  {text}")
    if report.unknown_classes:
        names = ", ".join(f"{name} ({number})" for name, number in sorted(report.unknown_classes.items()))
        console.print(f"  classes nobody knows, taken as `other`: {names}")


@click.group("runs")
def runs_group() -> None:
    """Sync runs and what they refused."""


@runs_group.command("list")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@json_option
@click.pass_obj
def runs_list(context: Context, limit: int, as_document: bool) -> None:
    """Newest first."""
    reports = sync_runs.page_runs(context.forestay.documents, "", limit)
    rows = [
        (
            r.run_id,
            r.source,
            r.state,
            minute(r.started_at),
            r.revision,
            r.created,
            r.changed,
            r.retired,
            sum(c.rejected for c in r.counts.values()),
        )
        for r in reports
    ]
    columns = ["run", "source", "state", "started (UTC)", "revision", "created", "changed", "retired", "rejected"]
    show(reports, as_document, lambda console: table(console, "", columns, rows, right=(0, 4, 5, 6, 7, 8)))


@runs_group.command("show")
@click.argument("run_id")
@json_option
@click.pass_obj
def runs_show(context: Context, run_id: str, as_document: bool) -> None:
    """One run with its counts and refused records."""
    report = sync_runs.get_run(context.forestay.documents, run_id)
    show(report, as_document, lambda console: print_report(console, report))


@runs_group.command("refused")
@click.argument("run_id")
@click.option("--offset", type=click.IntRange(0), default=0)
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True)
@json_option
@click.pass_obj
def runs_refused(context: Context, run_id: str, offset: int, limit: int, as_document: bool) -> None:
    """What a run refused, with place, field, reason and advice: all of a source's newest run, the first 1,000 of earlier ones."""
    rows, total = sync_runs.page_rejected(context.forestay.documents, run_id, offset, limit)

    def written(console: Console) -> None:
        columns = ["record", "key", "where", "field", "reason", "what to do"]
        table(console, "", columns, [(r.kind, r.key, r.where, r.field, r.reason, r.advice) for r in rows])
        console.print(f"{len(rows):,} of {total:,} from {offset:,} on")

    show(rows, as_document, written)


@runs_group.command("changes")
@click.argument("run_id")
@click.option("--offset", type=click.IntRange(0), default=0)
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@json_option
@click.pass_obj
def runs_changes(context: Context, run_id: str, offset: int, limit: int, as_document: bool) -> None:
    """What a run that stopped before it wrote would change: totals, what would go with whom, and the lines."""
    page = change_page(context.forestay.documents, run_id, offset, limit)
    show(page, as_document, lambda console: print_changes(console, page))


@click.command()
@click.argument("run_id")
@click.option("--no-assess", is_flag=True, help="do not assess afterwards")
@json_option
@click.pass_obj
def approve(context: Context, run_id: str, no_assess: bool, as_document: bool) -> None:
    """Write what a held run showed; refused where the source or the estate has changed since."""
    forestay = context.forestay
    listen = listener(as_document)
    report = approve_run(forestay, run_id, CALLER, None, listen)
    fresh = report.wrote and not no_assess
    if fresh:
        assess(forestay, None, listen)
    show(report, as_document, lambda console: print_report(console, report))
    if fresh:
        forestay.searches.make_ready(forestay.store.current())
    check_whole(report)


COMMANDS = (sync, import_once, runs_group, approve)
