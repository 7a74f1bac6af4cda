"""Pages of a report as HTML that needs nothing but the style sheet beside it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.domain.texts import shown
from app.reports.board_page import Page
from app.reports.sheet_page import SheetPage

TEMPLATES = Path(__file__).parent / "templates"
STYLE = "report.css"


def _apart(value: Any) -> Any:
    """Returns a text with what would turn the direction of others written out; markup as it is."""
    return shown(value) if type(value) is str else value


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, finalize=_apart, trim_blocks=True
    )


def board_html(
    page: Page, sheets: Sequence[tuple[str, str]] = (), files: Sequence[tuple[str, str]] = (), style: str = STYLE
) -> str:
    """Returns the board page; `sheets`: file and name of each service's sheet, `files`: file and text of what lies beside it."""
    template = _environment().get_template("board.html")
    return template.render(page=page, sheets=sheets, files=files, footer=page.footer, style=style)


def sheet_html(sheet: SheetPage, footer: str) -> str:
    """Returns the sheet of one service, for a folder below the board page."""
    return _environment().get_template("service.html").render(sheet=sheet, footer=footer, style=f"../{STYLE}")


def style_sheet() -> str:
    """Returns the style sheet of all pages."""
    return (TEMPLATES / STYLE).read_text("utf-8")
