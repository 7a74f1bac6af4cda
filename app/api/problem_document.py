"""The body of every refusal: an RFC 9457 problem document. It needs no web framework, for some refusals come before it."""

from __future__ import annotations

from typing import Any

PROBLEM = "application/problem+json"


def problem_document(status: int, title: str, code: str, detail: str, **details: Any) -> dict[str, Any]:
    """Returns the document.

    >>> problem_document(404, "NotFound", "not_found", "no CI answers to 'x'")["type"]
    'urn:forestay:problem:not_found'
    """
    return {"type": f"urn:forestay:problem:{code}", "title": title, "status": status, "code": code, "detail": detail, **details}
