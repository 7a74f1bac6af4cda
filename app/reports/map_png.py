"""A map as PNG: typst draws the SVG file, without a network and with its own fonts."""

from __future__ import annotations

import tempfile
from pathlib import Path

from app.domain.errors import InvalidInput

PIXELS_PER_INCH = 144.0  # twice those of the drawing, for print and dense screens
MOST_PIXELS = 16_000  # of a side; a larger drawing is made coarser
POINTS_PER_INCH = 72.0
FONTS = "'DejaVu Sans', 'Noto Sans', 'Liberation Sans'"  # a program that draws knows no font of the system's surface


def png_of(svg: str, width: float, height: float) -> bytes:
    """Returns a drawing of `width` by `height` as PNG; InvalidInput where typst, an extra, is not installed."""
    try:
        import typst  # late and an extra: only this and the board page draw with it
    except ImportError:
        raise InvalidInput("PNG needs typst: install forestay[pdf], or take the SVG") from None
    sharpness = min(PIXELS_PER_INCH, MOST_PIXELS / max(width, height) * POINTS_PER_INCH)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "map.svg").write_text(svg.replace("system-ui", FONTS, 1))
        page = Path(folder, "map.typ")
        page.write_text(f'#set page(width: {width}pt, height: {height}pt, margin: 0pt)\n#image("map.svg", width: 100%)\n')
        drawn: bytes = typst.compile(str(page), root=folder, format="png", ppi=sharpness)
    return drawn
