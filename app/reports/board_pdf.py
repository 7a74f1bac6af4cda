"""The board page as a tagged PDF (PDF/UA-1), set by typst."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.domain.errors import InvalidInput
from app.domain.texts import shown
from app.reports.board_page import Page

TEMPLATE = Path(__file__).parent / "templates" / "board.typ"


def write_pdf(page: Page, path: Path) -> None:
    """Writes the page; InvalidInput where typst, an extra, is not installed."""
    try:
        import typst  # late and an extra: only this writes PDF
    except ImportError:
        raise InvalidInput("PDF needs typst: install forestay[pdf], or take the page and print it") from None
    typst.compile(
        str(TEMPLATE),
        output=str(path),
        format="pdf",
        sys_inputs={"board": json.dumps(_shown(asdict(page)))},
        pdf_standards=["ua-1"],
    )


def _shown(value: Any) -> Any:
    """Returns the words of a page with what would turn the direction of others written out."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, dict):
        return {name: _shown(part) for name, part in value.items()}
    return [_shown(part) for part in value] if isinstance(value, list | tuple) else value
