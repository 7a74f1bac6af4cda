"""The Atlassian Document Format: a plain text as one, and the plain text of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def as_adf(text: str) -> dict[str, Any]:
    """Returns a plain text as a document, a paragraph for each line.

    >>> as_adf("a\\n\\n<b>")["content"][0]
    {'type': 'paragraph', 'content': [{'type': 'text', 'text': 'a'}]}
    """
    lines = [{"type": "paragraph", "content": [{"type": "text", "text": line}] if line else []} for line in text.split("\n")]
    return {"type": "doc", "version": 1, "content": lines}


def from_adf(node: Mapping[str, Any]) -> str:
    """Returns the plain text of a document, a line for each paragraph.

    >>> from_adf(as_adf("a\\n\\n<b>"))
    'a\\n\\n<b>'
    """
    kind, parts = node.get("type"), [from_adf(one) for one in node.get("content") or () if isinstance(one, Mapping)]
    if kind == "text":
        return str(node.get("text", ""))
    if kind == "hardBreak":
        return "\n"
    if kind in ("mention", "emoji", "date", "status", "inlineCard"):
        given = node.get("attrs") or {}
        return str(given.get("text") or given.get("shortName") or given.get("url") or given.get("timestamp") or "")
    return ("" if kind in ("paragraph", "heading", "codeBlock") else "\n").join(parts)
