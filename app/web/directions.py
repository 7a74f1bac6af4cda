"""Text of any direction on a page: text that is written from right to left is kept apart from what stands beside it, and controls
that would turn the direction of other text are written out."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup, escape

from app.domain.texts import shown

_TURNS = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def apart(value: Any) -> Any:
    """Returns what a template puts on the page: a text of another direction in a <bdi> of its own, anything else as it is.

    >>> apart("web-1"), apart("srv\\u202e1")
    ('web-1', Markup('<bdi>srv&lt;U+202E&gt;1</bdi>'))
    """
    if type(value) is not str or value.isascii() or not _TURNS.search(value):
        return value
    return Markup("<bdi>{}</bdi>").format(shown(value))


def plain(value: str) -> Markup:
    """Returns a text for titles and attributes, where no element can stand."""
    return escape(shown(value))
