"""What every command needs: settings and the service, opened when first needed, and the ways in which answers are printed.

`forestay --help` imports this module, so what is heavy is imported where it is used.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from app.domain.texts import shown

if TYPE_CHECKING:
    from rich.console import Console

    from app.bootstrap import Forestay
    from app.settings import Settings
    from app.usecases.compiling import Beside
    from app.usecases.operation_progress import Listener

Command = TypeVar("Command", bound=Callable[..., Any])
CALLER = "command line"
FOLDED = 20  # signs below which no column of a table is folded
UNBOUNDED = 10_000  # width of what no person reads
TEXT = "forestay.text"  # in the meta of a command: whether --text was given


class Context:
    def __init__(self, config: Path | None, data: Path | None) -> None:
        self._config, self._data = config, data

    @cached_property
    def settings(self) -> Settings:
        from app.settings import load_settings

        return load_settings(self._config, data_folder=self._data)

    @cached_property
    def forestay(self) -> Forestay:
        from app.bootstrap import assemble_service

        self._wait_for_kernels()
        return assemble_service(self.settings)

    @cached_property
    def served(self) -> Forestay:
        """Returns the service as a process that serves opens it: it starts without the store, says so, and goes on with it once
        it is there."""
        if "forestay" in self.__dict__:
            return self.forestay
        from app.bootstrap import assemble_to_serve

        self._wait_for_kernels()
        forestay, why = assemble_to_serve(self.settings)
        if why:
            click.echo(
                f"The store does not answer: {why}. It is tried again every second; what was kept of it answers.", err=True
            )
        return forestay

    @cached_property
    def beside(self) -> Forestay:
        """Returns the service as a process beside a web process opens it, whether or not the store answers."""
        from app.bootstrap import assemble_beside
        from app.usecases.compiling import keep_kernels_in

        keep_kernels_in(self.settings.cache_folder / "kernels")
        return assemble_beside(self.settings)

    def _wait_for_kernels(self) -> None:
        from app.cli.compiling import tell
        from app.usecases.compiling import keep_kernels_in, wait_for_kernels

        keep_kernels_in(self.settings.cache_folder / "kernels")
        wait_for_kernels(tell(), self.compiler)

    @cached_property
    def compiler(self) -> Beside:
        """Returns the process that compiles kernels beside this one; it starts when it is first needed."""
        from app.usecases.compiling import Beside

        return Beside(self.arguments())

    def arguments(self) -> list[str]:
        """Returns the options with which a process beside this one is started, so that it serves the same estate."""
        chosen = ["--config", str(self._config)] if self._config else []
        return [*chosen, "--data", str(self.settings.data_folder)]

    def close(self) -> None:
        if "compiler" in self.__dict__:
            self.compiler.stop()
        opened = self.__dict__.get("served") or self.__dict__.get("forestay")
        if opened is not None:
            opened.close()


class Moment(click.ParamType[datetime]):
    """A date (which means its end, UTC) or a time with zone."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            text = str(value)
            moment = datetime.fromisoformat(text + "T23:59:59+00:00" if len(text) == 10 else text)
        except ValueError:
            self.fail(f"{value!r} is not a date like 2026-11-01 or a time like 2026-11-01T12:00:00Z", param, ctx)
        if moment.tzinfo is None:
            self.fail("a time needs a zone, for example Z", param, ctx)
        return moment


def when(command: Command) -> Command:
    """Adds --revision and --as-of, which name the state of the estate that is shown."""
    command = click.option("--as-of", type=Moment(), help="the state at this date or time")(command)
    return click.option("--revision", type=int, help="the state at this revision")(command)


def json_option(command: Command) -> Command:
    """Adds --json, and --text, which `show` heeds."""
    text = click.option(
        "--text", "as_text", is_flag=True, expose_value=False, callback=_note_text, help="print lines to paste into a chat"
    )
    return click.option("--json", "as_document", is_flag=True, help="print the API's document")(text(command))


def _note_text(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    ctx.meta[TEXT] = value


def show(result: Any, as_document: bool, human: Callable[[Console], None]) -> None:
    """Prints the document, plain lines (--text), or the text for people, with the warnings that the answer carries."""
    if as_document:
        from app.usecases.answers.documents import as_json

        click.echo(as_json(result, indent=2))
        return
    context = click.get_current_context()
    if context.meta.get(TEXT):
        from app.usecases.answers.plain_text import as_text
        from app.usecases.keep.served import base_url

        click.echo(as_text(result, base_url(context.obj.settings, context.obj.forestay.documents)), nl=False)
        return
    out = console()
    human(out)
    stamp = getattr(result, "stamp", None)
    for text in (*getattr(result, "notes", ()), *(stamp.warnings if stamp is not None else ())):
        out.print(f"- {text}", markup=False)


def console() -> Console:
    """Returns the console for people: as wide as the terminal, or as wide as it takes where a program reads it.

    Controls that turn the direction of writing are written out.
    """
    from rich.console import Console

    class Plain(Console):
        def print(self, *objects: Any, **options: Any) -> None:
            super().print(*(shown(part) if isinstance(part, str) else part for part in objects), **options)

    plain = Plain(highlight=False, soft_wrap=True)
    if not plain.is_terminal and "COLUMNS" not in os.environ:
        plain.width = UNBOUNDED
    return plain


def table(
    console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[int] = ()
) -> None:
    """Prints a table; where the terminal is too narrow for it, each row as lines of its own."""
    texts = [["" if cell is None else shown(str(cell)) for cell in row] for row in rows]
    if not _fits(columns, texts, console.width):
        _print_rows(console, title, columns, texts)
        return
    from rich.table import Table

    grid = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for index, name in enumerate(columns):
        grid.add_column(name, justify="right" if index in right else "left", overflow="fold")
    for row in texts:
        grid.add_row(*row)
    console.print(grid)


def _fits(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> bool:
    """Returns whether a table fits into a width when long texts are folded, but no word of 20 signs and no number is."""
    widths = [max([len(name), *(len(row[number]) for row in rows)]) for number, name in enumerate(columns)]
    return sum(min(size, FOLDED) for size in widths) + 2 * (len(columns) - 1) <= width


def _print_rows(console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.markup import escape

    console.print(title, markup=False, style="italic")
    for row in rows:
        name, *rest = zip(columns, row, strict=True)
        console.print(f"[bold]{escape(name[1] or '-')}[/bold]" + (f" [dim]({escape(name[0])})[/dim]" if name[0] else ""))
        for head, text in rest:
            if text:
                console.print(f"  {head}: {text}", markup=False)


def listener(quiet: bool) -> Listener:
    """Returns a listener that prints steps on standard error, one line each with the time it has left; rewritten on a
    terminal."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    told = Told()

    def listen(step: str, share: float) -> None:
        text = "" if quiet else told.next(step, share, time.monotonic(), console.is_terminal)
        if text:
            console.print(
                text.ljust(console.width - 1) if console.is_terminal else text, end="\r" if console.is_terminal else "\n"
            )

    return listen


class Told:
    """What was said of long work: each step once, then once a second how far it is and how long it takes from there."""

    def __init__(self) -> None:
        self._step, self._began, self._said = "", 0.0, 0.0

    def next(self, step: str, share: float, now: float, often: bool) -> str:
        """Returns what to say now, "" for nothing; `often`: also between the beginnings of steps.

        >>> told = Told()
        >>> told.next("sweep", 0.0, 0.0, True), told.next("sweep", 0.1, 0.5, True), told.next("sweep", 0.25, 5.0, True)
        ('sweep', '', 'sweep 25%, 15 s left')
        """
        if step != self._step:
            self._step, self._began, self._said = step, now, now
            return f"{step} {share:.0%}" if share else step
        if not often or now - self._said < 1.0 or not 0.0 < share < 1.0:
            return ""
        self._said = now
        left = (now - self._began) * (1.0 - share) / share
        return f"{step} {share:.0%}, {f'{left:.0f} s' if left < 120 else f'{left / 60:.0f} min'} left"
