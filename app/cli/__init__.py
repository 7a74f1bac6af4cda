"""The command line: the same verbs as the API; `--json` prints the API's document.

Exit codes: 0 done · 1 refused, failed, or a source read in part (a sentence says why) · 2 wrong usage · 3 held by the deletion
guard · 4 ambiguous · 5 not found (the table stands in docs/operating.md, and below `--help`).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from app import __version__
from app.cli.commands import LazyGroup
from app.cli.context import Context
from app.domain.errors import Ambiguous, ForestayError, HeldForApproval, NotFound

EXIT_CODES = """Exit codes: 0 done · 1 refused, failed, or a source read in part · 2 wrong usage · 3 held for approval ·
4 ambiguous, with the candidates · 5 not found."""


class Forgiving(LazyGroup):
    """The outermost door: an error of ours is a sentence and an exit code, not a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Ambiguous as error:
            click.echo(f"forestay: {error.message}", err=True)
            for key in error.candidates:
                click.echo(f"  {key}", err=True)
            sys.exit(4)
        except NotFound as error:
            click.echo(f"forestay: {error.message}", err=True)
            sys.exit(5)
        except HeldForApproval as error:
            click.echo(f"forestay: {error.message}", err=True)
            sys.exit(3)
        except ForestayError as error:
            click.echo(f"forestay: {error.message}", err=True)
            sys.exit(1)


@click.group(cls=Forgiving, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120}, epilog=EXIT_CODES)
@click.version_option(__version__, prog_name="forestay")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="configuration file (default: forestay.toml, if it is there)",
)
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="data folder (default: var)")
@click.pass_context
def main(ctx: click.Context, config: Path | None, data: Path | None) -> None:
    """Business continuity risk on the CMDB you have: ranked problem areas and what-if outages."""
    os.umask(0o077)  # what is written is a map of single points of failure: its owner's alone
    ctx.obj = Context(config, data)
    ctx.call_on_close(ctx.obj.close)
