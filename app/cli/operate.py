"""forestay serve, work, health, config, openapi, warm-up: running the service."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from types import FrameType

import click

from app.cli.context import Context, json_option, show, table
from app.usecases.health import health as state_of
from app.usecases.keep.plan import plans

NICENESS = 10  # of a runner: answers come first
JOIN_SECONDS = 5.0  # for the schedule to let go of its lease
SWITCH_SECONDS = (
    0.001  # how long a thread of the web process computes while another waits; the usual 5 ms are felt when ten of them do
)
STOP_SECONDS = 5.0  # what a runner does in hand is safe to kill: another takes the job up when its lease runs out


@click.command()
@click.option("--host")
@click.option("--port", type=click.IntRange(0, 65535))
@click.option("--no-runner", is_flag=True, help="start no runner beside the web process: there is one already")
@click.pass_obj
def serve(context: Context, host: str | None, port: int | None, no_runner: bool) -> None:
    """Serve the page and the API, with one runner for jobs and schedule beside it."""
    serve_forever(context, host, port, no_runner)


def serve_forever(context: Context, host: str | None = None, port: int | None = None, no_runner: bool = False) -> None:
    """Prints the link, then serves until SIGINT or SIGTERM; answers under way are finished."""
    from dataclasses import replace

    from app.api.away import keep_known
    from app.cli.web_server import server_of
    from app.settings import check_exposure
    from app.usecases.compiling import never_compile_in_requests
    from app.usecases.keep.served import note_served
    from app.wsgi import create_app, lane_of

    settings = context.settings
    web = replace(settings.web, host=host or settings.web.host, port=settings.web.port if port is None else port)
    settings = replace(settings, web=web)
    check_exposure(settings)
    lane = lane_of(settings, context.arguments())
    app = create_app(settings, context.served, lane)
    keep_known(context.served)
    sys.setswitchinterval(SWITCH_SECONDS)
    waiting = lane.limits.processes + lane.limits.waiting if lane else 0  # threads that wait for the lane hold no other up
    server = server_of(app, web, waiting)
    runner = (
        None
        if no_runner
        else subprocess.Popen([sys.executable, "-m", "app", *context.arguments(), "work"], stdin=subprocess.DEVNULL)
    )
    if lane is not None:
        lane.begin()
    never_compile_in_requests(context.compiler)
    if not no_runner:
        context.compiler.start()
    bound = getattr(server, "effective_port", web.port)
    shown = f"[{web.host}]" if ":" in web.host else web.host
    note_served(context.served.documents, f"http://{shown}:{bound}", datetime.now(UTC).isoformat())
    click.echo(f"Forestay is at http://{shown}:{bound}/")
    sys.stdout.flush()

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    try:
        server.run()
    except (KeyboardInterrupt, SystemExit):
        pass
    finally:
        if runner is not None:
            runner.terminate()
        if lane is not None:
            lane.close()
        server.close()
        context.compiler.stop()
        if runner is not None:
            try:
                runner.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                runner.kill()


@click.command()
@click.pass_obj
def answer(context: Context) -> None:
    """Answer heavy questions for a web process, which starts it; not for people."""
    import os

    from app.api.answering import answer_forever
    from app.usecases.compiling import Beside, never_compile_in_requests
    from app.wsgi import create_app

    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what anything prints goes beside the answers, not between them
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # it ends with its web process
    never_compile_in_requests(Beside(context.arguments()))
    app = create_app(context.settings, context.beside)
    answer_forever(app, context.settings.web.heavy_memory_bytes, sys.stdin.buffer, answers)


@click.command()
@click.option("--no-schedule", is_flag=True, help="do jobs only; fire no schedule")
@click.pass_obj
def work(context: Context, no_schedule: bool) -> None:
    """The runner: takes jobs (syncs, assessments), fires the schedule and serves the ticket systems, until it is stopped."""
    from app.api.answering import step_back
    from app.jobs.readings import keep_readings
    from app.jobs.relay import keep_relays
    from app.jobs.runner import run_forever
    from app.jobs.schedule import keep_schedule
    from app.logs import log_plainly

    log_plainly()
    step_back(NICENESS)
    stop = _set_when_stopped()
    forestay = context.served
    schedule = threading.Thread(target=keep_schedule, args=(forestay, stop), daemon=True)
    relays = threading.Thread(target=keep_relays, args=(forestay, stop), daemon=True)
    relays.start()
    readings = threading.Thread(target=keep_readings, args=(forestay, stop), daemon=True)
    readings.start()
    if not no_schedule:
        schedule.start()
    try:
        run_forever(forestay, stop)
    finally:
        stop.set()
        relays.join(JOIN_SECONDS)  # the store is closed afterwards
        readings.join(JOIN_SECONDS)
        if not no_schedule:
            schedule.join(JOIN_SECONDS)


@click.command()
@click.option(
    "--jitter", type=click.IntRange(0, 3600), default=0, show_default=True, help="start runs up to so many seconds late"
)
@click.pass_obj
def scheduler(context: Context, jitter: int) -> None:
    """Fire the schedule and nothing else, until stopped: for one process of its own beside `forestay work --no-schedule`. A
    second one stands by."""
    from app.jobs.schedule import keep_schedule
    from app.logs import log_plainly

    log_plainly()
    keep_schedule(context.served, _set_when_stopped(), jitter)


def _set_when_stopped() -> threading.Event:
    """Returns an event that SIGTERM or SIGINT sets."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


@click.command()
@json_option
@click.pass_obj
def schedule(context: Context, as_document: bool) -> None:
    """Which source is due when, what was missed, and which one rests after failures."""
    planned = plans(context.forestay.documents)
    rows = [(p.source, p.schedule, p.problem or p.next_at, p.resting_until, p.failures, p.missed, p.held_back) for p in planned]
    columns = ["source", "schedule", "next", "rests until", "failed in a row", "missed", "held back"]
    show(planned, as_document, lambda console: table(console, "", columns, rows))


@click.command()
@json_option
@click.pass_obj
def health(context: Context, as_document: bool) -> None:
    """Store, revision, age of each source, open jobs."""
    now = state_of(context.forestay)
    rows = [(s.name, s.kind, s.state, "" if s.age_seconds is None else f"{s.age_seconds / 3600:.1f} h") for s in now.sources]
    title = f"{now.status}: revision {now.revision} of {now.revision_at[:19]}, {now.jobs_open} open jobs"
    show(now, as_document, lambda console: table(console, title, ["source", "kind", "state", "age"], rows))


@click.group()
def config() -> None:
    """Settings."""


@config.command("check")
@json_option
@click.pass_obj
def config_check(context: Context, as_document: bool) -> None:
    """Every setting with its value, origin, unit and meaning; secrets are masked."""
    from app.settings import check_exposure, described

    settings = context.settings
    rows = described(settings)
    cells = [(r["name"], r["value"], r["origin"], r["unit"], r["help"]) for r in rows]
    show(rows, as_document, lambda console: table(console, "", ["setting", "value", "from", "unit", "meaning"], cells))
    check_exposure(settings)


@click.command()
@click.pass_obj
def openapi(context: Context) -> None:
    """Print the API's OpenAPI 3.1 document."""
    from app.wsgi import create_app

    app = create_app(context.settings, context.forestay)
    api = app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
    click.echo(json.dumps(api.document(), indent=2, sort_keys=True))


@click.command("warm-up")
@click.option("--processes", type=click.IntRange(1, 64), help="that compile side by side (default: one a core, at most 4)")
@click.pass_obj
def warm_up(context: Context, processes: int | None) -> None:
    """Compile the kernels that this machine has not compiled yet, so that no answer waits for them."""
    from app.cli.compiling import tell
    from app.risk.jit.catalogue import compile_all

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # ends the processes that compile
    seconds = compile_all(tell(), processes=processes)
    click.echo(f"kernels compiled in {seconds:.1f} s")


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands and options in a shell.

    For bash: forestay completion bash > ~/.local/share/bash-completion/completions/forestay
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None  # click knows the three of the choice
    click.echo(kind(ctx.find_root().command, {}, "forestay", "_FORESTAY_COMPLETE").source())


COMMANDS = (completion, serve, answer, work, scheduler, schedule, health, config, openapi, warm_up)
