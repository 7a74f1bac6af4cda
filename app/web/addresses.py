"""Addresses of pages: the address is the view, so whatever a page shows can be kept, shared and gone back to."""

from __future__ import annotations

from typing import Any

from flask import request, url_for

from app.domain.sentences import CAUSE

PLACE_IN_LIST = "after"  # goes whenever something else of the address changes: it is a place in another list then
TIME_ON_SHOW = ("revision", "as_of")


def here(**changes: Any) -> str:
    """Returns the address of this page with some parameters changed; None takes one away, a list gives it several times."""
    kept: dict[str, Any] = {name: values for name, values in request.args.lists() if name != PLACE_IN_LIST}
    kept.update(changes)
    args = dict(request.view_args or {}) | {name: value for name, value in kept.items() if value not in (None, "", [])}
    return url_for(str(request.endpoint), **args)


def link(endpoint: str, **values: Any) -> str:
    """Returns a link that keeps the state of the estate on show; a common cause, which is no CI, is shown as an area."""
    if endpoint == "web.ci" and str(values.get("key", "")).startswith(CAUSE):
        endpoint, values = "web.area", {"kind": "ci", "name": values["key"]}
    kept = {name: request.args[name] for name in TIME_ON_SHOW if request.args.get(name)}
    return url_for(endpoint, **{**kept, **values})
