"""What every command needs: settings and the service, opened when first needed, and the ways in which answers are printed.

`forestay --help` imports this module, so what is heavy is imported where it is used.
"""

from __future__ import annotations

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
        from app.cli.compiling import tell
        from app.usecases.compiling import keep_kernels_in, wait_for_kernels

        keep_kernels_in(self.settings.cache_folder / "kernels")
        wait_for_kernels(tell(), self.compiler)
        return assemble_service(self.settings)

    @cached_property
    def beside(self) -> Forestay:
        """Returns the service as a process beside a web process opens it, whether or not the store answers."""
        from app.bootstrap import assemble_beside
        from app.usecases.compiling import keep_kernels_in

        keep_kernels_in(self.settings.cache_folder / "kernels")
        return assemble_beside(self.settings)

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
        if "forestay" in self.__dict__:
            self.forestay.close()


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

        web = context.obj.settings.web
        click.echo(as_text(result, web.public_url or f"http://{web.host}:{web.port}"), nl=False)
        return
    out = console()
    human(out)
    stamp = getattr(result, "stamp", None)
    for text in (*getattr(result, "notes", ()), *(stamp.warnings if stamp is not None else ())):
        out.print(f"- {text}", markup=False)


def console() -> Console:
    """Returns the console for people; controls that turn the direction of writing are written out."""
    from rich.console import Console

    class Plain(Console):
        def print(self, *objects: Any, **options: Any) -> None:
            super().print(*(shown(part) if isinstance(part, str) else part for part in objects), **options)

    return Plain(highlight=False, soft_wrap=True)


def table(
    console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[int] = ()
) -> None:
    from rich.table import Table

    grid = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for index, name in enumerate(columns):
        grid.add_column(name, justify="right" if index in right else "left", overflow="fold")
    for row in rows:
        grid.add_row(*("" if cell is None else shown(str(cell)) for cell in row))
    console.print(grid)


def listener(quiet: bool) -> Listener:
    """Returns a listener that prints steps on standard error: one line each, rewritten on a terminal."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    last = [""]

    def listen(step: str, share: float) -> None:
        if quiet or step == last[0]:
            return
        last[0] = step
        text = f"{step} {share:.0%}" if share else step
        console.print(text, end="\r" if console.is_terminal else "\n")

    return listen
