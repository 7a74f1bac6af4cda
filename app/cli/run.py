"""forestay run: the main job in one command.

It says what it does before it imports what it needs for that, which takes seconds on a busy machine.
"""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.context import CALLER, Context, listener

if TYPE_CHECKING:
    from rich.console import Console

    from app.bootstrap import Forestay
    from app.domain.records import SyncReport
    from app.domain.results import AreaPage

TOP = 12
SET_UP = 3  # revision of the example that has all its sources as they were when the service was set up


@click.command()
@click.option(
    "--csv",
    "csv_folder",
    type=click.Path(path_type=Path, exists=True),
    help="your own data: a folder of CSV files, or an Excel workbook",
)
@click.option("--json", "json_file", type=click.Path(path_type=Path, exists=True), help="your own data: a neutral JSON document")
@click.option("--seed", type=int, default=7, show_default=True, help="of the example estate")
@click.option("--port", type=click.IntRange(0, 65535), help="default: that of the settings, or a free one when it is taken")
@click.option("--no-serve", is_flag=True, help="stop after the ranking")
@click.pass_obj
def run(context: Context, csv_folder: Path | None, json_file: Path | None, seed: int, port: int | None, no_serve: bool) -> None:
    """Import, assess, rank, serve: an example estate, or your own data with --csv or --json."""
    data = context.settings.data_folder
    if csv_folder or json_file:
        click.echo(f"importing {' and '.join(str(path) for path in (csv_folder, json_file) if path)} into {data} ...")
    else:
        click.echo(f"building the example estate (an online retailer, seed {seed}) in {data / 'example'} ...")

    from rich.console import Console

    from app.cli.operate import serve_forever
    from app.cli.syncs import check_whole
    from app.usecases.answers.ranking import area_page
    from app.usecases.assess import assess
    from app.usecases.proposals.look import look_for_proposals

    console = Console(highlight=False, soft_wrap=True)
    forestay = context.forestay
    if csv_folder or json_file:
        given = [("own-csv", "csv", csv_folder), ("own-json", "json", json_file)]
        places = [(name, kind, str(path)) for name, kind, path in given if path]
    else:
        places = _example(forestay, data / "example", seed)
    started = time.perf_counter()
    reports = [_import(forestay, console, name, kind, location) for name, kind, location in places]
    for report in reports[:-1]:  # the first question about an earlier revision finds its ranking
        assess(forestay, report.revision, listener(False))
    example = not (csv_folder or json_file)
    if example:
        _set_goals(forestay)
        if no_serve:
            _hand_in_tests(forestay, data / "example")
            _hand_in_improvements(forestay, data / "example")
            look_for_proposals(forestay)
    row = assess(forestay, None, listener(False))
    console.print(
        f"\nassessed {row.cis:,} CIs, {row.dependencies:,} dependencies, {row.groups:,} redundancy groups and {row.services:,} "
        f"services in {time.perf_counter() - started:.1f} s, imports included\n"
    )
    page = area_page(forestay, "ci", TOP, None, row.revision, None)
    _print_top(console, page)
    if no_serve:  # the service makes it otherwise
        forestay.searches.make_ready(forestay.store.current())
        for report in reports:
            check_whole(report)
        return
    if example:  # to weigh them takes longer than all the rest while kernels are being compiled: the runner does it
        _let_be_handed_in(forestay, data / "example")
    serve_forever(context, port=_free(context, port))


def _example(forestay: Forestay, folder: Path, seed: int) -> list[tuple[str, str, str]]:
    """Writes the example's sources; returns name, kind and place of each in the order of their imports: the CMDB as it was when
    the service was set up, the others, and the CMDB as it is. A second run has the first of these already."""
    from app.demo import retailer
    from app.usecases.keep.sources import find_source

    estate = retailer.build(seed)
    kinds = {"cmdb": "csv", "datacentre": "json", "tracing": "callgraph"}
    places = [(name, kinds[name], str(path)) for name, path in retailer.write(estate, folder).items()]
    if find_source(forestay.documents, "cmdb") is not None:
        return places
    cmdb, *others = places
    return [("cmdb", "csv", str(retailer.write_as_set_up(estate, folder / "as-set-up"))), *others, cmdb]


def _set_goals(forestay: Forestay) -> None:
    """Sets how the example's availability goals are judged, and its goals for the time to repair."""
    from app.demo import retailer
    from app.domain.goals import AVAILABILITY, TIME_TO_REPAIR, Goal, Terms
    from app.usecases.goals.set_goals import set_goal

    year = Terms("365d")
    for key in retailer.TARGETS:
        set_goal(forestay, key, Goal(AVAILABILITY, None, year, reason="agreed with the business"), CALLER)
    for key, (hours, why) in retailer.REPAIR_GOALS.items():
        set_goal(forestay, key, Goal(TIME_TO_REPAIR, hours, year, reason=why), CALLER)


def _import(forestay: Forestay, console: Console, name: str, kind: str, location: str) -> SyncReport:
    from app.cli.syncs import print_report
    from app.usecases.keep import sources as keep
    from app.usecases.run_sync import SyncRequest, run_sync

    if keep.find_source(forestay.documents, name) is None:
        keep.add_source(forestay.documents, name, kind, location)
    else:
        keep.update_source(forestay.documents, name, location=location)
    report = run_sync(forestay, SyncRequest(name, apply=True, complete=True, caller=CALLER), listener(False))
    print_report(console, report)
    return report


def _hand_in_tests(forestay: Forestay, folder: Path) -> None:
    """Hands in what the example's people tested, once: a second run has the file already."""
    from app.demo.stability_tests import write
    from app.usecases.stability_tests.add import KeptAlready, SaidOfTest, add_tests

    file = write(folder)
    with suppress(KeptAlready):
        add_tests(forestay, SaidOfTest(), file.name, file.read_bytes(), CALLER, "cli")


def _hand_in_improvements(forestay: Forestay, folder: Path) -> None:
    """Hands in the example's improvements and accepted risks, which began when it was set up."""
    from app.demo.history import write
    from app.usecases.improvements.hand_in import hand_in

    hand_in(forestay, write(folder).read_text("utf-8"), SET_UP, CALLER)


def _let_be_handed_in(forestay: Forestay, folder: Path) -> None:
    """Queues what `_hand_in_tests` and `_hand_in_improvements` do, and a look for proposals: for the runner."""
    from app.demo import history, stability_tests
    from app.usecases.keep import runs

    tests, improvements = stability_tests.write(folder), history.write(folder)
    said = {"text": improvements.read_text("utf-8"), "revision": SET_UP}
    runs.enqueue(forestay.documents, "improvements", said, CALLER)
    runs.enqueue(forestay.documents, "propose", {}, CALLER)
    runs.enqueue(forestay.documents, "tests", {"file": tests.name, "text": tests.read_text("utf-8")}, CALLER)


def _print_top(console: Console, page: AreaPage) -> None:
    from app.cli.areas import print_areas
    from app.domain.results import MEASURES

    console.print(
        f"[bold]The ropes that customers hang on[/bold] (by {MEASURES[page.measure]}; rates nobody gave are assumed by class "
        "and marked)\n"
    )
    print_areas(console, page)
    console.print()


def _free(context: Context, port: int | None) -> int:
    """Returns the port that was given; without one, that of the settings, or any free one when another program holds it."""
    if port is not None:
        return port
    web = context.settings.web
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((web.host, web.port))
        except OSError:
            return 0
    return web.port


COMMANDS = (run,)
